"""Event hooks of boto3 may look at a call of the lab's, and must not make another one of it.

botocore lets anybody change a call's parameters, its HTTP request and its signature by handlers of
events, all after the guard has looked. So the parameters are compared with what botocore's own
handlers make of those that were let through, and what goes to the network or into a link with
the request that they make. Answers they may change for whoever reads them; what a run has made is
told by what came from the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.awsrequest import create_request_object
from botocore.hooks import first_non_none_response
from botocore.model import OperationModel
from botocore.parsers import ResponseParserFactory
from botocore.retries.standard import RetryContext

from labhelpers.account.bodies import anew
from labhelpers.account.fence.exact import exact
from labhelpers.account.fence.once import READS, is_unknown
from labhelpers.boto_session import builtin_handlers
from labhelpers.errors import SandboxOnly

_CHANGED = (
    "{operation}: an event hook has made another request of this call ({what}) after the lab had "
    "looked at it. Give the parameters to the call itself."
)
#: Headers that botocore adds to a request when it is signed, or to check its body.
_OF_BOTOCORE: tuple[str, ...] = (
    "x-amz-checksum-",
    "x-amz-sdk-",
    "x-amz-content-sha256",
    "x-amz-date",
)
_OF_BOTOCORE += ("x-amz-security-token", "x-amz-trailer", "x-amz-decoded-content-length")
#: The parts of a link that hold its signature, of both versions.
_SIGNATURE = {"AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"}
_SIGNATURE |= {
    f"X-Amz-{part}"
    for part in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    + ("Security-Token",)
}


@dataclass
class _Call:
    """What one call may send: parameters that were let through, then the request they make."""

    model: OperationModel
    parameters: dict[str, Any]
    config: Any  # the client's, None for a link
    request: dict[str, Any] = field(default_factory=dict)
    came: dict[str, Any] = field(default_factory=dict)  # status, headers, body
    unknown: bool = False  # whether a write may have got through, though AWS has not said so

    def changed(self, what: str) -> SandboxOnly:
        return SandboxOnly(_CHANGED.format(operation=self.model.name, what=what))

    def emit(self, event: str, **given: Any) -> Any:
        """What botocore's own handlers say and do, and nobody else's."""
        service = self.model.service_model.service_id.hyphenize()
        handlers = builtin_handlers()["event_hooks"]
        given |= {"model": self.model, "context": {"client_config": self.config}}
        return handlers.emit(f"{event}.{service}.{self.model.name}", **given)

    @property
    def is_done(self) -> bool:
        """Whether AWS has carried out a write. S3 may begin an answer before it knows: its 200 says
        little, and what it does twice is the same."""
        return self._counts and 200 <= self.came.get("status_code", 0) < 300

    @property
    def may_be_done(self) -> bool:
        return self.is_done or (self._counts and self.unknown)

    @property
    def _counts(self) -> bool:
        """Whether it is a write that does more when it is asked again."""
        of_s3 = self.model.service_model.service_name == "s3"
        return not (of_s3 or self.model.name.startswith(READS))

    def parsed(self) -> dict[str, Any]:
        """What came, read by botocore's own parser."""
        protocol = self.model.service_model.resolved_protocol
        parser = ResponseParserFactory().create_parser(protocol)
        found: dict[str, Any] = parser.parse(self.came, self.model.output_shape)
        return found

    @property
    def streamed(self) -> str:
        """The parameter that is sent as it is, "" if there is none."""
        shape = self.model.input_shape
        payload = shape.serialization.get("payload") if shape else None
        return payload if payload and shape.members[payload].type_name == "blob" else ""


_call: ContextVar[_Call | None] = ContextVar("_call", default=None)


@contextmanager
def one_call() -> Iterator[None]:
    """Around each call: a hook that makes one of its own does so beside this one."""
    token = _call.set(None)
    try:
        yield
    finally:
        _call.reset(token)


def let_through(model: OperationModel, parameters: Mapping[str, Any], config: Any) -> None:
    """Note the parameters of the call under way before any handler gets them."""
    _call.set(_Call(model, anew(parameters), config))


