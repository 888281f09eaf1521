"""Compiled statements and policies, held against a Call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labhelpers.policy.language.arn import ResourceElement
from labhelpers.policy.language.call import Call
from labhelpers.policy.language.conditions import NO, UNKNOWN, YES, compile_block
from labhelpers.policy.language.model import RESOURCE, Failure, Principal, StatementResult
from labhelpers.policy.language.principals import NOT_NAMED, PrincipalElement
from labhelpers.policy.language.variables import NotModelled
from labhelpers.policy.language.wildcard import matcher, tokens_of

_INDEX_SIZE = 1024


class Statement:
    """One statement. `match` presumes that the action matched (see Policy.about)."""

    __slots__ = (
        "_exact",
        "_patterns",
        "action_element",
        "actions",
        "allow",
        "conditions",
        "effect",
        "index",
        "principal",
        "principal_element",
        "resource",
        "resource_element",
        "sid",
    )

    def __init__(self, index: int, raw: Mapping, variables: bool):
        self.index = index
        self.sid = raw.get("Sid", "")
        self.effect = raw["Effect"]
        self.allow = self.effect == "Allow"
        self.action_element = "Action" if "Action" in raw else "NotAction"
        self.actions = _listed(raw[self.action_element])
        lowered = [action.lower() for action in self.actions]
        self._exact = frozenset(a for a in lowered if "*" not in a and "?" not in a)
        self._patterns = tuple(matcher(tokens_of(a)) for a in lowered if a not in self._exact)
        self.resource_element = next((e for e in ("Resource", "NotResource") if e in raw), "")
        self.resource: ResourceElement | None = None
        if self.resource_element:
            self.resource = ResourceElement(_listed(raw[self.resource_element]), variables)
        self.principal_element = next((e for e in ("Principal", "NotPrincipal") if e in raw), "")
        self.principal: PrincipalElement | None = None
        if self.principal_element:
            self.principal = PrincipalElement(raw[self.principal_element])
        block = raw.get("Condition", {})
        self.conditions = compile_block(block, variables=variables, allow=self.allow)

    @property
    def plain(self) -> bool:
        """Say whether nothing but caller, action and resource decides about a match."""
        return not self.conditions and not (self.resource and self.resource.dynamic)

    def names_action(self, action: str) -> bool:
        """Say whether the Action or NotAction element lets this lower-case action in."""
        listed = action in self._exact or any(test(action) for test in self._patterns)
        return listed == (self.action_element == "Action")

    def match(self, call: Call) -> int:
        """Return YES, NO or UNKNOWN; UNKNOWN leaves the key in `call.asked`."""
        unknown = None
        if self.principal is not None:
            named = self._principal(self.principal, call)
            if named == NO:
                return NO
            if named == UNKNOWN:
                unknown = "CanonicalUser"
        if self.resource is not None:
            try:
                if not self._resource(self.resource, call):
                    return NO
            except NotModelled as error:
                unknown = unknown or error.key
        for condition in self.conditions:
            met = condition.met(call)
            if met == NO:
                return NO
            if met == UNKNOWN and unknown is None:
                unknown = call.asked
        if unknown is None:
            return YES
        call.asked = unknown
        return UNKNOWN

    def strength(self, principal: Principal) -> int:
        """Return how directly the Principal element names a caller (principals.py)."""
        return NOT_NAMED if self.principal is None else self.principal.strength(principal)

    def _principal(self, element: PrincipalElement, call: Call) -> int:
        if self.principal_element == "NotPrincipal":
            return NO if element.spares(call.principal, call.has_boundary) else YES
        if element.strength(call.principal, call.typed and self.allow) != NOT_NAMED:
            return YES
        # A canonical user id cannot be told from the caller's ARN; only a Deny must not miss.
        return UNKNOWN if element.opaque and not self.allow else NO

    def _resource(self, element: ResourceElement, call: Call) -> bool:
        listed = self.resource_element == "Resource"
        if call.resource is None:
            if not element.everything and not call.knows(RESOURCE):
                raise NotModelled(RESOURCE)
            return not self.allow or (listed and element.everything)
        return element.covers(call.resource, call.variable) == listed

    def result(self, call: Call, policy: Policy) -> StatementResult:
        """Hold every element against the call and report what failed."""
        failures = tuple(self._failures(call))
        return StatementResult(
            policy.kind, policy.name, self.index, self.sid, self.effect, not failures, failures
        )

    def _failures(self, call: Call) -> Iterator[Failure]:
        if self.principal is not None:
            yield from self._principal_failures(self.principal, call)
        if not self.names_action(call.action):
            yield Failure(self.action_element, "", "", self.actions, (call.request.action,))
        if self.resource is not None:
            yield from self._resource_failures(self.resource, call)
        for condition in self.conditions:
            failure = condition.failure(call)
            if failure:
                yield failure

    def _principal_failures(self, element: PrincipalElement, call: Call) -> Iterator[Failure]:
        named = self._principal(element, call)
        if named != YES:
            caller = call.principal.arn or call.principal.kind
            unknown = named == UNKNOWN
            yield Failure(self.principal_element, "", "", element.values, (caller,), unknown)

    def _resource_failures(self, element: ResourceElement, call: Call) -> Iterator[Failure]:
        key = ""
        try:
            if self._resource(element, call):
                return
        except NotModelled as error:
            key = error.key
        got = None if call.resource is None else (call.resource,)
        yield Failure(self.resource_element, "", key, element.values, got, unmodelled=bool(key))


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A parsed policy: what was written (`document`) and the compiled statements.

    `arn` is that of a managed policy, where AWS's refusals name it.
    """

    kind: str
    name: str
    version: str
    document: Mapping
    statements: tuple[Statement, ...] = field(repr=False)
    arn: str = ""
    _index: dict[str, tuple[Statement, ...]] = field(default_factory=dict, repr=False)

    def about(self, action: str) -> tuple[Statement, ...]:
        """Return the statements whose action element lets this lower-case action in."""
        found = self._index.get(action)
        if found is None:
            if len(self._index) >= _INDEX_SIZE:
                self._index.clear()
            found = tuple(s for s in self.statements if s.names_action(action))
            self._index[action] = found
        return found
