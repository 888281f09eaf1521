"""AssumeRoot: the management account does one task as the root user of a member account.

The organization has to switch root sessions on first (iam:EnableOrganizationsRootSessions).
Source: AWS STS API Reference, AssumeRoot; IAM User Guide, "Centrally manage root access for
member accounts". Not modelled: delegated administrators. Codes and words are not verified.
"""

from __future__ import annotations

import re
from datetime import datetime

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.organizations import organization_of
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

_TASKS = "arn:aws:iam::aws:policy/root-task/"
_TARGET = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?", re.ASCII)


def interpret(values: dict, caller: Caller, registry: Registry, _: datetime) -> Call:
    target = _TARGET.fullmatch(values["TargetPrincipal"])
    if target is None:
        raise Refusal("ValidationError", f"{values['TargetPrincipal']} is invalid", 400)
    task = values["TaskPolicyArn"].get("arn", "")
    if not task.startswith(_TASKS) or iam.managed_policy(task, target[1]) is None:
        why = f"TaskPolicyArn is one of AWS's task policies: {_TASKS}IAMAuditRootUserCredentials …"
        raise Refusal("ValidationError", f"{task} is invalid", 400, reason=why)
    account, arn = caller.principal.account, f"arn:aws:iam::{target[1]}:root"
    _refuse_outsiders(caller, target[1], arn, registry)
    # The organization's own rules stand in for the other account's consent.
    check = Check("sts:AssumeRoot", arn, account, {"sts:TaskPolicyArn": task})
    return Call("sts", "AssumeRoot", (check,), account, values, target[1])


def _refuse_outsiders(caller: Caller, target: str, arn: str, registry: Registry) -> None:
    """Only the management account of the target's organization, and never its root user."""
    account = caller.principal.account
    found = organization_of(target)
    why = ""
    if caller.principal.kind == "root":
        why = "The root user may not call AssumeRoot: use an IAM user or role."
    elif found is None or found[0] != account or target == account:
        why = f"Account {target} is no member of an organization that {account} manages."
    elif account not in registry.root_sessions:
        why = "Switch root sessions on first: iam.enable_organizations_root_sessions()."
    if why:
        who = f"User: {caller.principal.arn} is not authorized to perform: sts:AssumeRoot"
        raise Refusal("AccessDenied", f"{who} on resource: {arn}", reason=why)
