"""Keys that are disabled, pending deletion or not there do nothing, for other services neither.

Source: KMS Developer Guide, "Key states of AWS KMS keys". What another service makes of it is from
the error lists of its API reference; that Parameter Store says InvalidKeyId for each is inferred.
"""

from __future__ import annotations

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize.kms_denials import NEEDS_SIGNATURE
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import kms
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

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


def refuse_unusable_keys(http: HttpRequest, call: Call, caller: Caller) -> None:
    """Refuse a call that was allowed to use a key which cannot be used."""
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
        if call.service == "s3" and not _signed_by_v4(http, caller):
            raise Refusal("InvalidArgument", NEEDS_SIGNATURE, 400, blocked_by="service")
        pending = key.key_state == "PendingDeletion"
        if pending and check.action not in _ALWAYS:
            raise _unusable(call, check.action, "InvalidState", f"{key.arn} is pending deletion.")
        if key.key_state == "Disabled" and check.action in _ENABLED:
            raise _unusable(call, check.action, "Disabled", f"{key.arn} is disabled.")


def _signed_by_v4(http: HttpRequest, caller: Caller) -> bool:
    old = http.headers.get("authorization", "").startswith("AWS ")
    return bool(caller.principal.account) and not old and http.query_value("AWSAccessKeyId") is None


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
