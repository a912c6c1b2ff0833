"""Watches one host: events first, a bulk poll beside them, and a new connection after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vcltui.domxml.parse import parse_domain
from vcltui.errors import (
    DomainXMLError,
    HostUnreachableError,
    HypervisorError,
    NotFoundError,
    VcltuiError,
)
from vcltui.hypervisor import stats
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains import domain_xml, list_domains
from vcltui.hypervisor.events import EventKind, HostEvent, subscribe
from vcltui.models.domain import PowerState, VCLFacts
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet_lane import Lane
from vcltui.runtime.fleet_models import HostState, LiveDomain, LiveHost

_log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_REDEFINES = frozenset({EventKind.DEFINED, EventKind.UNDEFINED})


class HostWatcher:
    """Keeps the facts of one host fresh and calls `changed` when they are others.

    `open_session` may block for as long as the host takes; only this host's lane waits for it.
    """

    def __init__(
        self,
        vmhost: VMHost,
        open_session: Callable[[str], HostSession],
        changed: Callable[[str], None],
    ) -> None:
        self._open_session = open_session
        self._changed = changed
        self._lock = threading.Lock()
        self._facts = LiveHost(vmhost.name, vmhost.uri)
        self._connection: Connection | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._must_list = True
        self._forget: set[str] = set()
        self._xml_facts: dict[str, VCLFacts | None] = {}
        self._samples: dict[str, stats.DomainSample] = {}
        self._pause = FIRST_PAUSE_SECONDS
        self.lane = Lane(f"fleet-{vmhost.name}", self._turn)

    @property
    def facts(self) -> LiveHost:
        """What is known of the host now."""
        return self._facts

    def refresh(self) -> None:
        """Ask the host for everything again, at once."""
        with self._lock:
            self._must_list = True
            self._forget.update(self._xml_facts)
        self.lane.wake()

    def stop(self) -> None:
        """Hear no more of the host."""
        self.lane.stop()
        self._unsubscribe()

    def _turn(self) -> float | None:
        """One look at the host; returns the pause until the next."""
        try:
            connection = self._connected()
            self._look(connection)
        except VcltuiError as error:
            self._lose(error)
            pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
            return pause
        self._pause = FIRST_PAUSE_SECONDS
        return POLL_SECONDS

    def _connected(self) -> Connection:
        session = self._open_session(self._facts.name)
        connection = session.connection
        if connection is self._connection:
            return connection
        self._unsubscribe()
        try:
            self._unsubscribe = subscribe(connection, self._heard)
        except HostUnreachableError:
            raise
        except HypervisorError as error:
            _log.info("%s is only polled: %s", self._facts.name, error)
            self._unsubscribe = lambda: None
        driver, problem = None, None
        try:
            driver = session.driver.name
        except HostUnreachableError:
            raise
        except VcltuiError as error:
            problem = str(error)
        self._connection = connection
        with self._lock:
            self._must_list = True
            self._forget.update(self._xml_facts)
        self._publish(replace(self._facts, driver=driver, driver_problem=problem))
        return connection

    def _look(self, connection: Connection) -> None:
        with self._lock:
            must_list, self._must_list = self._must_list, False
            forget, self._forget = self._forget, set()
        for uuid in forget:
            self._xml_facts.pop(uuid, None)
        try:
            samples = stats.sample(connection)
            if must_list or not self._fits(samples):
                domains = self._list(connection)
            else:
                domains = self._facts.domains
            status = connection.status()
        except VcltuiError:
            with self._lock:
                self._must_list = True
            raise
        sampled = tuple(self._with_sample(domain, samples) for domain in domains)
        self._samples = samples
        self._publish(
            replace(
                self._facts,
                state=HostState.UP,
                reason="",
                hint="",
                answered_at=time.monotonic(),
                status=status,
                domains=sampled,
            )
        )

    def _fits(self, samples: dict[str, stats.DomainSample]) -> bool:
        return {domain.uuid for domain in self._facts.domains} == set(samples)

    def _list(self, connection: Connection) -> tuple[LiveDomain, ...]:
        found = list_domains(connection, details=True)
        there = {domain.uuid for domain in found}
        for uuid in set(self._xml_facts) - there:
            del self._xml_facts[uuid]
        return tuple(
            LiveDomain(
                host=self._facts.name,
                uuid=domain.uuid,
                name=domain.name,
                power=domain.power,
                reason=domain.reason,
                vcpus=domain.vcpus,
                memory_bytes=domain.memory_bytes,
                persistent=domain.persistent,
                autostart=domain.autostart,
                facts=self._facts_of(connection, domain.uuid),
            )
            for domain in found
        )

    def _facts_of(self, connection: Connection, uuid: str) -> VCLFacts | None:
        if uuid not in self._xml_facts:
            try:
                self._xml_facts[uuid] = parse_domain(domain_xml(connection, uuid)).facts
            except (NotFoundError, DomainXMLError) as error:
                _log.info("%s: %s", self._facts.name, error)
                self._xml_facts[uuid] = None
        return self._xml_facts[uuid]

    def _with_sample(
        self, domain: LiveDomain, samples: dict[str, stats.DomainSample]
    ) -> LiveDomain:
        now, before = samples.get(domain.uuid), self._samples.get(domain.uuid)
        if now is None:
            return domain
        return replace(
            domain, power=now.power, reason=now.reason, cpu_percent=_cpu_percent(before, now)
        )

    def _heard(self, event: HostEvent) -> None:
        """Called by libvirt's event thread: note what must be read again and return."""
        with self._lock:
            self._must_list = True
            if event.kind in _REDEFINES:
                self._forget.add(event.uuid)
        self.lane.wake()

    def _lose(self, error: VcltuiError) -> None:
        self._connection = None
        self._samples = {}
        self._publish(
            replace(self._facts, state=HostState.UNREACHABLE, reason=error.what, hint=error.hint)
        )

    def _publish(self, facts: LiveHost) -> None:
        if not self.lane.is_stopped:
            self._facts = facts
            self._changed(facts.name)


def _cpu_percent(before: stats.DomainSample | None, now: stats.DomainSample) -> float | None:
    """How much of its vCPUs a domain used between two samples, 0 to 100."""
    if before is None or before.cpu_time_ns is None or now.cpu_time_ns is None:
        return None
    seconds = now.monotonic_seconds - before.monotonic_seconds
    used = (now.cpu_time_ns - before.cpu_time_ns) / 1e9
    if seconds <= 0 or used < 0 or now.power is not PowerState.ON:
        return None
    return min(100.0, 100.0 * used / seconds / max(now.vcpus or 1, 1))
