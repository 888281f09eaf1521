"""moto's things go when nothing refers to them any more.

moto 5.2.5 lists each one that it has ever made, overwritten objects included, for its dashboard,
which the sandbox does not serve: memory grew with every PutObject of the same key, until the lab
was closed (findings/moto_keeps_overwritten_objects.sh).
"""

from __future__ import annotations

from typing import Any


def let_models_go() -> None:
    """Mend moto. Safe to call again."""
    from moto.core.common_models import BaseModel

    def made(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = made  # type: ignore[method-assign]
