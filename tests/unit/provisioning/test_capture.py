"""Capturing on the test driver with real disks."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import StopAt, World, checksum, make_disk
from vcltui.errors import ConflictError, DiskError, NotFoundError, RefusedError, UsageError
from vcltui.hypervisor import domains
from vcltui.models.domain import PowerState
from vcltui.models.guest import NodeState
from vcltui.nodes.local import LocalNode
from vcltui.operations.runner import Observer
from vcltui.operations.undo import DiscardRevision, UndoAction
from vcltui.provisioning.capture import plan_capture
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.vcldb import computers, images

pytestmark = pytest.mark.slow

CAPTURE_STEPS = [
    "reserve-image",
    "pre-capture",
    "save-xml",
    "shutdown",
    "copy-to-master",
    "save-repository-xml",
    "copy-to-repository",
    "finish-image",
]


@pytest.fixture
def loaded(world: World, image: str) -> str:
    world.computer("vm1", image).load()
    world.guest("vm1").write_file("notes.txt", "kept in the image")
    return image


def info(path) -> dict[str, object]:
    out = subprocess.run(
        ["qemu-img", "info", "--output=json", str(path)], check=True, capture_output=True
    )
    return dict(json.loads(out.stdout))


def test_a_capture_can_be_loaded_elsewhere(world: World, loaded: str):
    before = checksum(world.master(loaded))
    operation = world.computer("vm1").capture("Base with Notes")
    assert [step.name for step in operation.steps] == CAPTURE_STEPS
    name = operation.details["image"]
    assert name.startswith("linux-BasewithNotes-")
    assert name.endswith("-v1")
    assert world.computer("vm1").power_status() is PowerState.OFF
    master = info(world.master(name))
    assert master.get("backing-filename") is None
    copy = world.home / "repository" / name / f"{name}.qcow2"
    assert info(copy)["format-specific"]["data"]["compat"] == "0.10"
    assert (world.home / "datastore" / f"{name}.xml").read_text() == (
        copy.with_suffix(".xml").read_text()
    )
    assert checksum(world.master(loaded)) == before
    world.computer("vm2", name).load()
    assert world.guest("vm2").read_file("notes.txt") == "kept in the image"
    assert world.computer("vm2").node_status().state is NodeState.READY
    assert world.computer("vm2").get_domain_xml(f"vm2:{name}").disks[0].bus == "virtio"


@pytest.mark.parametrize("step", CAPTURE_STEPS)
def test_a_failure_before_any_step_puts_everything_back(world: World, loaded: str, step: str):
    files = world.files()
    known = {one.name for one in images.list_revisions(world.workspace.inventory(), deleted=True)}

    def fail() -> None:
        raise DiskError(f"broken at {step}")

    with pytest.raises(DiskError, match="broken at"):
        world.computer("vm1", None, StopAt(step, fail)).capture("Base with Notes")
    assert world.files() == files
    assert not list((world.home / "repository").glob("*Notes*"))
    found = images.list_revisions(world.workspace.inventory(), deleted=True)
    assert {one.name for one in found} == known
    assert world.computer("vm1").power_status() is PowerState.ON
    assert world.guest("vm1").read_file("notes.txt") == "kept in the image"
    world.computer("vm1").capture("Base with Notes")


def test_a_failure_after_the_end_keeps_the_image(world: World, loaded: str):
    def fail() -> None:
        raise DiskError("too late")

    with pytest.raises(DiskError, match="too late"):
        world.computer("vm1", None, StopAt("finish-image", fail, after=True)).capture("Notes")
    name = images.get_revision(world.workspace.inventory(), "Notes").name
    assert world.master(name).exists()
    world.computer("vm2", name).load()


def test_a_row_that_can_not_be_noted_in_the_journal_is_not_entered(world: World, loaded: str):
    """The disk of the journal is full just then."""

    class Full(Observer):
        def undo_recorded(self, action: UndoAction) -> None:
            if isinstance(action, DiscardRevision):
                raise OSError(28, "No space left on device")

    known = images.list_revisions(world.workspace.inventory(), deleted=True)
    with pytest.raises(OSError, match="No space"):
        world.computer("vm1", None, Full()).capture("Notes")
    assert images.list_revisions(world.workspace.inventory(), deleted=True) == known
    world.computer("vm1").capture("Notes")


def test_a_capture_needs_the_guest_on(world: World, loaded: str):
    world.computer("vm1").power_off()
    with pytest.raises(RefusedError, match="is off"):
        world.computer("vm1").capture("Notes")


def test_a_capture_needs_a_domain(world: World, loaded: str):
    with pytest.raises(NotFoundError, match="vm10 has no domain"):
        world.computer("vm10").capture("Notes")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 81, "///", "\x1b[0m"])
def test_bad_names_are_refused(world: World, loaded: str, name: str):
    files = world.files()
    with pytest.raises(UsageError):
        world.computer("vm1").capture(name)
    assert world.files() == files


@pytest.mark.parametrize(
    "name", ["a'; DROP TABLE image; --", "$(touch /tmp/x)", "../../etc", "-rf"]
)
def test_names_are_data(world: World, loaded: str, name: str):
    operation = world.computer("vm1").capture(name)
    captured = operation.details["image"]
    assert world.master(captured).parent == world.home / "datastore"
    assert world.master(captured).exists()


def test_files_of_the_new_name_stop_it(world: World, loaded: str):
    context = world.computer("vm1").context
    name = plan_capture(context, "Notes").details["image"]
    world.master(name).write_bytes(b"somebody's")
    with pytest.raises(ConflictError, match="already on host"):
        world.computer("vm1").capture("Notes")
    assert world.master(name).read_bytes() == b"somebody's"


def test_a_file_that_appears_meanwhile_is_not_touched(world: World, loaded: str):
    name = plan_capture(world.computer("vm1").context, "Notes").details["image"]

    def intrude() -> None:
        world.master(name).write_bytes(b"somebody's")

    with pytest.raises(ConflictError):
        world.computer("vm1", None, StopAt("copy-to-master", intrude)).capture("Notes")
    assert world.master(name).read_bytes() == b"somebody's"
    assert world.computer("vm1").power_status() is PowerState.ON


def test_a_used_image_is_not_deleted(world: World, loaded: str):
    context = world.host("kvm-b").context
    with pytest.raises(RefusedError, match=r"stand on it: .*vm1_"):
        execute(context, "image-x", partial(plan_delete_image, image_name=loaded))
    assert world.master(loaded).exists()
    world.computer("vm1").unload()
    execute(context, "image-x", partial(plan_delete_image, image_name=loaded))
    assert not world.master(loaded).exists()
    assert (world.home / "repository" / loaded / f"{loaded}.qcow2").exists()


def test_an_image_is_not_deleted_while_a_host_can_not_be_asked(world: World, image: str):
    (world.home / "kvm-b.xml").unlink()
    with pytest.raises(RefusedError, match=r"host kvm-b may use it and can't be asked"):
        execute(
            world.host("kvm-a").context, "image-x", partial(plan_delete_image, image_name=image)
        )
    assert world.master(image).exists()


def test_the_domain_of_another_name_is_found_by_its_mac(world: World, loaded: str):
    module = world.computer("vm1")
    connection = module.context.session.connection
    from vcltui.domxml.edit import with_name

    domain = domains.get_domain(connection, f"vm1:{loaded}")
    xml = domains.domain_xml(connection, domain.uuid)
    domains.destroy(connection, domain.uuid)
    domains.undefine(connection, domain.uuid)
    defined = domains.define(connection, with_name(xml, "made-by-hand"))
    domains.start(connection, defined.uuid)
    assert module.get_active_domain_name() == "made-by-hand"
    assert module.capture("By Hand").details["domain"] == "made-by-hand"


def redefine(world: World, loaded: str, old: str, new: str, *, restart: bool = False) -> None:
    """Change vm1's definition; with `restart` it runs on what it says from then on."""
    connection = world.host().context.session.connection
    domain = domains.get_domain(connection, f"vm1:{loaded}")
    xml = domains.editable_xml(connection, domain.uuid)
    assert old in xml
    if restart and domain.power.is_active:
        domains.destroy(connection, domain.uuid)
    domains.define(connection, xml.replace(old, new), validate=False)
    if restart and domain.power.is_active:
        domains.start(connection, domain.uuid)


