"""The audit: every check looks at one thing and says what is wrong, why, and what to write."""

from __future__ import annotations

from labhelpers.terraform.checks import (
    diagnostics,
    documents,
    escalation,
    exposure,
    keys,
    permissions,
    roles,
    strengths,
)
from labhelpers.terraform.checks.findings import Audit, in_order
from labhelpers.terraform.checks.view import View
from labhelpers.terraform.modules.configuration import Configuration

_CHECKS = (
    diagnostics.faults,
    documents.linted,
    roles.outside_accounts,
    roles.mfa,
    roles.subjects,
    roles.long_sessions,
    roles.untaken,
    permissions.assume_anything,
    permissions.pass_anything,
    escalation.paths_to_admin,
    escalation.chains,
    exposure.openings,
    keys.long_lived,
)


def audit(configuration: Configuration) -> Audit:
    """Check a configuration; a clean one has no findings, and its strengths are told.

    Principals and conditions are decided by labhelpers.policy. Of a policy document that is
    Unknown in part, the statements count in which everything is known.
    """
    view = View(configuration)
    found = [finding for check in _CHECKS for finding in check(view)]
    return Audit(in_order(found), tuple(strengths.strengths(view, found)))
