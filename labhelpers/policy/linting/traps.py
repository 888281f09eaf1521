"""Conditions that say something else than they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.values import value_checks
from labhelpers.policy.linting.views import ConditionView, View, warning
from labhelpers.policy.writing.findings import Finding

_MFA = "aws:multifactorauthpresent"
_MANY = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)
# Keys that many requests lack; a negated operator is met by those.
_OFTEN_ABSENT = {
    "aws:multifactorauthage": "long-term keys and sessions without MFA lack it",
    "aws:principalorgid": "principals outside an organization lack it",
    "aws:principaltag/": "principals without this tag lack it",
    "aws:sourceidentity": "sessions without a source identity lack it",
    "aws:sourcevpc": "requests that come over the internet lack it",
    "aws:sourcevpce": "requests that come over the internet lack it",
    "aws:requesttag/": "requests without this tag lack it",
    "sts:externalid": "callers that pass none lack it",
    "sts:sourceidentity": "callers that pass none lack it",
}


def condition_traps(view: View) -> Iterator[Finding]:
    """Run every check on every condition of a statement."""
    for condition in view.conditions:
        yield from value_checks(condition)
        yield from _mfa(view, condition)
        yield from _set_operators(view, condition)
        yield from _negated(view, condition)


def _mfa(view: View, condition: ConditionView) -> Iterator[Finding]:
    if condition.key.lower() != _MFA or condition.base != "Bool":
        return
    wanted = {value.lower() for value in condition.values}
    if not view.allow and wanted == {"false"} and not condition.if_exists:
        yield warning(
            "deny-on-absent-key",
            "This Deny does not reach requests with long-term access keys",
            condition.path,
            "aws:MultiFactorAuthPresent is absent there, and Bool is not met by an absent key.",
            'Write BoolIfExists, so that a request without the key counts as "false".',
            at_name=True,
        )
    if view.allow and wanted == {"true"} and condition.if_exists:
        yield warning(
            "allow-on-absent-key",
            "This Allow lets requests with long-term access keys pass without MFA",
            condition.path,
            "aws:MultiFactorAuthPresent is absent there, and IfExists is met by an absent key.",
            "Write Bool.",
            at_name=True,
        )


def _set_operators(view: View, condition: ConditionView) -> Iterator[Finding]:
    if not condition.prefix or condition.base == "Null":
        return
    key = condition.key.lower()
    if _single_valued(key):
        yield warning(
            "set-operator-on-single-value",
            f"{condition.key} has one value, but {condition.prefix[:-1]} is for keys with several",
            condition.path,
            "ForAllValues is met by an absent key, too; for a single value it only opens a gap."
            if condition.prefix == "ForAllValues:"
            else "For a single value the set operator says nothing more.",
            f"Write {condition.operator.removeprefix(condition.prefix)}.",
            at_name=True,
        )
    elif condition.prefix == "ForAllValues:" and not _guarded(view, key):
        effect = "allows" if view.allow else "denies"
        yield warning(
            "for-all-values-of-none",
            f"This also {effect} requests without {condition.key}",
            condition.path,
            "ForAllValues is met where the key is absent or has no values.",
            f'Add "Null": {{"{condition.key}": "false"}} to demand the key.',
            at_name=True,
        )


def _single_valued(key: str) -> bool:
    prefix = key.partition(":")[0]
    if prefix == "aws":
        return key not in _MANY
    if "." in prefix or prefix not in catalogue.services():
        return False
    known = catalogue.keys_of_service(prefix)
    return not known.get(catalogue.listed(key, known), "ArrayOf").startswith("ArrayOf")


def _guarded(view: View, key: str) -> bool:
    """Say whether something else in the statement demands the key, or the actions imply it."""
    for other in view.conditions:
        if other.base == "Null" and other.key.lower() == key:
            return True
        if other.prefix == "ForAnyValue:" and other.key.lower() == key:
            return True
        # Whoever sends a tag also sends its key.
        if key == "aws:tagkeys" and other.key.lower().startswith("aws:requesttag/"):
            return True
    expanded = [full for _, text in view.actions for full in catalogue.expand(text)]
    if key in ("aws:tagkeys", "sts:transitivetagkeys") and expanded:
        # Requests to set tags always hold some.
        return any(map(catalogue.is_tagging, expanded))
    return False


def _negated(view: View, condition: ConditionView) -> Iterator[Finding]:
    key = catalogue.listed(condition.key.lower(), _OFTEN_ABSENT)
    if not view.allow or not condition.negated or condition.prefix or not key:
        return
    for other in view.conditions:
        positive = not other.negated and not other.if_exists and other.prefix != "ForAllValues:"
        if other.key.lower() == condition.key.lower() and positive:
            return
    yield warning(
        "negated-on-absent-key",
        f"This also allows requests without {condition.key}",
        condition.path,
        f"A negated operator is met by an absent key: {_OFTEN_ABSENT[key]}.",
        f'Add "Null": {{"{condition.key}": "false"}}, or list what is allowed.',
        at_name=True,
    )
