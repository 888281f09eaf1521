"""Who may ask Organizations what: moto answers any account as if it managed an organization, and
lets go of other organizations' members.

Source: AWS Organizations User Guide, "Calling operations from the management account or a
delegated administrator account", and the errors of each operation in the API reference; the words
are recorded for AccessDeniedException and AWSOrganizationsNotInUseException, and else documented.
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.organizations import organization_of
from labhelpers.sandbox.wire.errors import Refusal

#: Open to every account, in an organization or not.
_ANYBODYS = (
    "AcceptHandshake",
    "CancelHandshake",
    "DeclineHandshake",
    "DescribeHandshake",
    "ListHandshakesForAccount",
)
_MEMBERS = ("DescribeEffectivePolicy", "DescribeOrganization", "LeaveOrganization")
_READS = ("Describe", "List")
#: Operations that act on an account which has to be one of the organization's own.
_ON_A_MEMBER = ("AccountId", "ChildId", "TargetId", "ResourceId")


def refuse(call: Call, caller: Caller, params: dict[str, Any]) -> None:
    """Raise the refusal of an operation that this account, or an account that it names, is not
    there for."""
    account, operation = caller.principal.account, call.operation
    found = organization_of(account)
    if operation in _ANYBODYS:
        return
    if operation == "CreateOrganization":
        if found is not None:
            raise _error(
                "AlreadyInOrganizationException",
                "The AWS account is already a member of an organization.",
            )
        return
    if found is None:
        raise _error(
            "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
        )
    management, backend = found
    if account != management:
        if operation in _MEMBERS or _is_delegated(backend, account, operation):
            return
        why = f"Account {account} is a member: {operation} is for the management account."
        raise _error(
            "AccessDeniedException", "You don't have permissions to access this resource.", why
        )
    members = {one.id for one in backend.accounts}
    for name in _ON_A_MEMBER:
        named = str(params.get(name, ""))
        if len(named) == 12 and named.isdigit() and named not in members:
            raise _error(
                "AccountNotFoundException" if name == "AccountId" else "TargetNotFoundException",
                "You specified an account that doesn't exist.",
            )


def _is_delegated(backend: Any, account: str, operation: str) -> bool:
    """A delegated administrator of a service may look at the organization."""
    named = {getattr(one.account, "id", None) for one in getattr(backend, "admins", ())}
    return account in named and operation.startswith(_READS)


def _error(code: str, message: str, why: str = "") -> Refusal:
    return Refusal(code, message, 400, blocked_by="service", reason=why)
