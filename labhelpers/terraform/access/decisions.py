"""What the principals of a configuration may do, as decisions of the policy engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from labhelpers.policy import (
    Decision,
    Policy,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    parse,
    principal_context,
)
from labhelpers.policy.asking.callers import caller
from labhelpers.terraform.access.identities import STAND_IN, Identity, compiled, identities
from labhelpers.terraform.language.errors import TerraformError, did_you_mean
from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules.configuration import Configuration

ASSUME = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
# What a caller from outside may do by itself is decided elsewhere: the best case for it.
ANYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
# Resources with a policy of their own: type -> (policy's argument, what says whose it is).
_GUARDED = {
    "aws_s3_bucket_policy": ("policy", "bucket"),
    "aws_sqs_queue_policy": ("policy", "queue_url"),
    "aws_sns_topic_policy": ("policy", "arn"),
    "aws_kms_key": ("policy", "arn"),
}


class Decisions:
    """Who can do what in a configuration: see Access, which finds paths as well."""

    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self.identities: dict[str, Identity] = identities(configuration)
        self.by_arn = {identity.arn: identity for identity in self.identities.values()}

    @property
    def roles(self) -> list[Identity]:
        return [one for one in self.identities.values() if one.is_role]

    def can(self, principal: str, action: str, resource: str = "*", **context: Any) -> Decision:
        """Decide one action; `context` are condition keys, ":" written as "__" (aws__SourceIp).

        sts:AssumeRole* on a role of the configuration is decided by its trust policy. Raises
        TerraformError for a principal that nobody knows.
        """
        keys = {key.replace("__", ":"): value for key, value in context.items()}
        return self.decide(principal, action, resource, keys)

    def decide(
        self, who: str | Identity, action: str, resource: str, context: Mapping[str, Any]
    ) -> Decision:
        """The same with the condition keys as a mapping."""
        identity, principal = self._who(who)
        role = self.identities.get(resource) or self.by_arn.get(resource)
        outside = [parse(ANYTHING, "identity", "the caller's own policies")]
        own = identity.policies if identity else outside
        boundaries = identity.boundaries if identity else ()
        known = principal_context(principal) | dict(context)
        target = role.arn if role else resource
        account = self.account if not target.startswith("arn:") or "::" in target else ""
        request = Request(principal, action, target, account, known)
        if role is not None and role.is_role and action.startswith("sts:") and role.trust:
            identity_side = own if principal.kind not in ("service", "web-identity", "saml") else []
            return evaluate_trust(
                request, role.trust, identity=identity_side, boundaries=boundaries
            )
        policy = self._resource_policy(resource)
        return evaluate(request, identity=own, boundaries=boundaries, resource=policy)

    def who_can(self, action: str, resource: str = "*", **context: Any) -> dict[str, Decision]:
        """Return address -> decision of every role and user that may do it."""
        found = {a: self.can(a, action, resource, **context) for a in self.identities}
        return {address: decision for address, decision in found.items() if decision.allowed}

    @cached_property
    def account(self) -> str:
        """The account of the configuration, a stand-in if nobody has named one."""
        accounts = [arn.split(":")[4] for arn in self.by_arn]
        return max(set(accounts), key=accounts.count) if accounts else STAND_IN

    def _who(self, who: str | Identity) -> tuple[Identity | None, Principal]:
        if isinstance(who, Identity):
            return who, who.principal
        found = self.identities.get(who) or self.by_arn.get(who)
        if found:
            return found, found.principal
        if who == "*":
            return None, Principal("user", "arn:aws:iam::999999999999:user/anybody", "999999999999")
        try:
            principal, _ = caller(who)
        except ValueError:
            hint = did_you_mean(who, self.identities) or "Write an address, an ARN or a service."
            raise TerraformError(f'There is no principal "{who}".', hint=hint) from None
        return None, principal

    @cached_property
    def _guards(self) -> dict[str, Policy]:
        found = {}
        for resource in self.configuration.of_type(*_GUARDED):
            argument, owner = _GUARDED[resource.type]
            policy = compiled(resource.values.get(argument), "resource", resource.address)
            name = resource.values.get(owner, Unknown)
            if policy is not None and isinstance(name, str):
                found[name if name.startswith("arn:") else f"arn:aws:s3:::{name}"] = policy
        return found

    def _resource_policy(self, resource: str) -> Policy | None:
        return self._guards.get(resource) or self._guards.get(resource.partition("/")[0])
