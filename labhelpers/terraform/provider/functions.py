"""Functions of the AWS provider: provider::aws::arn_parse() and its like."""

from __future__ import annotations

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.functions.call import register
from labhelpers.terraform.language.values import Value, to_text

_PARTS = ("partition", "service", "region", "account_id", "resource")


def arn_parse(arn: Value) -> dict[str, str]:
    """Return an object with the parts of an ARN."""
    pieces = to_text(arn).split(":", 5)
    if len(pieces) != 6 or pieces[0] != "arn":
        raise Problem(f'"{to_text(arn)[:60]}" is no ARN.', "An ARN has six parts: arn:aws:…")
    return dict(zip(_PARTS, pieces[1:], strict=True))


def arn_build(
    partition: Value, service: Value, region: Value, account_id: Value, resource: Value
) -> str:
    """Join the parts of an ARN."""
    return ":".join(("arn", *map(to_text, (partition, service, region, account_id, resource))))


def trim_iam_role_path(arn: Value) -> str:
    """Return the ARN of a role without the role's path."""
    parts = arn_parse(arn)
    kind, _, rest = parts["resource"].partition("/")
    if parts["service"] != "iam" or kind != "role" or not rest:
        raise Problem(f'"{to_text(arn)[:60]}" is no ARN of a role.')
    pieces = [*(parts[name] for name in _PARTS[:4]), f"role/{rest.rpartition('/')[2]}"]
    return ":".join(("arn", *pieces))


register(
    {
        "provider::aws::arn_build": arn_build,
        "provider::aws::arn_parse": arn_parse,
        "provider::aws::trim_iam_role_path": trim_iam_role_path,
    }
)
