"""The tightest policy for what was observed, and what a principal is granted beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labhelpers.policy import Policy, Principal, Request, evaluate, parse
from labhelpers.policy.language.wildcard import Matcher, matcher, tokens_of
from labhelpers.sandbox.record.history import History
from labhelpers.sandbox.record.needs import Need, needs_of

_REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


def least_privilege(
    events: Iterable[Mapping[str, Any]],
    principal: str | None = None,
    profiles: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the identity-based policy that allows the observed calls and no others.

    `events` are CloudTrail's; data events must be among them. `principal` is the ARN of a user,
    role or session, None for all callers. Refused calls count for nothing, and ids that these
    events gave out become `*`, because the next ones will differ. `profiles` (name of an instance
    profile → ARN of its role) is needed where no event adds the role. Raises ValueError for an
    event that does not tell what it needs.

    What no event shows is missing: the keys of DeleteObjects (`*` stands there), the path of
    an IAM entity that only its name mentions (`/` is taken), conditions other than
    iam:PassedToService and ec2:CreateAction.
    """
    events = list(events)
    history = History(events, profiles or {})
    counted = [e for e in events if _counts(e) and (principal is None or _made_by(e, principal))]
    needs = [need for event in counted for need in needs_of(event, history)]
    return {"Version": "2012-10-17", "Statement": list(_statements(needs))}


def _counts(event: Mapping[str, Any]) -> bool:
    """Whether an event is a call that was let through, as its caller's own account sees it."""
    if event.get("eventType", "AwsApiCall") != "AwsApiCall" or "arn" not in event["userIdentity"]:
        return False
    return event.get("errorCode", "").removeprefix("Client.") not in _REFUSALS


def _made_by(event: Mapping[str, Any], principal: str) -> bool:
    identity = event["userIdentity"]
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    return principal in (identity["arn"], issuer.get("arn"))


def _statements(needs: Iterable[Need]) -> Iterator[dict[str, Any]]:
    """One statement for all actions with the same resources and the same condition."""
    places: dict[tuple, set[str]] = defaultdict(set)
    for need in needs:
        places[need.action, need.condition].add(need.resource)
    groups: dict[tuple, list[str]] = defaultdict(list)
    for (action, condition), resources in sorted(places.items()):
        groups[_widest(resources), condition, action.partition(":")[0]].append(action)
    for (resources, condition, _), actions in groups.items():
        statement: dict[str, Any] = {"Effect": "Allow", "Action": actions}
        statement["Resource"] = list(resources)
        if condition:
            statement["Condition"] = {"StringEquals": dict(condition)}
        yield statement


def _widest(resources: set[str]) -> tuple[str, ...]:
    """Leave out what another of the resources covers."""
    wild = {r: matcher(tokens_of(r)) for r in resources if r.endswith("*")}
    return tuple(sorted(r for r in resources if not any(m(r) for w, m in wild.items() if w != r)))


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of a policy: an action as it is written, where it counts, and what of it is used."""

    action: str
    resources: tuple[str, ...]
    used: tuple[str, ...]

    @property
    def is_wide(self) -> bool:
        """Whether it grants more actions than are used."""
        return bool(self.used) and any(sign in self.action for sign in ("*", "?", "NotAction"))

    def __str__(self) -> str:
        used = f"only {', '.join(self.used)} used" if self.used else "not used"
        return f"{self.action} on {', '.join(self.resources)}: {used}"


@dataclass(frozen=True)
class Comparison:
    """What is granted beside what is needed: see compare_grants()."""

    grants: tuple[Grant, ...]
    missing: tuple[Need, ...]

    @cached_property
    def unused(self) -> tuple[Grant, ...]:
        """Grants that nothing needs."""
        return tuple(grant for grant in self.grants if not grant.used)

    @cached_property
    def too_wide(self) -> tuple[Grant, ...]:
        """Grants with a wildcard of which only a part is needed."""
        return tuple(grant for grant in self.grants if grant.is_wide)

    def __str__(self) -> str:
        lines = [str(grant) for grant in (*self.unused, *self.too_wide)]
        lines += [f"{need.action} on {need.resource}: needed, not granted" for need in self.missing]
        return "\n".join(lines) or "Everything that is granted is used, and nothing is missing."


def compare_grants(
    granted: Iterable[Mapping[str, Any] | str | Policy], needed: Mapping[str, Any]
) -> Comparison:
    """Compare a principal's identity-based policies with the policy that its purpose needs.

    `granted` are documents (JSON text or mappings) or compiled policies, `needed` what
    least_privilege() returned, or a policy of your own without wildcards in its actions.
    """
    policies = [p if isinstance(p, Policy) else parse(_text(p), kind="identity") for p in granted]
    needs = list(_needs(needed))
    grants = [
        grant
        for policy in policies
        for statement in _listed(policy.document["Statement"])
        if statement["Effect"] == "Allow"
        for grant in _grants(statement, needs)
    ]
    missing = [need for need in needs if not _allowed(need, policies)]
    return Comparison(tuple(grants), tuple(missing))


def _grants(statement: Mapping[str, Any], needs: list[Need]) -> Iterator[Grant]:
    resources = _listed(statement.get("Resource", ()))
    others = _listed(statement.get("NotResource", ()))
    places = _any_of(resources or others)
    here = [need for need in needs if places(need.resource) == bool(resources)]
    shown = tuple(resources) or (f"all but {', '.join(others)}",)
    for action in _listed(statement.get("Action", ())):
        fits = _any_of([action.lower()])
        used = sorted({need.action for need in here if fits(need.action.lower())})
        yield Grant(action, shown, tuple(used))
    left_out = _listed(statement.get("NotAction", ()))
    if left_out:
        fits = _any_of([action.lower() for action in left_out])
        used = sorted({need.action for need in here if not fits(need.action.lower())})
        yield Grant(f"NotAction {', '.join(left_out)}", shown, tuple(used))


def _any_of(patterns: Iterable[str]) -> Matcher:
    matchers = [matcher(tokens_of(pattern)) for pattern in patterns]
    return lambda text: any(fits(text) for fits in matchers)


def _needs(document: Mapping[str, Any]) -> Iterator[Need]:
    for statement in _listed(document["Statement"]):
        pairs = statement.get("Condition", {}).get("StringEquals", {})
        condition = tuple((key, value) for key, value in pairs.items())
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Need(action, resource, condition)


_SOMEBODY = Principal("user", "arn:aws:iam::111122223333:user/somebody", "111122223333")


def _allowed(need: Need, policies: list[Policy]) -> bool:
    account = _SOMEBODY.account  # only the identity's own side is asked
    request = Request(_SOMEBODY, need.action, need.resource, account, dict(need.condition))
    return evaluate(request, identity=policies).allowed


def _text(document: Mapping[str, Any] | str) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []
