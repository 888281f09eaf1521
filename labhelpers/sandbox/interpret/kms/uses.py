"""What a call of any service asks of the KMS keys that its data is under."""

from __future__ import annotations

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.kms import objects, values
from labhelpers.sandbox.wire.http import HttpRequest


def with_keys(call: Call, http: HttpRequest, caller: Caller) -> Call:
    """The call, with questions about keys behind its own."""
    if call.service == "s3":
        return objects.with_keys(call, http, caller)
    if call.service == "ec2":
        values.refuse_customer_keys("ec2", call.operation, call.params)
    elif call.service not in ("iam", "kms", "sts"):
        return values.with_keys(call, http, caller)
    return call
