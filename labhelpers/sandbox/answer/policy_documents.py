"""Resource-based policies that their services do not take, each in its service's words.

Source: API References (codes); the words from logs, those of EventBridge and DynamoDB are not
verified. Inferred: that all of these services look for the principals that a policy names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.resource_policies import KEPT, stored_document
from labhelpers.sandbox.interpret.services import asked
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: botocore's name of a service -> code and words of a policy that it does not take.
_REFUSED = {
    "dynamodb": ("ValidationException", "Invalid policy document"),
    "ecr": (
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid repository policy provided'",
    ),
    "events": ("ValidationException", "Invalid policy document"),
    "lambda": (
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    ),
    "secretsmanager": (
        "MalformedPolicyDocumentException",
        "This resource policy contains a syntax error.",
    ),
    "sns": ("InvalidParameter", "Invalid parameter: Policy Error: null"),
    "sqs": ("InvalidAttributeValue", "Invalid value for the parameter Policy."),
}
_ALL_PUBLIC = "You can't grant broad access to the secret with this resource policy."
_LAMBDA_PRINCIPAL = re.compile(
    r"\*|\d{12}|[a-z0-9.-]+\.(amazonaws\.com|alexa\.com)|"
    r"arn:aws:iam::\d{12}:(root|(user|role)/.+)|arn:aws:sts::\d{12}:assumed-role/.+",
    re.ASCII,
)


def refuse_malformed_policies(http: HttpRequest, call: Call, caller: Caller) -> None:
    """What moto would store, and nobody could read afterwards."""
    service = call.model or call.service
    if (service, call.operation) not in KEPT:
        return
    found = asked(http, caller.service)
    assert found is not None, "a request that was read"
    if service == "lambda":
        _check_lambda(str(found.params.get("Principal")))
        return
    text = stored_document(service, call.operation, found.params)
    if text is None or (text == "" and service in ("sqs", "sns")):
        return
    policy = _checked(service, text)
    if service == "secretsmanager" and found.params.get("BlockPublicPolicy") is True:
        _refuse_public(policy.document)


def _checked(service: str, text: str) -> Policy:
    code, words = _REFUSED[service]
    try:
        document = json.loads(text)
        if service == "ecr" and isinstance(document, dict):
            document = _with_resources(document)
        policy = parse(document if service == "ecr" else text, kind="resource")
        refuse_strangers(policy, code)
    except PolicyError as error:
        where = f"At {error.path}: " if error.path else ""
        raise Refusal(code, words, 400, reason=f"{where}{error} {error.hint}") from None
    except (ValueError, RecursionError):
        raise Refusal(code, words, 400, reason="The policy is no JSON.") from None
    except Refusal as refusal:
        raise Refusal(code, words, 400, reason=refusal.reason) from None
    return policy


def _with_resources(document: Mapping[str, Any]) -> dict[str, Any]:
    listed = document.get("Statement")
    raw = listed if isinstance(listed, list) else [listed]
    return {**document, "Statement": [{"Resource": "*", **s} for s in raw if isinstance(s, dict)]}


def _check_lambda(principal: str) -> None:
    code, words = _REFUSED["lambda"]
    if not _LAMBDA_PRINCIPAL.fullmatch(principal):
        raise Refusal(code, words, 400)
    if principal.endswith(".com"):
        return
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*"}
    policy = parse(
        {"Version": "2012-10-17", "Statement": {**statement, "Resource": "*"}}, "resource"
    )
    try:
        refuse_strangers(policy, code)
    except Refusal as refusal:
        raise Refusal(code, words, 400, reason=refusal.reason) from None


def _refuse_public(document: Mapping[str, Any]) -> None:
    """BlockPublicPolicy; whether conditions narrow "*" enough is AWS's reasoning, not done here."""
    listed = document["Statement"]
    for statement in [listed] if isinstance(listed, dict) else listed:
        named = statement.get("Principal", "*")
        named = named.get("AWS", ()) if isinstance(named, dict) else named
        everybody = "*" in ([named] if isinstance(named, str) else named)
        if statement["Effect"] == "Allow" and everybody:
            if statement.get("Condition"):
                raise not_modelled("BlockPublicPolicy with conditions on everybody")
            raise Refusal("PublicPolicyException", _ALL_PUBLIC, 400)
