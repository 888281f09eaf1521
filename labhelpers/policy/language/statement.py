"""Compiled statements and policies, and the call that they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from labhelpers.policy.language.arn import ResourceElement
from labhelpers.policy.language.conditions import NO, UNKNOWN, YES, compile_block
from labhelpers.policy.language.context import as_values, certainly_absent, merged
from labhelpers.policy.language.model import Failure, Principal, Request, StatementResult
from labhelpers.policy.language.principals import NOT_NAMED, PrincipalElement
from labhelpers.policy.language.variables import NotModelled, Variable
from labhelpers.policy.language.wildcard import matcher, tokens_of

_INDEX_SIZE = 1024


class Call:
    """A request during one evaluation: lowered action, lazily merged context, what is unknown.

    `typed` marks the evaluation of a trust policy, `has_boundary` a principal with a
    permissions boundary. `unmodelled` holds the first key that nobody knows of a statement
    that matches otherwise: under "Deny", or for an Allow under the policy type. `asked` is
    the key that left the last UNKNOWN behind.
    """

    __slots__ = ("_context", "action", "asked", "has_boundary", "principal", "request")
    __slots__ += ("resource", "typed", "unmodelled")

    def __init__(self, request: Request, has_boundary: bool, typed: bool = False):
        self.request = request
        self.action = request.action.lower()
        self.resource = request.resource
        self.principal: Principal = request.principal
        self.has_boundary = has_boundary
        self.typed = typed
        self.unmodelled: dict[str, str] = {}
        self._context: dict | None = None
        self.asked = ""

    def values(self, lookup: str) -> tuple[str, ...] | None:
        """Return the values of a key (lower case), None if it is absent."""
        if self._context is None:
            self._context = merged(self.request)
        value = self._context.get(lookup)
        if value is None:
            return None
        return (value,) if type(value) is str else as_values(value)

    def knows(self, key: str) -> bool:
        """Say whether an absent key is truly absent."""
        asked = self.request.is_modelled
        if asked is None or asked(key) or certainly_absent(self.principal, key.lower()):
            return True
        self.asked = key
        return False

    def variable(self, variable: Variable) -> str | None:
        """Return the value of a policy variable; only single-valued keys have one."""
        values = self.values(variable.lookup)
        if values is None and not self.knows(variable.key):
            raise NotModelled(variable.key)
        return values[0] if values and len(values) == 1 else None

    def note(self, place: str) -> None:
        """Note the key asked for last as unknown; the first one of a place stays."""
        self.unmodelled.setdefault(place, self.asked)


class Statement:
    """One statement. `match` presumes that the action matched (see Policy.about)."""

    __slots__ = ("_exact", "_patterns", "action_element", "actions", "allow", "conditions")
    __slots__ += ("effect", "index", "principal", "principal_element", "resource")
    __slots__ += ("resource_element", "sid")

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
        self.resource = None
        if self.resource_element:
            self.resource = ResourceElement(_listed(raw[self.resource_element]), variables)
        self.principal_element = next((e for e in ("Principal", "NotPrincipal") if e in raw), "")
        self.principal = None
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
            named = self._principal(call)
            if named == NO:
                return NO
            if named == UNKNOWN:
                unknown = "CanonicalUser"
        if self.resource is not None:
            try:
                if not self._resource(call):
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

    def _principal(self, call: Call) -> int:
        if self.principal_element == "NotPrincipal":
            return NO if self.principal.spares(call.principal, call.has_boundary) else YES
        if self.principal.strength(call.principal, call.typed and self.allow) != NOT_NAMED:
            return YES
        # A canonical user id cannot be told from the caller's ARN; only a Deny must not miss.
        return UNKNOWN if self.principal.opaque and not self.allow else NO

    def _resource(self, call: Call) -> bool:
        listed = self.resource_element == "Resource"
        if call.resource is None:
            return not self.allow or (listed and self.resource.everything)
        return self.resource.covers(call.resource, call.variable) == listed

    def result(self, call: Call, policy: Policy) -> StatementResult:
        """Hold every element against the call and report what failed."""
        failures = tuple(self._failures(call))
        return StatementResult(
            policy.kind, policy.name, self.index, self.sid, self.effect, not failures, failures
        )

    def _failures(self, call: Call):
        if self.principal is not None and (named := self._principal(call)) != YES:
            caller = call.principal.arn or call.principal.kind
            wanted = self.principal.values
            yield Failure(
                self.principal_element, "", "", wanted, (caller,), unmodelled=named == UNKNOWN
            )
        if not self.names_action(call.action):
            yield Failure(self.action_element, "", "", self.actions, (call.request.action,))
        if self.resource is not None:
            yield from self._resource_failures(call)
        for condition in self.conditions:
            failure = condition.failure(call)
            if failure:
                yield failure

    def _resource_failures(self, call: Call):
        key = ""
        try:
            if self._resource(call):
                return
        except NotModelled as error:
            key = error.key
        got = None if call.resource is None else (call.resource,)
        wanted = self.resource.values
        yield Failure(self.resource_element, "", key, wanted, got, unmodelled=bool(key))


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A parsed policy: what was written (`document`) and the compiled statements."""

    kind: str
    name: str
    version: str
    document: Mapping
    statements: tuple[Statement, ...] = field(repr=False)
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
