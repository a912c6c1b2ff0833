"""The parts of a host's lane: since when domains run, what their XML says, how long to pause."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.runtime.fleet_hosts import XML, Hosts
from vcltui.errors import HostUnreachableError
from vcltui.hypervisor.connection import Connection
from vcltui.models.domain import Domain, PowerState
from vcltui.models.events import EventKind, HostEvent
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet import pauses as fleet_pauses
from vcltui.runtime.fleet import slow as fleet_slow
from vcltui.runtime.fleet.lane import Lane
from vcltui.runtime.fleet.pauses import Pauses
from vcltui.runtime.fleet.sheets import BLANK, Sheets
from vcltui.runtime.fleet.slow import SlowFacts
from vcltui.runtime.fleet.starts import Starts

_PATIENCE_SECONDS = 60.0
_NOTHING_READ = SlowFacts()
_EARLIER = datetime.now(UTC) - timedelta(days=3)


def _row(number: int | None, power: PowerState = PowerState.ON) -> Domain:
    return Domain("h", "vm1", "u", number, power)


def _started(detail: str = "booted") -> HostEvent:
    return HostEvent(EventKind.STARTED, "u", "vm1", detail)


def _look(starts: Starts, row: Domain) -> None:
    starts.settle([row], starts.take_heard())


def test_a_domain_found_running_runs_since_then_at_least():
    starts = Starts()
    before = datetime.now(UTC)
    _look(starts, _row(1))
    start = starts.of("u", "vm1", _NOTHING_READ)
    assert start is not None
    assert before <= start.at <= datetime.now(UTC)
    assert not start.exactly
    _look(starts, _row(1))
    assert starts.of("u", "vm1", _NOTHING_READ) == start


def test_a_start_that_was_heard_is_exact_until_the_domain_is_off():
    starts = Starts()
    starts.hear(_started())
    _look(starts, _row(1))
    start = starts.of("u", "vm1", _NOTHING_READ)
    assert start is not None
    assert start.exactly
    starts.hear(HostEvent(EventKind.RESUMED, "u", "vm1"))
    starts.hear(_started("woken up"))
    _look(starts, _row(1))
    assert starts.of("u", "vm1", _NOTHING_READ) == start
    _look(starts, _row(None, PowerState.OFF))
    assert starts.of("u", "vm1", _NOTHING_READ) is None
    _look(starts, _row(2))
    again = starts.of("u", "vm1", _NOTHING_READ)
    assert again is not None
    assert not again.exactly


def test_a_restart_between_two_looks_is_noticed():
    starts = Starts()
    _look(starts, _row(1))
    first = starts.of("u", "vm1", _NOTHING_READ)
    _look(starts, _row(2))
    second = starts.of("u", "vm1", _NOTHING_READ)
    assert first is not None
    assert second is not None
    assert second.at > first.at


def test_of_many_domains_those_alone_are_settled_that_are_others():
    starts = Starts()
    first, second, third = (replace(_row(1), name=name, uuid=name) for name in ("a", "b", "c"))
    starts.settle((first, second), {})
    known = starts.of("a", "a", _NOTHING_READ)
    assert starts.take_news() == {"a", "b"}
    again = replace(second, id=2)
    starts.settle((first, again), {})
    assert starts.take_news() == {"b"}
    assert starts.of("a", "a", _NOTHING_READ) is known
    starts.settle((first, third), {})  # as many as before, but another
    assert starts.take_news() == {"b", "c"}
    assert starts.of("b", "b", _NOTHING_READ) is None
    starts.settle((first, third), {"a": _EARLIER})  # the same rows, of which one was heard
    assert starts.take_news() == {"a"}
    starts.settle((first,), {})
    assert starts.take_news() == {"c"}


def test_what_the_host_has_on_file_counts_if_it_was_read_of_this_run():
    starts = Starts()
    too_old = SlowFacts(starts={"vm1": _EARLIER}, read_at=time.monotonic())
    _look(starts, _row(1))
    start = starts.of("u", "vm1", too_old)
    assert start is not None
    assert not start.exactly
    read = SlowFacts(starts={"vm1": _EARLIER, "vm10": datetime.now(UTC)}, read_at=time.monotonic())
    start = starts.of("u", "vm1", read)
    assert start is not None
    assert (start.at, start.exactly) == (_EARLIER, True)
    starts.doubt()
    start = starts.of("u", "vm1", read)
    assert start is not None
    assert not start.exactly


@pytest.fixture
def conn(hosts: Hosts) -> Iterator[Connection]:
    """A connection of libvirt's test driver with the domains vm0, vm1 and vm2."""
    connection = hosts.sessions["kvm-a"].connection
    for number in range(3):
        connection.handle.defineXML(XML.format(name=f"vm{number}"))
    yield connection