def own_disk(world: World) -> Path:
    return next((world.home / "vms").glob("vm1_*.qcow2"))


@pytest.mark.parametrize("change", ["source", "format", "target", "one more"])
def test_a_domain_that_would_start_on_other_disks_is_refused(
    world: World, loaded: str, change: str
):
    disk = own_disk(world)
    other = world.home / "vms" / "vm1_other.qcow2"
    make_disk(other)
    more = f"<disk type='file'><source file='{other}'/><target dev='vdb'/></disk>"
    old, new = {
        "source": (str(disk), str(other)),
        "format": ("type='qcow2'", "type='raw'"),
        "target": ("dev='vda'", "dev='vdc'"),
        "one more": ("</devices>", f"{more}</devices>"),
    }[change]
    redefine(world, loaded, old, new)
    files = world.files()
    with pytest.raises(RefusedError, match=r"runs on .*vm1_.* at its next start.*[Ss]hut it down"):
        plan_capture(world.computer("vm1").context, "Notes")
    assert world.files() == files
    connection = world.host().context.session.connection
    before = domains.domain_xml(connection, domains.get_domain(connection, f"vm1:{loaded}").uuid)
    domains.define(connection, before, validate=False)
    plan_capture(world.computer("vm1").context, "Notes")


def test_a_medium_that_will_be_another_does_not_matter(world: World, loaded: str):
    medium = "<disk device='cdrom'><target dev='sda'/></disk></devices>"
    redefine(world, loaded, "</devices>", medium)
    world.computer("vm1").capture("Notes")