def check_parameters(found: Mapping[str, Any], url: str, endpoint: str) -> None:
    """Raises SandboxOnly unless `found` is what botocore itself makes of what was let through, and
    `url` the client's `endpoint`, or its bucket's."""
    call = _under_way()
    usual = call.parameters
    said = call.emit("provide-client-params", params=usual)
    usual = first_non_none_response(said, default=usual)
    call.emit("before-parameter-build", params=usual)
    by_chance = {*call.model.idempotent_members} - call.parameters.keys() | {call.streamed}
    for name in sorted(usual.keys() | found.keys()):
        both = name in usual and name in found
        if not both or (name not in by_chance and usual[name] != found[name]):
            raise call.changed(name)
    base, bucket = urlsplit(endpoint), usual.get("Bucket")
    own = {base.geturl().rstrip("/")}
    if bucket:
        own.add(f"{base.geturl().rstrip('/')}/{bucket}")
        own.add(base._replace(netloc=f"{bucket}.{base.netloc}").geturl().rstrip("/"))
    if url.rstrip("/") not in own:
        raise call.changed("its address")


def remember(request: Mapping[str, Any]) -> None:
    """Note the request that the parameters make, before any handler gets it."""
    call = _under_way()
    noted = anew({**request, "context": {}})
    if call.streamed:
        noted["body"] = b""
    call.emit("before-call", params=noted, request_signer=None)
    call.request = noted


class LastLook:
    """botocore's HTTP session of one client, which sends what remember() has noted only, and notes
    what comes back before any handler gets it."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        call = _under_way()
        _check_request(call, request)
        if call.may_be_done:
            raise call.changed("asked again")
        try:
            response = self._session.send(request)
        except Exception as error:
            call.unknown = is_unknown(call.model.name, RetryContext(1, caught_exception=error))
            raise
        call.came = {"status_code": response.status_code, "headers": {**response.headers}}
        call.came["body"] = b"" if call.model.has_streaming_output else response.content
        if response.status_code >= 500:
            met = RetryContext(1, parsed_response=call.parsed(), http_response=response)
            call.unknown = is_unknown(call.model.name, met)
        return response

    def close(self) -> None:
        self._session.close()


def answered() -> dict[str, Any]:
    """AWS's answer to the call under way as it came from the network, the bytes of an object apart.

    Raises SandboxOnly where nothing came, or an error that is none any more.
    """
    call = _under_way()
    if not 200 <= call.came.get("status_code", 0) < 300:
        raise call.changed("its answer")
    return call.parsed()


def check_refused() -> None:
    """Raises SandboxOnly where the error of the call under way was made of a success of AWS's: a
    write that is refused may be asked again."""
    call = _call.get()
    if call is not None and call.is_done:
        raise call.changed("its answer")


def check_link(url: str) -> str:
    """The link, if it is to the request that remember() has noted; else raises SandboxOnly."""
    call = _under_way()
    found, usual = urlsplit(url), urlsplit(_prepared(call).url)
    body = call.request.get("body")
    asked = dict(parse_qsl(usual.query, True)) | (body if isinstance(body, dict) else {})
    pairs = [pair for pair in parse_qsl(found.query, True) if not _is_of_botocore(pair[0])]
    if found[:3] != usual[:3] or found.fragment or sorted(pairs) != sorted(asked.items()):
        raise call.changed("its link")
    return url


def _is_of_botocore(name: str) -> bool:
    return name in _SIGNATURE or name.startswith(_OF_BOTOCORE)


def _under_way() -> _Call:
    call = _call.get()
    if call is None:
        raise SandboxOnly("The lab sends nothing that it was not asked for by a call.")
    return call


def _prepared(call: _Call) -> Any:
    return create_request_object(call.request).prepare()


def _check_request(call: _Call, request: Any) -> None:
    usual = _prepared(call)
    same = {"its method": exact(request.method) == usual.method}
    same["its address"] = exact(request.url) == usual.url
    if not call.streamed:
        same["its body"] = _bytes(request.body) == _bytes(usual.body)
    host = _header(request, "Host")
    same["its host"] = host in ("", urlsplit(usual.url).netloc)
    same["its headers"] = _parameters(request) == _parameters(usual)
    for what, is_same in same.items():
        if not is_same:
            raise call.changed(what)
    request.method, request.url = usual.method, usual.url  # and no texts that are like these
    if not call.streamed:
        request.body = usual.body


def _bytes(body: Any) -> Any:
    body = exact(body)
    if isinstance(body, str):
        return body.encode()
    return b"".join([body]) if isinstance(body, (bytes, bytearray)) else body or b""


def _parameters(request: Any) -> dict[str, str]:
    """The headers by which a service is told parameters."""
    names = {str(name).lower() for name in request.headers}
    told = {name for name in names if name.startswith("x-amz-") and not _is_of_botocore(name)}
    return {name: _header(request, name) for name in told}


def _header(request: Any, name: str) -> str:
    value = exact(request.headers.get(name) or "")
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
