"""Path and query of an S3 request: what they select here, moto must not read in another way."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import HmacV1Auth

from labhelpers.sandbox.authenticate import sigv2
from labhelpers.sandbox.interpret.bucket_names import is_bucket_name
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: Sub-resources that are answered for themselves, by moto or by answer/s3/, by method, of a
#: bucket and of an object. To any other moto answers as if it were not there: DELETE ?annotation
#: deletes the object.
_ANSWERED = {
    ("GET", False): "accelerate acl analytics cors encryption intelligent-tiering inventory "
    "lifecycle location logging metrics notification object-lock ownershipControls policy "
    "policyStatus publicAccessBlock replication requestPayment tagging uploads versioning "
    "versions website",
    ("PUT", False): "accelerate acl cors encryption inventory lifecycle logging notification "
    "object-lock ownershipControls policy publicAccessBlock replication tagging versioning website",
    ("DELETE", False): "cors encryption lifecycle ownershipControls policy publicAccessBlock "
    "replication tagging website",
    ("POST", False): "delete",
    ("GET", True): "acl attributes legal-hold retention tagging",
    ("PUT", True): "acl legal-hold retention tagging",
    ("DELETE", True): "tagging",
    ("POST", True): "restore select uploads",
}
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")


def refuse_ambiguity(http: HttpRequest) -> None:
    """Two sub-resources in one request could be read one way here and another way by moto."""
    names = [name for name, _ in http.query]
    chosen = [name for name in names if name in _sub_resources()]
    if len(chosen) > 1 or len(set(names)) != len(names):
        raise Refusal(
            "InvalidRequest", f"Ambiguous query string: {', '.join(sorted(names))[:200]}", 400
        )


def refuse_strange_names(
    operation: str, http: HttpRequest, bucket: str | None, key: str | None
) -> None:
    """What moto would take for another bucket or another operation."""
    takes = is_bucket_name if operation == "CreateBucket" else _BUCKET.fullmatch
    if bucket is not None and not takes(bucket):
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.", 400)
    names = {name for name, _ in http.query}
    foreign = names & _all_parameters() - _parameters(operation)
    if foreign:
        text = f"{operation} does not take the parameters {', '.join(sorted(foreign))[:200]}"
        raise Refusal("InvalidRequest", text, 400)
    if sigv2.is_used(http) and names & _sub_resources() - set(HmacV1Auth.QSAOfInterest):
        raise not_modelled(f"s3 {operation} with Signature Version 2", "It covers no such query.")
    answered = _ANSWERED.get((http.method, key is not None), "").split()
    for name in names & _sub_resources():
        if name not in answered:
            raise not_modelled(f"s3 {operation}")


@lru_cache(maxsize=1)
def _sub_resources() -> frozenset[str]:
    """Query parameters that select an operation (?policy, ?acl, ?uploads …), from the model."""
    model: Any = service_model("s3")
    uris = (model.operation_model(name).http["requestUri"] for name in model.operation_names)
    names = {k for uri in uris for k, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)}
    return frozenset(names - {"x-id", "select-type", "list-type"})


@lru_cache(maxsize=256)
def _parameters(operation: str) -> frozenset[str]:
    """The query parameters of an operation."""
    model = service_model("s3").operation_model(operation)
    own = parse_qsl(urlsplit(model.http["requestUri"]).query, keep_blank_values=True)
    members = model.input_shape.members.values() if model.input_shape else ()
    places = (member.serialization for member in members)
    asked = {place["name"] for place in places if place.get("location") == "querystring"}
    return frozenset(asked | {name for name, _ in own})


@lru_cache(maxsize=1)
def _all_parameters() -> frozenset[str]:
    names = (_parameters(name) for name in service_model("s3").operation_names)
    return frozenset().union(*names) - {"x-id"}
