"""Loading, looking, unloading on the test driver with real disks."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.provisioning.world import StopAt, World, checksum
from vcltui.errors import (
    CancelledError,
    DiskError,
    DomainXMLError,
    LockedError,
    NotFoundError,
    RefusedError,
    VcltuiError,
)
from vcltui.models.domain import PowerState
from vcltui.models.guest import NodeState
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.module import ProvisioningModule

pytestmark = pytest.mark.slow

LOAD_STEPS = [
    "check-networks",
    "copy-on-write",
    "write-xml",
    "define-domain",
    "power-on",
    "wait-for-guest",
    "post-load",
    "update-inventory",
]


def overlay_info(path: Path) -> dict[str, object]:
    out = subprocess.run(
        ["qemu-img", "info", "--output=json", str(path)], check=True, capture_output=True
    )
    return dict(json.loads(out.stdout))


def test_load_makes_an_overlay_defines_starts_and_marks_the_guest(world: World, image: str):
    before = checksum(world.master(image))
    operation = world.computer("vm1", image).load()
    assert [step.name for step in operation.steps] == LOAD_STEPS
    module = world.computer("vm1")
    assert module.context.image.name == image
    assert module.power_status() is PowerState.ON
    assert module.node_status().state is NodeState.READY
    disk = Path(module.get_copy_on_write_file_path())
    info = overlay_info(disk)
    assert info["backing-filename"] == str(world.master(image))
    assert info["backing-filename-format"] == "qcow2"
    assert checksum(world.master(image)) == before
    definition = module.get_domain_xml(module.get_domain_name())
    assert [one.source for one in definition.disks] == [str(disk)]
    assert [nic.source for nic in definition.interfaces] == ["private", "public"]
    assert definition.interfaces[0].mac == module.context.computer.eth0_mac
    assert definition.disks[0].bus == "virtio"
    assert definition.facts is not None
    assert definition.facts.image_name == image
    assert "mn1" in definition.description
    assert Path(module.get_domain_xml_file_path()).exists()


def test_vm1_and_vm10_do_not_touch_each_other(world: World, image: str):
    world.computer("vm1", image).load()
    world.computer("vm10", image).load()
    world.computer("vm1", image).load()
    assert world.domains() == {f"vm1:{image}", f"vm10:{image}"}
    world.computer("vm1").unload()
    assert world.domains() == {f"vm10:{image}"}
    assert world.computer("vm10").node_status().state is NodeState.READY
    assert world.computer("vm1").node_status().state is NodeState.RELOAD
    assert not list((world.home / "vms").glob("vm1_*"))
    assert len(list((world.home / "vms").glob("vm10_*"))) == 1


def test_a_load_replaces_what_was_loaded(world: World, image: str):
    other = world.add_image("Other System")
    world.computer("vm1", image).load()
    world.computer("vm1", other).load()
    assert world.domains() == {f"vm1:{other}"}
    assert world.computer("vm1").node_status().state is NodeState.READY
    assert len(list((world.home / "vms").iterdir())) == 1


def test_an_image_that_is_only_in_the_repository_is_copied_first(world: World, image: str):
    world.master(image).unlink()
    operation = world.computer("vm1", image).load()
    assert [step.name for step in operation.steps][:2] == ["check-networks", "retrieve-master"]
    assert world.master(image).exists()
    assert overlay_info(world.master(image)).get("backing-filename") is None


def test_two_loads_of_one_image_copy_it_once(world: World, image: str):
    world.master(image).unlink()
    errors: list[VcltuiError] = []
    notes: list[str] = []

    class Notes(StopAt):
        def step_finished(self, step, note):
            if step.name == "retrieve-master":
                notes.append(note or "copied")

    def load(name: str) -> None:
        try:
            world.computer(name, image, Notes("", None)).load()
        except VcltuiError as error:
            errors.append(error)

    threads = [threading.Thread(target=load, args=(name,)) for name in ("vm1", "vm2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert world.computer("vm1").node_status().state is NodeState.READY
    assert world.computer("vm2").node_status().state is NodeState.READY
    assert sorted(notes) != ["copied", "copied"]
    assert not list((world.home / "datastore").glob(".*part"))


@pytest.mark.parametrize("name", LOAD_STEPS[1:])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_failure_at_any_step_leaves_nothing(world: World, image: str, name: str, after: bool):
    files, master = world.files(), checksum(world.master(image))

    def fail() -> None:
        raise DiskError(f"broken at {name}")

    with pytest.raises(DiskError, match="broken at"):
        world.computer("vm1", image, StopAt(name, fail, after=after)).load()
    assert world.domains() == set()
    assert world.files() == files
    assert checksum(world.master(image)) == master
    assert world.workspace.journal.entries()[0].outcome == "failed"
    world.computer("vm1", image).load()
    assert world.computer("vm1").node_status().state is NodeState.READY


def test_a_cancel_leaves_nothing(world: World, image: str):
    files = world.files()
    module = world.computer("vm1", image, StopAt("power-on", world.cancel.cancel))
    with pytest.raises(CancelledError):
        module.load()
    assert (world.domains(), world.files()) == (set(), files)
    assert world.workspace.journal.entries()[0].outcome == "cancelled"


def test_a_plan_changes_nothing_and_prints_the_exact_commands(world: World, image: str):
    files = world.files()
    operation = plan_load(world.computer("vm1", image).context)
    text = "\n".join(call for step in operation.steps for call in step.calls)
    disk = world.computer("vm1", image).get_copy_on_write_file_path()
    assert "qemu-img create" in text
    assert f"-b {world.master(image)}" in text
    assert "-F qcow2" in text
    assert Path(disk).name in text
    assert (world.domains(), world.files()) == (set(), files)


def test_a_second_operation_on_the_computer_is_refused(world: World, image: str):
    errors: list[VcltuiError] = []

    def second() -> None:
        try:
            world.computer("vm1", image).load()
        except VcltuiError as error:
            errors.append(error)

    def try_it() -> None:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    world.computer("vm1", image, StopAt("power-on", try_it)).load()
    assert [type(error) for error in errors] == [LockedError]
    assert world.computer("vm1").node_status().state is NodeState.READY


def test_a_left_over_disk_is_kept_under_another_name(world: World, image: str):
    disk = Path(world.computer("vm1", image).get_copy_on_write_file_path())
    disk.write_bytes(b"somebody's data")
    world.computer("vm1", image).load()
    kept = [path for path in disk.parent.iterdir() if ".partial-" in path.name]
    assert [path.read_bytes() for path in kept] == [b"somebody's data"]


def test_a_master_that_is_cut_off_is_not_loaded(world: World, image: str):
    other = world.add_image("Other System")
    world.computer("vm1", other).load()
    with world.master(image).open("r+b") as file:
        file.truncate(200_000)
    files = world.files()
    with pytest.raises(DiskError, match=f"{image}.qcow2 is c"):
        world.computer("vm1", image).load()
    assert world.files() == files
    assert world.computer("vm1").node_status().state is NodeState.READY


@pytest.mark.parametrize(
    "xml",
    [
        "<domain><name>",
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><domain>&a;</domain>',
    ],
)
def test_a_bad_reference_xml_is_named(world: World, image: str, xml: str):
    path = world.home / "datastore" / f"{image}.xml"
    path.write_text(xml)
    with pytest.raises(DomainXMLError, match=str(path)):
        world.computer("vm1", image).load()
    assert world.domains() == set()


def test_an_image_that_is_nowhere(world: World, image: str):
    world.master(image).unlink()
    for path in (world.home / "repository" / image).iterdir():
        path.unlink()
    with pytest.raises(NotFoundError, match="neither in the datastore nor in a repository"):
        world.computer("vm1", image).load()


def test_missing_networks_are_named_before_anything_is_deleted(world: World, image: str):
    world.computer("vm1", image).load()
    module = world.computer("vm1", image)
    session = module.context.session
    profile = replace(session.profile, virtualswitch0="lost", virtualswitch1="gone")
    session.vmhost = replace(session.vmhost, profile=profile)
    with pytest.raises(NotFoundError, match=r"gone, lost.*private, public"):
        ProvisioningModule(module.context).load()
    assert world.domains() == {f"vm1:{image}"}


def test_revisions_1_and_10_are_told_apart(world: World, image: str):
    names = [image]
    for _ in range(9):
        names.append(world.add_image("Base System", revision_of=names[-1]))
    assert names[-1].endswith("-v10")
    world.computer("vm1", names[0]).load()
    assert overlay_info(Path(world.computer("vm1").get_copy_on_write_file_path()))[
        "backing-filename"
    ] == str(world.master(names[0]))
    assert world.computer("vm1").does_image_exist(names[0]) == (
        str(world.master(names[0])),
        str(world.home / "repository" / names[0] / f"{names[0]}.qcow2"),
    )


def test_unload_refuses_while_something_stands_on_the_disk(world: World, image: str):
    world.computer("vm1", image).load()
    disk = world.computer("vm1").get_copy_on_write_file_path()
    child = world.home / "vms" / "other.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", str(child)],
        check=True,
    )
    with pytest.raises(RefusedError, match=r"also used by .*other\.qcow2"):
        world.computer("vm1").unload()
    assert Path(disk).exists()
    assert world.domains() == {f"vm1:{image}"}
    assert world.computer("vm1").power_status() is PowerState.ON


def test_a_tainted_or_foreign_guest_needs_a_reload(world: World, image: str):
    world.computer("vm1", image).load()
    guest = world.guest("vm1")
    guest.set_tag("vcld_tainted", "2026")
    assert "used since" in world.computer("vm1").node_status().reason
    current = guest.read_current_image()
    assert current is not None
    guest.write_current_image(replace(current, tags={}))
    assert world.computer("vm1").node_status().state is NodeState.POST_LOAD
    guest.write_current_image(replace(current, facts={"imagerevision_id": "999"}))
    assert world.computer("vm1").node_status().state is NodeState.RELOAD
    world.computer("vm1").power_off()
    assert "is off" in world.computer("vm1").node_status().reason
