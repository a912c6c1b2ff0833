"""The live fleet over libvirt's test driver: lanes, events, losses and what is read on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, open_world, vmhost
from vcltui.errors import HostUnreachableError, InventoryError
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState, VCLFacts
from vcltui.models.host import VMHost
from vcltui.models.inventory import Computer
from vcltui.provisioning.session import HostSession
from vcltui.runtime import fleet_host, fleet_look
from vcltui.runtime.fleet import Fleet
from vcltui.runtime.fleet_host import LONGEST_PAUSE_SECONDS, HostWatcher
from vcltui.runtime.fleet_models import Flag, HostState, InventoryFacts, LiveDomain, LiveHost
from vcltui.runtime.fleet_rows import domain_views, natural, owner_of

_PATIENCE_SECONDS = 30.0
_XML = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os></domain>"""


class Watched:
    """A fleet, and a wait for what its lanes bring about."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._changed = threading.Event()
        fleet.subscribe(self._changed.set)
        fleet.start()

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                pytest.fail(f"never came: {what}")
            self._changed.clear()

    def state(self, name: str) -> HostState | None:
        host = self.fleet.host(name)
        return host.state if host else None

    def power(self, name: str) -> PowerState | None:
        found = [
            view.domain.power
            for view in self.fleet.domains()
            if view.domain is not None and view.name == name
        ]
        return found[0] if found else None


class Hosts:
    """Hosts of the test driver, each of which may be down or hang."""

    def __init__(self, home: Path, *names: str) -> None:
        self.known = {name: vmhost(home, name) for name in names}
        self.sessions = {name: HostSession(host) for name, host in self.known.items()}
        self.down: set[str] = set()
        self.hanging: dict[str, threading.Event] = {}

    def list(self) -> dict[str, VMHost]:
        return self.known

    def open(self, name: str) -> HostSession:
        if name in self.hanging:
            self.hanging[name].wait()
        if name in self.down:
            raise HostUnreachableError(
                f"The host {name} can't be reached: it is off", "Switch it on"
            )
        return self.sessions[name]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path, "kvm-a", "kvm-b")
    yield made
    for event in made.hanging.values():
        event.set()
    for session in made.sessions.values():
        session.close()


@pytest.fixture
def watch() -> Iterator[Callable[[Fleet], Watched]]:
    made: list[Watched] = []

    def begin(fleet: Fleet) -> Watched:
        made.append(Watched(fleet))
        return made[-1]

    yield begin
    for watched in made:
        watched.fleet.close()


@pytest.fixture
def only_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """No poll comes within the test, so that only an event can bring a change."""
    monkeypatch.setattr(fleet_host, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(fleet_look, "LOOK_SECONDS", 3600.0)


def test_a_host_that_hangs_costs_its_own_lane_only(hosts: Hosts, watch):
    hosts.hanging["kvm-a"] = threading.Event()
    watched = watch(Fleet(hosts.list, hosts.open, lambda: None))
    watched.until(lambda: watched.state("kvm-b") is HostState.UP, "the other host")
    assert watched.state("kvm-a") is HostState.CONNECTING
    assert watched.fleet.hosts()[1].status.cpus == 4
    hosts.hanging["kvm-a"].set()
    watched.until(lambda: watched.state("kvm-a") is HostState.UP, "the one that hung")


def test_closing_does_not_wait_for_a_host_that_hangs(hosts: Hosts, watch):
    hosts.hanging["kvm-a"] = threading.Event()
    watched = watch(Fleet(hosts.list, hosts.open, lambda: None))
    watched.until(lambda: watched.state("kvm-b") is HostState.UP, "the other host")
    watched.fleet.close(patience_seconds=0.0)
    assert watched.state("kvm-a") is HostState.CONNECTING


@pytest.mark.usefixtures("only_events")
def test_what_is_done_outside_shows_by_event(hosts: Hosts, watch):
    watched = watch(Fleet(hosts.list, hosts.open, lambda: None))
    watched.until(lambda: watched.state("kvm-a") is HostState.UP, "the host")
    handle = hosts.sessions["kvm-a"].connection.handle
    domain = handle.defineXML(_XML.format(name="vm1:linux-Base-2-v1"))
    handle.defineXML(_XML.format(name="vm10:linux-Base-2-v10"))
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


def test_a_lost_host_keeps_what_was_seen_with_the_reason_and_comes_back(hosts: Hosts, watch):
    handle = hosts.sessions["kvm-a"].connection.handle
    handle.defineXML(_XML.format(name="vm1:x")).create()
    watched = watch(Fleet(hosts.list, hosts.open, lambda: None))
    watched.until(lambda: watched.power("vm1:x") is PowerState.ON, "the domain")
    hosts.down.add("kvm-a")
    watched.fleet.refresh("kvm-a")
    watched.until(lambda: watched.state("kvm-a") is HostState.UNREACHABLE, "the loss")
    lost = watched.fleet.host("kvm-a")
    assert lost is not None
    assert (lost.reason, lost.hint) == (
        "The host kvm-a can't be reached: it is off",
        "Switch it on",
    )
    assert lost.answered_at is not None
    (view,) = watched.fleet.domains("kvm-a")
    assert view.stale
    assert view.domain is not None
    assert view.domain.power is PowerState.ON
    hosts.down.clear()
    watched.until(lambda: watched.state("kvm-a") is HostState.UP, "its return by itself")
    assert not watched.fleet.domains("kvm-a")[0].stale


def test_the_pauses_between_attempts_grow_and_begin_anew(hosts: Hosts):
    hosts.down.add("kvm-a")
    watcher = HostWatcher(hosts.known["kvm-a"], hosts.open, lambda _name: None)
    assert [watcher._turn() for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert LONGEST_PAUSE_SECONDS == 30.0
    hosts.down.clear()
    assert watcher._turn() == fleet_host.POLL_SECONDS
    hosts.down.add("kvm-a")
    assert watcher._turn() == 1.0
    watcher.stop()


def test_hosts_that_join_and_leave_the_list_are_followed(hosts: Hosts, watch):
    known = {"kvm-a": hosts.known["kvm-a"]}
    watched = watch(Fleet(lambda: dict(known), hosts.open, lambda: None))
    watched.until(lambda: watched.state("kvm-a") is HostState.UP, "the first")
    known["kvm-b"] = hosts.known["kvm-b"]
    watched.fleet.refresh()
    watched.until(lambda: watched.state("kvm-b") is HostState.UP, "the second")
    del known["kvm-a"]
    watched.fleet.refresh()
    watched.until(lambda: watched.fleet.host("kvm-a") is None, "the first to go")
    assert [host.name for host in watched.fleet.hosts()] == ["kvm-b"]


def test_an_inventory_that_fails_is_told_beside_the_hosts(hosts: Hosts, watch):
    def database() -> None:
        raise InventoryError("The database does not answer", "Start it")

    watched = watch(Fleet(hosts.list, hosts.open, database))
    watched.until(lambda: watched.fleet.inventory.problem, "the problem")
    assert watched.fleet.inventory.problem == "The database does not answer. Start it."
    watched.until(lambda: watched.state("kvm-a") is HostState.UP, "the host")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


def test_details_and_images_are_read_for_what_is_looked_at(world: World, watch):
    image = world.add_image("Base System")
    world.computer("vm1", image).load()
    module = world.computer("vm1")
    module.create_snapshot(f"vm1:{image}", "first")
    module.create_snapshot(f"vm1:{image}", "second")
    watched = watch(Fleet.of(world.workspace))
    watched.until(lambda: watched.power(f"vm1:{image}") is PowerState.ON, "the domain")
    watched.until(lambda: watched.state("kvm-b") is HostState.UP, "the other host")
    watched.until(lambda: watched.fleet.inventory.read, "the inventory")
    rows = {view.name: view for view in watched.fleet.domains()}
    assert list(rows) == [f"vm1:{image}", "vm10", "vm2"]
    view = rows[f"vm1:{image}"]
    assert (view.computer.name, view.image, view.flags) == ("vm1", image, ())
    assert rows["vm10"].domain is None

    uuid = view.domain.uuid
    assert watched.fleet.details("kvm-a", uuid) is None
    watched.fleet.watch_domain("kvm-a", uuid)
    watched.fleet.watch_images("kvm-a")
    watched.until(lambda: watched.fleet.details("kvm-a", uuid), "the details")
    details = watched.fleet.details("kvm-a", uuid)
    assert [each.name for each in details.snapshots] == ["first", "second"]
    assert [each.is_current for each in details.snapshots] == [False, True]
    (disk,) = details.disks
    assert [Path(file.path).name for file in disk.files] == ["vm1_2-v1.qcow2", f"{image}.qcow2"]
    watched.until(lambda: watched.fleet.images("kvm-a"), "the images")
    found = watched.fleet.images("kvm-a")
    assert [(one.name, one.location) for one in found.images] == [
        (image, "datastore"),
        (image, "repository"),
    ]
    assert len(found.images[0].used_by) == 1


def test_a_host_without_a_profile_has_no_images_and_says_so(watch):
    bare = VMHost("bare", "test:///default")
    session = HostSession(bare)
    watched = watch(Fleet(lambda: {"bare": bare}, lambda _name: session, lambda: None))
    watched.until(lambda: watched.state("bare") is HostState.UP, "the host")
    watched.fleet.watch_images("bare")
    watched.until(lambda: watched.fleet.images("bare"), "the answer")
    assert "no VM profile" in watched.fleet.images("bare").problem
    (domain,) = domains.list_domains(session.connection)
    watched.fleet.watch_domain("bare", domain.uuid)
    watched.until(lambda: watched.fleet.details("bare", domain.uuid), "details")
    assert watched.fleet.details("bare", domain.uuid).definition.name == "test"


def _computers(*names: str) -> dict[str, Computer]:
    return {
        name: Computer(number, f"{name}.example.org", vmhost="h", current_image="img-v1")
        for number, name in enumerate(names)
    }


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("vm1:img-v1", "vm1"),
        ("vm10:img-v1", "vm10"),
        ("vm1_Pretty_2-v1", "vm1"),
        ("vm1", "vm1"),
        ("vm11:img-v1", None),
        ("a_b:img-v1", "a_b"),
        (":img", None),
        ("", None),
    ],
)
def test_a_domain_belongs_to_exactly_the_computer_it_names(domain: str, owner: str | None):
    found = owner_of(domain, _computers("vm1", "vm10", "a", "a_b"))
    assert (found.name if found else None) == owner


def test_names_are_sorted_as_people_count():
    assert sorted(["vm10", "vm2", "vm1", "10", "a-v10", "a-v9"], key=natural) == [
        "10",
        "a-v9",
        "a-v10",
        "vm1",
        "vm2",
        "vm10",
    ]


_FACTS = VCLFacts("img-v10", 1, 2, 10, 0, "vm1", "mn", load_time=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("domain", "flags"),
    [
        (LiveDomain("h", "u", "vm1:img-v1", PowerState.ON), ()),
        (LiveDomain("h", "u", "vm10:img-v1", PowerState.ON), (Flag.NO_COMPUTER,)),
        (LiveDomain("other", "u", "vm1:img-v1", PowerState.ON), (Flag.OTHER_HOST,)),
        (LiveDomain("h", "u", "vm1:x", PowerState.ON, facts=_FACTS), (Flag.WRONG_IMAGE,)),
        (
            LiveDomain("h", "u", "vm1:x", PowerState.ON, persistent=False),
            (Flag.TRANSIENT,),
        ),
    ],
)
def test_what_is_odd_about_a_domain_is_flagged(domain: LiveDomain, flags: tuple[Flag, ...]):
    host = LiveHost(domain.host, "test:///default", HostState.UP, domains=(domain,))
    known = InventoryFacts(exists=True, read=True, computers=tuple(_computers("vm1").values()))
    (view,) = domain_views([host], known)
    assert view.flags == flags
    unread = replace(known, read=False, computers=())
    (view,) = domain_views([host], unread)
    assert Flag.NO_COMPUTER not in view.flags
