"""What a host's second lane reads: details, images, driver, datastore, addresses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World
from tests.unit.runtime.fleet_hosts import XML, Hosts, Watched
from vcltui.errors import HostUnreachableError
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet import look as fleet_look
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.slow import read_slow

Watch = Callable[[Fleet], Watched]


def test_details_and_images_are_read_for_what_is_looked_at(world: World, watch: Watch):
    image = world.add_image("Base System")
    world.computer("vm1", image).load()
    module = world.computer("vm1")
    module.create_snapshot(f"vm1:{image}", "first")
    module.create_snapshot(f"vm1:{image}", "second")
    watched = watch(Fleet.of(world.workspace))
    watched.until(lambda: watched.power(f"vm1:{image}") is PowerState.ON, "the domain")
    watched.until_up("kvm-b")
    watched.until(lambda: watched.fleet.inventory.read, "the inventory")
    rows = {view.name: view for view in watched.fleet.domains()}
    assert list(rows) == [f"vm1:{image}", "vm10", "vm2"]
    view = rows[f"vm1:{image}"]
    assert view.computer is not None
    assert view.domain is not None
    assert (view.computer.name, view.image, view.flags) == ("vm1", image, ())
    assert view.domain.vcpus > 0
    assert view.domain.memory_bytes > 0
    assert rows["vm10"].domain is None

    uuid = view.domain.uuid
    assert watched.fleet.details("kvm-a", uuid) is None
    watched.fleet.watch_domain("kvm-a", uuid)
    watched.fleet.watch_images("kvm-a")
    watched.until(lambda: watched.fleet.details("kvm-a", uuid), "the details")
    details = watched.fleet.details("kvm-a", uuid)
    assert details is not None
    leased = {address for given in details.addresses.values() for address in given}
    watched.until(lambda: address_of(watched, uuid) in leased, "one of its addresses in its row")
    assert [each.name for each in details.snapshots] == ["first", "second"]
    assert [each.is_current for each in details.snapshots] == [False, True]
    assert details.read_at is not None
    (disk,) = details.disks
    assert [Path(file.path).name for file in disk.files] == ["vm1_2-v1.qcow2", f"{image}.qcow2"]
    watched.until(lambda: watched.fleet.images("kvm-a"), "the images")
    found = watched.fleet.images("kvm-a")
    assert found is not None
    assert [(one.name, one.location) for one in found.images] == [
        (image, "datastore"),
        (image, "repository"),
    ]
    assert len(found.images[0].used_by) == 1


def address_of(watched: Watched, uuid: str) -> str | None:
    views = watched.fleet.domains()
    return next(one.address for one in views if one.domain and one.domain.uuid == uuid)


def test_driver_versions_and_room_are_told_and_their_age(world: World, watch: Watch):
    watched = watch(Fleet.of(world.workspace))
    watched.until(lambda: watched.fleet.host("kvm-a") and watched.host("kvm-a").driver, "driver")
    host = watched.host("kvm-a")
    usage = shutil.disk_usage(world.home)
    assert host.datastore_total_bytes == usage.total
    assert host.datastore_free_bytes is not None
    assert 0 < host.datastore_free_bytes <= usage.total
    assert (host.driver, host.hypervisor) == ("Test", "TEST")
    assert len(host.libvirt_version.split(".")) == 3
    assert host.looked_at is not None


def test_a_datastore_that_is_not_there_has_no_figures(hosts: Hosts, tmp_path: Path):
    host = hosts.known["kvm-a"]
    assert host.profile is not None
    gone = replace(host, profile=replace(host.profile, datastore=str(tmp_path / "not mounted")))
    session = HostSession(gone)
    slow = read_slow(session, ["52:54:00:00:00:01"])
    session.close()
    assert slow.space is None
    assert slow.driver == "Test"
    assert slow.addresses == {}, "of this MAC"
    assert slow.starts == {}


def test_a_host_without_a_profile_has_no_images_and_says_so(hosts: Hosts, watch: Watch):
    hosts.add(VMHost("bare", "test:///default"))
    watched = watch(hosts.fleet())
    watched.until_up("bare")
    watched.fleet.watch_images("bare")
    watched.until(lambda: watched.fleet.images("bare"), "the answer")
    images = watched.fleet.images("bare")
    assert images is not None
    assert "no VM profile" in (images.problem or "")
    (domain,) = domains.list_domains(hosts.sessions["bare"].connection)
    watched.fleet.watch_domain("bare", domain.uuid)
    watched.until(lambda: watched.fleet.details("bare", domain.uuid), "details")
    details = watched.fleet.details("bare", domain.uuid)
    assert details is not None
    assert details.definition is not None
    assert details.definition.name == "test"
    watched.until(lambda: watched.host("bare").looked_at, "the slow facts")
    assert watched.host("bare").datastore_free_bytes is None
    assert watched.host("bare").datastore_total_bytes is None


def test_details_that_can_not_be_read_again_stay_with_the_reason(hosts: Hosts, watch: Watch):
    domain = hosts.sessions["kvm-a"].connection.handle.defineXML(XML.format(name="vm1"))
    uuid = domain.UUIDString()
    watched = watch(hosts.fleet())
    watched.until(lambda: watched.domain("vm1"), "the domain")
    watched.fleet.watch_domain("kvm-a", uuid)
    watched.until(lambda: watched.fleet.details("kvm-a", uuid), "the details")
    domain.undefine()

    def problem() -> str | None:
        details = watched.fleet.details("kvm-a", uuid)
        return details.problem if details else None

    watched.until(problem, "the reason")
    details = watched.fleet.details("kvm-a", uuid)
    assert details is not None
    assert "no domain" in (details.problem or "")
    assert details.definition is not None


def test_nothing_slow_is_read_of_a_host_that_does_not_answer(
    hosts: Hosts, watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    read = fleet_look.read_slow

    def counted(session: HostSession, macs: frozenset[str]):
        asked.append(session.name)
        return read(session, macs)

    monkeypatch.setattr(fleet_look, "read_slow", counted)
    hosts.down.add("kvm-a")
    watched = watch(hosts.fleet())
    watched.until(lambda: "kvm-b" in asked, "the other host")
    watched.until(lambda: watched.host("kvm-a").reason, "the loss")
    assert "kvm-a" not in asked
    hosts.down.clear()
    watched.until(lambda: watched.host("kvm-a").looked_at, "its return")


def test_a_loss_while_reading_slow_facts_is_made_good(
    hosts: Hosts, watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fleet_look, "LOOK_SECONDS", 0.1)
    failed: list[str] = []
    read = fleet_look.read_slow

    def fails_once(session: HostSession, macs: frozenset[str]):
        if session.name not in failed:
            failed.append(session.name)
            raise HostUnreachableError("The connection is lost")
        return read(session, macs)

    monkeypatch.setattr(fleet_look, "read_slow", fails_once)
    watched = watch(hosts.fleet())
    watched.until_up("kvm-a")
    watched.until(lambda: watched.host("kvm-a").driver, "the second attempt")
    assert "kvm-a" in failed
