"""What every check looks at: the configuration, its access, its places, and findings made easy."""

from __future__ import annotations

from functools import cached_property

from labhelpers.terraform.access.carriers import Carrier, carriers
from labhelpers.terraform.access.decisions import Decisions
from labhelpers.terraform.access.identities import Identity
from labhelpers.terraform.access.places import Places
from labhelpers.terraform.access.relations import Relations
from labhelpers.terraform.checks.findings import ERROR, LESSONS, TERRAFORM, Finding
from labhelpers.terraform.modules.configuration import Configuration, Resource


class View:
    """One configuration as the checks see it."""

    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self.access = Decisions(configuration)
        self.places = Places(configuration)

    @cached_property
    def relations(self) -> Relations:
        return Relations(self.access)

    @cached_property
    def carriers(self) -> list[Carrier]:
        return list(carriers(self.access))

    @cached_property
    def admins(self) -> set[str]:
        """The addresses of roles and users that may do everything."""
        return {i.address for i in self.access.identities.values() if self._is_admin(i)}

    def _is_admin(self, identity: Identity) -> bool:
        account = self.access.account
        signs = (
            ("iam:AttachRolePolicy", f"arn:aws:iam::{account}:role/some-role-of-the-account"),
            ("iam:PutUserPolicy", f"arn:aws:iam::{account}:user/some-user-of-the-account"),
            ("s3:DeleteBucket", "arn:aws:s3:::some-bucket-of-the-account"),
            ("ec2:TerminateInstances", f"arn:aws:ec2:eu-west-1:{account}:instance/i-1"),
        )
        if not identity.policies:
            return False
        return all(self.access.decide(identity, a, r, {}).allowed for a, r in signs)

    def finding(
        self,
        id_: str,
        resource: Resource,
        attribute: str,
        message: str,
        why: str,
        instead: str,
        *,
        severity: str = ERROR,
        path: str = "",
        lesson: str = TERRAFORM,
    ) -> Finding:
        """Return a finding at the line of an attribute, or of a JSON path in its policy.

        `lesson` is for findings that LESSONS does not list.
        """
        file, line = self.places.of(resource, attribute, path)
        address = resource.address
        lesson = LESSONS.get(id_, lesson)
        return Finding(id_, severity, address, file, line, message, why, instead, lesson)
