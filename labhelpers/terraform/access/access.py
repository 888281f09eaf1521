"""Access: decisions about the principals of a configuration, and the paths between them."""

from __future__ import annotations

from labhelpers.terraform.access.access_graph import paths
from labhelpers.terraform.access.decisions import Decisions


class Access(Decisions):
    """Who can do what in a configuration.

    A principal is the address of a role or user, or, from outside, an ARN, an account id or a
    service's name ("ec2.amazonaws.com"). What is not known of policies counts as saying
    nothing.
    """

    def paths(self, principal: str, role: str) -> list[list[str]]:
        """Return the chains of roles that lead from a principal to a role, the shortest first."""
        return paths(self, principal, role)
