"""What is right already: said, so that nobody takes it out again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labhelpers.policy.language.principals import entries_of
from labhelpers.terraform.access.best_case import conditions_of, listed, statements
from labhelpers.terraform.access.identities import Identity
from labhelpers.terraform.checks.exposure import _tokens
from labhelpers.terraform.checks.findings import Finding, Strength
from labhelpers.terraform.checks.view import View
from labhelpers.terraform.modules.configuration import Resource


def strengths(view: View, findings: Iterable[Finding]) -> Iterator[Strength]:
    """Yield the good sides of roles, buckets and instances that have no finding against them."""
    wrong = {(f.address, f.id) for f in findings}
    for role in view.access.roles:
        yield from _role(role, {id_ for address, id_ in wrong if address == role.address})
    for block in view.configuration.of_type("aws_s3_bucket_public_access_block"):
        names = ("block_public_acls", "block_public_policy", "ignore_public_acls")
        if all(block.values.get(n) is True for n in (*names, "restrict_public_buckets")):
            why = "No ACL and no bucket policy can open it to the world by accident."
            yield _said("public-access-blocked", block, "All public access is blocked.", why)
    for instance in view.configuration.of_type("aws_instance", "aws_launch_template"):
        if _tokens(instance):
            why = "A request that somebody else has made up does not get the role's credentials."
            yield _said("imdsv2", instance, "The metadata service asks for a token.", why)
    carried = [c for c in view.carriers if c.kind == "instance"]
    if carried and not view.configuration.of_type("aws_iam_access_key"):
        for carrier in carried:
            why = "The SDK finds credentials that end by themselves; nothing is there to leak."
            message = f"It comes with the role {carrier.role.name} and needs no access key."
            yield _said("no-access-keys", carrier.resource, message, why)


def _role(role: Identity, wrong: set[str]) -> Iterator[Strength]:
    if role.trust is None or wrong:
        return
    allowed = [s for s in statements(role.trust) if s["Effect"] == "Allow"]
    named = [entry for s in allowed for entry in entries_of(s.get("Principal", {}))]
    if len(named) == 1 and named[0][0] == "Service":
        why = "Nobody else gets its credentials, whatever their own policies say."
        yield _said("one-service", role.resource, f"Only {named[0][1]} may assume it.", why)
    told = " ".join(c for s in allowed for c in conditions_of(s)).lower()
    for key, id_, message, why in _CONDITIONS:
        if key in told:
            yield _said(id_, role.resource, message, why)
    seconds = role.resource.values.get("max_session_duration")
    # The limit does not bind sessions that AWS services take for themselves.
    if seconds == 3600 and any(kind != "Service" for kind, _ in named):
        why = "What leaks is of no use for long."
        yield _said("short-session", role.resource, "Sessions last one hour at most.", why)
    actions = [
        (action, resource)
        for policy in role.policies
        for s in statements(policy)
        if s["Effect"] == "Allow"
        for action in listed(s.get("Action", "*"))
        for resource in listed(s.get("Resource", "*"))
    ]
    if actions and role.complete and all("*" not in a and r != "*" for a, r in actions):
        why = "Whoever steals its credentials can do what is listed, and nothing else."
        message = "Its policies name every action and every resource."
        yield _said("named-actions", role.resource, message, why)
    if role.boundary is not None:
        why = "However wide its policies become, the boundary is the limit."
        yield _said("boundary", role.resource, "A permissions boundary caps it.", why)


_CONDITIONS = (
    ("sts:externalid", "external-id", "It asks for an external ID.", "No confused deputy uses it."),
    (
        "aws:multifactorauthpresent bool true",
        "mfa-required",
        "It asks for MFA.",
        "A stolen password or key is not enough.",
    ),
    (":sub string", "subject-pinned", "The token's subject is checked.", "Other tenants stay out."),
    (
        "aws:principalorgid",
        "organization-only",
        "Only the organization's accounts may assume it.",
        "Accounts that leave lose it.",
    ),
)


def _said(id_: str, resource: Resource, message: str, why: str) -> Strength:
    return Strength(id_, resource.address, resource.file, resource.line, message, why)
