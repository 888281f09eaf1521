"""The Resource element and NotResource: which texts AWS takes for a resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.writing.grammar_parts import LEGACY, PAIRS, Rules, Stage, texts

PARTITIONS = (
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
)
_VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
#: What AWS lists in its message, and what AWS's own managed policies name besides.
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_MORE_IAM_PATHS = ("*", "root", "role-template/", "delegation-request/", "assumed-role/")
#: S3's resources with a Region (Service Authorization Reference).
_REGIONAL_S3 = ("accesspoint/", "access-grants/", "job/", "storage-lens/", "storage-lens-group/")
_HINT = (
    "An ARN has six parts and names its service without wildcards: "
    "arn:aws:s3:::bucket/key, for example."
)


def resource(statement: Mapping, path: str, rules: Rules) -> Iterator[PolicyError]:
    """Yield the defects of Resource or NotResource, its lack included."""
    name = next((n for n in PAIRS[2] if n in statement), "")
    if not rules.resource:
        if name:
            told = {
                "Resource": "Has prohibited field Resource",
                "NotResource": "AssumeRole policy must not contain resources.",
            }[name]
            hint = "Remove it: a trust policy is about its own role and nothing else."
            yield PolicyError(told, f"{path}.{name}", hint)
        return
    if not name or (rules.legacy and statement[name] == []):
        hint = 'Say on what: "Resource": an ARN, a list of ARNs or "*".'
        told = "Policy statement must contain resources."
        yield PolicyError(told, f"{path}.{name}".strip("."), hint, stage=Stage.NO_RESOURCES)
        return
    for place, text in texts(statement[name], f"{path}.{name}", rules.legacy):
        if isinstance(text, PolicyError):
            yield text
        elif text != "*":
            told = _unfit(text) if rules.legacy else _no_arn(text)
            stage = Stage.LEGACY if told == LEGACY else Stage.RESOURCES
            if told:
                yield PolicyError(told, place, _HINT, stage=stage)


def _no_arn(text: str) -> str:
    parts = text.split(":", 5)
    if parts[0] == "arn" and len(parts) == 6 and not re.search(r"[*?]", parts[2]):
        return ""
    return f'Resource {text} must be in ARN format or "*".'


def _unfit(text: str) -> str:
    """What IAM says against a resource of an identity-based policy, "" where nothing.

    Source: moto's table of documents, tried on AWS; AWS_RECORDED C8. Of an ARN with fewer than
    six parts AWS takes some; what such a one covers is not known, so all are refused.
    """
    parts = text.split(":", 5)
    if len(parts) == 1:
        return f'Resource {text} must be in ARN format or "*".'
    if parts[1] != "*" and parts[1] not in PARTITIONS:
        return bad_partition(parts)
    if len(parts) == 2 or re.search(r"[*?]", parts[2]):
        return _VENDOR
    if not parts[2] or len(parts) < 6:
        return LEGACY
    if parts[0] != "arn":
        return f'Resource {text} must be in ARN format or "*".'
    return _unfit_for_service(text, parts)


def bad_partition(parts: list[str]) -> str:
    """AWS's refusal of a resource in a partition that is not its own."""
    rest = parts[2:] if parts[2:] != [""] else []
    filled = ":".join([*rest, *["*"] * (4 - len(rest))])
    return f'Partition "{parts[1]}" is not valid for resource "arn:{parts[1]}:{filled}".'


def _unfit_for_service(text: str, parts: list[str]) -> str:
    service, region, path = parts[2], parts[3], parts[5]
    if service == "iam" and region.strip("*"):
        return f"IAM resource {text} cannot contain region information."
    if service == "s3" and region.strip("*?") and not path.startswith(_REGIONAL_S3):
        return f"Resource {text} can not contain region information."
    if service == "iam" and not path.startswith((*_IAM_PATHS, *_MORE_IAM_PATHS)):
        return f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
    return ""
