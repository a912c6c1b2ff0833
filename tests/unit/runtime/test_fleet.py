"""The live fleet over libvirt's test driver: lanes, events, losses and hosts that hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.hypervisor.hanging_server import HangingServer
from tests.unit.runtime.fleet_hosts import XML, Hosts, Watched
from vcltui.errors import InventoryError
from vcltui.hypervisor.stats import Survey
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.runtime.fleet import host as fleet_host
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.host import HostWatcher
from vcltui.runtime.fleet.models import HostState

Watch = Callable[[Fleet], Watched]


@pytest.fixture
def hanging(tmp_path: Path, hosts: Hosts) -> Iterator[HangingServer]:
    """A host kvm-hangs, beside the others, whose libvirtd never answers."""
    server = HangingServer(tmp_path / "hang.sock")
    hosts.add(VMHost("kvm-hangs", server.uri))
    yield server
    server.close()


def test_a_libvirtd_that_never_answers_delays_no_other_host(
    hosts: Hosts, watch: Watch, hanging: HangingServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet_host, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(fleet_host, "PATIENCE_SECONDS", 0.5)
    watched = watch(hosts.fleet())
    watched.until(hanging.called.is_set, "the attempt")
    for name in ("kvm-a", "kvm-b"):
        first = watched.until_up(name).answered_at
        assert first is not None
        watched.until(
            lambda name=name, since=first: watched.host(name).answered_at > since + 1.0,
            f"{name} to be asked again and again",
        )
    watched.until(lambda: watched.host("kvm-hangs").reason, "the reason")
    hangs = watched.host("kvm-hangs")
    assert hangs.state is HostState.CONNECTING
    assert hangs.reason == "The host kvm-hangs has not answered for 0.5 seconds"
    assert hangs.asked_at is not None
    assert hangs.asked_at < time.monotonic()
    assert hangs.answered_at is None
    hanging.close()
    watched.until(lambda: watched.state("kvm-hangs") is HostState.UNREACHABLE, "the end of it")
    assert "can't be reached" in watched.host("kvm-hangs").reason


def test_closing_does_not_wait_for_a_libvirtd_that_never_answers(
    hosts: Hosts, watch: Watch, hanging: HangingServer
):
    watched = watch(hosts.fleet())
    watched.until_up("kvm-b")
    watched.until(hanging.called.is_set, "the attempt")
    began = time.monotonic()
    watched.fleet.close(patience_seconds=0.5)
    # Connecting itself would be given up after thirty seconds only.
    assert time.monotonic() - began < 15.0
    assert watched.state("kvm-hangs") is HostState.CONNECTING


def test_a_host_that_was_up_and_hangs_is_unreachable_and_up_with_its_first_answer(
    hosts: Hosts, watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet_host, "PATIENCE_SECONDS", 0.2)
    watched = watch(hosts.fleet())
    watched.until_up("kvm-a")
    hosts.hanging["kvm-a"] = threading.Event()
    watched.fleet.refresh("kvm-a")
    watched.until(lambda: watched.state("kvm-a") is HostState.UNREACHABLE, "the hang")
    assert "has not answered" in watched.host("kvm-a").reason
    hosts.hanging.pop("kvm-a").set()
    assert watched.until_up("kvm-a").reason == ""
    watched.until(lambda: watched.host("kvm-a").asked_at is None, "the end of the turn")


@pytest.mark.usefixtures("only_events")
def test_what_is_done_outside_shows_by_event(hosts: Hosts, watch: Watch):
    watched = watch(hosts.fleet())
    watched.until_up("kvm-a")
    handle = hosts.sessions["kvm-a"].connection.handle
    domain = handle.defineXML(XML.format(name="vm1:linux-Base-2-v1"))
    handle.defineXML(XML.format(name="vm10:linux-Base-2-v10"))
    watched.until(lambda: watched.power("vm10:linux-Base-2-v10") is PowerState.OFF, "defined")
    for act, expected in (
        (domain.create, PowerState.ON),
        (domain.suspend, PowerState.SUSPENDED),
        (domain.resume, PowerState.ON),
        (domain.destroy, PowerState.OFF),
    ):
        act()
        watched.until(
            lambda wanted=expected: watched.power("vm1:linux-Base-2-v1") is wanted, expected.value
        )
    assert watched.power("vm10:linux-Base-2-v10") is PowerState.OFF
    domain.undefine()
    watched.until(lambda: watched.power("vm1:linux-Base-2-v1") is None, "undefined")
    assert [view.name for view in watched.fleet.domains()] == ["vm10:linux-Base-2-v10"]


@pytest.mark.usefixtures("only_events")
def test_a_storm_of_events_is_few_looks(
    hosts: Hosts, watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    watched = watch(hosts.fleet())
    watched.until_up("kvm-a")
    looks: list[object] = []
    look = Survey.look

    def counted(survey: Survey, heard_of: set[str] | None):
        looks.append(survey)
        return look(survey, heard_of)

    monkeypatch.setattr(Survey, "look", counted)
    handle = hosts.sessions["kvm-a"].connection.handle
    began = time.monotonic()
    for number in range(200):
        handle.defineXML(XML.format(name=f"storm{number}"))
    took = time.monotonic() - began
    watched.until(lambda: len(watched.host("kvm-a").domains) == 200, "all of them")
    assert len(looks) <= took / fleet_host.REST_SECONDS + 3


def test_a_lost_host_keeps_what_was_seen_with_the_reason_and_comes_back(hosts: Hosts, watch: Watch):
    handle = hosts.sessions["kvm-a"].connection.handle
    handle.defineXML(XML.format(name="vm1:x")).create()
    watched = watch(hosts.fleet())
    watched.until(lambda: watched.power("vm1:x") is PowerState.ON, "the domain")
    hosts.down.add("kvm-a")
    watched.fleet.refresh("kvm-a")
    watched.until(lambda: watched.state("kvm-a") is HostState.UNREACHABLE, "the loss")
    lost = watched.host("kvm-a")
    assert lost.reason == "The host kvm-a can't be reached: it is off"
    assert lost.hint == "Switch it on"
    assert lost.answered_at is not None
    (view,) = watched.fleet.domains("kvm-a")
    assert view.stale
    assert view.domain is not None
    assert view.domain.power is PowerState.ON
    hosts.down.clear()
    watched.until_up("kvm-a")
    assert not watched.fleet.domains("kvm-a")[0].stale


def test_the_pauses_between_attempts_grow_and_begin_anew(hosts: Hosts):
    hosts.down.add("kvm-a")
    watcher = HostWatcher(hosts.known["kvm-a"], hosts.open, lambda _name: None)
    assert [watcher._turn() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    hosts.down.clear()
    assert watcher._turn() == fleet_host.POLL_SECONDS
    hosts.down.add("kvm-a")
    assert watcher._turn() == 0.5
    watcher.stop()


def test_hosts_that_join_and_leave_the_list_are_followed(hosts: Hosts, watch: Watch):
    known = {"kvm-a": hosts.known["kvm-a"]}
    watched = watch(Fleet(lambda: dict(known), hosts.open, lambda: None))
    watched.until_up("kvm-a")
    known["kvm-b"] = hosts.known["kvm-b"]
    watched.fleet.refresh()
    watched.until_up("kvm-b")
    del known["kvm-a"]
    watched.fleet.refresh()
    watched.until(lambda: watched.fleet.host("kvm-a") is None, "the first to go")
    assert [host.name for host in watched.fleet.hosts()] == ["kvm-b"]


def test_an_inventory_that_fails_is_told_beside_the_hosts(hosts: Hosts, watch: Watch):
    def database() -> None:
        raise InventoryError("The database does not answer", "Start it")

    watched = watch(Fleet(hosts.list, hosts.open, database))
    watched.until(lambda: watched.fleet.inventory.problem, "the problem")
    assert watched.fleet.inventory.problem == "The database does not answer. Start it."
    watched.until_up("kvm-a")


def test_nobody_is_told_after_the_end_of_a_subscription(hosts: Hosts, watch: Watch):
    told: list[None] = []
    fleet = hosts.fleet()
    end = fleet.subscribe(lambda: told.append(None))
    end()
    watch(fleet).until_up("kvm-a")
    assert told == []
