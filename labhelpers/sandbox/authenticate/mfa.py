"""Multi-factor authentication: a code of the caller's own device, good for one use.

The sandbox knows virtual devices (TOTP, RFC 6238), with the lab clock as their clock.
Source: STS_FACTS 2.3; AWS STS API Reference, SerialNumber and TokenCode.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

STEP = 30  # seconds
_FAILED = "MultiFactorAuthentication failed"


def prove_mfa(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> bool:
    """Whether the call proves MFA. False where it does not try; a failed try is refused."""
    serial, code = values.get("SerialNumber"), values.get("TokenCode")
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise _refusal(", must provide both MFA serial number and one time pass code.")
    seed = iam.mfa_seed(caller.principal.account, caller.user_name, serial)
    if seed is None:
        why = f"{serial} is not an enabled device of the calling user."
        text = (
            ", unable to validate MFA code.  Please verify your MFA serial number is valid and "
            "associated with this user."
        )
        raise _refusal(text, why)
    if not spend_code(registry, serial, seed, code, lab_now):
        why = "The code is wrong, too old, or was used before; a device shows a new one every 30 s."
        raise _refusal(" with invalid MFA one time pass code. ", why)
    return True


def spend_code(
    registry: Registry, serial: str, seed: str, code: str, lab_now: datetime, steps: int = 1
) -> bool:
    """Whether the code is right within `steps` of now; a right one is good only once."""
    totp = pyotp.TOTP(seed)
    for step in range(-steps, steps + 1):
        if totp.at(lab_now + timedelta(seconds=STEP * step)) == code:
            fresh = (serial, code) not in registry.used_codes
            registry.used_codes.add((serial, code))
            return fresh
    return False


def _refusal(text: str, reason: str = "") -> Refusal:
    return Refusal("AccessDenied", _FAILED + text, blocked_by="request", reason=reason)
