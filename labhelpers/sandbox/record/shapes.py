"""Values in CloudTrail's spelling: names in camelCase, dates as Java writes them, no secrets.

What is secret comes from botocore's models (shapes marked sensitive), plus a few names that the
models leave unmarked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labhelpers.sandbox.wire.constraints import item_numbers

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECRETS = frozenset(
    (
        "AuthenticationCode1",
        "AuthenticationCode2",
        "DecodedMessage",
        "EncodedMessage",
        "QRCodePNG",
        "SecretAccessKey",
        "ServicePassword",
        "ServiceCredentialSecret",
        "TokenCode",
        "TradeInToken",
        "UserData",
    )
)


def camel(name: str) -> str:
    """RoleArn → roleArn, SAMLAssertion → sAMLAssertion: only the first letter changes."""
    return name[:1].lower() + name[1:]


def us_date(moment: datetime) -> str:
    """Sep 1, 2026, 11:00:00 AM, whatever this machine's language is."""
    month, hour = _MONTHS[moment.month - 1], moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{month} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {half}"


def is_secret(name: str, shape: Any) -> bool:
    return name in _SECRETS or bool(shape.metadata.get("sensitive"))


def tidy(shape: Any, value: Any) -> Any:
    """A value of a botocore shape as an event shows it, without members that the model lacks."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            camel(name): tidy(shape.members[name], member)
            for name, member in value.items()
            if name in shape.members and not is_secret(name, shape.members[name])
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [tidy(shape.member, member) for member in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {str(key): tidy(shape.value, member) for key, member in value.items()}
    if isinstance(value, datetime):
        return us_date(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return value


def unflatten(shape: Any, params: Mapping[str, str], prefix: str = "", ec2: bool = False) -> Any:
    """The nested value of a form's parameters (Tags.member.1.Key=…), None where there is none."""
    if shape.type_name == "structure":
        values = {}
        for name, member in shape.members.items():
            written = _form_name(name, member, ec2)
            value = unflatten(member, params, f"{prefix}.{written}" if prefix else written, ec2)
            if value is not None:
                values[name] = value
        return values or None
    if shape.type_name == "list":
        flat = ec2 or shape.serialization.get("flattened")
        start = prefix + "." if flat else f"{prefix}.member."
        items = (
            unflatten(shape.member, params, f"{start}{number}", ec2)
            for number in item_numbers(params, start)
        )
        return [value for value in items if value is not None] or None
    return _scalar(shape, params.get(prefix))


def _form_name(name: str, member: Any, ec2: bool) -> str:
    written = member.serialization.get("name", name)
    if not ec2:
        return written
    return member.serialization.get("queryName") or written[:1].upper() + written[1:]


def _scalar(shape: Any, text: str | None) -> Any:
    if text is None:
        return None
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return text
