"""iam-toolbox requests: signed for IAM, but told apart by their path, and answered in JSON."""

from __future__ import annotations

import re

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.models import route
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

PATH = "/authorization-details/"
SERVICE = "iam-toolbox"


def interpret(http: HttpRequest, caller: Caller) -> Call:
    """One of the two operations, asked on everything (User Guide: the action has no resource)."""
    operation, params = route(http, SERVICE)
    number = str(params.get("authorizationId", ""))
    if not re.fullmatch(r"[0-9a-z]{1,256}", number, re.ASCII):
        text = "The authorization ID consists of up to 256 digits and lower-case letters."
        raise Refusal("ValidationException", text, 400)
    told = {"authorizationId": number, "policyUri": http.query_value("policyUri") or ""}
    account = caller.principal.account
    check = Check(f"iam:{operation}", "*", account)
    return Call("iam", operation, (check,), account, told, model=SERVICE)
