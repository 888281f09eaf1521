"""Service and resource control policies, as moto's Organizations holds them.

SCPs bind every principal of a member account, its root user included, at every level from the
root over the units to the account. They do not bind the management account, and nobody before
the policy type is enabled. Source: AWS Organizations User Guide; STS_FACTS 3.1.
"""

from __future__ import annotations

import sys
from typing import Any

from labhelpers.policy import Policy, parse

_TYPES = {"scp": "SERVICE_CONTROL_POLICY", "rcp": "RESOURCE_CONTROL_POLICY"}


def organization_of(account_id: str) -> tuple[str, Any] | None:
    """(management account id, moto backend) of the account's organization, or None."""
    models = sys.modules.get("moto.organizations.models")
    backends = getattr(models, "organizations_backends", None)
    if backends is None:  # nobody has called Organizations yet, or moto's part is being loaded
        return None
    # moto lists the members here; the management account has the organization itself.
    management, partition = backends.master_accounts.get(account_id, (account_id, "aws"))
    if management not in dict.keys(backends):
        return None
    backend = backends[management][partition]
    return (management, backend) if backend.org is not None else None


def control_policies(account_id: str, kind: str) -> list[list[Policy]]:
    """The policies of an account by level, root first; `kind` is "scp" or "rcp"."""
    found = organization_of(account_id)
    if found is None or found[0] == account_id:
        return []
    backend = found[1]
    units = {unit.id: unit for unit in backend.ou}
    here = next((account for account in backend.accounts if account.id == account_id), None)
    chain = []
    while here is not None:
        chain.append(here)
        here = units.get(getattr(here, "parent_id", None))
    if not chain or not _enabled(chain[-1], kind):
        return []
    return [_attached(place, kind) for place in reversed(chain)]


def _enabled(root: Any, kind: str) -> bool:
    return any(entry["Type"] == _TYPES[kind] for entry in getattr(root, "policy_types", ()))


def _attached(place: Any, kind: str) -> list[Policy]:
    # A denial names a service control policy, but no resource control policy (AWS_RECORDED C4).
    return [
        parse(
            policy.content,
            kind=kind,
            name=f"{policy.name} ({policy.id})",
            arn=policy.arn if kind == "scp" else "",
        )
        for policy in place.attached_policies
        if policy.type == _TYPES[kind]
    ]
