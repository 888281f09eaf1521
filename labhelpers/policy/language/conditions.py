"""The Condition element: operators, set prefixes, IfExists, absent keys.

A block is an AND over its operators and keys; the values of one key are an OR (for negated
operators a NOR). A condition whose key nobody can know is UNKNOWN, neither met nor unmet.
Source: IAM User Guide, "Multiple keys or values", "Condition operators".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labhelpers.policy.language.call import Call
from labhelpers.policy.language.context import as_values
from labhelpers.policy.language.model import Failure, Value
from labhelpers.policy.language.operators import OPERATORS, Operator
from labhelpers.policy.language.variables import NotModelled, has_variables, resolve, show, template
from labhelpers.policy.language.wildcard import Matcher, Tokens

NO, YES, UNKNOWN = 0, 1, 2

SET_PREFIXES = ("ForAllValues:", "ForAnyValue:")
NULL = "Null"


def split_operator(text: str) -> tuple[str, str, bool] | None:
    """Split an operator into (set prefix, base operator, has IfExists); None if unknown."""
    prefix = next((start for start in SET_PREFIXES if text.startswith(start)), "")
    base = text[len(prefix) :]
    if base == NULL:
        return prefix, NULL, False
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    return (prefix, base, if_exists) if base in OPERATORS else None


def parts_of(operator: str) -> tuple[str, str, bool]:
    """Split an operator that the grammar has accepted, as split_operator does."""
    found = split_operator(operator)
    if found is None:
        raise ValueError(f"{operator} is no condition operator")
    return found


def texts(value: Value) -> tuple[str, ...]:
    """Return a condition's value (text, boolean, number or a list of them) as strings."""
    return as_values(value) or ()


class Condition:
    """One key under one operator, compiled."""

    __slots__ = (
        "allow",
        "base",
        "if_exists",
        "key",
        "lookup",
        "operator",
        "patterns",
        "prefix",
        "test",
        "wanted",
        "when_absent",
    )

    def __init__(self, operator: str, key: str, values: Value, *, variables: bool, allow: bool):
        self.prefix, base, self.if_exists = parts_of(operator)
        self.operator, self.key, self.lookup = operator, key, key.lower()
        self.wanted, self.allow = texts(values), allow
        self.base = OPERATORS.get(base)
        self.patterns: list[Tokens] | None = None
        self.test: Matcher | None = None
        if self.base is None:
            self.when_absent = YES if "true" in map(str.lower, self.wanted) else NO
        else:
            self.when_absent = self._when_absent(self.base)
            self._compile(self.base, variables)

    def _when_absent(self, base: Operator) -> int:
        if self.if_exists or self.prefix == "ForAllValues:":
            return YES
        return YES if base.negated and not self.prefix else NO

    def _compile(self, base: Operator, variables: bool) -> None:
        if not base.is_text:
            self.test = base.compile(self.wanted)
            return
        patterns = [
            template(text, wildcards=base.wildcards, variables=variables) for text in self.wanted
        ]
        if any(map(has_variables, patterns)):
            self.patterns = patterns
        else:
            self.test = base.compile(patterns)

    def met(self, call: Call) -> int:
        """Return YES, NO or UNKNOWN."""
        values = call.values(self.lookup)
        if values is None:
            return self.when_absent if call.knows(self.key) else UNKNOWN
        base = self.base
        if base is None:
            return YES if "false" in map(str.lower, self.wanted) else NO
        test, unknown = self.test, False
        if test is None:
            test, unknown = self._resolved(base, call)
        return self._combine(base.negated, values, test, unknown)

    def _resolved(self, base: Operator, call: Call) -> tuple[Matcher, bool]:
        """Fill the variables in: (test over the values that resolve, is one of them unknown)."""
        known, unknown = [], False
        for tokens in self.patterns or ():
            try:
                resolved = resolve(tokens, call.variable)
            except NotModelled:
                unknown = True
                continue
            if resolved is not None:
                known.append(resolved)
        return (base.compile(known) if known else _never), unknown

    def _combine(self, negated: bool, values: Sequence[str], test: Matcher, unknown: bool) -> int:
        if unknown and not all(map(test, values)):
            return UNKNOWN
        if self.prefix == "ForAllValues:":
            # Empty values are no values (IAM User Guide: "null data set").
            return YES if all(test(value) != negated for value in values if value) else NO
        if len(values) == 1:
            return YES if test(values[0]) != negated else NO
        hits = [test(value) != negated for value in values]
        if self.prefix == "ForAnyValue:":
            return YES if any(hits) else NO
        # AWS defines no result for several values without a set prefix; the stricter reading
        # is taken: an Allow needs all of them, a Deny one.
        return YES if (all(hits) if self.allow else any(hits)) else NO

    def failure(self, call: Call) -> Failure | None:
        """Return why the condition is not met, None if it is."""
        result = self.met(call)
        if result == YES:
            return None
        got = call.values(self.lookup)
        wanted = self.shown(call)
        return Failure("Condition", self.operator, self.key, wanted, got, result == UNKNOWN)

    def shown(self, call: Call) -> tuple[str, ...]:
        """The policy's values with resolvable variables filled in."""
        if self.patterns is None:
            return self.wanted
        shown = []
        for text, tokens in zip(self.wanted, self.patterns, strict=True):
            try:
                resolved = resolve(tokens, call.variable)
            except NotModelled:
                resolved = None
            shown.append(text if resolved is None else show(resolved))
        return tuple(shown)


def _never(value: str) -> bool:
    return False


def compile_block(block: Mapping, *, variables: bool, allow: bool) -> tuple[Condition, ...]:
    """Compile a Condition element that the grammar has accepted."""
    return tuple(
        Condition(operator, key, values, variables=variables, allow=allow)
        for operator, keys in block.items()
        for key, values in keys.items()
    )
