"""Presigned links on a real account: whoever holds one asks AWS without asking the guard again.

botocore signs them in methods that it puts into a client's class; here these are looked at first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from labhelpers.account.fence.exact import exact, not_too_deep
from labhelpers.account.fence.guard import Guard
from labhelpers.account.fence.hooks import check_link, one_call
from labhelpers.account.names import Names
from labhelpers.errors import SandboxOnly

_URL = "generate_presigned_url"


def guarded_signers(guard: Guard) -> Callable[..., None]:
    """A handler for `creating-client-class`, registered after botocore's own: a client signs what
    the guard lets through, by the operation's own method, and no forms or tokens at all."""

    def handler(class_attributes: dict[str, Any], **_: Any) -> None:
        for name in [n for n in class_attributes if n.startswith("generate_")]:
            sign = class_attributes[name]
            class_attributes[name] = _url(guard, sign) if name == _URL else _refused(name)

    return handler


def rewritten(
    guard: Guard, names: Names, model: Any, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of a link in the account's names, if the guard lets it be signed."""
    service = model.service_model.service_name
    with not_too_deep(model.name):
        found = names.request(service, model.name, exact(parameters))
    guard.check_link(service, model.name, found)
    return found


def _url(guard: Guard, sign: Callable[..., str]) -> Callable[..., str]:
    @wraps(sign)
    def generate_presigned_url(
        self: Any,
        ClientMethod: str,
        Params: Mapping[str, Any] | None = None,
        ExpiresIn: int = 3600,
        HttpMethod: str | None = None,
    ) -> str:
        guard.check_region(self.meta.service_model.service_name, self.meta.region_name)
        if HttpMethod is not None:
            raise SandboxOnly("The lab signs a link for the operation's own HTTP method only.")
        with one_call():
            return check_link(sign(self, ClientMethod, Params, ExpiresIn))

    return generate_presigned_url


def _refused(name: str) -> Callable[..., Any]:
    def refused(self: Any, *_: Any, **__: Any) -> Any:
        raise SandboxOnly(f"The lab signs nothing with {name}() on a real account.")

    return refused
