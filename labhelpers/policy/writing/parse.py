"""From policy text to a compiled Policy, once per text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from labhelpers.policy.language.model import PolicyError, require_kind
from labhelpers.policy.language.statement import Policy, Statement
from labhelpers.policy.writing.grammar import RULES, SYNTAX, VERSIONS, Duplicated, first_defect


def parse(document: str | Mapping, kind: str, name: str = "", arn: str = "") -> Policy:
    """Parse and compile a policy: JSON text, or the dict that would become it.

    `kind` is one of "identity", "trust", "resource", "session", "boundary", "scp", "rcp";
    `name` is what explanations call the policy, `arn` that of a managed one. Raises PolicyError
    with the defect that AWS tells.
    Compiled policies are kept, so parsing the same text again costs a lookup.
    """
    require_kind(kind)
    text = document if isinstance(document, str) else _as_text(document, kind)
    return _compiled(text, kind, name, arn)


def read(text: str, kind: str = "resource") -> object:
    """Read JSON text, noting keys that an object names twice; raises PolicyError in the words
    for this kind of policy."""
    bad_json = RULES[kind].bad_json
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        hint = f"Line {error.lineno}, column {error.colno}: {error.msg}."
        found = PolicyError(bad_json, "", hint)
        found.line, found.column = error.lineno, error.colno
        raise found from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(bad_json, "", f"{error}".partition(";")[0]) from None


def _as_text(document: object, kind: str) -> str:
    if not isinstance(document, Mapping):
        what = type(document).__name__
        hint = f"A policy is a dict or its JSON text, not a {what}."
        raise PolicyError(SYNTAX, "", hint)
    try:
        return json.dumps(dict(document), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        hint = f"This dict cannot become JSON: {error}."
        raise PolicyError(RULES[kind].bad_json, "", hint) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    return Duplicated(pairs, next(name for name in names if names.count(name) > 1))


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


@lru_cache(maxsize=4096)
def _compiled(text: str, kind: str, name: str, arn: str) -> Policy:
    return compiled(read(text, kind), kind, name, arn)


def compiled(document: object, kind: str, name: str = "", arn: str = "") -> Policy:
    """Compile what `read` has read; raises PolicyError with the defect that AWS tells."""
    defect = first_defect(document, kind)
    if defect is not None:
        raise defect
    assert isinstance(document, Mapping)  # the grammar saw to it
    # Without a Version the old language counts, which has no policy variables.
    version = document.get("Version", VERSIONS[1])
    listed = document["Statement"]
    raw = listed if isinstance(listed, list) else [listed]
    variables = version == VERSIONS[0]
    statements = tuple(Statement(n, s, variables) for n, s in enumerate(raw))
    return Policy(kind, name, version, document, statements, arn)
