"""Step 4 for S3: what AWS does and moto does not.

Sources: S3 User Guide ("Default settings for new buckets", of April 2023), S3 API Reference;
recordings of AWS of 2026-02-21 (AWS_RECORDED A2, E).
"""

from __future__ import annotations

from labhelpers.sandbox.answer.moto import answer_moto
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.s3 import ownership
from labhelpers.sandbox.wire.http import Answer, HttpRequest

_OWNER_PAYS = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
)


def answer(http: HttpRequest, call: Call, caller: Caller, request_id: str) -> Answer:
    bucket = call.params.get("Bucket", "")
    ownership.refuse_acl(call.operation, bucket, caller.principal.account, http)
    if call.operation == "GetBucketRequestPayment":
        # moto would list the bucket; Terraform asks, and every bucket here is its owner's to pay.
        headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
        return 200, headers, _OWNER_PAYS
    return answer_moto(http, call, caller, request_id)
