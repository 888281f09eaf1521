"""The words of a denial: who may not do what, on what, and by which policy (STS_FACTS 2.8)."""

from __future__ import annotations

import json

from labhelpers.policy import EXPLICITLY_DENIED, Decision, Request
from labhelpers.policy.language.model import RESOURCE
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize import kms_denials
from labhelpers.sandbox.authorize.named_resources import named_action, named_resource
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.families import Family
from labhelpers.sandbox.wire.http import HttpRequest

#: Services with a code of their own (logs; AWS_RECORDED B2), and with a sentence of their own
#: (ten logs and more, of 2026 too; AWS_RECORDED C2).
_CODES = {"sns": "AuthorizationError"}
#: How IAM's denials end since September 2026 (five logs and more; "usually", says the User Guide).
_DETAILS = (
    "Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1"
    "#/authorization-details/{0} for complete details, or call the GetRequestAuthorizationDetails "
    "API with the following authorization id: {0}"
)
_SENTENCES = {"organizations": "You don't have permissions to access this resource."}


def principal_denial(request: Request) -> str:
    """STS says who, what and on what, but never why (STS_FACTS 2.2, 2.5)."""
    if request.principal.kind in ("web-identity", "saml"):
        return f"Not authorized to perform {request.action}"
    who = f"User: {request.principal.arn} is not authorized to perform: {request.action}"
    return f"{who} on resource: {request.resource}"


def denial(
    decision: Decision,
    family: Family,
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
) -> Refusal:
    """The service's refusal of a request that the policies do not allow (STS_FACTS 2.8).

    `registry` keeps what the message promises to tell: EC2's authorization message, and the
    authorization details of IAM's.
    """
    if decision.blocked_by == "not modelled":
        return _unknown(decision)
    request, blocked_by = decision.request, decision.blocked_by
    assert blocked_by is not None, "only what is not allowed has a refusal"
    status, code = family.denied
    code = _CODES.get(call.service, code)
    message = _message(decision, http, call)
    if call.service == "iam" and not call.model and decision.case is not None:
        number = registry.keep_denial(caller.principal.account, decision)
        message = f"{message}. {_DETAILS.format(number)}"
    if request.action.startswith("kms:"):
        status, code, message = kms_denials.told(decision, call.service, status, code, message)
    elif family.form == "s3":
        if request.resource_account != caller.principal.account or not caller.principal.account:
            message = "Access Denied"
    elif family.form == "ec2":
        blob = registry.encode_message(authorization_message(decision))
        message = (
            f"You are not authorized to perform this operation. {message}. "
            f"Encoded authorization failure message: {blob}"
        )
    return Refusal(code, message, status, blocked_by=blocked_by)


def _unknown(decision: Decision) -> Refusal:
    if decision.unmodelled != RESOURCE:
        return not_modelled(f"the condition key {decision.unmodelled}")
    hint = 'Policies that say Resource "*" about it decide.'
    return not_modelled(f"which resource this request of {decision.request.action} is for", hint)


def _message(decision: Decision, http: HttpRequest, call: Call) -> str:
    request = decision.request
    if call.service in _SENTENCES:
        return _SENTENCES[call.service]
    resource = named_resource(request, http, call)
    if call.service == "sts" and resource:
        return principal_denial(request)
    action = named_action(request.action)
    where = f" on resource: {resource}" if resource else ""
    why = decision.aws_reason.replace(request.action, action)
    return f"User: {request.principal.arn} is not authorized to perform: {action}{where} {why}"


def authorization_message(decision: Decision) -> str:
    """What DecodeAuthorizationMessage gives back, as JSON text.

    The contents are documented, the spelling of the keys is not (STS_FACTS 2.8).
    """
    request = decision.request
    principal = request.principal
    matched = [result for result in decision.statements if result.matched]
    keys = {"aws:Resource": request.resource, **request.context}
    listed = {
        k: list(v) if isinstance(v, list | tuple) else [v] for k, v in keys.items() if v is not None
    }
    return json.dumps(
        {
            "allowed": False,
            "explicitDeny": decision.outcome == EXPLICITLY_DENIED,
            "matchedStatements": {
                "items": [
                    {"statementId": r.sid, "effect": r.effect.upper(), "policy": r.policy_name}
                    for r in matched
                ]
            },
            "failures": {"items": []},
            "context": {
                "principal": {
                    "id": request.context.get("aws:userid", principal.unique_id),
                    "name": principal.arn.rsplit("/", 1)[-1],
                    "arn": principal.arn,
                },
                "action": request.action,
                "resource": request.resource,
                "conditions": {
                    "items": [
                        {"key": key, "values": {"items": [{"value": value} for value in values]}}
                        for key, values in listed.items()
                    ]
                },
            },
        }
    )
