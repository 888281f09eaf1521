"""Functions of the Terraform language on lists, sets, maps and objects. They raise Problem."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import (
    Set,
    Unknown,
    Value,
    equal,
    kind,
    to_bool,
    to_number,
    to_text,
    typed_list,
    typed_map,
    unique,
)

MAX_ELEMENTS = 1024 * 64

# These see only the outermost values: what is Unknown inside stays where it is.
SHALLOW = frozenset(
    (
        *("chunklist", "coalesce", "coalescelist", "concat", "contains", "element", "flatten"),
        *("issensitive", "keys", "length", "lookup", "merge", "nonsensitive", "one", "reverse"),
        *("sensitive", "slice", "tolist", "tomap", "values", "zipmap"),
    )
)


def _list(value: Value) -> list:
    if not isinstance(value, list):
        raise Problem(f"A list is required, not a value of type {kind(value)}.")
    return value


def _map(value: Value) -> dict:
    if not isinstance(value, dict):
        raise Problem(f"A map is required, not a value of type {kind(value)}.")
    return value


def _whole(value: Value) -> int:
    found = to_number(value)
    if not isinstance(found, int):
        raise Problem(f"A whole number is required, not {found}.")
    return found


def _limited(items: list) -> list:
    if len(items) > MAX_ELEMENTS:
        raise Problem(f"This list has more than {MAX_ELEMENTS} elements.")
    return items


def one_type(items: Iterable[Value]) -> list:
    """The elements of a list or set have one type: with a string among them, all become one."""
    items = list(items)
    kinds = {kind(item) for item in items} - {"null", "unknown"}
    if "string" in kinds and len(kinds) > 1:
        if not kinds <= {"string", "number", "bool"}:
            raise Problem(f"The elements are of different types: {', '.join(sorted(kinds))}.")
        return [item if item is None or item is Unknown else to_text(item) for item in items]
    return items


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value is Unknown:
            return Unknown
        if value is not None and value != "":
            return value
    raise Problem("All arguments are null or empty.")


def _coalescelist(*lists: Value) -> Value:
    for items in lists:
        if items is not None and _list(items):
            return items
    raise Problem("All lists are empty.")


def _concat(*lists: Value) -> list:
    if any(isinstance(items, Set) for items in lists):
        raise Problem("All arguments must be lists, not sets.", "Use tolist(…).")
    return _limited([item for items in lists for item in _list(items)])


def _contains(items: Value, value: Value) -> Value:
    found = [equal(item, value) for item in _list(items)]
    return True if True in found else Unknown if Unknown in found else False


def _element(items: Value, place: Value) -> Value:
    if not _list(items):
        raise Problem("An empty list has no elements.")
    return items[_whole(place) % len(items)]


def _flatten(items: Value) -> list:
    found: list = []
    for item in _list(items):
        found += _flatten(item) if isinstance(item, list) else [item]
    return _limited(found)


def _index(items: Value, value: Value) -> int:
    for place, item in enumerate(_list(items)):
        if equal(item, value) is True:
            return place
    raise Problem("The list has no such element.")


def _length(value: Value) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise Problem(f"A value of type {kind(value)} has no length.")


def _lookup(values: Value, key: Value, *default: Value) -> Value:
    if len(default) > 1:
        raise Problem("lookup() takes a map, a key and a default.")
    key = to_text(key)
    if key in _map(values):
        return values[key]
    if not default:
        raise Problem(f'The map has no key "{key}".', "Give a default as third argument.")
    return default[0]


def _merge(*maps: Value) -> dict:
    return {key: value for one in maps if one is not None for key, value in _map(one).items()}


def _one(items: Value) -> Value:
    if len(_list(items)) > 1:
        raise Problem(f"The list has {len(items)} elements, not one or none.")
    return items[0] if items else None


def _slice(items: Value, begin: Value, end: Value) -> list:
    begin, end = _whole(begin), _whole(end)
    if not 0 <= begin <= end <= len(_list(items)):
        raise Problem(f"The list has {len(items)} elements, not {begin} to {end}.")
    return items[begin:end]


def _values(values: Value) -> list:
    return [value for _, value in sorted(_map(values).items())]


def _zipmap(keys: Value, values: Value) -> dict:
    if len(_list(keys)) != len(_list(values)):
        raise Problem("There are not as many values as keys.")
    return {to_text(key): value for key, value in zip(keys, values, strict=True)}


def _setproduct(*sets: Value) -> list:
    size = 1
    for items in sets:
        size *= len(_list(items))
    if size > MAX_ELEMENTS:
        raise Problem("The product is too large.")
    return [list(row) for row in itertools.product(*sets)]


def _tomap(values: Value) -> Value:
    if values is None:
        return None
    return typed_map(zip(_map(values), one_type(values.values()), strict=True))


def _chunklist(items: Value, size: Value) -> list:
    width = _whole(size)
    if width < 0:
        raise Problem("The size is a whole number from 0.")
    return [_list(items)[n : n + width] for n in range(0, len(items), width)] if width else [items]


def _matchkeys(values: Value, keys: Value, wanted: Value) -> list:
    if len(_list(values)) != len(_list(keys)):
        raise Problem("The lists of values and keys have different lengths.")
    pairs = zip(values, keys, strict=True)
    return [value for value, key in pairs if any(equal(key, one) is True for one in _list(wanted))]


def _transpose(values: Value) -> dict:
    found: dict[str, list] = {}
    for key, items in sorted(_map(values).items()):
        for item in _list(items):
            found.setdefault(to_text(item), []).append(key)
    return dict(sorted(found.items()))


def _truths(items: Value) -> list[bool]:
    return [item is not None and to_bool(item) for item in _list(items)]


COLLECTIONS: dict[str, Callable[..., Value]] = {
    "alltrue": lambda items: all(_truths(items)),
    "anytrue": lambda items: any(_truths(items)),
    "chunklist": _chunklist,
    "coalesce": _coalesce,
    "coalescelist": _coalescelist,
    "compact": lambda items: typed_list(i for i in one_type(_list(items)) if i not in (None, "")),
    "concat": _concat,
    "contains": _contains,
    "distinct": lambda items: typed_list(unique(_list(items))),
    "ephemeralasnull": lambda value: value,
    "element": _element,
    "flatten": _flatten,
    "index": _index,
    "issensitive": lambda value: False,
    "keys": lambda values: sorted(_map(values)),
    "length": _length,
    "lookup": _lookup,
    "matchkeys": _matchkeys,
    "merge": _merge,
    "nonsensitive": lambda value: value,
    "one": _one,
    "reverse": lambda items: _list(items)[::-1],
    "sensitive": lambda value: value,
    "setintersection": lambda first, *rest: Set(
        item for item in one_type(_list(first)) if all(_contains(other, item) for other in rest)
    ),
    "setproduct": _setproduct,
    "setsubtract": lambda first, second: Set(
        item for item in one_type(_list(first)) if not _contains(second, item)
    ),
    "setunion": lambda *sets: Set(one_type(item for one in sets for item in _list(one))),
    "slice": _slice,
    "sort": lambda items: typed_list(sorted(to_text(item) for item in _list(items))),
    "tobool": lambda value: None if value is None else to_bool(value),
    "tolist": lambda items: None if items is None else typed_list(one_type(_list(items))),
    "tomap": _tomap,
    "tonumber": lambda value: None if value is None else to_number(value),
    "toset": lambda items: None if items is None else Set(one_type(_list(items))),
    "transpose": _transpose,
    "tostring": lambda value: None if value is None else to_text(value),
    "values": _values,
    "zipmap": _zipmap,
}
