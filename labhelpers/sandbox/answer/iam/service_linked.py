"""Service-linked roles: made for a service, named by AWS, deleted by a task.

Source: IAM API Reference; reports (the words about a role that is there, 2020 to 2026; about
suffixes); that a role of another kind is not deleted this way is by analogy.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import quote

from labhelpers.sandbox.answer.iam.faults import fault, missing
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.service_linked import PATH, policy_arn, role_name
from labhelpers.sandbox.state.stored_principals import replace_deleted
from labhelpers.sandbox.wire.errors import not_modelled

#: Services with one role for each resource, or as many as the customer wants.
_SUFFIXED = ("autoscaling", "channels.lexv2", "connect", "lexv2", "profile")
_TASK = re.compile(rf"task{PATH}[^/]+/([^/]+)/[0-9a-f-]{{36}}", re.ASCII)


def create_service_linked_role(call: Call) -> dict[str, Any]:
    """A role that its service alone can assume, with AWS's policy for it."""
    service, suffix = call.params["AWSServiceName"], call.params.get("CustomSuffix", "")
    name = role_name(service)
    if name is None:
        raise not_modelled(f"a service-linked role of {service}")
    if suffix and service.removesuffix(".amazonaws.com") not in _SUFFIXED:
        raise fault("InvalidInput", f"Custom suffix is not allowed for {service}", 400)
    name = f"{name}_{suffix}" if suffix else name
    if iam.has_namesake(call.account_id, "role", name):
        text = f"Service role name {name} has been taken in this account, please try a different"
        raise fault("InvalidInput", f"{text} suffix.", 400)
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    backend = iam.iam_backend(call.account_id)
    role = backend.create_role(
        name,
        document,
        f"{PATH}{service}/",
        permissions_boundary=None,
        description=call.params.get("Description", ""),
        tags=[],
        max_session_duration="3600",
        linked_service=service,
    )
    arn = policy_arn(role_name(service) or "", call.account_id)
    if arn:
        backend.managed_policies[arn].attach_to(role)
    told = {"Path": role.path, "RoleName": name, "RoleId": role.id, "Arn": role.arn}
    dated = {"CreateDate": role.create_date, "AssumeRolePolicyDocument": quote(document)}
    return {"Role": {**told, **dated}}


def delete_service_linked_role(call: Call) -> dict[str, Any]:
    """AWS deletes in a task of its own; here it is done when the answer comes."""
    name = call.params["RoleName"]
    role = iam.find_entity(call.account_id, "role", name)
    if role is None or not role.path.startswith(PATH):
        raise missing("service-linked role", name)
    for policy in list(role.managed_policies.values()):
        policy.detach_from(role)
    del iam.iam_backend(call.account_id).roles[role.id]
    replace_deleted(role.arn, role.id)
    return {"DeletionTaskId": f"task{role.path}{name}/{uuid.uuid4()}"}


def deletion_status(call: Call) -> dict[str, Any]:
    """SUCCEEDED, of every task whose role is gone."""
    task = call.params["DeletionTaskId"]
    found = _TASK.fullmatch(task)
    if found is None or iam.find_entity(call.account_id, "role", found[1]) is not None:
        raise fault("NoSuchEntity", f"Deletion task with id {task} cannot be found.", 404)
    return {"Status": "SUCCEEDED"}
