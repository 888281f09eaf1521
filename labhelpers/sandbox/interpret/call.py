"""A request that was understood, and the questions that it puts to the policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.wire.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Check:
    """One question for the policies: may the caller do this action on this resource?

    `resource` None: nobody knows the request's resource, so statements that name resources
    decide nothing; where the outcome hangs on one, the answer is SandboxNotModelled.
    `principal` stands in for the caller where a request is made with a token or an assertion.
    `tags_known`: the context holds all tags of the resource and of the request. `unknown` are
    keys that AWS's request would hold with values that nobody can know here; `grant` is the id of
    the grant that kms:RetireGrant is about.
    """

    action: str
    resource: str | None
    resource_account: str
    context: Mapping[str, Any] = field(default_factory=dict)
    principal: Principal | None = None
    tags_known: bool = False
    unknown: tuple[str, ...] = ()
    grant: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was understood. All `checks` must be Allowed before it is answered.

    `subject` is what reading the request already worked out for the answer; `model` is botocore's
    name of the service where it is not the one in the signature.
    """

    service: str
    operation: str
    checks: tuple[Check, ...]
    account_id: str  # whose state answers it
    params: Mapping[str, Any] = field(default_factory=dict)  # Query-protocol parameters
    subject: Any = None
    model: str = ""
    sent: HttpRequest | None = None  # what moto gets in the place of the request


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """What a service of AWS wants of a role on its own behalf, for which workload and Region."""

    service: str
    session_name: str
    region: str
    context: Mapping[str, str]  # condition keys that the service sends along
    carried: Mapping[str, str]  # condition keys that every later request holds


def pass_role(role_arn: str, account: str, service: str, associated: str = "") -> Check:
    """iam:PassRole of a role to a service; `associated` is the ARN of what will have the role."""
    context = {"iam:PassedToService": service}
    if associated:
        context["iam:AssociatedResourceArn"] = associated
    return Check("iam:PassRole", role_arn, account, context)
