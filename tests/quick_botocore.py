"""botocore keeps what it works out anew for each client: a twentieth of the test run's CPU time.

Both are functions of what they are given: an event's name, a service's model. nbval's kernels,
which start as a learner's do, go without.
"""

from __future__ import annotations

from typing import Any

from botocore.client import ClientCreator
from botocore.hooks import EVENT_ALIASES, EventAliaser


def keep_what_never_changes() -> None:
    """Safe to call again."""
    if not hasattr(ClientCreator._create_methods, "kept"):
        _share_the_names_of_events()
        _share_the_methods_of_clients()


def _share_the_names_of_events() -> None:
    names: dict[str, str] = {}
    made = EventAliaser.__init__

    def make(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        if self._event_aliases == EVENT_ALIASES:
            self._alias_name_cache = names

    EventAliaser.__init__ = make


def _share_the_methods_of_clients() -> None:
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    made = ClientCreator._create_methods

    def make(self: Any, model: Any) -> dict[str, Any]:
        key = (model.service_name, model.api_version)
        if key not in kept:
            kept[key] = made(self, model)
        return dict(kept[key])  # handlers add methods of their own

    make.kept = kept
    ClientCreator._create_methods = make