def test_xml_is_read_once_and_again_when_it_may_be_another(conn: Connection):
    handle, sheets = conn.handle, Sheets()
    domains = handle.listAllDomains()
    uuids = [domain.UUIDString() for domain in domains]
    assert sheets.of(uuids[0]) == BLANK
    assert sheets.read(conn, uuids, _PATIENCE_SECONDS)
    assert [sheets.of(uuid).memory_bytes for uuid in uuids] == [64 * 1024**2] * 3
    xml = XML.format(name="vm1").replace("65536", "131072")
    changed = handle.lookupByName("vm1").UUIDString()
    handle.defineXML(xml.replace("<name>", f"<uuid>{changed}</uuid><name>"))
    assert sheets.read(conn, uuids, _PATIENCE_SECONDS)
    assert sheets.of(changed).memory_bytes == 64 * 1024**2
    sheets.hear(HostEvent(EventKind.DEFINED, changed, "vm1"))
    # What was read is shown until the new is.
    assert sheets.of(changed).memory_bytes == 64 * 1024**2
    assert sheets.read(conn, uuids, _PATIENCE_SECONDS)
    assert sheets.of(changed).memory_bytes == 128 * 1024**2
    assert sheets.read(conn, uuids[:1], _PATIENCE_SECONDS)
    assert [sheets.of(uuid) == BLANK for uuid in uuids] == [False, True, True]


def test_reading_xml_stops_when_its_time_is_up_and_goes_on_later(conn: Connection):
    sheets = Sheets()
    uuids = [domain.UUIDString() for domain in conn.handle.listAllDomains()]
    assert not sheets.read(conn, uuids, 0.0)
    assert sheets.read(conn, uuids, _PATIENCE_SECONDS)


def test_a_domain_that_is_gone_has_a_blank_sheet_and_hides_no_other(conn: Connection):
    sheets = Sheets()
    uuids = [domain.UUIDString() for domain in conn.handle.listAllDomains()]
    conn.handle.lookupByUUIDString(uuids[0]).undefine()
    assert sheets.read(conn, uuids, _PATIENCE_SECONDS)
    assert [sheets.of(uuid) == BLANK for uuid in uuids] == [True, False, False]
    conn.close()
    sheets.distrust()
    with pytest.raises(HostUnreachableError):
        sheets.read(conn, uuids, _PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("uri", "longest"),
    [
        ("qemu:///system", 4.0),
        ("qemu+unix:///system?socket=/run/x", 4.0),
        ("test:///default", 4.0),
        ("qemu+ssh://root@h/system", 30.0),
        ("qemu+tls://h/system", 30.0),
    ],
)
def test_only_a_remote_host_that_is_long_away_is_asked_seldom(
    uri: str, longest: float, monkeypatch: pytest.MonkeyPatch
):
    pauses = Pauses(uri)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    monkeypatch.setattr(fleet_pauses, "LONG_AWAY_SECONDS", 0.0)
    assert [pauses.next() for _ in range(5)][-1] == longest
    # It can be connected to again, and is not ready yet.
    pauses.returned()
    assert [pauses.next() for _ in range(2)] == [0.5, 1.0]
    monkeypatch.undo()
    pauses.answered()
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]


def test_a_lane_that_fails_goes_on_and_ends_when_told(caplog: pytest.LogCaptureFixture):
    done, calls = threading.Event(), []

    def work() -> float:
        calls.append(None)
        if len(calls) == 1:
            raise ZeroDivisionError("by nothing")
        done.set()
        return 3600.0

    lane = Lane("test", work)
    lane.start()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not done.wait(0.01) and time.monotonic() < deadline:
        lane.wake()
    assert done.is_set()
    assert "ZeroDivisionError" in caplog.text
    lane.stop()
    lane.join(_PATIENCE_SECONDS)
    assert not lane._thread.is_alive()


def test_a_lane_does_not_rest_before_the_first_wake_is_followed():
    calls: queue.Queue[None] = queue.Queue()

    def work() -> None:
        calls.put(None)

    lane = Lane("test", work, rest_seconds=3600.0)
    lane.start()
    calls.get(timeout=_PATIENCE_SECONDS)
    lane.wake()
    calls.get(timeout=_PATIENCE_SECONDS)
    # Now it rests, whoever wakes it.
    lane.wake()
    lane.stop()
    lane.join(_PATIENCE_SECONDS)
    assert not lane._thread.is_alive()
    assert calls.empty()


def test_the_pid_files_of_a_host_are_when_its_domains_were_started(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "qemu"
    (folder / "dbus").mkdir(parents=True)
    (folder / "vm1:img-v1.pid").write_text("4711\n")
    (folder / "vm1:img-v1.xml").write_text("<domstatus/>")
    monkeypatch.setattr(fleet_slow, "_PID_FOLDER", str(folder))
    session = HostSession(replace(hosts.known["kvm-a"], uri="qemu:///system"))
    written = datetime.fromtimestamp((folder / "vm1:img-v1.pid").stat().st_mtime, UTC)
    assert fleet_slow._starts(session, "QEMU") == {"vm1:img-v1": written}
    assert fleet_slow._starts(session, "Xen") == {}
    assert fleet_slow._starts(hosts.sessions["kvm-a"], "QEMU") == {}
