"""The grammar of a policy document: every defect that AWS refuses, with a place and a way out.

`defects` looks at plain JSON values and yields PolicyErrors in document order; parse.py raises
the first. The wording is AWS's where it is known (STS_FACTS 2.7: moto, reports from the wild).
Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM JSON policy elements
reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .conditions import split_operator
from .model import PolicyError
from .wildcard import matcher, tokens_of

VERSIONS = ("2012-10-17", "2008-10-17")
SYNTAX = "Syntax errors in policy."
TRUST_ACTIONS = frozenset(
    f"sts:{name}"
    for name in (
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "setcontext",
        "setsourceidentity",
        "tagsession",
    )
)
_TOP = ("Version", "Id", "Statement")
_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_STATEMENT = ("Sid", "Effect", *(name for pair in _PAIRS for name in pair), "Condition")

_PART = r"(?:[^:*?]+)"
_ENTITY_ARN = re.compile(
    rf"arn:[\w-]+:(?:iam::\d{{12}}:(?:root|(?:user|role)/[^*?]+)"
    rf"|sts::\d{{12}}:(?:assumed-role/[^/*?]+/[^/*?]+|federated-user/{_PART}))",
    re.ASCII,
)
_UNIQUE_ID = re.compile(r"(?:AIDA|AROA)[A-Z0-9]{12,124}", re.ASCII)
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


@dataclass(frozen=True, slots=True)
class Rules:
    """What one kind of policy demands: which elements it must and must not have."""

    principal: bool
    resource: bool
    version: str = SYNTAX
    unique_sids: bool = True


_IDENTITY = Rules(False, True, version="Policy document must be version 2012-10-17 or greater.")
RULES = {
    "identity": _IDENTITY,
    "session": _IDENTITY,
    "boundary": _IDENTITY,
    "scp": _IDENTITY,
    "trust": Rules(True, False, version="The policy must contain a valid version string"),
    "resource": Rules(True, True, unique_sids=False),
    "rcp": Rules(True, True),
}


class Duplicated(dict):
    """A JSON object that named `key` twice; the value kept is the last."""

    def __init__(self, pairs, key: str):
        super().__init__(pairs)
        self.key = key


def defects(document: object, kind: str) -> Iterator[PolicyError]:
    """Yield every defect of a policy document of one of model.KINDS."""
    rules = RULES[kind]
    if not isinstance(document, Mapping):
        what = type(document).__name__
        hint = f"A policy is a JSON object with Version and Statement, not a {what}."
        yield PolicyError(SYNTAX, "", hint)
        return
    yield from _names(document, _TOP, "")
    version = document.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        yield PolicyError(rules.version, "Version", f'Write "Version": "{VERSIONS[0]}".')
    if "Id" in document and not isinstance(document["Id"], str):
        yield PolicyError(SYNTAX, "Id", "Id is a text.")
    if "Statement" not in document:
        hint = 'A policy needs a "Statement": an object or a list of objects.'
        yield PolicyError("Missing required field Statement", "", hint)
        return
    yield from _statements(document["Statement"], kind, rules)


def _statements(value: object, kind: str, rules: Rules) -> Iterator[PolicyError]:
    if value == [] or value == {}:
        hint = "Write at least one statement."
        yield PolicyError("Could not parse the policy: Statement is empty!", "Statement", hint)
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
                )
            seen.add(sid)


def _statement(statement: Mapping, path: str, kind: str, rules: Rules) -> Iterator[PolicyError]:
    yield from _names(statement, _STATEMENT, path)
    yield from _sid_and_effect(statement, path, rules)
    for one, other in _PAIRS:
        if one in statement and other in statement:
            hint = f"{one} and {other} exclude each other: keep one of them."
            yield PolicyError(SYNTAX, f"{path}.{other}", hint)
    yield from _principal(statement, path, kind, rules)
    yield from _action(statement, path, kind)
    yield from _resource(statement, path, rules)
    if "Condition" in statement:
        yield from _condition(statement["Condition"], f"{path}.Condition")


def _names(value: Mapping, known: tuple[str, ...], path: str) -> Iterator[PolicyError]:
    dot = f"{path}." if path else ""
    if isinstance(value, Duplicated):
        hint = f"{value.key} stands there twice; JSON keeps one of the two, unseen."
        yield PolicyError(SYNTAX, f"{dot}{value.key}", hint, at_name=True)
    for name in value:
        if name not in known:
            alike = next((k for k in known if k.lower() == str(name).lower()), "")
            hint = (
                f"Write {alike}: names of elements are case-sensitive."
                if alike
                else (f"There is no element {name}; the elements are {', '.join(known)}.")
            )
            yield PolicyError(SYNTAX, f"{dot}{name}", hint, at_name=True)


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
        )
    if "Effect" not in statement:
        hint = 'Write "Effect": "Allow" or "Effect": "Deny".'
        yield PolicyError("Missing required field Effect", path, hint)
    elif statement["Effect"] not in ("Allow", "Deny"):
        hint = 'Effect is "Allow" or "Deny", spelt exactly so.'
        yield PolicyError(f"Invalid effect: {statement['Effect']}", f"{path}.Effect", hint)


def _principal(statement: Mapping, path: str, kind: str, rules: Rules) -> Iterator[PolicyError]:
    name = next((n for n in _PAIRS[0] if n in statement), "")
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


def _principal_value(value: object, path: str, kind: str) -> Iterator[PolicyError]:
    if value == "*":
        if kind == "trust":
            text = 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'
            yield PolicyError(text, path, 'A trust policy wants the typed form {"AWS": ...}.')
        return
    if not isinstance(value, Mapping) or not value:
        yield PolicyError(
            SYNTAX, path, 'Write {"AWS": ...}, {"Service": ...} or {"Federated": ...}.'
        )
        return
    yield from _names(value, tuple(_PRINCIPALS), path)
    for what in filter(_PRINCIPALS.__contains__, value):
        for place, text in _texts(value[what], f"{path}.{what}"):
            if isinstance(text, PolicyError):
                yield text
            elif (kind == "trust" and what == "CanonicalUser") or not _PRINCIPALS[what](text):
                shown = what if what in ("AWS", "Federated") else what.upper()
                hint = _PRINCIPAL_HINT if what == "AWS" else f"This is no {what} principal."
                yield PolicyError(f'Invalid principal in policy: "{shown}":"{text}"', place, hint)


def _cognito(statement: Mapping, path: str) -> Iterator[PolicyError]:
    value = statement.get("Principal")
    federated = value.get("Federated") if isinstance(value, Mapping) else None
    named = federated if isinstance(federated, list) else [federated]
    if "cognito-identity.amazonaws.com" in named and not statement.get("Condition"):
        hint = "Without a condition on its aud every identity pool in the world is let in."
        text = "A condition block must be present for the Cognito provider"
        yield PolicyError(text, path, hint)


def _action(statement: Mapping, path: str, kind: str) -> Iterator[PolicyError]:
    name = next((n for n in _PAIRS[1] if n in statement), "")
    if not name:
        hint = 'Say what: "Action": "sts:AssumeRole", for example.'
        missing = "Policy statement must contain actions."
        text = "Missing required field Action" if kind == "trust" else missing
        yield PolicyError(text, path, hint)
        return
    sts_only = "AssumeRole policy may only specify STS AssumeRole actions."
    if kind == "trust" and name == "NotAction":
        hint = "Write Action with the sts: actions that you mean."
        yield PolicyError(sts_only, f"{path}.NotAction", hint)
    for place, text in _texts(statement[name], f"{path}.{name}"):
        if isinstance(text, PolicyError):
            yield text
        elif kind == "trust" and text.count(":") < 2 and not _may_trust(text):
            hint = (
                "Of the sts: actions only AssumeRole, AssumeRoleWithSAML, "
                "AssumeRoleWithWebIdentity, TagSession, SetSourceIdentity and SetContext go here."
                if text.lower().startswith("sts:")
                else "What the role may do afterwards belongs in its permission policies."
            )
            yield PolicyError(sts_only, place, hint)
        elif text != "*":
            yield from _action_name(text, place)


def _may_trust(text: str) -> bool:
    """Say whether an action or pattern of a trust policy means one that can stand there."""
    test = matcher(tokens_of(text.lower()))
    return text.lower().startswith("sts:") and any(map(test, TRUST_ACTIONS))


def _action_name(text: str, place: str) -> Iterator[PolicyError]:
    vendor, colon, action = text.partition(":")
    if not colon or not vendor or not action:
        hint = f'Write service and action, e.g. "s3:GetObject"; "{text}" has no service prefix.'
        yield PolicyError(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            place,
            hint if not colon else f'"{text}" lacks one of its two parts.',
        )
    elif ":" in action:
        hint = f'"{text}" has {text.count(":")} colons.'
        yield PolicyError("Actions/Condition can contain only one colon.", place, hint)
    elif not re.fullmatch(r"[a-zA-Z0-9-]+", vendor, re.ASCII):
        hint = 'The service prefix takes no wildcard; only a lone "*" covers all services.'
        yield PolicyError(f"Vendor {vendor} is not valid", place, hint)
    elif not re.fullmatch(r"[\w*?-]+", action, re.ASCII):
        hint = "An action is letters and digits, with * and ? as wildcards."
        yield PolicyError(SYNTAX, place, hint)


def _resource(statement: Mapping, path: str, rules: Rules) -> Iterator[PolicyError]:
    name = next((n for n in _PAIRS[2] if n in statement), "")
    if not rules.resource:
        if name:
            text = {
                "Resource": "Has prohibited field Resource",
                "NotResource": "AssumeRole policy must not contain resources.",
            }[name]
            hint = "Remove it: a trust policy is about its own role and nothing else."
            yield PolicyError(text, f"{path}.{name}", hint)
        return
    if not name:
        hint = 'Say on what: "Resource": an ARN, a list of ARNs or "*".'
        yield PolicyError("Policy statement must contain resources.", path, hint)
        return
    for place, text in _texts(statement[name], f"{path}.{name}"):
        if isinstance(text, PolicyError):
            yield text
        elif text != "*" and not _is_arn(text):
            hint = (
                "An ARN has six parts and names its service without wildcards: "
                "arn:aws:s3:::bucket/key, for example."
            )
            yield PolicyError(f'Resource {text} must be in ARN format or "*".', place, hint)


def _is_arn(text: str) -> bool:
    parts = text.split(":", 5)
    return parts[0] == "arn" and len(parts) == 6 and not re.search(r"[*?]", parts[2])


def _condition(block: object, path: str) -> Iterator[PolicyError]:
    if not isinstance(block, Mapping):
        yield PolicyError(SYNTAX, path, 'Write {"StringEquals": {"key": "value"}}.')
        return
    if isinstance(block, Duplicated):
        yield from _names(block, tuple(block), path)
    for operator, keys in block.items():
        place = f"{path}.{operator}"
        if split_operator(str(operator)) is None:
            hint = "Operators are case-sensitive, e.g. StringEquals, ArnLike, DateLessThan."
            text = f"Invalid Condition type : {operator}"
            yield PolicyError(text, place, hint, at_name=True)
        if not isinstance(keys, Mapping):
            yield PolicyError(SYNTAX, place, 'An operator holds {"key": "value"}.')
            continue
        if isinstance(keys, Duplicated):
            yield from _names(keys, tuple(keys), place)
        for key, value in keys.items():
            yield from _condition_key(key, value, f"{place}.{key}")


def _condition_key(key: str, value: object, path: str) -> Iterator[PolicyError]:
    if ":" not in key.strip(":"):
        hint = f'Write the key with its service, e.g. "aws:SourceIp"; "{key}" has none.'
        text = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        yield PolicyError(text, path, hint, at_name=True)
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str | bool | int | float):
            hint = "A condition's value is a text, a number, true or false, or a list of those."
            yield PolicyError(SYNTAX, path, hint)
            return


def _texts(value: object, path: str) -> Iterator[tuple[str, str | PolicyError]]:
    """Yield (path, text) for each entry; in place of a text a defect where there is none."""
    listed = isinstance(value, list)
    if value == [] or value == "":
        yield path, PolicyError(SYNTAX, path, "It is empty; name at least one.")
        return
    for number, item in enumerate(value if listed else [value]):
        place = f"{path}[{number}]" if listed else path
        if isinstance(item, str) and item:
            yield place, item
        else:
            yield place, PolicyError(SYNTAX, place, "This must be a text that is not empty.")
