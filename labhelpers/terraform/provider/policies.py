"""Policies as the AWS provider keeps them in plan and state, however they were written."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import from_json, to_json
from labhelpers.terraform.language.values import Attributes, Unknown, kind

# Measured with provider 5.100: most policies get sorted keys, inline policies Version first.
_SORTED = {"aws_iam_role": "assume_role_policy"} | dict.fromkeys(
    (
        "aws_ecr_repository_policy",
        "aws_iam_policy",
        "aws_kms_key",
        "aws_kms_key_policy",
        "aws_s3_bucket_policy",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_policy",
        "aws_sns_topic",
        "aws_sns_topic_policy",
        "aws_sqs_queue",
        "aws_sqs_queue_policy",
        "aws_vpc_endpoint",
    ),
    "policy",
)
_VERSION_FIRST = ("aws_iam_group_policy", "aws_iam_role_policy", "aws_iam_user_policy")


def normalize_policies(resource_type: str, values: Attributes) -> None:
    """Rewrite the policies among a resource's attributes; raises Problem for what is no JSON."""
    if resource_type in _SORTED:
        _rewrite(values, _SORTED[resource_type], version_first=False)
    if resource_type in _VERSION_FIRST:
        _rewrite(values, "policy", version_first=True)
    inline = values.get("inline_policy")
    if resource_type == "aws_iam_role" and isinstance(inline, list):
        for block in inline:
            if isinstance(block, Attributes):
                _rewrite(block, "policy", version_first=True)


def _rewrite(values: Attributes, name: str, version_first: bool) -> None:
    text, line = values.get(name), values.line_of(name)
    if text is None or text is Unknown or text == "":
        return
    if not isinstance(text, str):
        message = f'Inappropriate value for attribute "{name}": string required, not {kind(text)}.'
        raise Problem(message, f"A policy is JSON text: {name} = jsonencode({{ … }}).", line)
    try:
        document = _numbers(from_json(text))
        values[name] = _text(document, version_first)
    except Problem as problem:
        message = f'"{name}" contains an invalid JSON policy.'
        hint = f"{problem.hint} Write policies with jsonencode({{ … }}) or a policy document."
        raise Problem(message, hint.strip(), line) from None


def _text(document: Any, version_first: bool) -> str:
    if not version_first or not isinstance(document, dict) or "Version" not in document:
        return to_json(document)
    version = to_json({"Version": document["Version"]})
    rest = to_json({key: value for key, value in document.items() if key != "Version"})
    return f"{version[:-1]},{rest[1:]}" if rest != "{}" else version


def _numbers(value: Any) -> Any:
    """Every number passes through a 64-bit float on its way."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if kind(value) != "number":
        return value
    try:
        number = float(value)
    except OverflowError:
        raise Problem("A number is too large.") from None
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
