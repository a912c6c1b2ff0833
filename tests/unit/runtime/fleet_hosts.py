"""Hosts of libvirt's test driver for a fleet, and waits for what its lanes bring about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.provisioning.world import vmhost
from vcltui.errors import HostUnreachableError
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.models import HostState, LiveDomain, LiveHost

PATIENCE_SECONDS = 60.0
_NOT_TOLD_SECONDS = 0.1
XML = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""


class Watched:
    """A fleet, and a wait for what its lanes bring about."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._changed = threading.Event()
        fleet.subscribe(self._changed.set)
        fleet.start()

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            # Of the time of an answer alone nobody is told.
            self._changed.wait(_NOT_TOLD_SECONDS)
            if time.monotonic() > deadline:
                pytest.fail(f"never came: {what}; {self.fleet.hosts()}")
            self._changed.clear()

    def until_up(self, name: str) -> LiveHost:
        self.until(lambda: self.state(name) is HostState.UP, f"{name} up")
        return self.host(name)

    def host(self, name: str) -> LiveHost:
        host = self.fleet.host(name)
        assert host is not None
        return host

    def state(self, name: str) -> HostState | None:
        host = self.fleet.host(name)
        return host.state if host else None

    def domain(self, name: str) -> LiveDomain | None:
        domains = [view.domain for view in self.fleet.domains() if view.name == name]
        return domains[0] if domains else None

    def power(self, name: str) -> PowerState | None:
        found = self.domain(name)
        return found.power if found else None


class Hosts:
    """Hosts of the test driver, each of which may be down or hang."""

    def __init__(self, home: Path, *names: str) -> None:
        self.known: dict[str, VMHost] = {}
        self.sessions: dict[str, HostSession] = {}
        for name in names:
            self.add(vmhost(home, name))
        self.down: set[str] = set()
        self.hanging: dict[str, threading.Event] = {}

    def add(self, host: VMHost) -> None:
        self.known[host.name] = host
        self.sessions[host.name] = HostSession(host)

    def list(self) -> dict[str, VMHost]:
        return dict(self.known)

    def open(self, name: str) -> HostSession:
        if name in self.hanging:
            self.hanging[name].wait()
        if name in self.down:
            raise HostUnreachableError(
                f"The host {name} can't be reached: it is off", "Switch it on"
            )
        return self.sessions[name]

    def fleet(self) -> Fleet:
        return Fleet(self.list, self.open, lambda: None)

    def close(self) -> None:
        for event in self.hanging.values():
            event.set()
        for session in self.sessions.values():
            session.close()