@pytest.mark.parametrize("step", ["save-xml", "shutdown", "copy-to-master"])
def test_a_snapshot_while_the_guest_is_prepared_is_noticed(world: World, loaded: str, step: str):
    """What the guest writes from then on goes to another file than the one that was planned."""
    disk, top = own_disk(world), world.home / "vms" / "vm1_top.qcow2"
    top.write_bytes(disk.read_bytes())
    before = world.files()

    def snapshot() -> None:
        redefine(world, loaded, str(disk), str(top), restart=True)

    with pytest.raises(RefusedError, match="has other disks than when its capture was planned"):
        world.computer("vm1", None, StopAt(step, snapshot)).capture("Notes")
    assert world.files() == before
    assert world.computer("vm1").power_status() is PowerState.ON
    with pytest.raises(NotFoundError):
        images.get_revision(world.workspace.inventory(), "Notes")


def test_a_guest_that_is_on_again_is_not_copied(world: World, loaded: str):
    connection = world.host().context.session.connection
    domain = domains.get_domain(connection, f"vm1:{loaded}")

    def start() -> None:
        domains.start(connection, domain.uuid)

    with pytest.raises(RefusedError, match="was started again"):
        world.computer("vm1", None, StopAt("copy-to-master", start)).capture("Notes")


def converted(disk: Path, name: str, file_format: str = "qcow2") -> Path:
    """The same disk under another name, with what the simulated guest keeps beside it."""
    other = disk.with_name(name)
    argv = ["qemu-img", "convert", "-f", "qcow2", "-O", file_format, str(disk), str(other)]
    subprocess.run(argv, check=True)
    return other


def holds(image: Path, pattern: int, where: str) -> bool:
    argv = ["qemu-io", "-r", "-f", "qcow2", "-c", f"read -P {pattern} {where}", str(image)]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("name", ["vm1_disk.img", "vm1_disk.qcow2", "vm1_disk.raw"])
