"""The condition keys of S3 that a request holds."""

from __future__ import annotations

from urllib.parse import parse_qsl

from labhelpers.sandbox.authenticate import sigv2
from labhelpers.sandbox.authenticate.claims import ALGORITHM, is_presigned
from labhelpers.sandbox.interpret.s3 import bodies
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

_LIST_KEYS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}


def header_keys(http: HttpRequest) -> dict[str, str]:
    """Keys that repeat a header (s3:x-amz-acl …) or say how the request was signed."""
    found = {f"s3:{k}": v for k, v in http.headers.items() if k.startswith("x-amz-")}
    version = http.query_value("versionId")
    if version is not None:
        found["s3:VersionId"] = version
    if is_presigned(http) or sigv2.is_link(http):
        found["s3:authType"] = "REST-QUERY-STRING"
    elif "authorization" in http.headers:
        found["s3:authType"] = "REST-HEADER"
    if "s3:authType" in found:
        found["s3:signatureversion"] = sigv2.ALGORITHM if sigv2.is_used(http) else ALGORITHM
    return found


def list_keys(action: str, http: HttpRequest) -> dict[str, str]:
    if not action.startswith("ListBucket"):
        return {}
    values = {name: http.query_value(name) for name in _LIST_KEYS}
    return {_LIST_KEYS[name]: value for name, value in values.items() if value is not None}


def tag_keys(operation: str, bucket: str, key: str, http: HttpRequest) -> dict[str, str]:
    """The tags that the object has and those that the request gives it."""
    asked = parse_qsl(http.headers.get("x-amz-tagging", ""), keep_blank_values=True)
    if operation == "PutObjectTagging":
        tags = bodies.elements(http, "Tag")
        asked = [(bodies.text(tag, "Key"), bodies.text(tag, "Value")) for tag in tags]
    if len(dict(asked)) != len(asked):
        text = "Cannot provide multiple Tags with the same key"
        raise Refusal("InvalidTag", text, 400)
    found = existing_tag_keys(bucket, key, http.query_value("versionId"))
    return found | {f"s3:RequestObjectTag/{name}": value for name, value in asked}


def existing_tag_keys(bucket: str, key: str, version: str | None) -> dict[str, str]:
    tags = buckets.object_tags(bucket, key, version)
    return {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}
