"""Policy variables that stay literal text, and the Version that decides about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.linting.views import View, error, warning
from labhelpers.policy.writing.findings import Finding
from labhelpers.policy.writing.grammar import VERSIONS

_VARIABLE = re.compile(r"\$\{[^{}]+\}")


def version_checks(document: object, found: list[View]) -> Iterator[Finding]:
    """A missing or old Version, which matters where the policy has variables."""
    if not isinstance(document, Mapping) or document.get("Version") == VERSIONS[0]:
        return
    if document.get("Version") not in (None, VERSIONS[1]):
        return
    literal = [place for view in found for place in _variables(view)]
    for path, variable in literal:
        yield error(
            "variable-in-old-version",
            f"{variable} is literal text here",
            path,
            f"Policy variables need Version {VERSIONS[0]}; without a Version {VERSIONS[1]} counts.",
            f'Write "Version": "{VERSIONS[0]}".',
        )
    if not literal:
        what = "Version 2008-10-17" if "Version" in document else "No Version"
        yield warning(
            "old-version",
            f"{what}: the policy language of 2008 counts",
            "Version" if "Version" in document else "",
            "It has no policy variables and lacks newer features.",
            f'Write "Version": "{VERSIONS[0]}".',
        )


def _variables(view: View) -> Iterator[tuple[str, str]]:
    places = view.entries("Resource") + view.entries("NotResource")
    for condition in view.conditions:
        places += condition.places()
    for path, text in places:
        variable = _VARIABLE.search(text)
        if variable:
            yield path, variable[0]


def misplaced_variables(view: View) -> Iterator[Finding]:
    """Variables in elements and operators that do not know them."""
    for element in ("Action", "NotAction"):
        for path, text in view.entries(element):
            if "${" in text:
                yield _misplaced(path, element)
    for element in ("Principal", "NotPrincipal"):
        for path, _, text in view.principals(element):
            if "${" in text:
                yield _misplaced(path, element)


def _misplaced(path: str, element: str) -> Finding:
    return error(
        "misplaced-variable",
        f"{element} knows no policy variables",
        path,
        "They count in Resource after the fifth colon, and in String and Arn conditions.",
        "Write it out.",
    )
