"""Which service a request says that it is for, and which errors its client can read.

Nothing of it is believed: only the form of a refusal depends on it. A signature names the
service, botocore's model its protocol; where a service has several, the request's own look
decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from labhelpers.sandbox.interpret import iam_toolbox
from labhelpers.sandbox.interpret.models import route, service_model
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.families import (
    COMPATIBLE,
    EC2,
    JSON,
    QUERY,
    QUERY_COMPATIBLE,
    QUERY_NAMESPACES,
    REST_JSON,
    S3,
    Family,
    in_cbor,
)
from labhelpers.sandbox.wire.http import MAX_FIELDS, MAX_FORM, HttpRequest

_SERVICE = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)
#: Services with operations that nobody signs, by the first word of X-Amz-Target, and those that
#: tell operations by path. Source: `authtype` none in botocore's models; STS is the last one.
_UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
}
_UNSIGNED_PATHS = ("sso", "sso-oidc", "signin")
_TOKEN = "x-amz-sso_bearer_token"


@dataclass(frozen=True, slots=True)
class Addressed:
    """`service` is a signing name, "unknown" where the request tells none."""

    service: str
    family: Family


def addressed(http: HttpRequest) -> Addressed:
    """The service that a request is for by its own words, and the family of its errors."""
    header = http.headers.get("authorization", "")
    scoped = _scoped(header) if header else _signing_name(http.query_value("X-Amz-Credential"))
    if scoped:
        service = scoped
    elif "Action" in http.form:
        service = "sts"
    elif header.startswith("AWS "):  # Signature Version 2, in which S3 alone has a header
        service = "s3"
    elif _speaks_json(http):
        service = _unsigned_service(http) or "unknown"
    elif header:
        service = "sts"
    else:
        service = "sso" if _is_portal(http) else "s3"
    return Addressed(service, _family(http, service))


def _scoped(header: str) -> str:
    """The signing name in an Authorization header, "" where it names none."""
    return _signing_name(header.partition("Credential")[2].lstrip("= ").partition(",")[0])


def _signing_name(credential: str | None) -> str:
    """The fourth part of KEY/DATE/REGION/SERVICE/aws4_request, "" where there is none. Split and
    not searched for: this is read before anybody is known, and takes as long as the text is."""
    parts = (credential or "").split("/", 4)
    return parts[3] if len(parts) == 5 and _SERVICE.fullmatch(parts[3]) else ""


def refuse_without_signature(http: HttpRequest, service: str) -> None:
    """Operations that AWS answers without a signature and this sandbox does not know, and ways to
    sign that it does not; forms that it does not read."""
    if http.is_form_too_long:
        most = f"{MAX_FORM >> 20} MiB or {MAX_FIELDS:,} fields"
        raise not_modelled(f"forms of more than {most}", "Send less at once.")
    scheme = http.headers.get("authorization", "").partition(" ")[0]
    if scheme.lower() == "bearer" and "Action" not in http.form:
        raise not_modelled("requests with a bearer token")
    if not scheme and {"AWSAccessKeyId", "SignatureVersion"} <= http.form.keys():
        raise not_modelled("Signature Version 2, by which old Query services were signed for,")
    if service != "s3" and http.headers.get("x-amz-content-sha256") == "UNSIGNED-PAYLOAD":
        raise not_modelled("bodies that are left unsigned, of services other than S3")
    if scheme or service not in (*_UNSIGNED_TARGETS.values(), *_UNSIGNED_PATHS):
        return
    target = http.headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    name = target or _operation(http, service)
    model = service_model(service)
    if name in model.operation_names and model.operation_model(name).auth_type == "none":
        raise not_modelled(f"{service}:{name}")


def _family(http: HttpRequest, service: str) -> Family:
    if service in ("s3", "ec2"):
        return S3 if service == "s3" else EC2
    if service == "iam" and http.path.startswith(iam_toolbox.PATH):
        return REST_JSON
    if "Action" in http.form or service in QUERY_NAMESPACES:
        return QUERY
    json = COMPATIBLE if service in QUERY_COMPATIBLE else JSON
    if "smithy-protocol" in http.headers:
        return in_cbor(json)
    if "x-amz-target" in http.headers:
        return json
    model = service_model(service)
    protocols = model.metadata.get("protocols", ()) if model is not None else ("rest-json",)
    if "rest-xml" in protocols or ("query" in protocols and http.path == "/"):
        return QUERY
    return REST_JSON if http.path != "/" or "rest-json" in protocols else json


def _speaks_json(http: HttpRequest) -> bool:
    """Whether an unsigned request is one that S3, which takes them too, would not know."""
    headers = http.headers
    if "x-amz-target" in headers or "smithy-protocol" in headers:
        return True
    if headers.get("authorization", "")[:7].lower() == "bearer ":
        return True
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return http.method == "POST" and kind == "application/json"


def _is_portal(http: HttpRequest) -> bool:
    """Whether an unsigned request is one to IAM Identity Center's portal. Its token is in a header
    that WSGI servers drop, so the path has to tell, unless a bucket has that name."""
    bucket = http.path[1:].partition("/")[0]
    return bool(_operation(http, "sso")) and buckets.bucket_owner(bucket) is None


def _unsigned_service(http: HttpRequest) -> str | None:
    target = http.headers.get("x-amz-target")
    if target is not None:
        return _UNSIGNED_TARGETS.get(target.partition(".")[0])
    return next((name for name in _UNSIGNED_PATHS if _operation(http, name)), None)


def _operation(http: HttpRequest, service: str) -> str:
    """The operation that a path means to a service, "" for none."""
    if service == "sso":
        http = replace(http, headers=http.headers | {_TOKEN: "-"})
    try:
        return route(http, service)[0]
    except Refusal:
        return ""
