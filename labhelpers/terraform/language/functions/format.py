"""format() and formatlist()."""

from __future__ import annotations

import re
from decimal import Decimal

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import to_json
from labhelpers.terraform.language.values import Value, kind, limited, to_number, to_text

_VERB = re.compile(
    r"%(?:%|(?:\[(?P<place>\d{1,3})\])?(?P<flags>[ +#0-]*)(?P<width>\d{0,3})"
    r"(?:\.(?P<prec>\d{0,3}))?(?:\[(?P<late>\d{1,3})\])?(?P<verb>.))"
)


def format_(spec: Value, *values: Value) -> str:
    """Fill %s, %d, %q, %v, %t, %f, %x … as Go does; %[1]s names its value by number."""
    used: list[int] = [0]
    named: list[bool] = []

    def one(found: re.Match) -> str:
        if found[0] == "%%":
            return "%"
        if place := found["place"] or found["late"]:
            named.append(True)
            used.append(int(place))
        else:
            used.append(used[-1] + 1)
        if not 1 <= used[-1] <= len(values):
            raise Problem(f"There is no value for {found[0]}.")
        return _formatted(found, values[used[-1] - 1])

    text = _VERB.sub(one, to_text(spec))
    if max(used) < len(values) and not named:
        raise Problem(f"There are {len(values) - max(used)} values more than the format uses.")
    return limited(text)


def _formatted(found: re.Match, value: object) -> str:
    flags, verb = found["flags"], found["verb"]
    width, precision = int(found["width"] or 0), found["prec"]
    if verb == "v":
        simple = kind(value) in ("string", "number", "bool")
        text = to_text(value) if simple else to_json(value)
    elif verb == "q":
        text = to_json(to_text(value))
    elif verb == "s":
        text = to_text(value)
        text = text if precision is None else text[: int(precision or 0)]
    elif verb == "t" and isinstance(value, bool):
        text = to_text(value)
    elif verb in "dboxXfeEgG":
        what = to_number(value)
        sign = "+" if "+" in flags else ""
        if verb in "dboxX":
            if not isinstance(what, int):
                raise Problem(f"{found[0]} needs a whole number, not {what}.")
            text = format(what, f"{sign}{verb}")
        else:
            text = format(Decimal(str(what)), f"{sign}.{int(precision or 6)}{verb}")
            text = re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", text)
        if "0" in flags and "-" not in flags:
            negative = text[0] in "+-"
            return text[:negative] + text[negative:].rjust(width - negative, "0")
    else:
        raise Problem(f"The verb {found[0]} is not supported for {kind(value)}.")
    return text.ljust(width) if "-" in flags else text.rjust(width)


def formatlist(spec: Value, *values: Value) -> list[str]:
    """format() for each element of the lists among the values."""
    lengths = {len(value) for value in values if isinstance(value, list)}
    if len(lengths) > 1:
        raise Problem("The lists have different lengths.")
    rounds = range(lengths.pop()) if lengths else range(1)
    return [format_(spec, *(v[i] if isinstance(v, list) else v for v in values)) for i in rounds]
