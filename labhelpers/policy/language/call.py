"""The call that compiled statements are held against: a request while it is evaluated."""

from __future__ import annotations

from labhelpers.policy.language.context import as_values, certainly_absent, merged
from labhelpers.policy.language.model import Request, Value
from labhelpers.policy.language.variables import NotModelled, Variable


class Call:
    """A request during one evaluation: lowered action, lazily merged context, what is unknown.

    `typed` marks the evaluation of a trust policy, `has_boundary` a principal with a
    permissions boundary. `unmodelled` holds the first key that nobody knows of a statement
    that matches otherwise: under "Deny", or for an Allow under the policy type. `asked` is
    the key that left the last UNKNOWN behind.
    """

    __slots__ = (
        "_context",
        "action",
        "asked",
        "has_boundary",
        "principal",
        "request",
        "resource",
        "typed",
        "unmodelled",
    )

    def __init__(self, request: Request, has_boundary: bool, typed: bool = False):
        self.request = request
        self.action = request.action.lower()
        self.resource = request.resource
        self.principal = request.principal
        self.has_boundary = has_boundary
        self.typed = typed
        self.unmodelled: dict[str, str] = {}
        self._context: dict[str, Value] | None = None
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
