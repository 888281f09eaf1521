"""IAM's access troubleshooter: the details of a denial, by the authorization id in its message.

Whoever has the permission, in the account of the principal that was denied, may read them, also
when the policies are gone. Source: as in authorize/authorization_details.py; a trial of 2026-09.
"""

from __future__ import annotations

import json
from typing import Any

from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.authorize.authorization_details import details_of, policy_of
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.http import Answer


def answer_details(call: Call, registry: Registry, request_id: str) -> Answer:
    """The answer to either operation, as REST-JSON."""
    kept = registry.denials.get(call.params["authorizationId"])
    if kept is None or kept[0] != call.account_id:
        raise fault("ResourceNotFoundException", "The authorization details were not found.", 404)
    told: dict[str, Any] = {}
    if call.operation == "GetRequestAuthorizationDetails":
        told = details_of(kept[1])
    else:
        document = policy_of(kept[1], call.params["policyUri"])
        if document is None:
            raise fault("ResourceNotFoundException", "The policy was not found.", 404)
        told = {"policyDocument": dict(document)}
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request_id)]
    return 200, headers, json.dumps(told).encode()
