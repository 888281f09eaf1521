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
    name: str,
    account: str,
    place: tuple[str, str],
    pairs: Mapping[str, str],
    unknown: tuple[str, ...] = (),
) -> Check:
    """The question of a service (`s3`) that uses a key for a caller, with its encryption context.

    `account` is the caller's, `place` the Region and the account in which the key is looked for
    by its name; `unknown` are the names of pairs whose values nobody knows before AWS answers.
    """
    region, owner = place
    context: dict[str, Any] = {
        **encryption_context(pairs),
        "aws:ViaAWSService": "true",
        "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
        **dict.fromkeys(_OWN),
    }
    if unknown:
        context["kms:EncryptionContextKeys"] = [*pairs, *unknown]
    hidden = tuple(f"kms:encryptioncontext:{name}".lower() for name in unknown)
    key = kms.stored_key(name, region, owner)
    if key is not None and key.region == region:
        return key_check(action, key, account, context, unknown=hidden)
    # There is no such key: no key policy bears on it, and the answer says so to who may ask.
    arn = name if name.startswith("arn:") else f"arn:aws:kms:{region}:{owner}:{_place(name)}"
    holder = arn.split(":")[4] if arn.count(":") > 4 else owner
    context["kms:CallerAccount"] = account
    return Check(f"kms:{action}", arn, holder, context, None, True, hidden)


def _place(name: str) -> str:
    return name if name.startswith("alias/") else f"key/{name}"
