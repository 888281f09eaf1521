"""moto's Query results as XML: byte for byte what its own serializer writes, in a tenth of the
time. That one works out for each value anew where it may stand in moto's objects, and what may
become of it; here each operation's model is walked once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

_MISSING = object()


def result_xml(response: Any, operation: str, result: Any, request_id: str) -> bytes | None:
    """The document of what a method of moto's response class returned. None for results that are
    made of more than IAM's reads are."""
    model = _model(response.service_name).operation_model(operation)
    kind: Any = type(response)
    plan = _plan(kind, response.service_name, operation)
    if plan is None:
        return None
    namespace = escape(model.metadata["xmlNamespace"], {'"': "&quot;"})
    parts = [f'<{operation}Response xmlns="{namespace}">']
    try:
        plan.write(result, parts)
    except _Unknown:
        return None
    parts.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>")
    parts.append(f"</{operation}Response>")
    return "".join(parts).encode()


class _Unknown(Exception):
    """A kind of value that stands in none of the results of IAM's reads."""


@lru_cache(maxsize=256)
def _plan(response: Any, service: str, operation: str) -> _Structure | None:
    shape = _model(service).operation_model(operation).output_shape
    if shape is None:
        return None
    tag = shape.serialization.get("resultWrapper", f"{shape.name}Result")
    transformers = response.RESPONSE_KEY_PATH_TO_TRANSFORMER
    try:
        return _Structure(shape, tag, f"{operation}.{shape.name}", transformers)
    except _Unknown:
        return None


def _model(service: str) -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(service)


class _Value:
    """How one value of the model is written; `transform` is what moto does to it before."""

    def __init__(self, shape: Any, tag: str, transform: Callable[[Any], Any] | None = None) -> None:
        if {"xmlNamespace", "xmlAttribute", "flattened"} & set(shape.serialization):
            raise _Unknown(shape.name)
        self.shape, self.tag, self.transform = shape, tag, transform
        if not isinstance(self, _Structure | _List):
            self.text = _text_of(shape)

    def write(self, value: Any, parts: list[str]) -> None:
        """Add the element."""
        self._element(escape(self.text(value)), parts)

    def _element(self, inner: str, parts: list[str]) -> None:
        parts.append(f"<{self.tag}>{inner}</{self.tag}>" if inner else f"<{self.tag}/>")


class _List(_Value):
    def __init__(
        self, shape: Any, tag: str, path: str, transformers: Any, transform: Any = None
    ) -> None:
        super().__init__(shape, tag, transform)
        name = shape.member.serialization.get("name", "member")
        self.member = _value(shape.member, name, f"{path}.{shape.member.name}", transformers)

    def write(self, value: Any, parts: list[str]) -> None:
        inner: list[str] = []
        for item in value:
            self.member.write(item, inner)
        self._element("".join(inner), parts)


class _Structure(_Value):
    def __init__(
        self, shape: Any, tag: str, path: str, transformers: Any, transform: Any = None
    ) -> None:
        super().__init__(shape, tag, transform)
        self._keys: dict[type, list[tuple[str, ...]]] = {}
        self._members = []
        for key, member in shape.members.items():
            name = member.serialization.get("name", key)
            here = f"{path}.{key}"
            change = next((t for end, t in transformers.items() if here.endswith(end)), None)
            self._members.append((key, _value(member, name, here, transformers, change)))

    def write(self, value: Any, parts: list[str]) -> None:
        keys = self._keys.get(type(value))
        if keys is None:
            keys = self._keys[type(value)] = [
                _possible_keys(value, self.shape, key, plan.shape) for key, plan in self._members
            ]
        inner: list[str] = []
        for possible, (_, plan) in zip(keys, self._members, strict=True):
            found = _find(value, possible)
            if plan.transform is not None:
                found = plan.transform(found)
            if found is not None:
                plan.write(found, inner)
        self._element("".join(inner), parts)


def _value(
    shape: Any, tag: str, path: str, transformers: Any, transform: Any = None
) -> _Structure | _List | _Value:
    if shape.type_name in ("structure", "list"):
        kind = _Structure if shape.type_name == "structure" else _List
        return kind(shape, tag, path, transformers, transform)
    return _Value(shape, tag, transform)


def _possible_keys(value: Any, parent: Any, key: str, shape: Any) -> tuple[str, ...]:
    """moto's own: what the key may be called in its objects."""
    from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

    shape.parent = parent
    found = XFormedAttributePicker().get_possible_keys(AttributePickerContext(value, key, shape))
    keys = tuple(dict.fromkeys(found))
    if any("." in name for name in keys):  # a way through several objects
        raise _Unknown(key)
    return keys


def _find(value: Any, keys: tuple[str, ...]) -> Any:
    if hasattr(value, "__getitem__"):
        for key in keys:
            try:
                return value[key]
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
        return None
    for key in keys:
        found = getattr(value, key, _MISSING)
        if found is not _MISSING:
            return found
    return None


def _text_of(shape: Any) -> Callable[[Any], str]:
    from moto.core.serialize import QuerySerializer, TimestampSerializer

    def moment(value: Any) -> str:
        told: dict[str, Any] = {}
        TimestampSerializer(QuerySerializer.DEFAULT_TIMESTAMP_FORMAT).serialize(
            told, value, shape, "it"
        )
        return str(told["it"])

    texts: dict[str, Callable[[Any], str]] = {
        "string": str,
        "boolean": lambda value: "true" if str(value).lower() == "true" else "false",
        "integer": lambda value: str(int(value)),
        "long": lambda value: str(int(value)),
        "timestamp": moment,
    }
    if shape.type_name not in texts:
        raise _Unknown(shape.type_name)
    return texts[shape.type_name]
