"""Every check on every statement of a document, after what AWS would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labhelpers.policy.language.model import require_kind
from labhelpers.policy.linting.actions import ungoverned_actions, unknown_actions, untaken_resources
from labhelpers.policy.linting.arns import impossible_arns
from labhelpers.policy.linting.keys import wrong_keys
from labhelpers.policy.linting.kinds import guess_kind
from labhelpers.policy.linting.principals import principal_checks
from labhelpers.policy.linting.traps import condition_traps
from labhelpers.policy.linting.trusts import saml_audience, unsendable_keys
from labhelpers.policy.linting.variables import misplaced_variables, version_checks
from labhelpers.policy.linting.views import View, views_of
from labhelpers.policy.writing.findings import Finding, placed
from labhelpers.policy.writing.validate import opened, refused

_CHECKS = (
    principal_checks,
    unknown_actions,
    ungoverned_actions,
    untaken_resources,
    misplaced_variables,
    wrong_keys,
    condition_traps,
    impossible_arns,
    saml_audience,
)


_ABOUT_VALUES = ("bad-arn", "value-of-wrong-type")


def lint(document: str | Mapping, kind: str = "") -> list[Finding]:
    """Return all findings of validate and of the checks, in the order of the text.

    `kind` is one of model.KINDS; left out, it is guessed from the content (guess_kind).
    """
    if kind:
        require_kind(kind)
    text, value, problem = opened(document, kind or "resource")
    if problem:
        return [problem]
    kind = kind or guess_kind(value)
    told = list(refused(text, value, kind))
    # That a value is of no use needs not be said where AWS refuses it.
    known = {finding.path for finding in told}
    checked = (
        found
        for found in _checked(value, kind)
        if found.code not in _ABOUT_VALUES or found.path not in known
    )
    return placed([*told, *checked], text)


def _checked(value: object, kind: str) -> Iterator[Finding]:
    found = views_of(value, kind)
    yield from version_checks(value, found)
    yield from unsendable_keys(found)
    for view in found:
        yield from _of(view)


def _of(view: View) -> Iterator[Finding]:
    for check in _CHECKS:
        yield from check(view)
