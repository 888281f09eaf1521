"""KMS's own operations: which permission on which key.

Source: KMS Developer Guide, "AWS KMS permissions" (who may be asked from another account, which
condition keys there are) and "Controlling access to aliases"; KMS API Reference. Not modelled:
requests of Nitro enclaves (Recipient), custom key stores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.kms.keys import encryption_context, key_check
from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.interpret.services import asked
from labhelpers.sandbox.state import kms
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

if TYPE_CHECKING:
    from moto.kms.models import Key

#: Operations that a key policy can open to other accounts ("AWS KMS permissions").
CROSS_ACCOUNT = frozenset(
    (
        "CreateGrant",
        "Decrypt",
        "DeriveSharedSecret",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ListGrants",
        "ReEncrypt",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "Verify",
        "VerifyMac",
    )
)
#: Parameters that name a key.
_NAMES = ("DestinationKeyId", "KeyId", "SourceKeyId", "TargetKeyId")
#: Parameters that are condition keys as they stand.
_KEYS = {
    "BypassPolicyLockoutSafetyCheck": "kms:BypassPolicyLockoutSafetyCheck",
    "EncryptionAlgorithm": "kms:EncryptionAlgorithm",
    "ExpirationModel": "kms:ExpirationModel",
    "GranteePrincipal": "kms:GranteePrincipal",
    "KeyAgreementAlgorithm": "kms:KeyAgreementAlgorithm",
    "KeyPairSpec": "kms:DataKeyPairSpec",
    "MacAlgorithm": "kms:MacAlgorithm",
    "MessageType": "kms:MessageType",
    "Operations": "kms:GrantOperations",
    "PendingWindowInDays": "kms:ScheduleKeyDeletionPendingWindowInDays",
    "PrimaryRegion": "kms:PrimaryRegion",
    "ReplicaRegion": "kms:ReplicaRegion",
    "RetiringPrincipal": "kms:RetiringPrincipal",
    "RotationPeriodInDays": "kms:RotationPeriodInDays",
    "SigningAlgorithm": "kms:SigningAlgorithm",
    "ValidTo": "kms:ValidTo",
    "WrappingAlgorithm": "kms:WrappingAlgorithm",
    "WrappingKeySpec": "kms:WrappingKeySpec",
}
#: What counts where a request leaves a parameter out.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "CreateGrant": {"GrantIsForAWSResource": "false"},
    "CreateKey": {"BypassPolicyLockoutSafetyCheck": "false"},
    "PutKeyPolicy": {"BypassPolicyLockoutSafetyCheck": "false"},
    "ScheduleKeyDeletion": {"PendingWindowInDays": 30},
    "Sign": {"MessageType": "RAW"},
    "Verify": {"MessageType": "RAW"},
}
_SYMMETRIC = ("Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt")


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    found = asked(http, caller.service)
    if found is None:
        raise not_modelled("this request to kms")
    operation, params = found.operation, found.params
    _refuse_strange_arns(params, caller)
    if params.get("Recipient") is not None:
        raise not_modelled("requests of Nitro enclaves")
    account = caller.principal.account
    if operation == "ReEncrypt":
        checks = _re_encrypt(params, caller)
    elif operation.endswith("Alias"):
        checks = _alias(operation, params, caller)
    elif action_details("kms", operation) is None:
        raise not_modelled(f"kms:{operation}")
    elif operation == "RetireGrant":
        checks = [_retire(params, caller)]
    elif "CiphertextBlob" in params:
        checks = [_of_ciphertext(operation, params, caller)]
    elif isinstance(params.get("KeyId"), str) and operation != "ListAliases":
        checks = [_on(operation, operation, params["KeyId"], params, caller)]
        if operation == "ReplicateKey":  # makes a key in the other Region
            made = _on_no_key("CreateKey", params, caller)[0]
            region = {"aws:RequestedRegion": params.get("ReplicaRegion")}
            checks.append(replace(made, context={**made.context, **region}))
    else:
        checks = _on_no_key(operation, params, caller)
    owners = {check.resource_account for check in checks}
    if len(owners) > 1:
        raise not_modelled(f"kms:{operation} between two accounts")
    sent = _for_moto(http, operation, params)
    return Call("kms", operation, tuple(checks), owners.pop() or account, model="kms", sent=sent)


def _refuse_strange_arns(params: Mapping[str, Any], caller: Caller) -> None:
    """What moto would take for another key: it reads an ARN up to its second key or alias, and
    keys that are replicas of each other share their id."""
    for name in (params.get(parameter) for parameter in _NAMES):
        if not isinstance(name, str) or not name.startswith("arn:"):
            continue
        parts = name.split(":")
        if len(parts) != 6 or parts[2] != "kms":
            raise Refusal("NotFoundException", f"Invalid keyId {name[:256]}", 400)
        if parts[3] != caller.region:
            raise Refusal("NotFoundException", f"Invalid arn {parts[3][:64]}", 400)


def _for_moto(http: HttpRequest, operation: str, params: Mapping[str, Any]) -> HttpRequest | None:
    """moto does not find every key by its ARN, and wants the only name that a key policy has."""
    told, name = dict(params), params.get("KeyId")
    if isinstance(name, str) and ":key/" in name:
        told["KeyId"] = name.partition(":key/")[2]
    if operation.endswith("KeyPolicy"):
        told.setdefault("PolicyName", "default")
    return None if told == params else replace(http, body=json.dumps(told).encode())


def _on(operation: str, action: str, name: str, params: Mapping[str, Any], caller: Caller) -> Check:
    account, region = caller.principal.account, caller.region
    parts = name.split(":", 5)
    key = kms.find_key(name, region, account)
    context = _context(operation, params)
    if "alias/" in name:
        context["kms:RequestAlias"] = "alias/" + name.partition("alias/")[2]
    if key is None:
        # No policy of a key bears on it: the caller's own must allow, then KMS says NotFound.
        owner = parts[4] if name.startswith("arn:") else account
        if owner != account:
            raise _not_yours(operation, caller)
        place = f"arn:aws:kms:{region}:{account}:key/{name.rpartition('/')[2]}"
        context["kms:CallerAccount"] = account
        return Check(f"kms:{action}", place, account, context, None, True)
    if key.account_id != account and operation not in CROSS_ACCOUNT:
        raise _not_yours(operation, caller)
    return key_check(action, key, account, context)


def _of_ciphertext(operation: str, params: Mapping[str, Any], caller: Caller) -> Check:
    """Decrypt: the key is the one that the text was encrypted with, whatever KeyId says."""
    key = kms.key_of_ciphertext(params["CiphertextBlob"], caller.region)
    named = params.get("KeyId")
    if isinstance(named, str):
        check = _on(operation, operation, named, params, caller)
        if key is None or check.resource == key.arn:
            return check
        text = "The key ID in the request does not identify a CMK that can perform this operation."
        raise Refusal("IncorrectKeyException", text, 400)
    if key is None:
        return Check(f"kms:{operation}", None, caller.principal.account)
    return key_check(operation, key, caller.principal.account, _context(operation, params))


def _re_encrypt(params: Mapping[str, Any], caller: Caller) -> list[Check]:
    """From the key of the text to another: a permission on each."""
    old = {**params, "KeyId": params.get("SourceKeyId")}
    old["EncryptionContext"] = params.get("SourceEncryptionContext") or {}
    new = {**params, "EncryptionContext": params.get("DestinationEncryptionContext") or {}}
    source = _of_ciphertext("ReEncrypt", old, caller)
    target = _on("ReEncrypt", "ReEncryptTo", str(params.get("DestinationKeyId")), new, caller)
    same = {"kms:ReEncryptOnSameKey": "true" if source.resource == target.resource else "false"}
    return [
        Check(action, check.resource, check.resource_account, {**check.context, **same}, None, True)
        for action, check in (("kms:ReEncryptFrom", source), ("kms:ReEncryptTo", target))
    ]


def _alias(operation: str, params: Mapping[str, Any], caller: Caller) -> list[Check]:
    """An alias and every key that it belongs to, before or after."""
    name, account = str(params.get("AliasName")), caller.principal.account
    arn = f"arn:aws:kms:{caller.region}:{account}:{name}"
    checks = [Check(f"kms:{operation}", arn, account, {"kms:CallerAccount": account})]
    key = kms.find_key(name, caller.region, account) if operation != "CreateAlias" else None
    if key is not None:
        checks.append(key_check(operation, key, account, {}))
    if isinstance(params.get("TargetKeyId"), str):
        checks.append(_on(operation, operation, params["TargetKeyId"], params, caller))
    return checks


def _retire(params: Mapping[str, Any], caller: Caller) -> Check:
    """The grant says who may retire it; so may whoever the key policy lets."""
    account, region = caller.principal.account, caller.region
    name, grant_id = str(params.get("KeyId") or ""), str(params.get("GrantId") or "")
    key: Key | None
    if params.get("GrantToken"):
        found = kms.key_of_grant(str(params["GrantToken"]), region)
        key, grant_id = (found[0], found[1].id) if found else (None, "")
    else:
        key = kms.find_key(name, region, account)
    if key is None:
        return Check("kms:RetireGrant", None, account)
    return key_check("RetireGrant", key, account, {}, grant=grant_id)


def _on_no_key(operation: str, params: Mapping[str, Any], caller: Caller) -> list[Check]:
    account = caller.principal.account
    context = {**_context(operation, params), "kms:CallerAccount": account}
    if operation == "CreateKey":
        context |= {
            "kms:KeySpec": _spec(params),
            "kms:KeyUsage": params.get("KeyUsage") or "ENCRYPT_DECRYPT",
            "kms:KeyOrigin": params.get("Origin") or "AWS_KMS",
            "kms:MultiRegion": "true" if params.get("MultiRegion") else "false",
        }
        if params.get("MultiRegion"):
            context["kms:MultiRegionKeyType"] = "PRIMARY"
    checks = [Check(f"kms:{operation}", "*", account, context, None, True)]
    if operation == "CreateKey" and params.get("Tags"):
        # No key policy is asked: the key is not there yet.
        place = f"arn:aws:kms:{caller.region}:{account}:key/*"
        checks.append(Check("kms:TagResource", place, account, context, None, True))
    return checks


def _spec(params: Mapping[str, Any]) -> str:
    spec = params.get("KeySpec") or params.get("CustomerMasterKeySpec")
    return str(spec or "SYMMETRIC_DEFAULT")


def _context(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    told = {**_DEFAULTS.get(operation, {}), **params}
    found: dict[str, Any] = {key: told[name] for name, key in _KEYS.items() if name in told}
    if "GrantIsForAWSResource" in told:
        found["kms:GrantIsForAWSResource"] = "false"
    if operation.startswith(_SYMMETRIC):
        found.setdefault("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    pairs = told.get("EncryptionContext")
    if isinstance(pairs, dict):
        found |= encryption_context(pairs)
    constraints = told.get("Constraints")
    if isinstance(constraints, dict) and constraints:
        found["kms:GrantConstraintType"] = next(iter(constraints))
        for pairs in constraints.values():
            found |= encryption_context(pairs) if isinstance(pairs, dict) else {}
    tags = told.get("Tags")
    if isinstance(tags, list):
        named = {str(t.get("TagKey")): str(t.get("TagValue")) for t in tags if isinstance(t, dict)}
        found |= {f"aws:RequestTag/{name}": value for name, value in named.items()}
        found["aws:TagKeys"] = list(named)
    elif isinstance(told.get("TagKeys"), list):
        found["aws:TagKeys"] = told["TagKeys"]
    return found


def _not_yours(operation: str, caller: Caller) -> Refusal:
    """What KMS says of a key that is another account's, or is none at all."""
    return Refusal(
        "AccessDeniedException",
        f"User: {caller.principal.arn} is not authorized to perform: kms:{operation} {NOT_HERE}",
        400,
        blocked_by="resource",
        reason="Either there is no such key, or KMS never does this for another account.",
    )


#: KMS's words about keys of other accounts (logs, 2024 to 2026).
NOT_HERE = (
    "on this resource because the resource does not exist in this Region, no resource-based "
    "policies allow access, or a resource-based policy explicitly denies access"
)
