"""The grammar of a policy document: every defect that AWS refuses, with a place and a way out.

`defects` looks at plain JSON values and yields PolicyErrors in document order; `first_defect` is
the one that AWS tells, and parse.py raises. The wording is AWS's where it is known (STS_FACTS 2.7
and AWS_RECORDED C8: moto's table of documents, reports from the wild).
Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM JSON policy elements
reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.writing.grammar_elements import TRUST_ACTIONS, action, condition
from labhelpers.policy.writing.grammar_parts import (
    LEGACY,
    PAIRS,
    RULES,
    SYNTAX,
    Duplicated,
    Rules,
    Stage,
    names,
)
from labhelpers.policy.writing.grammar_principal import principal
from labhelpers.policy.writing.grammar_resource import resource

__all__ = ["RULES", "SYNTAX", "TRUST_ACTIONS", "VERSIONS", "Duplicated", "defects", "first_defect"]

VERSIONS = ("2012-10-17", "2008-10-17")
_TOP = ("Version", "Id", "Statement")
_STATEMENT = ("Sid", "Effect", *(name for pair in PAIRS for name in pair), "Condition")


def defects(document: object, kind: str) -> Iterator[PolicyError]:
    """Yield every defect of a policy document of one of model.KINDS."""
    rules = RULES[kind]
    if not isinstance(document, Mapping):
        what = type(document).__name__
        hint = f"A policy is a JSON object with Version and Statement, not a {what}."
        yield PolicyError(SYNTAX, "", hint)
        return
    yield from names(document, _TOP, "", rules.unknown)
    version = document.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        yield PolicyError(rules.version, "Version", f'Write "Version": "{VERSIONS[0]}".')
    if "Id" in document and not isinstance(document["Id"], str):
        yield PolicyError(SYNTAX, "Id", "Id is a text.")
    if "Statement" not in document:
        hint = 'A policy needs a "Statement": an object or a list of objects.'
        yield PolicyError(rules.told("Missing required field Statement"), "", hint)
        return
    yield from _statements(document["Statement"], kind, rules)


def first_defect(document: object, kind: str) -> PolicyError | None:
    """The defect that AWS tells: of those of its parser's earliest pass the first."""
    return min(defects(document, kind), key=lambda defect: defect.stage, default=None)


def _statements(value: object, kind: str, rules: Rules) -> Iterator[PolicyError]:
    if value == [] or value == {}:
        hint = "Write at least one statement."
        told = rules.told("Could not parse the policy: Statement is empty!")
        yield PolicyError(told, "Statement", hint)
        return
    listed = value if isinstance(value, list) else [value]
    seen: set[str] = set()
    for number, statement in enumerate(listed):
        path = f"Statement[{number}]" if isinstance(value, list) else "Statement"
        if not isinstance(statement, Mapping):
            yield PolicyError(SYNTAX, path, "A statement is a JSON object.")
            continue
        yield from _statement(statement, path, kind, rules)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid:
            if sid in seen and rules.unique_sids:
                yield PolicyError(
                    "Statement IDs (SID) in a single policy must be unique.",
                    f"{path}.Sid",
                    f'"{sid}" is used twice: give each statement a name of its own.',
                    stage=Stage.SIDS,
                )
            seen.add(sid)


def _statement(statement: Mapping, path: str, kind: str, rules: Rules) -> Iterator[PolicyError]:
    yield from names(statement, _STATEMENT, path, rules.unknown)
    yield from _sid_and_effect(statement, path, rules)
    for one, other in PAIRS:
        if one in statement and other in statement:
            hint = f"{one} and {other} exclude each other: keep one of them."
            yield PolicyError(SYNTAX, f"{path}.{other}", hint)
    yield from principal(statement, path, kind, rules)
    yield from action(statement, path, kind)
    yield from resource(statement, path, rules)
    if "Condition" in statement:
        yield from condition(statement["Condition"], f"{path}.Condition", rules)


def _sid_and_effect(statement: Mapping, path: str, rules: Rules) -> Iterator[PolicyError]:
    sid = statement.get("Sid", "")
    if not isinstance(sid, str):
        yield PolicyError(SYNTAX, f"{path}.Sid", "Sid is a text.")
    elif rules.unique_sids and not re.fullmatch(r"[A-Za-z0-9]*", sid):
        yield PolicyError(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            "regular expression [0-9A-Za-z]*",
            f"{path}.Sid",
            "Use letters and digits only, e.g. ReadReports.",
            stage=Stage.SIDS,
        )
    if "Effect" not in statement:
        hint = 'Write "Effect": "Allow" or "Effect": "Deny".'
        yield PolicyError(rules.told("Missing required field Effect"), path, hint)
    elif statement["Effect"] not in ("Allow", "Deny"):
        effect = statement["Effect"]
        hint = 'Effect is "Allow" or "Deny", spelt exactly so.'
        told, stage = rules.told(f"Invalid effect: {effect}"), Stage.SYNTAX
        if rules.legacy and str(effect).lower() in ("allow", "deny"):
            told, stage = LEGACY, Stage.LEGACY
        yield PolicyError(told, f"{path}.Effect", hint, stage=stage)