def test_a_raw_disk_is_copied_as_it_is_whatever_its_guest_wrote(
    world: World, loaded: str, name: str
):
    """Its first bytes are those of a qcow2 overlay on another image."""
    secret = world.add_image("Secret")
    argv = ["qemu-io", "-f", "qcow2", "-c", "write -q -P 0x53 16M 1M", str(world.master(secret))]
    subprocess.run(argv, check=True, capture_output=True)
    disk = own_disk(world)
    raw, fake = converted(disk, name, "raw"), world.home / "fake"
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"]
    subprocess.run([*argv, str(world.master(secret)), str(fake)], check=True)
    with raw.open("r+b") as file:
        file.seek(0)
        file.write(fake.read_bytes())
    redefine(world, loaded, str(disk), str(raw), restart=True)
    redefine(world, loaded, "type='qcow2'", "type='raw'", restart=True)
    operation = world.computer("vm1").capture("Notes")
    (copy,) = (step for step in operation.steps if step.name == "copy-to-master")
    assert "convert -f raw " in copy.calls[0]
    master = world.master(operation.details["image"])
    assert not holds(master, 0x53, "16M 1M")
    assert holds(master, 7, "4M 2M")
    assert info(master)["virtual-size"] == raw.stat().st_size


def test_a_qcow2_disk_that_is_named_raw_is_copied_as_its_guest_sees_it(world: World, loaded: str):
    disk = own_disk(world)
    other = converted(disk, "vm1_disk.raw")
    redefine(world, loaded, str(disk), str(other), restart=True)
    master = world.master(world.computer("vm1").capture("Notes").details["image"])
    assert info(master)["virtual-size"] == 64 << 20
    assert holds(master, 7, "4M 2M")


def test_a_disk_whose_format_is_not_named_is_refused(world: World, loaded: str):
    redefine(world, loaded, " type='qcow2'", "", restart=True)
    with pytest.raises(RefusedError, match="begins as a qcow2 disk, but its domain's XML names no"):
        plan_capture(world.computer("vm1").context, "Notes")


class Small(LocalNode):
    """A node with some MiB free."""

    free_mib = 0

    def free_bytes(self, path: str) -> int:
        return self.free_mib << 20


@pytest.mark.parametrize(("free_mib", "words"), [(1, "needs|together need"), (3, "together need")])
def test_too_little_room_is_told_before(world: World, loaded: str, free_mib: int, words: str):
    """The disk holds 2 MiB, and is copied to datastore and repository on one file system."""
    files = world.files()
    node = Small("kvm-a")
    node.free_mib = free_mib
    world.workspace.session("kvm-a")._node = node
    with pytest.raises(RefusedError, match=rf"({words}) .* but only {free_mib}\.0 MiB are free"):
        plan_capture(world.computer("vm1").context, "Notes")
    assert world.files() == files
    node.free_mib = 1024
    plan_capture(world.computer("vm1").context, "Notes")


def test_a_taken_name_is_told_before(world: World, loaded: str):
    with pytest.raises(ConflictError, match="is taken by the image"):
        plan_capture(world.computer("vm1").context, "Base System")
    assert world.computer("vm1").power_status() is PowerState.ON


def test_what_the_inventory_does_not_know_to_be_loaded_is_not_captured(world: World, loaded: str):
    database = world.workspace.inventory()
    computers.set_current_image(database, computers.get_computer(database, "vm1").id, None)
    with pytest.raises(RefusedError, match="knows of no image on vm1"):
        plan_capture(world.computer("vm1").context, "Notes")


def test_a_missing_repository_is_told_before(world: World, loaded: str):
    (world.home / "repository").rename(world.home / "unmounted")
    with pytest.raises(NotFoundError, match="repository"):
        plan_capture(world.computer("vm1").context, "Notes")
    assert not (world.home / "repository").exists()


def test_the_plan_names_every_file_that_will_be_written(world: World, loaded: str):
    before = world.files()
    context = world.computer("vm1").context
    operation = plan_capture(context, "Notes")
    assert world.files() == before
    calls = "\n".join(call for step in operation.steps for call in step.calls)
    world.computer("vm1").capture("Notes")
    written = world.files() - before
    assert len(written) == 4
    for path in written:
        assert str(world.home / path) in calls, path
