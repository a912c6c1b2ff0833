"""The live fleet on a real libvirtd: what is done outside shows soon, and losses are survived."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vcltui.hypervisor.stats import Survey
from vcltui.models.domain import PowerState
from vcltui.runtime.fleet import host as fleet_host
from vcltui.runtime.fleet import look as fleet_look
from vcltui.runtime.fleet.models import HostState

from .guestimage import GuestImage
from .live_fleet import Outside, Watched
from .servers import LibvirtSystem, PrivateSshd

pytestmark = pytest.mark.system

# The limits that the console promises.
OUTSIDE_SECONDS = 1.0
LOSS_SECONDS = 5.0
RETURN_SECONDS = 5.0

FIRST_SECONDS = 60.0
BOOT_SECONDS = 180.0
STORM = 100


@pytest.fixture
def outside(libvirt_system: LibvirtSystem) -> Iterator[Outside]:
    made = Outside(libvirt_system)
    yield made
    made.remove_all()


@pytest.fixture
def watched(libvirt_system: LibvirtSystem, vm_folder: Path) -> Iterator[Watched]:
    made = Watched(libvirt_system.uri, vm_folder)
    made.until(lambda: made.host.state is HostState.UP, FIRST_SECONDS)
    yield made
    made.close()


@pytest.fixture
def only_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """No poll comes within the test, so that only an event can bring a change."""
    monkeypatch.setattr(fleet_host, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(fleet_look, "LOOK_SECONDS", 3600.0)


@pytest.mark.usefixtures("only_events")
def test_what_is_done_outside_shows_within_a_second(watched: Watched, outside: Outside) -> None:
    name, other = outside.name("a1"), outside.name("a10")
    outside.define("a1", "a10")
    watched.until(lambda: watched.power(name) is PowerState.OFF, OUTSIDE_SECONDS)
    watched.until(lambda: watched.power(other) is PowerState.OFF, OUTSIDE_SECONDS)
    before = datetime.now(UTC)
    for verb, power in (
        ("start", PowerState.ON),
        ("suspend", PowerState.SUSPENDED),
        ("resume", PowerState.ON),
        ("destroy", PowerState.OFF),
    ):
        outside.virsh(verb, "a1")
        watched.until(lambda wanted=power: watched.power(name) is wanted, OUTSIDE_SECONDS, verb)
        if power is PowerState.ON:
            watched.until(lambda: _started_exactly(watched, name), OUTSIDE_SECONDS)
            domain = watched.domain(name)
            assert domain is not None
            assert domain.started_at is not None
            assert before < domain.started_at < datetime.now(UTC)
    domain = watched.domain(name)
    assert domain is not None
    assert domain.started_at is None
    assert watched.power(other) is PowerState.OFF
    outside.virsh("undefine", "a1")
    watched.until(lambda: watched.power(name) is None, OUTSIDE_SECONDS)


def test_a_killed_libvirtd_is_told_and_what_it_runs_comes_back(
    watched: Watched, outside: Outside, libvirt_system: LibvirtSystem
) -> None:
    if not libvirt_system.started_here:
        pytest.skip("libvirtd was running before the tests, so it is not theirs to kill")
    name = outside.name("b1")
    outside.define("b1")
    outside.virsh("start", "b1")
    watched.until(lambda: watched.power(name) is PowerState.ON, OUTSIDE_SECONDS)
    began = watched.domain(name)
    assert began is not None

    killer = threading.Thread(target=libvirt_system.kill_libvirtd)
    killer.start()
    watched.until(lambda: watched.host.state is HostState.UNREACHABLE, LOSS_SECONDS, "loss")
    killer.join()
    assert watched.host.reason
    assert watched.power(name) is PowerState.ON
    assert watched.fleet.domains("here")[0].stale
    # Long enough away for the pauses to have grown to their longest.
    time.sleep(9.0)
    assert watched.host.state is HostState.UNREACHABLE

    libvirt_system.start_libvirtd()
    watched.until(
        lambda: watched.host.state is HostState.UP and watched.power(name) is PowerState.ON,
        RETURN_SECONDS,
        "return",
    )
    # Read from the host, since nothing was heard meanwhile.
    watched.until(lambda: _started_exactly(watched, name), FIRST_SECONDS)
    again = watched.domain(name)
    assert again is not None
    assert again.started_at is not None
    assert began.started_at is not None
    assert abs((again.started_at - began.started_at).total_seconds()) < OUTSIDE_SECONDS

    outside.virsh("destroy", "b1")
    watched.until(lambda: watched.power(name) is PowerState.OFF, OUTSIDE_SECONDS)


def _started_exactly(watched: Watched, name: str) -> bool:
    domain = watched.domain(name)
    return domain is not None and domain.started_exactly


@pytest.mark.usefixtures("only_events")
def test_a_storm_of_events_is_few_looks(
    watched: Watched, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    look = Survey.look

    def counted(survey: Survey, heard_of: set[str] | None) -> object:
        looks.append(time.monotonic())
        return look(survey, heard_of)

    monkeypatch.setattr(Survey, "look", counted)
    words = [f"c{number}" for number in range(STORM)]
    began = time.monotonic()
    outside.define(*words)
    took = time.monotonic() - began
    names = {outside.name(word) for word in words}
    waited = watched.until(
        lambda: names <= {domain.name for domain in watched.host.domains}, OUTSIDE_SECONDS
    )
    print(
        f"{STORM} domains defined in {took:.2f} s, shown {waited:.2f} s later, {len(looks)} looks"
    )
    assert len(looks) <= STORM / 10


def test_the_room_of_the_datastore_and_what_runs_there_is_told(watched: Watched) -> None:
    watched.until(lambda: watched.host.datastore_total_bytes, FIRST_SECONDS)
    host = watched.host
    assert host.datastore_free_bytes is not None
    assert host.datastore_total_bytes is not None
    assert 0 < host.datastore_free_bytes <= host.datastore_total_bytes
    assert host.hypervisor == "QEMU"
    assert len(host.libvirt_version.split(".")) == 3
    assert host.driver == "QEMU"


def test_a_libvirtd_that_hangs_is_told_and_delays_no_other_host(
    watched: Watched, outside: Outside, libvirt_system: LibvirtSystem
) -> None:
    if not libvirt_system.started_here:
        pytest.skip("libvirtd was running before the tests, so it is not theirs to freeze")
    outside.define("d1")
    watched.until(lambda: watched.domain(outside.name("d1")), OUTSIDE_SECONDS)
    with libvirt_system.frozen_libvirtd():
        frozen_at = time.monotonic()
        # An answer is waited for, and for how long is known before the host is told to hang.
        watched.until(
            lambda: (watched.host.asked_at or 0) > frozen_at, 2 * fleet_host.POLL_SECONDS + 1
        )
        watched.until(
            lambda: watched.host.state is HostState.UNREACHABLE,
            2 * fleet_host.PATIENCE_SECONDS,
            "hang",
        )
        assert "has not answered for 10 seconds" in watched.host.reason
        assert watched.domain(outside.name("d1"))
        other = watched.fleet.host("other")
        assert other is not None
        assert other.answered_at is not None
        assert time.monotonic() - other.answered_at < 2 * fleet_host.POLL_SECONDS
    watched.until(lambda: watched.host.state is HostState.UP, RETURN_SECONDS, "end of the hang")


def test_a_remote_host_is_read_over_ssh_lost_and_back(
    outside: Outside, sshd: PrivateSshd, vm_folder: Path
) -> None:
    name = outside.name("f1")
    outside.define("f1")
    outside.virsh("start", "f1")
    watched = Watched(sshd.uri(), vm_folder)
    try:
        watched.until(lambda: watched.power(name) is PowerState.ON, FIRST_SECONDS)
        # By the host's own files, since it was started before anybody listened.
        watched.until(lambda: _started_exactly(watched, name), FIRST_SECONDS)
        watched.until(lambda: watched.host.datastore_total_bytes, FIRST_SECONDS)
        outside.virsh("suspend", "f1")
        watched.until(lambda: watched.power(name) is PowerState.SUSPENDED, OUTSIDE_SECONDS, "ssh")
        stopping = threading.Thread(target=sshd.stop)
        stopping.start()
        watched.until(
            lambda: watched.host.state is HostState.UNREACHABLE, LOSS_SECONDS, "loss over ssh"
        )
        stopping.join()
        assert watched.power(name) is PowerState.SUSPENDED
        outside.virsh("destroy", "f1")
        sshd.start()
        watched.until(
            lambda: watched.power(name) is PowerState.OFF, RETURN_SECONDS, "return over ssh"
        )
    finally:
        watched.close()


def test_an_address_that_was_leased_is_told(
    watched: Watched, outside: Outside, guest_image: GuestImage, vm_folder: Path
) -> None:
    disk = vm_folder / "guest.qcow2"
    shutil.copy(guest_image.qcow2, disk)
    name = outside.name("e1")
    outside.define("e1", memory=512, disk=disk)
    outside.virsh("start", "e1")
    watched.until(lambda: watched.power(name) is PowerState.ON, OUTSIDE_SECONDS)

    def has_address() -> bool:
        domain = watched.domain(name)
        return domain is not None and domain.address is not None

    watched.until(has_address, BOOT_SECONDS, "address")
    (view,) = [view for view in watched.fleet.domains("here") if view.name == name]
    assert view.address is not None
    assert view.address.startswith("192.168.")
    outside.virsh("destroy", "e1")
    watched.until(lambda: not has_address(), OUTSIDE_SECONDS)
