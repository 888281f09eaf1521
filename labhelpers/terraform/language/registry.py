"""Who evaluates which kind of expression: a register that imports none of them.

The modules beside this one add their kinds when they are imported, and Scope.evaluate asks here.
So an expression may hold any other one, and no module has to know the module of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# A node of python-hcl2 and the Scope around it -> the value; may raise Problem.
Handler = Callable[[Any, Any], Any]
HANDLERS: dict[str, Handler] = {}


def evaluates(*kinds: str) -> Callable[[Handler], Handler]:
    """Register a function for nodes whose lark_name() is one of `kinds`."""

    def registered(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return registered
