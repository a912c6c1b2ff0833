"""One refresh of a host, against the one call to libvirt that it can't do without.

The floor is `getAllDomainStats` with the groups and flags that a refresh uses, its answer thrown
away. A refresh is what the fleet does every two seconds for each host: the call, the host's figures
where they are due, the domains' XML where it may be another, and the facts that the console reads,
down to the rows of its table. As a rule nothing has changed since the refresh before; in some
lines 1 % of the domains were suspended or resumed by somebody else.

A private libvirtd's QEMU and test drivers are asked over its socket; QEMU's domains are shut off,
the test driver's are on. The test driver in this process sends no message, so that what Python
does stands out. The times are CPU seconds of this process and of the daemon's together: that is
all there is to wait for, and what else the machine does at the time is not in them.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import libvirt
from calls import counted_calls
from daemons import TEST_XML, Daemon, daemons
from measuring import Clock, Line, alternate, ratio_line, tell

sys.path.insert(0, str(Path(__file__).parents[1]))

from vcltui.hypervisor.events import subscribe
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.host import HostWatcher

ROUNDS = {100: 100, 1_000: 25, 5_000: 9}
GROUPS = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
FLAGS = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
FLOOR = "one bare getAllDomainStats"
MOST = 1.3
MOST_CALLS = 2
EVENT_SECONDS = 30.0
NAME = "host"


class Host:
    """A host in a fleet, looked at only when this program says so."""

    def __init__(self, uri: str) -> None:
        self.session = HostSession(VMHost(NAME, uri))
        self.told = False
        self.watcher = HostWatcher(self.session.vmhost, lambda _: self.session, self._changed)
        self.fleet = Fleet(
            lambda: {NAME: self.session.vmhost}, lambda _: self.session, lambda: None
        )
        self.fleet._watchers = {NAME: self.watcher}
        # Until all XML is read.
        while not self.watcher._turn():
            pass
        self.fleet.domains()
        self.handle = self.session.connection.handle

    def _changed(self, _name: str) -> None:
        self.told = True

    def floor(self) -> None:
        self.handle.getAllDomainStats(GROUPS, FLAGS)

    def refresh(self) -> None:
        self.told = False
        self.watcher._turn()
        if self.told:
            self.fleet.domains()

    def close(self) -> None:
        self.watcher.stop()
        self.session.close()


class Others:
    """Suspends or resumes some domains, and returns when the fleet has heard of it."""

    def __init__(self, host: Host, many: int) -> None:
        self._domains = host.handle.listAllDomains()[:many]
        self._heard = threading.Semaphore(0)
        subscribe(host.session.connection, lambda _event: self._heard.release())
        self._suspended = False

    def act(self) -> None:
        for domain in self._domains:
            domain.resume() if self._suspended else domain.suspend()
        self._suspended = not self._suspended
        for _ in self._domains:
            if not self._heard.acquire(timeout=EVENT_SECONDS):
                raise SystemExit("An event did not come")


@contextmanager
def watched(uri: str) -> Iterator[Host]:
    host = Host(uri)
    try:
        yield host
    finally:
        host.close()


def quiet_lines(host: Host, count: int, where: str, clock: Clock) -> Iterator[Line]:
    """The time of a refresh, and what it asks of the host."""
    gc.collect()  # closes what is left of the host before
    host.watcher._checked_at = 0.0
    with counted_calls() as calls:
        host.refresh()
    name, xml = f"refresh, {count:,} domains, {where}", calls["virDomainGetXMLDesc"]
    yield Line(
        f"calls of a {name}",
        FLOOR,
        f"at most {MOST_CALLS}, none for XML",
        f"{calls.total()}, {xml} for XML",
        calls.total() <= MOST_CALLS and not xml,
        {"calls": ", ".join(f"{key} {value}" for key, value in calls.items())},
    )
    ways = {"ours": host.refresh, "floor": host.floor}
    found = alternate(ways, ROUNDS[count], clock=clock)
    yield ratio_line(name, FLOOR, MOST, found["ours"], found["floor"])


def changing_line(host: Host, count: int, where: str, clock: Clock) -> Line:
    many = count // 100
    others = Others(host, many)
    ways = {"ours": host.refresh, "floor": host.floor}
    found = alternate(ways, ROUNDS[count], clock=clock, between=others.act)
    name = f"refresh, {count:,} domains, {where}, {many} suspended or resumed"
    return ratio_line(name, FLOOR, MOST, found["ours"], found["floor"])


@contextmanager
def defined(daemon: Daemon, count: int) -> Iterator[None]:
    """Give the daemon's test driver so many domains that are on, as long as this lasts."""
    connection = libvirt.open(daemon.test_uri)
    # One is there already.
    for number in range(1, count):
        xml = TEST_XML.format(name=f"vm{number}", uuid=uuid.uuid4())
        connection.defineXML(xml).create()
    yield
    connection.close()


def test_node(folder: Path, count: int) -> str:
    """The URI of a test host with so many domains."""
    file = folder / f"{count}.xml"
    domains = (
        TEST_XML.format(name=f"vm{number}", uuid=f"11111111-0000-4000-8000-{number:012d}")
        for number in range(count)
    )
    file.write_text(f"<node>{''.join(domains)}</node>")
    return f"test://{file}"


def lines(sizes: Sequence[int]) -> Iterator[Line]:
    with daemons(sizes) as started:
        for count, daemon in zip(sizes, started, strict=True):
            with watched(daemon.qemu_uri) as host:
                yield from quiet_lines(host, count, "QEMU over a socket", daemon.cpu_with_ours)
            with defined(daemon, count), watched(daemon.test_uri) as host:
                yield changing_line(host, count, "test driver over a socket", daemon.cpu_with_ours)
            daemon.stop()
    with tempfile.TemporaryDirectory() as folder:
        for count in sizes:
            with watched(test_node(Path(folder), count)) as host:
                yield from quiet_lines(host, count, "test driver in-process", time.process_time)


if __name__ == "__main__":
    sys.exit(tell(list(lines(tuple(ROUNDS)))))
