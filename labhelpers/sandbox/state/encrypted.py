"""Under which KMS keys moto keeps what services store. Everything here reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labhelpers.sandbox.state.buckets import bucket_owner


@dataclass(frozen=True, slots=True)
class Kept:
    """How something is encrypted: `key` is a key's name, "" for the service's own."""

    algorithm: str = ""
    key: str = ""
    bucket_key: bool = False

    @property
    def by_kms(self) -> bool:
        return self.algorithm.startswith("aws:kms")


def bucket_region(bucket: str) -> str:
    found = _bucket(bucket)
    return found.region_name if found is not None else ""


def default_of_bucket(bucket: str) -> Kept:
    found = _bucket(bucket)
    if found is None or not found.encryption:
        return Kept()
    rule = found.encryption["Rule"]
    given = rule["ApplyServerSideEncryptionByDefault"]
    bucket_key = str(rule.get("BucketKeyEnabled")).lower() == "true"
    return Kept(given["SSEAlgorithm"], given.get("KMSMasterKeyID") or "", bucket_key)


def object_in_bucket(bucket: str, key: str, version: str | None = None) -> Kept:
    """The newest version, or the one that is named."""
    return next(iter(_versions(bucket, key, version)), Kept())


def versions_in_bucket(bucket: str, key: str) -> list[Kept]:
    """How the versions of an object are encrypted, each way once."""
    return list(dict.fromkeys(_versions(bucket, key, None)))


def _versions(bucket: str, key: str, version: str | None) -> Iterator[Kept]:
    found = _bucket(bucket)
    for item in reversed(found.keys.getlist(key, []) if found is not None else []):
        if version in (None, str(item.version_id)):
            bucket_key = str(getattr(item, "bucket_key_enabled", "")).lower() == "true"
            algorithm = getattr(item, "encryption", "") or ""  # a delete marker has none
            yield Kept(algorithm, getattr(item, "kms_key_id", "") or "", bucket_key)


def upload_to_bucket(bucket: str, upload_id: str) -> Kept:
    found = _bucket(bucket)
    upload = found.multiparts.get(upload_id) if found is not None else None
    if upload is None:
        return Kept()
    return Kept(upload.sse_encryption or "", upload.kms_key_id or "")


def _bucket(name: str) -> Any:
    from moto.s3.models import s3_backends

    owner = bucket_owner(name)
    return s3_backends[owner]["aws"].buckets.get(name) if owner else None


def secret(name: str, region: str, account: str) -> Any:
    """moto's secret of this name or ARN, None where there is none."""
    from moto.secretsmanager.models import secretsmanager_backends

    if name.startswith("arn:"):
        parts = name.split(":", 6)
        if len(parts) < 7 or parts[3] != region:
            return None
        account = parts[4]
    return secretsmanager_backends[account][region].secrets.get(name)


def queue(name: str, region: str, account: str) -> Any:
    from moto.sqs.models import sqs_backends

    return sqs_backends[account][region].queues.get(name)


def topic(arn: str, region: str, account: str) -> Any:
    from moto.sns.models import sns_backends

    return sns_backends[account][region].topics.get(arn)


def stream(name: str, region: str, account: str) -> Any:
    from moto.kinesis.models import kinesis_backends

    return kinesis_backends[account][region].streams.get(name)


def parameters_named(names: list[str], region: str, account: str) -> list[Any]:
    """moto's parameters of these names, ARNs or names with a version."""
    from moto.ssm.exceptions import ParameterVersionNotFound
    from moto.ssm.models import ssm_backends

    found = []
    for name in names:
        try:
            found.append(ssm_backends[account][region].get_parameter(name))
        except ParameterVersionNotFound:  # moto says so in its answer
            continue
    return [parameter for parameter in found if parameter is not None]


def parameters_under(told: Mapping[str, Any], region: str, account: str) -> list[Any]:
    """What GetParametersByPath would answer."""
    from moto.core.exceptions import ServiceException
    from moto.ssm.models import ssm_backends

    try:
        found, _ = ssm_backends[account][region].get_parameters_by_path(
            str(told.get("Path")),
            bool(told.get("Recursive")),
            told.get("ParameterFilters"),
            next_token=told.get("NextToken"),
            max_results=told.get("MaxResults") or 10,
        )
    except ServiceException:  # nor will moto answer
        return []
    return found


def parameter_versions(name: str, region: str, account: str) -> list[Any]:
    from moto.ssm.models import ssm_backends

    held = ssm_backends[account][region]._parameters
    return list(held[name]) if name in held else []
