"""Operations that moto answers by going to another service, where nobody would be asked.

side_effects.json lists every service of moto. `reaches` counts where its code speaks of other
services' state, of containers or of the network; `reviewed` says why that needs no question of
its own; `refused` are operations (patterns; in brackets a parameter that makes the difference)
with what they would do; `needs` is a package that the lab does not install, without which moto
has none of the service. A refusal comes before moto is asked: it does not depend on what is
installed beside moto.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from labhelpers.sandbox.wire.errors import not_modelled

FILE = Path(__file__).with_name("side_effects.json")
#: moto's names that are not botocore's without hyphens.
_OTHER_NAMES = {"lambda": "awslambda"}


@lru_cache(maxsize=1)
def services() -> Mapping[str, Mapping[str, Any]]:
    """moto's name of a service -> what was found about it."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return found


def moto_name(model: str) -> str:
    """What moto calls a service of botocore's."""
    return _OTHER_NAMES.get(model, model.replace("-", ""))


def refuse_side_effects(model: str, operation: str, params: Mapping[str, Any]) -> None:
    """`model` is botocore's name of the service; a service that nobody looked at is refused."""
    entry = services().get(moto_name(model))
    if entry is None:
        raise not_modelled(f"the service {model}")
    for pattern, reason in entry.get("refused", {}).items():
        name, _, parameter = pattern.rstrip(")").partition("(")
        if fnmatchcase(operation, name) and (not parameter or _holds(params, parameter)):
            raise not_modelled(f"{model}:{operation}", f"On AWS it {reason}.")


def _holds(params: Mapping[str, Any], path: str) -> bool:
    if any(name == path or name.startswith(f"{path}.") for name in params):
        return True
    head, dot, rest = path.partition(".")
    inner = params.get(head)
    return bool(dot) and isinstance(inner, Mapping) and _holds(inner, rest)
