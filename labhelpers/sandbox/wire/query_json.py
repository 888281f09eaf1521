"""STS's results as JSON, for clients that ask for it with `Accept: application/json`.

aws-iam-authenticator, and with it EKS's token check, does. Moments are seconds since 1970, members
that a result lacks are null: so in answers that were published; the form is not documented.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any


def wants_json(accept: str) -> bool:
    return any(part.split(";")[0].strip() == "application/json" for part in accept.split(","))


def result_json(operation: Any, result: dict[str, Any], request_id: str) -> bytes:
    """The whole document."""
    name, inner = operation.name, {"ResponseMetadata": {"RequestId": request_id}}
    if operation.output_shape is not None:
        told = _written(operation.output_shape, result)
        inner = {f"{name}Result": told, **inner}
    return json.dumps({f"{name}Response": inner}, ensure_ascii=False).encode("utf-8", "replace")


def result_of(operation: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The result in such a document, as botocore's parsers give it."""
    inner = document.get(f"{operation.name}Response", {})
    found = _read(operation.output_shape, inner.get(f"{operation.name}Result") or {})
    return found if isinstance(found, dict) else {}


def _written(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and value is not None:
        return {name: _written(inner, value.get(name)) for name, inner in shape.members.items()}
    if shape.type_name == "list" and value is not None:
        return [_written(shape.member, item) for item in value]
    return value.timestamp() if isinstance(value, datetime) else value


def _read(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        known = {name: inner for name, inner in value.items() if inner is not None}
        return {name: _read(shape.members[name], inner) for name, inner in known.items()}
    if shape.type_name == "list":
        return [_read(shape.member, item) for item in value]
    return datetime.fromtimestamp(value, UTC) if shape.type_name == "timestamp" else value
