"""One question about a KMS key, with the condition keys that such a request holds.

Source: KMS Developer Guide, "Condition keys for AWS KMS", "AWS KMS permissions"; IAM User Guide,
"Forward access sessions". A service that uses a key for a caller asks in the caller's name: the
request then has no address and no client of the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labhelpers.sandbox.interpret.call import Check
from labhelpers.sandbox.state import kms

if TYPE_CHECKING:
    from moto.kms.models import Key

#: What a caller's own request says about where it comes from.
_OWN = ("aws:Referer", "aws:SourceIp", "aws:UserAgent")


def key_check(
    action: str, key: Key, account: str, context: Mapping[str, Any], **more: Any
) -> Check:
    """`account` is the caller's; `context` adds to what holds for every request about the key."""
    keys = {
        "kms:CallerAccount": account,
        "kms:KeySpec": key.key_spec,
        "kms:KeyUsage": key.key_usage or "ENCRYPT_DECRYPT",
        "kms:KeyOrigin": key.origin,
        "kms:MultiRegion": "true" if key.multi_region else "false",
        "kms:ResourceAliases": sorted(key.aliases),
        **{f"aws:ResourceTag/{name}": value for name, value in kms.key_tags(key).items()},
        **context,
    }
    if key.multi_region:
        keys["kms:MultiRegionKeyType"] = key.multi_region_configuration["MultiRegionKeyType"]
    return Check(f"kms:{action}", key.arn, key.account_id, keys, tags_known=True, **more)


def encryption_context(pairs: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {f"kms:EncryptionContext:{k}": v for k, v in pairs.items()}
    if pairs:
        found["kms:EncryptionContextKeys"] = list(pairs)
    return found


def via_service(
    service: str,
    action: str,
    key: Key,
    account: str,
    pairs: Mapping[str, str],
    unknown: tuple[str, ...] = (),
) -> Check:
    """The same for a service (`s3`) that uses a key for a caller, with its encryption context.

    `unknown` are the names of pairs whose values are not known before AWS has answered.
    """
    context: dict[str, Any] = {
        **encryption_context(pairs),
        "aws:ViaAWSService": "true",
        "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "kms:ViaService": f"{service}.{key.region}.amazonaws.com",
        **dict.fromkeys(_OWN),
    }
    if unknown:
        context["kms:EncryptionContextKeys"] = [*pairs, *unknown]
    keys = tuple(f"kms:encryptioncontext:{name}".lower() for name in unknown)
    return key_check(action, key, account, context, unknown=keys)
