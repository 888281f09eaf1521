"""How a denial of KMS reads, in the answer of the service that asked for the key.

Source: logs of 2021 to 2026 (terraform-provider-aws 42849 for Parameter Store, external-secrets
390 for Secrets Manager, questions on re:Post for S3 and for keys of other accounts); API
References of SQS (KmsAccessDenied) and SNS (KMSAccessDenied). That SQS and SNS hand on KMS's
words as Parameter Store does is by analogy.
"""

from __future__ import annotations

from labhelpers.policy import Decision
from labhelpers.sandbox.interpret.kms.operations import NOT_HERE
from labhelpers.sandbox.state import kms

_CODES = {"sqs": "KMS.AccessDeniedException", "sns": "KMSAccessDenied"}
_QUOTED = "(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Proxy: null)"

_OWN_KEY_ACROSS_ACCOUNTS = (  # logs
    "You can't access a secret from a different AWS account if you encrypt the secret with the "
    "default KMS service key."
)
#: S3's words to whoever asks for such an object without a signature (many logs).
NEEDS_SIGNATURE = (
    "Requests specifying Server Side Encryption with AWS KMS managed keys require "
    "AWS Signature Version 4."
)


def told(
    decision: Decision, service: str, status: int, code: str, message: str
) -> tuple[int, str, str]:
    """Status, code and message, given those of an ordinary denial."""
    request = decision.request
    if not request.principal.account:
        return 400, "InvalidArgument", NEEDS_SIGNATURE
    if request.resource_account != request.principal.account and decision.blocked_by == "resource":
        who = f"User: {request.principal.arn} is not authorized to perform: {request.action}"
        message = f"{who} {NOT_HERE}"
    if service == "secretsmanager":
        key = kms.find_key(request.resource or "", "", "")
        if key is not None and kms.is_managed(key) and decision.blocked_by == "resource":
            return status, "InvalidRequestException", _OWN_KEY_ACROSS_ACCOUNTS
        return status, code, "Access to KMS is not allowed"
    if service in ("ssm", *_CODES):
        message = f"{message} {_QUOTED}"
    if service in _CODES:
        return 400, _CODES[service], message
    return status, code, message
