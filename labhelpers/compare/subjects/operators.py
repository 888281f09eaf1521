"""Condition operators, one by one (STS_FACTS 4.1, 4.2).

The value that a condition is put to is a session tag of the caller, aws:PrincipalTag/v0 and so
on: so any text that a tag may hold can be tried. No session has a tag `none`.
"""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import OWN, PUT, Scenario, Statement, allow, deny, tags, when

ABSENT = None
AB = ["Anna", "Bob"]
NOON = "2026-01-02T12:00:00Z"
EPOCH = "1767355200"  # the same moment
NUMBER = "12345678901"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:team/queue"
BOTH = ["203.0.113.0/24", "2001:db8::/32"]

# operator, value in the policy, value of the tag
ROWS: list[tuple[str, Any, str | None]] = [
    ("StringEquals", "Anna", "Anna"),
    ("StringEquals", "Anna", "anna"),
    ("StringEquals", "Anna", ABSENT),
    ("StringEquals", "An*", "Anna"),
    ("StringEquals", AB, "Bob"),
    ("StringEquals", 5, "5"),
    ("StringNotEquals", "Anna", "Anna"),
    ("StringNotEquals", "Anna", ABSENT),
    ("StringNotEquals", AB, "Bob"),
    ("StringEqualsIgnoreCase", "Anna", "aNNA"),
    ("StringNotEqualsIgnoreCase", "Anna", "aNNA"),
    ("StringNotEqualsIgnoreCase", "Anna", ABSENT),
    ("StringLike", "An*", "Anna"),
    ("StringLike", "an*", "Anna"),
    ("StringLike", "*", ""),
    ("StringLike", "?*", ""),
    ("StringLike", "[A]nna", "Anna"),
    ("StringNotLike", "An*", "Anna"),
    ("StringNotLike", "An*", ABSENT),
    ("NumericEquals", 5, "5.0"),
    ("NumericEquals", "5", "five"),
    ("NumericEquals", "1e2", "100"),
    ("NumericGreaterThanEquals", "10", "10"),
    ("NumericEquals", "5", ABSENT),
    ("NumericNotEquals", "5", "5.0"),
    ("NumericNotEquals", "5", ABSENT),
    ("NumericLessThan", "10", "9"),
    ("NumericLessThan", "10", "10"),
    ("NumericLessThan", NUMBER + "993", NUMBER + "992"),
    ("DateEquals", NOON, "2026-01-02T13:00:00+01:00"),
    ("DateEquals", NOON, EPOCH),
    ("DateEquals", EPOCH, NOON),
    ("DateEquals", "2026-01-02", "2026-01-02T00:00:00Z"),
    ("DateEquals", "2026", "2026-01-01T00:00:00Z"),
    ("DateNotEquals", NOON, ABSENT),
    ("DateLessThan", NOON, "2026-01-02T12:30:00+01:00"),
    ("DateLessThanEquals", NOON, "2026-01-02T12:00:00.001Z"),
    ("DateGreaterThanEquals", NOON, NOON),
    ("Bool", "true", "true"),
    ("Bool", "True", "tRUE"),
    ("Bool", "yes", "yes"),
    ("Bool", "true", "1"),
    ("Bool", ["true", "false"], "false"),
    ("Bool", "false", ABSENT),
    ("BinaryEquals", "QUJD", "ABC"),
    ("BinaryEquals", "QUJD", "QUJD"),
    ("IpAddress", "203.0.113.77/24", "203.0.113.1"),
    ("IpAddress", BOTH, "2001:db8::1"),
    ("IpAddress", "::/0", "203.0.113.7"),
    ("NotIpAddress", BOTH, "2001:db8::1"),
    ("NotIpAddress", "203.0.113.0/24", ABSENT),
    ("ArnEquals", "arn:aws:sqs:*:123456789012:team/*", QUEUE),
    ("ArnLike", "arn:aws:sqs:*:*:team/q?eue", QUEUE),
    ("ArnLike", "arn:aws:sqs:*", QUEUE),
    ("ArnLike", "arn:aws:sqs:*:123456789012:team/*", QUEUE + ":x"),
    ("ArnLike", "arn:aws:sqs:*:team/queue", QUEUE),
    ("StringLike", "arn:aws:sqs:*:team/queue", QUEUE),
    ("ArnLike", "*", "no ARN"),
    ("ArnNotEquals", QUEUE, ABSENT),
    ("ArnNotLike", "arn:aws:sqs:*:*:team/*", QUEUE),
    ("Null", "true", ABSENT),
    ("Null", "true", "Anna"),
    ("Null", "false", ABSENT),
    ("Null", "false", ""),
    ("StringEqualsIfExists", "Anna", ABSENT),
    ("StringEqualsIfExists", "Anna", "Bob"),
    ("StringNotEqualsIfExists", "Anna", ABSENT),
    ("BoolIfExists", "true", ABSENT),
    ("ForAllValues:StringEquals", AB, "Anna"),
    ("ForAllValues:StringEquals", AB, ABSENT),
    ("ForAllValues:StringNotEquals", AB, ABSENT),
    ("ForAnyValue:StringEquals", AB, ABSENT),
]
#: The same in a Deny beside an Allow: what an absent or odd value does there.
DENIES: list[tuple[str, Any, str | None]] = [
    ("StringEquals", "Anna", "Anna"),
    ("StringEquals", "Anna", ABSENT),
    ("StringNotEquals", "Anna", "Anna"),
    ("StringNotEquals", "Anna", ABSENT),
    ("StringNotEqualsIfExists", "Anna", ABSENT),
    ("Bool", "false", ABSENT),
    ("BoolIfExists", "false", ABSENT),
    ("Null", "true", ABSENT),
    ("ForAllValues:StringEquals", AB, ABSENT),
    ("ForAnyValue:StringNotEquals", AB, ABSENT),
    ("NotIpAddress", "203.0.113.0/24", ABSENT),
]


def scenarios() -> list[Scenario]:
    """One session for each family of operators: its tags are all values that the family meets."""
    rows = [("Allow", *row) for row in ROWS] + [("Deny", *row) for row in DENIES]
    values: dict[str, list[str]] = {}
    for _, operator, _, got in rows:
        known = values.setdefault(_family(operator), [])
        if got is not ABSENT and got not in known:
            known.append(got)
    return [_row(*row, values[_family(row[1])]) for row in rows]


def _family(operator: str) -> str:
    core = operator.rpartition(":")[2]
    return next((f for f in ("String", "Numeric", "Date", "Arn") if core.startswith(f)), "others")


def _row(effect: str, operator: str, wanted: Any, got: str | None, known: list[str]) -> Scenario:
    name = "none" if got is ABSENT else f"v{known.index(got)}"
    condition = when(operator, f"aws:PrincipalTag/{name}", wanted)
    shown = "no value" if got is ABSENT else repr(got)
    statements: tuple[Statement, ...] = (allow("s3:PutObject", OWN, **condition),)
    if effect == "Deny":
        statements = (allow("s3:PutObject", OWN), deny("s3:PutObject", OWN, **condition))
    return Scenario(
        f"operators/{effect} {operator} {wanted!r} with {shown}",
        f"{effect} under {operator} {wanted!r}; the request has {shown}.",
        "s3:PutObject",
        PUT,
        session={"Tags": tags(**{f"v{n}": value for n, value in enumerate(known)})},
        identity=statements,
    )
