"""An IAM call that the policies allowed, and that fails for what is there, or is not."""

from __future__ import annotations

from labhelpers.sandbox.wire.errors import Refusal


def fault(code: str, message: str, status: int, reason: str = "") -> Refusal:
    """IAM let the call through; it fails for what is there, or is not."""
    return Refusal(code, message, status, blocked_by="service", reason=reason)


def missing(what: str, name: str) -> Refusal:
    """NoSuchEntity in IAM's most common form: the user with name x cannot be found."""
    return fault("NoSuchEntity", f"The {what} with name {name} cannot be found.", 404)
