"""What a lab on a real account has not: each says why, and a notebook leaves the step out."""

from __future__ import annotations

from typing import Any, NoReturn

from labhelpers.errors import SandboxOnly


class OnlyHere:
    """The rest of the sandbox Lab's interface."""

    def root_session(self, account_id: str | None = None) -> NoReturn:
        raise SandboxOnly("The root user of a real account has no part in any lesson.")

    def saml_provider(self, entity_id: str = "") -> NoReturn:
        raise SandboxOnly("A real account trusts a real directory, not the lab's.")

    def instance_metadata(self, instance_id: str) -> NoReturn:
        raise SandboxOnly("A real instance's metadata answers on that instance and nowhere else.")

    def container_credentials(self, role_arn: str) -> NoReturn:
        raise SandboxOnly("A real task's credentials are handed out in that task only.")

    def environ(self, session: Any = None) -> NoReturn:
        raise SandboxOnly("Another process would not know by which names the lab calls things.")

    terraform_environ = environ

    @property
    def trail(self) -> NoReturn:
        raise SandboxOnly(
            "CloudTrail's events arrive minutes later, and data events only where a trail asks."
        )
