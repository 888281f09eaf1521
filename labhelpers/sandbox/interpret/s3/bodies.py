"""The XML that S3's clients send, read without trust in namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

_MOST_OBJECTS = 1000  # of DeleteObjects
_BAD_XML = (
    "The XML you provided was not well-formed or did not validate against our published schema"
)


def elements(http: HttpRequest, name: str) -> list[ElementTree.Element]:
    """The elements of this name in a request's XML, in whatever namespace."""
    try:
        root = ElementTree.fromstring(http.body)
    except ElementTree.ParseError:
        raise malformed() from None
    return [e for e in root.iter() if _local(e) == name]


def text(element: ElementTree.Element, name: str) -> str:
    """The text of a child, without the spaces around it; "" where there is none."""
    return (_child(element, name) or "").strip()


def objects_to_delete(http: HttpRequest) -> Iterator[tuple[str, str | None]]:
    """(key, version id or None) of each object that DeleteObjects names."""
    named = elements(http, "Object")
    if not 0 < len(named) <= _MOST_OBJECTS:
        raise malformed()
    for element in named:
        if {_local(child) for child in element} - {"Key", "VersionId"}:
            raise not_modelled("DeleteObjects with conditions", "Name keys and versions only.")
        yield _child(element, "Key") or "", _child(element, "VersionId")


def malformed() -> Refusal:
    return Refusal("MalformedXML", _BAD_XML, 400)


def _child(element: ElementTree.Element, name: str) -> str | None:
    return next((e.text or "" for e in element if _local(e) == name), None)


def _local(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
