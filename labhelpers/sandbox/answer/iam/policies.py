"""Attached and inline policies: who may have how many, what is not there, what is still used.

Source: IAM User Guide, "IAM and AWS STS quotas"; logs (the quota's words, 2024 and 2025;
AWS_RECORDED E); that a boundary keeps its policy from deletion: reports of 2022 and 2025.
"""

from __future__ import annotations

import re

from labhelpers.sandbox.answer.iam.faults import fault, missing
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam

#: A role's quota can be raised to 25, those of users and groups to 20 and 10.
MANAGED_POLICIES = 10
_CALL = re.compile(r"(Attach|Detach|Get|Delete)(User|Group|Role)Policy")
_VERSIONS = (
    "This policy has more than one version. Before you delete a policy, you must delete the "
    "policy's versions. The default version is deleted with the policy."
)


def check_policies(call: Call) -> dict | None:
    """Refuse what moto takes, or says in other words; the result of a call that changes nothing."""
    if call.operation == "DeletePolicy":
        _check_deletion(call)
    if call.operation in ("GetPolicy", "DeletePolicy", "ListPolicyVersions"):
        _check_there(call.params["PolicyArn"], call.account_id, "was not found.")
    found = _CALL.fullmatch(call.operation)
    if found is None:
        return None
    verb, kind = found.groups()
    name = call.params[f"{kind}Name"]
    holder = iam.find_entity(call.account_id, kind.lower(), name)
    if verb in ("Get", "Delete"):
        if holder is not None and call.params["PolicyName"] not in holder.policies:
            raise missing(f"{kind.lower()} policy", call.params["PolicyName"])
        return None
    arn = call.params["PolicyArn"]
    if verb == "Detach" or holder is None:
        return None
    _check_there(arn, call.account_id, "does not exist or is not attachable.")
    if arn in holder.managed_policies:
        return {}  # moto would count it twice, and never let it be deleted
    if len(holder.managed_policies) >= MANAGED_POLICIES:
        text = f"Cannot exceed quota for PoliciesPer{kind}: {MANAGED_POLICIES}"
        raise fault("LimitExceeded", text, 409)
    return None


def _check_there(arn: str, account_id: str, otherwise: str) -> None:
    if iam.managed_policy(arn, account_id) is None:
        raise fault("NoSuchEntity", f"Policy {arn} {otherwise}", 404)


def _check_deletion(call: Call) -> None:
    """A policy goes when nobody has it, as a boundary neither, and its other versions before it."""
    arn = call.params["PolicyArn"]
    attached, versions = iam.uses(arn, call.account_id)
    if attached or iam.bounded_by(arn, call.account_id):
        raise fault("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if versions > 1:
        raise fault("DeleteConflict", _VERSIONS, 409)
