"""Which action and which resource a denial names: often not those that the policies are asked.

Everything here is AWS's wording and decides nothing. Source, where a line names no other:
AWS_RECORDED C1, a sweep over 24 services and logs of 2025 and 2026.
"""

from __future__ import annotations

from labhelpers.policy import Request
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.wire.http import HttpRequest, json_object

#: IAM names these by kind and name, a policy by kind and ARN; all other kinds by their ARN.
_IAM_KINDS = {
    "group": "group",
    "instance-profile": "instance profile",  # logs, 2026 too
    "policy": "policy",
    "role": "role",
    "user": "user",
}
#: IAM calls that name the full ARN, also for the tags that they set at creation (logs of
#: TagRole). CreatePolicy does not. Put- and DeleteUserPermissionsBoundary: as for roles, where
#: DeleteRolePermissionsBoundary says `role NAME` (one log).
_IAM_ARNS = frozenset(
    (
        "CreateGroup",  # logs
        "CreateInstanceProfile",  # logs
        "CreateRole",
        "CreateServiceLinkedRole",  # by analogy
        "CreateUser",
        "PutRolePermissionsBoundary",
        "PutUserPermissionsBoundary",  # by analogy
        "SimulatePrincipalPolicy",
    )
)
#: Services that say "*" where an action has no resource; the others say nothing.
_STAR = ("cognito-idp", "ecr", "ecs", "iam", "kms", "lambda")


def named_action(action: str) -> str:
    """The action as its service spells it: SQS in lower case, SNS with SNS in front."""
    service, _, name = action.partition(":")
    if service == "sqs":
        return action.lower()
    return f"SNS:{name}" if service == "sns" else action


def named_resource(request: Request, http: HttpRequest, call: Call) -> str:
    """What comes after "on resource: ", "" where a denial names nothing."""
    resource, service = request.resource, request.action.partition(":")[0]
    if service == "secretsmanager":  # the name as it was passed
        told = {**json_object(http.body), **call.params}
        return str(told.get("SecretId") or told.get("Name") or resource or "").replace("*", "")
    if request.action == "iam:ListPolicies":  # logs, 2026 too
        return f"policy path {call.params.get('PathPrefix', '/')}"
    if resource in (None, "*"):
        return "*" if resource == "*" and service in _STAR else ""
    if service == "iam":
        return _iam_name(resource, request.action, call)
    return f'"{resource}"' if service == "s3" else resource


def _iam_name(arn: str, action: str, call: Call) -> str:
    place = arn.split(":", 5)[-1]
    kind, _, name = place.partition("/")
    whole = kind not in _IAM_KINDS or place.endswith("/") or call.operation in _IAM_ARNS
    if whole or action == "iam:PassRole":
        return arn
    shown = arn if kind == "policy" and call.operation != "CreatePolicy" else name.rsplit("/")[-1]
    return f"{_IAM_KINDS[kind]} {shown}"
