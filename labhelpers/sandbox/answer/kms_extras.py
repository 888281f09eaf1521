"""What KMS does and moto does not: the states of keys, and what a key policy may not say.

Source: KMS Developer Guide, "Key states of AWS KMS keys", "AWS managed keys"; KMS API Reference,
PutKeyPolicy, CreateKey; the words of the refusals from logs. Inferred: that the lock-out check
asks the new key policy alone, taking the caller's own policies for willing; which errors other
services make of a key that cannot be used is from the error lists of their API references.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from labhelpers.policy import Policy, PolicyError, Request, evaluate, parse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize.context import caller_context
from labhelpers.sandbox.authorize.kms_denials import NEEDS_SIGNATURE
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import kms
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest, json_object

if TYPE_CHECKING:
    from moto.kms.models import Key

_MALFORMED = "MalformedPolicyDocumentException"
_LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
_STRANGERS = "Policy contains a statement with one or more invalid principals."
_EVERYTHING = parse(
    '{"Version": "2012-10-17", '
    '"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}',
    kind="identity",
)
_SIZE = 32768  # bytes of a key policy, "Resource quotas"

#: Actions that a key does whatever its state is; everything else wants it not pending deletion.
_ALWAYS = frozenset(
    (
        "kms:CancelKeyDeletion",
        "kms:DeleteAlias",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "kms:ListGrants",
        "kms:ListKeyPolicies",
        "kms:ListKeyRotations",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:RetireGrant",
        "kms:RevokeGrant",
    )
)
#: Actions that only an enabled key does.
_ENABLED = frozenset(
    (
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DeriveSharedSecret",
        "kms:DisableKeyRotation",
        "kms:EnableKeyRotation",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:GenerateMac",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:ReplicateKey",
        "kms:RotateKeyOnDemand",
        "kms:Sign",
        "kms:Verify",
        "kms:VerifyMac",
    )
)
_CANNOT = {
    "Decrypt": "Secrets Manager can't decrypt the protected secret text using the provided KMS key",
    "": "Secrets Manager can't encrypt the protected secret text using the provided KMS key",
}


def refuse_unusable_keys(call: Call, caller: Caller) -> None:
    """Keys that are disabled or pending deletion do nothing, also for other services."""
    for check in call.checks:
        if not check.action.startswith("kms:") or not (check.resource or "").startswith("arn:"):
            continue
        assert check.resource is not None
        key = kms.find_key(check.resource, "", "")
        via = check.context.get("kms:ViaService", "")
        region = check.resource.split(":")[3]
        if via and f".{region}." not in via:
            raise _unusable(call, check.action, "NotFound", f"Invalid arn {region}")
        if key is None:
            if via:  # KMS says so by itself
                text = f"Key '{check.resource}' does not exist"
                raise _unusable(call, check.action, "NotFound", text)
            continue
        if not caller.principal.account:
            raise Refusal("InvalidArgument", NEEDS_SIGNATURE, 400, blocked_by="service")
        pending = key.key_state == "PendingDeletion"
        if pending and check.action not in _ALWAYS:
            raise _unusable(call, check.action, "InvalidState", f"{key.arn} is pending deletion.")
        if key.key_state == "Disabled" and check.action in _ENABLED:
            raise _unusable(call, check.action, "Disabled", f"{key.arn} is disabled.")


def before(http: HttpRequest, call: Call, caller: Caller, lab_now: datetime) -> None:
    """Refuse what moto would wave through."""
    params = json_object(http.body)
    key = kms.find_key(str(params.get("KeyId") or ""), caller.region, call.account_id)
    if call.operation in ("CreateKey", "PutKeyPolicy") and params.get("Policy") is not None:
        _check_policy(params, key, call, caller, lab_now)
    cancels = call.operation == "CancelKeyDeletion"
    if cancels and key is not None and key.key_state != "PendingDeletion":
        text = f"{key.arn} is not pending deletion."
        raise Refusal("KMSInvalidStateException", text, 400, blocked_by="service")


def _check_policy(
    params: dict[str, Any], key: Key | None, call: Call, caller: Caller, lab_now: datetime
) -> None:
    text = params["Policy"]
    if not isinstance(text, str) or len(text.encode()) > _SIZE:
        raise Refusal("LimitExceededException", "The key policy is too long.", 400)
    try:
        policy = parse(text, kind="resource", name="the new key policy")
    except PolicyError as error:
        where = f"At {error.path}: " if error.path else ""
        raise Refusal(_MALFORMED, str(error), 400, reason=f"{where}{error.hint}") from None
    try:
        refuse_strangers(policy, _MALFORMED)
    except Refusal as refusal:
        raise Refusal(_MALFORMED, _STRANGERS, 400, reason=refusal.reason) from None
    if params.get("BypassPolicyLockoutSafetyCheck") is True:
        return
    place = f"arn:aws:kms:{caller.region}:{call.account_id}:key/new"
    if not _can_change(policy, key.arn if key else place, caller, lab_now):
        why = "Let the caller, or the account (its root), keep kms:PutKeyPolicy."
        raise Refusal(_MALFORMED, _LOCKED_OUT, 400, reason=why)


def _can_change(policy: Policy, key_arn: str, caller: Caller, lab_now: datetime) -> bool:
    account = caller.principal.account
    context = caller_context(caller, lab_now) | {"kms:CallerAccount": account}
    request = Request(caller.principal, "kms:PutKeyPolicy", key_arn, account, context)
    return evaluate(request, identity=(_EVERYTHING,), resource=policy).allowed


def _unusable(call: Call, action: str, kind: str, text: str) -> Refusal:
    """In the words of the service that was called."""
    code, status = f"KMS{kind}Exception" if kind == "InvalidState" else f"{kind}Exception", 400
    if call.service == "s3":
        code = f"KMS.{code}"
    elif call.service == "secretsmanager":
        decrypts = action.endswith("Decrypt")
        code = "DecryptionFailure" if decrypts else "EncryptionFailure"
        text = _CANNOT["Decrypt" if decrypts else ""]
    elif call.service == "ssm":
        code = "InvalidKeyId"
    elif call.service == "sqs":
        code = f"KMS.{kind}Exception"
    elif call.service == "sns":
        code = f"KMS{kind}"
    return Refusal(code, text, status, blocked_by="service")
