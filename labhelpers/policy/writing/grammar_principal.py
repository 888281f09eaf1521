"""The Principal and NotPrincipal elements: who may be named, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.writing.grammar_parts import PAIRS, SYNTAX, Rules, names, texts

_PART = r"(?:[^:*?]+)"
_ENTITY_ARN = re.compile(
    rf"arn:[\w-]+:(?:iam::\d{{12}}:(?:root|(?:user|role)/[^*?]+)"
    rf"|sts::\d{{12}}:(?:assumed-role/[^/*?]+/[^/*?]+|federated-user/{_PART}))",
    re.ASCII,
)
_UNIQUE_ID = re.compile(r"(?:AIDA|AROA)[A-Z0-9]{4,124}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?|\*", re.ASCII)
_PROVIDER = re.compile(
    r"arn:[\w-]+:iam::\d{12}:(?:oidc|saml)-provider/[^*?]+|[\w-]+(?:\.[\w-]+)+", re.ASCII
)
_PRINCIPALS = {
    "AWS": lambda text: (
        text == "*"
        or bool(re.fullmatch(r"\d{12}", text, re.ASCII))
        or bool(_ENTITY_ARN.fullmatch(text))
        or bool(_UNIQUE_ID.fullmatch(text))
    ),
    "Service": lambda text: bool(_SERVICE.fullmatch(text)),
    "Federated": lambda text: bool(_PROVIDER.fullmatch(text)),
    "CanonicalUser": lambda text: bool(re.fullmatch(r"[0-9a-f]{64}", text, re.ASCII)),
}
_PRINCIPAL_HINT = (
    'Write an account id, the ARN of a user, role or session, or a lone "*"; groups and '
    "wildcards inside an ARN are no principals."
)


def principal(statement: Mapping, path: str, kind: str, rules: Rules) -> Iterator[PolicyError]:
    """Yield the defects of a statement's principal element, its lack included."""
    name = next((n for n in PAIRS[0] if n in statement), "")
    if not name:
        if rules.principal:
            hint = 'Say who: "Principal": {"AWS": "arn:aws:iam::111122223333:user/anna"}.'
            yield PolicyError("Missing required field Principal", path, hint)
        return
    path = f"{path}.{name}"
    if not rules.principal:
        hint = "Remove it: the policy speaks for whatever it is attached to."
        yield PolicyError("Policy document should not specify a principal.", path, hint)
        return
    if name == "NotPrincipal" and kind == "trust":
        hint = "Name who may assume the role with Principal; leave others out."
        text = "AssumeRole policy must not contain NotPrincipal field."
        yield PolicyError(text, path, hint)
        return
    if name == "NotPrincipal" and statement.get("Effect") == "Allow":
        hint = "NotPrincipal goes with Deny only."
        yield PolicyError("Allow with NotPrincipal is not allowed.", path, hint)
    yield from _principal_value(statement[name], path, kind)
    yield from _cognito(statement, path)


#: Source: reports of Terraform and Pulumi users, e.g. terraform-aws-iam issue 202.
_FEDERATED = "Federated principals must be valid domain names or SAML metadata ARNs"


def _principal_value(value: object, path: str, kind: str) -> Iterator[PolicyError]:
    if value == "*":
        if kind == "trust":
            star = 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'
            yield PolicyError(star, path, 'A trust policy wants the typed form {"AWS": ...}.')
        return
    if not isinstance(value, Mapping) or not value:
        yield PolicyError(
            SYNTAX, path, 'Write {"AWS": ...}, {"Service": ...} or {"Federated": ...}.'
        )
        return
    yield from names(value, tuple(_PRINCIPALS), path)
    for what in filter(_PRINCIPALS.__contains__, value):
        for place, text in texts(value[what], f"{path}.{what}"):
            if isinstance(text, PolicyError):
                yield text
            elif (kind == "trust" and what == "CanonicalUser") or not _PRINCIPALS[what](text):
                hint = _PRINCIPAL_HINT if what == "AWS" else f"This is no {what} principal."
                told = f'Invalid principal in policy: "{what.upper()}":"{text}"'
                yield PolicyError(_FEDERATED if what == "Federated" else told, place, hint)


def _cognito(statement: Mapping, path: str) -> Iterator[PolicyError]:
    value = statement.get("Principal")
    federated = value.get("Federated") if isinstance(value, Mapping) else None
    named = federated if isinstance(federated, list) else [federated]
    if "cognito-identity.amazonaws.com" in named and not statement.get("Condition"):
        hint = "Without a condition on its aud every identity pool in the world is let in."
        text = "A condition block must be present for the Cognito provider"
        yield PolicyError(text, path, hint)
