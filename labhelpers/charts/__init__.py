"""Pictures from plain records; they know no backend.

    charts.lifetimes(lab.sessions(), now=lab.clock.now())

Each function lives in the module of its own name. matplotlib is loaded at the first use of one
of them, not by importing this package.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = [
    "clock_slider",
    "decision",
    "exposure",
    "handshake",
    "key_chain",
    "lifetimes",
    "reach",
    "sequence",
    "timeline",
    "trust_graph",
]


class _Charts(ModuleType):
    """Importing the module `lifetimes` binds that name here to the module, as Python does with
    every submodule. Here the name has to mean the function, whoever imports first."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in __all__ and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Charts


def __getattr__(name: str) -> Any:
    if name in __all__:
        import_module(f"{__name__}.{name}")
        return globals()[name]
    raise AttributeError(f"labhelpers.charts has no {name!r}; it offers {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
