"""Data sources whose answer is known without AWS, and the schema of aws_iam_policy_document."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language import templates
from labhelpers.terraform.language.blocks import Block, Body
from labhelpers.terraform.language.errors import Problem, did_you_mean
from labhelpers.terraform.language.functions.files import with_scope
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.provider.attributes import from_arguments
from labhelpers.terraform.provider.documents import complete_document
from labhelpers.terraform.provider.functions import arn_parse
from labhelpers.terraform.provider.managed import managed_policy
from labhelpers.terraform.provider.service_accounts import TYPES, log_delivery_user, service_account
from labhelpers.terraform.provider.target import Target

_PRINCIPALS = {"arguments": ("type", "identifiers"), "required": ("type", "identifiers")}
_CONDITION = ("test", "variable", "values")
_STATEMENT = {
    "arguments": ("sid", "effect", "actions", "not_actions", "resources", "not_resources"),
    "blocks": {
        "principals": _PRINCIPALS,
        "not_principals": _PRINCIPALS,
        "condition": {"arguments": _CONDITION, "required": _CONDITION},
    },
}
_DOCUMENT = {
    "arguments": (
        "override_policy_documents",
        "policy_id",
        "source_policy_documents",
        "version",
        "override_json",
        "source_json",
        *("count", "for_each", "provider", "depends_on"),
    ),
    "blocks": {"statement": _STATEMENT, "lifecycle": {}},
}


def read(block: Block, values: Attributes, target: Target, scope: Scope) -> Attributes:
    """Return the attributes of a data source; raises Problem for a policy document's faults."""
    match block.labels[0]:
        case "aws_iam_policy_document":
            _check(block.body, _DOCUMENT)
            found = Attributes(complete_document(values), line=values.line)
            found.lines, found.references = values.lines, values.references
            return found
        case "aws_caller_identity":
            account = target.account_id
            known = {"account_id": account, "id": account, "arn": target.caller_arn}
            return Attributes(values | known | {"user_id": Unknown})
        case "aws_partition":
            suffix, partition = target.dns_suffix, target.partition
            reverse = ".".join(reversed(suffix.split(".")))
            known = {"partition": partition, "id": partition, "dns_suffix": suffix}
            return Attributes(values | known | {"reverse_dns_prefix": reverse})
        case "aws_region":
            given = values.get("name") if values.get("region") is None else values["region"]
            name = target.region if given is None else given
            known = {"name": name, "id": name, "region": name}
            endpoint = Unknown if name is Unknown else f"ec2.{name}.{target.dns_suffix}"
            return Attributes(values | known | {"endpoint": endpoint})
        case "aws_iam_policy":
            return Attributes(values | managed_policy(values, target))
        case "aws_arn":
            return Attributes(values | _arn(values))
        case "aws_service_principal":
            return Attributes(values | _service_principal(values, target))
        case "aws_default_tags":
            return Attributes(values | {"tags": target.default_tags})
        case type_ if type_ in TYPES:
            return Attributes(values | service_account(type_, values, target))
        case "aws_cloudfront_log_delivery_canonical_user_id":
            return Attributes(values | {"id": log_delivery_user(values, target)})
        case "aws_iam_session_context":
            return Attributes(values | _session(values))
        case "aws_billing_service_account":
            arn = f"arn:{target.partition}:iam::386209384616:root"
            return Attributes(values | {"arn": arn, "id": "386209384616"})
        case "template_file":
            return Attributes(values | {"rendered": _rendered(block, values, scope)})
        case "null_data_source":
            return Attributes(values | {"outputs": values.get("inputs")})
        case "local_file":
            return Attributes(values | {"content": _content(values, scope)})
    found = from_arguments(block.labels[0], values, target)
    for name, value in found.items():
        if values.get(name) is None:
            values[name] = value
    values.setdefault("id", Unknown)
    return values


def _arn(values: Attributes) -> dict[str, Any]:
    arn = values.get("arn")
    if not isinstance(arn, str):
        return dict.fromkeys(("partition", "service", "region", "account", "resource"), Unknown)
    parts = arn_parse(arn)
    return {"id": arn, "account": parts.pop("account_id")} | parts


def _session(values: Attributes) -> dict[str, Any]:
    """An assumed role's ARN does not hold the role's path; every other one issues itself."""
    arn = values.get("arn")
    if not isinstance(arn, str) or ":assumed-role/" in arn:
        issuer = dict.fromkeys(("issuer_arn", "issuer_id", "issuer_name", "session_name"), Unknown)
        return issuer | {"id": arn}
    return {"id": arn, "issuer_arn": arn, "issuer_id": "", "issuer_name": "", "session_name": ""}


def _service_principal(values: Attributes, target: Target) -> dict[str, Any]:
    name, region = values.get("service_name"), values.get("region") or target.region
    if not isinstance(name, str):
        return {"name": Unknown, "id": Unknown}
    full = f"{name}.amazonaws.com"  # China names some services otherwise; those are rare
    return {"name": full, "suffix": "amazonaws.com", "region": region, "id": Unknown}


def _rendered(block: Block, values: Attributes, scope: Scope) -> Any:
    text, names = values.get("template"), values.get("vars")
    if not isinstance(text, str) or names is Unknown:
        return Unknown
    return templates.template(text, scope.isolated(names or {}, block.file))


def _content(values: Attributes, scope: Scope) -> Any:
    name = values.get("filename")
    return with_scope("file", [name], scope) if isinstance(name, str) else Unknown


def _check(body: Body, schema: dict[str, Any]) -> None:
    """Raise Problem for an argument or block that the schema does not have, or that it misses."""
    blocks = schema.get("blocks", {})
    arguments = schema.get("arguments", ())
    for name, attribute in body.attributes.items():
        if schema and name not in arguments:
            message = f'An argument named "{name}" is not expected here.'
            raise Problem(message, _alike(name, [*arguments, *blocks]), attribute.line)
    for block in body.blocks:
        dynamic = block.type == "dynamic" and len(block.labels) == 1
        name = block.labels[0] if dynamic else block.type
        if schema and name not in blocks:
            message = f'Blocks of type "{name}" are not expected here.'
            raise Problem(message, _alike(name, [*blocks, *arguments]), block.line)
        inner = blocks.get(name, {})
        for found in block.body.blocks_of("content") if dynamic else [block]:
            _check(found.body, inner)
            for wanted in inner.get("required", ()):
                if wanted not in found.body.attributes:
                    message = f'The argument "{wanted}" is required, but no definition was found.'
                    raise Problem(message, f"Add it to this {name} block.", found.line)


def _alike(name: str, known: list[str]) -> str:
    meta = ("count", "for_each", "provider", "depends_on", "lifecycle", "override_json")
    listed = [k for k in known if k not in (*meta, "source_json")]
    return did_you_mean(name, listed) or f"There are: {', '.join(listed)}."
