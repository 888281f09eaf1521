"""The instances and containers of a lab, behind one door."""

from __future__ import annotations

from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.service_locks import ServiceLocks
from labhelpers.sandbox.wire.http import Answer, HttpRequest
from labhelpers.sandbox.workloads.container_credentials import Containers
from labhelpers.sandbox.workloads.instance_metadata import Instances
from labhelpers.sandbox.workloads.service_roles import Note, ServiceRoles


class Workloads:
    """The instances and containers of a lab."""

    def __init__(
        self, registry: Registry, note: Note, clock: LabClock, locks: ServiceLocks
    ) -> None:
        self._clock, self._locks = clock, locks
        roles = ServiceRoles(registry, note)
        self.instances = Instances(roles)
        self.containers = Containers(roles)

    def answer(self, http: HttpRequest) -> Answer | None:
        """The answer to a workload's request, None for any other request."""
        for service in (self.instances, self.containers):
            if http.raw_path.startswith(service.PREFIX):
                with self._locks.hold(service.PREFIX):
                    return service.answer(http, self._clock.now())
        return None
