"""GetWebIdentityToken: AWS itself as an identity provider for services elsewhere.

Source: AWS STS API Reference, GetWebIdentityToken; IAM API Reference,
EnableOutboundWebIdentityFederation; IAM User Guide, "Understanding token claims". Not modelled:
SubjectMode and Scope, the limit on the payload's size, the refusal at STS's global endpoint.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.sts.passed import read_passed
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

DEFAULT_DURATION = 300  # seconds
ALGORITHMS = ("RS256", "ES384")


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    account = caller.principal.account
    if values["SigningAlgorithm"] not in ALGORITHMS:
        text = f"SigningAlgorithm must be one of {', '.join(ALGORITHMS)}"
        raise Refusal("ValidationError", text, 400, reason="The wording is the sandbox's own.")
    tags = read_passed({"Tags": values.get("Tags", ())}, account).tags
    seconds = values.get("DurationSeconds", DEFAULT_DURATION)
    context: dict[str, Any] = {
        "sts:IdentityTokenAudience": values["Audience"],
        "sts:SigningAlgorithm": values["SigningAlgorithm"],
        "sts:DurationSeconds": str(seconds),
    }
    if tags:
        context["aws:TagKeys"] = list(tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    actions = ["sts:GetWebIdentityToken"] + (["sts:TagGetWebIdentityToken"] if tags else [])
    checks = tuple(Check(action, "*", account, context, None, True) for action in actions)
    return Call("sts", "GetWebIdentityToken", checks, account, values, (seconds, tags))
