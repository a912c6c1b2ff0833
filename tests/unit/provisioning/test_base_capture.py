"""Capturing a base image with this core: a guest made by hand, on real disks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.unit.provisioning.world import StopAt, World, checksum, make_disk
from tests.unit.vcldb.base_inventory import Inventory, fill
from vcltui.errors import (
    CancelledError,
    ConflictError,
    DiskError,
    GuestError,
    NotFoundError,
    RefusedError,
)
from vcltui.guests.simulated import SimulatedGuest
from vcltui.hypervisor import domains
from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay
from vcltui.models.domain import PowerState
from vcltui.models.locks import owner_lock
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.operations.undo import RenameBack, UndoAction
from vcltui.provisioning.basecapture.capture import plan_base_capture
from vcltui.provisioning.basecapture.checks import check_base_capture
from vcltui.provisioning.basecapture.restart import plan_base_discard, plan_base_restart
from vcltui.provisioning.execute import execute
from vcltui.provisioning.undo import Undoer
from vcltui.runtime.recovery import recover
from vcltui.vcldb import computers, images, tables
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.basecapture.outcome import read_capture
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import state_id

pytestmark = pytest.mark.slow

STEPS = [
    "enter-rows",
    "pre-capture",
    "save-xml",
    "shutdown",
    "copy-to-master",
    "save-repository-xml",
    "copy-to-repository",
    "finish-image",
    "delete-domain",
    "complete-request",
]
UNTIL_LIVE = STEPS[: STEPS.index("finish-image") + 1]
REQUEST = BaseCaptureRequest(
    owner="admin",
    computer="vm1",
    os_name="linux",
    architecture="x86_64",
    prettyname="By Hand 9",
)

DOMAIN = """<domain type='test'><name>made by hand</name>
  <memory>524288</memory><vcpu>1</vcpu><os><type>hvm</type></os>
  <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
  <source file='{disk}'/><target dev='vda'/></disk>
  <interface type='network'><mac address='{mac}'/><source network='private'/></interface>
  </devices></domain>"""


@pytest.fixture
def guest(world: World) -> SimulatedGuest:
    """A domain of a name of its own with vm1's address, which no image stands for."""
    disk = world.home / "vms" / "installed.qcow2"
    make_disk(disk)
    module = world.computer("vm1")
    mac = module.context.computer.eth0_mac
    connection = module.context.session.connection
    domain = domains.define(connection, DOMAIN.format(disk=disk, mac=mac))
    domains.start(connection, domain.uuid)
    from vcltui.provisioning.active import active_domain
    from vcltui.provisioning.guests import guest_of

    found = guest_of(module.context, active_domain(module.context))
    assert isinstance(found, SimulatedGuest)
    found.write_file("notes.txt", "kept in the image")
    return found


def run(world: World, planner: Any, *, observer: Any = None) -> Operation:
    module = world.computer("vm1", None, observer)
    return execute(module.context, owner_lock("vm1"), planner)


def capture(world: World, request: BaseCaptureRequest = REQUEST, observer: Any = None) -> Operation:
    return run(world, partial(plan_base_capture, request=request), observer=observer)


def power(world: World) -> PowerState:
    found = domains.list_domains(world.host().context.session.connection)
    return next(one.power for one in found if one.name == "made by hand")


def the_request(world: World) -> Any:
    """The only capture there is."""
    with world.workspace.inventory().read() as connection:
        id_ = connection.scalar(select(tables.request.c.id).order_by(tables.request.c.id.desc()))
    return read_capture(world.workspace.inventory(), id_)


def broken(world: World, step: str, *, after: bool = False) -> Operation | None:
    def fail() -> None:
        raise DiskError(f"broken at {step}")

    with pytest.raises(DiskError, match="broken at"):
        capture(world, observer=StopAt(step, fail, after=after))
    return None


def test_a_base_image_can_be_loaded(world: World, guest: SimulatedGuest) -> None:
    operation = capture(world)
    assert [step.name for step in operation.steps] == STEPS
    name = operation.details["image"]
    row = images.get_revision(world.workspace.inventory(), "By Hand 9")
    assert name == row.name == f"linux-ByHand9-{row.image_id}-v0"
    assert (row.revision, row.deleted, row.production, row.owner) == (0, False, True, "admin")
    assert (row.image_type, row.architecture, row.size_mib) == ("qcow2", "x86_64", 2)
    info = json.loads(
        subprocess.run(
            ["qemu-img", "info", "--output=json", str(world.master(name))],
            check=True,
            capture_output=True,
        ).stdout
    )
    assert info.get("backing-filename") is None
    assert (world.home / "repository" / name / f"{name}.qcow2").exists()
    assert "made by hand" not in world.domains()
    assert (world.home / "vms" / "installed.qcow2").exists()
    state = the_request(world)
    assert (state.state, state.laststate) == ("complete", "image")
    computer = computers.get_computer(world.workspace.inventory(), "vm1")
    assert (computer.state, computer.current_image) == ("available", None)
    world.computer("vm2", name).load()
    assert world.guest("vm2").read_file("notes.txt") == "kept in the image"


def test_a_dry_run_tells_every_row_and_changes_nothing(world: World, guest: SimulatedGuest) -> None:
    files = world.files()
    operation = plan_base_capture(world.computer("vm1").context, REQUEST)
    calls = "\n".join(call for step in operation.steps for call in step.calls)
    for table in ("imagemeta", "image", "imagerevision", "resource", "request", "reservation"):
        assert f"inventory: insert {table}: " in calls
    assert "prettyname = By Hand 9" in calls
    assert "qemu-img convert" in calls
    assert "virDomainUndefine" in calls
    assert world.files() == files
    assert images.list_revisions(world.workspace.inventory(), deleted=True) == []


@pytest.mark.parametrize("step", UNTIL_LIVE)
def test_a_failure_until_the_image_is_live(world: World, guest: SimulatedGuest, step: str) -> None:
    files, disk = world.files(), world.home / "vms" / "installed.qcow2"
    broken(world, step)
    assert world.files() == files
    assert disk.exists()
    assert not list((world.home / "repository").glob("[!.]*"))
    assert power(world) is PowerState.ON
    assert guest.read_file("notes.txt") == "kept in the image"
    computer = computers.get_computer(world.workspace.inventory(), "vm1")
    if step == "enter-rows":
        assert computer.state == "available"
        assert images.list_revisions(world.workspace.inventory(), deleted=True) == []
        capture(world)
        return
    state = the_request(world)
    assert (state.state, state.laststate, state.is_live) == ("maintenance", "image", False)
    assert computer.state == "maintenance"
    assert "@vcltui: the capture of linux-ByHand9-" in computer.notes
    with pytest.raises(RefusedError, match="in the state maintenance"):
        capture(world)
    restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
    operation = run(world, restart)
    assert operation.details["image"].endswith(f"-{state.image_id}-v0")
    assert images.get_revision(world.workspace.inventory(), "By Hand 9").deleted is False
    computer = computers.get_computer(world.workspace.inventory(), "vm1")
    assert (computer.state, computer.notes) == ("available", "")
    world.computer("vm2", operation.details["image"]).load()


@pytest.mark.parametrize(
    ("step", "after"), [("finish-image", True), ("delete-domain", False), ("delete-domain", True)]
)
def test_a_failure_after_the_image_is_live_keeps_it(
    world: World, guest: SimulatedGuest, step: str, after: bool
) -> None:
    broken(world, step, after=after)
    row = images.get_revision(world.workspace.inventory(), "By Hand 9")
    assert world.master(row.name).exists()
    state = the_request(world)
    assert (state.state, state.laststate, state.is_live) == ("complete", "image", True)
    computer = computers.get_computer(world.workspace.inventory(), "vm1")
    assert computer.state == "maintenance"
    assert "did not end well" in computer.notes
    world.computer("vm2", row.name).load()


def own_domain(world: World) -> Path:
    """The guest as a domain named vm1, with whose deletion its disk would go; the disk's path."""
    own = world.home / "vms" / "vm1_base.qcow2"
    connection = world.computer("vm1").context.session.connection
    domain = domains.get_domain(connection, "made by hand")
    domains.destroy(connection, domain.uuid)
    domains.undefine(connection, domain.uuid)
    (world.home / "vms" / "installed.qcow2").rename(own)
    mac = world.computer("vm1").context.computer.eth0_mac
    xml = DOMAIN.format(disk=own, mac=mac).replace("made by hand", "vm1")
    domains.start(connection, domains.define(connection, xml).uuid)
    return own


def test_a_domain_that_can_not_be_deleted_does_not_lose_the_image(
    world: World, guest: SimulatedGuest
) -> None:
    own = own_domain(world)
    overlay = world.home / "vms" / "other.qcow2"

    def stand_on_it() -> None:
        subprocess.run(
            "qemu-img create -q -f qcow2 -F qcow2 -b".split() + [str(own), str(overlay)],  # noqa: RUF005
            check=True,
        )

    with pytest.raises(RefusedError, match="is also used by"):
        capture(world, observer=StopAt("delete-domain", stand_on_it))
    assert own.exists()
    assert the_request(world).state == "complete"
    assert images.get_revision(world.workspace.inventory(), "By Hand 9")


def other_disk(world: World, *, name: str = "vm1") -> Path:
    """A domain's definition gets another disk of the computer's."""
    other = world.home / "vms" / "vm1_other.qcow2"
    make_disk(other)
    connection = world.host().context.session.connection
    domain = domains.get_domain(connection, name)
    disk = world.home / "vms" / ("installed.qcow2" if name != "vm1" else "vm1_base.qcow2")
    xml = domains.editable_xml(connection, domain.uuid)
    domains.define(connection, xml.replace(str(disk), str(other)))
    return other


def test_a_domain_that_would_start_on_another_disk(world: World, guest: SimulatedGuest) -> None:
    state, _ = leave(world)
    other = other_disk(world, name="made by hand")
    restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
    with pytest.raises(RefusedError, match="runs on .*installed.* at its next start"):
        run(world, restart)
    run(world, partial(plan_base_discard, request_id=state.request_id))
    with pytest.raises(RefusedError, match="runs on .*installed.* at its next start"):
        capture(world)
    lines = check_base_capture(world.computer("vm1").context, REQUEST)
    assert any(line.stops and "at its next start" in line.text for line in lines)
    assert other.exists()


def test_only_what_was_captured_is_deleted(world: World, guest: SimulatedGuest) -> None:
    """The domain goes with its disks, unless it has others by then."""
    own = own_domain(world)
    with pytest.raises(RefusedError, match="has other disks than when its capture was planned"):
        capture(world, observer=StopAt("delete-domain", partial(other_disk, world)))
    assert own.exists()
    assert (world.home / "vms" / "vm1_other.qcow2").exists()
    assert "vm1" in world.domains()
    assert the_request(world).state == "complete"
    assert images.get_revision(world.workspace.inventory(), "By Hand 9")


def test_a_cancelled_capture(world: World, guest: SimulatedGuest) -> None:
    files = world.files()
    with pytest.raises(CancelledError):
        capture(world, observer=StopAt("copy-to-master", world.cancel.cancel))
    assert world.files() == files
    assert power(world) is PowerState.ON
    assert the_request(world).state == "maintenance"


def test_a_killed_capture_is_cleaned_up_later(
    world: World, guest: SimulatedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal tells what the killed process would have undone."""
    from vcltui.operations import runner

    with monkeypatch.context() as patch:
        patch.setattr(runner, "undo_all", lambda *_arguments: ["killed"])
        with pytest.raises(Exception, match="broken at"):

            def fail() -> None:
                raise DiskError("broken at the middle")

            capture(world, observer=StopAt("finish-image", fail))
    assert the_request(world).state == "pending"
    assert power(world) is PowerState.OFF
    workspace = world.workspace
    recovered = recover(workspace)
    assert [one.left for one in recovered] == [()]
    assert the_request(world).state == "maintenance"
    assert power(world) is PowerState.ON
    assert not list((world.home / "datastore").glob("linux-ByHand9*"))
    run(
        world,
        partial(plan_base_restart, request_id=the_request(world).request_id, way=CaptureWay.CORE),
    )


def leave(world: World, content: bytes = b"cut off") -> tuple[Any, Path]:
    """A capture that vcld failed, with a partial master."""
    broken(world, "copy-to-master")
    state = the_request(world)
    name = f"linux-ByHand9-{state.image_id}-v0"
    partial_master = world.master(name)
    partial_master.write_bytes(content)
    return state, partial_master


@pytest.mark.parametrize("content", [b"", b"cut off", b"QFI\xfb\x00\x00\x00\x03garbage" * 9])
def test_partial_files_are_put_aside(world: World, guest: SimulatedGuest, content: bytes) -> None:
    state, master = leave(world, content)
    domain = domains.get_domain(world.host().context.session.connection, "made by hand")
    domains.destroy(world.host().context.session.connection, domain.uuid)
    restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
    operation = run(world, restart)
    assert [step.name for step in operation.steps][:3] == ["set-aside", "power-on", "take-up"]
    (aside,) = master.parent.glob(f"{master.name}.partial-*")
    assert aside.read_bytes() == content
    world.computer("vm2", operation.details["image"]).load()


def test_a_file_that_is_being_written_is_kept(world: World, guest: SimulatedGuest) -> None:
    state, master = leave(world)
    master.unlink()
    make_disk(master)
    checked = checksum(master)
    with subprocess.Popen(
        ["qemu-io", "-f", "qcow2", str(master)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.read(8)  # the prompt: the file is open
        restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
        with pytest.raises(RefusedError, match="Another process uses"):
            run(world, restart)
        writer.communicate(b"quit\n", timeout=20)
    assert checksum(master) == checked
    assert the_request(world).state == "maintenance"


def test_a_capture_is_given_up(world: World, guest: SimulatedGuest) -> None:
    state, master = leave(world)
    operation = run(world, partial(plan_base_discard, request_id=state.request_id))
    assert [step.name for step in operation.steps] == ["set-aside", "delete-request"]
    assert not master.exists()
    assert power(world) is PowerState.ON
    assert computers.get_computer(world.workspace.inventory(), "vm1").state == "available"
    capture(world)


def set_state(world: World, request_id: int, state: str) -> None:
    with world.workspace.inventory().write() as connection:
        connection.execute(
            update(tables.request)
            .where(tables.request.c.id == request_id)
            .values(stateid=state_id(connection, state))
        )


PLANNERS = {
    "core": partial(plan_base_restart, way=CaptureWay.CORE),
    "vcld": partial(plan_base_restart, way=CaptureWay.VCLD),
    "discard": plan_base_discard,
}


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize("state", ["complete", "maintenance"])
def test_a_live_image_is_not_set_aside(
    world: World, guest: SimulatedGuest, planner: str, state: str
) -> None:
    """Its request is over, or somebody put it into maintenance; its domain is there again."""
    check_in(world)
    operation = capture(world)
    number = int(operation.details["request"])
    set_state(world, number, state)
    connection = world.host().context.session.connection
    mac = world.computer("vm1").context.computer.eth0_mac
    domains.define(connection, DOMAIN.format(disk=world.home / "vms" / "installed.qcow2", mac=mac))
    files = world.files()
    with pytest.raises(RefusedError, match="is complete/image|is whole and in|is no capture of"):
        run(world, partial(PLANNERS[planner], request_id=number))
    assert world.files() == files
    world.computer("vm2", operation.details["image"]).load()


@pytest.mark.parametrize("planner", PLANNERS)
def test_an_image_that_is_live_right_before_the_rename(
    world: World, guest: SimulatedGuest, planner: str
) -> None:
    check_in(world)
    state, master = leave(world)

    def finish() -> None:
        with world.workspace.inventory().write() as connection:
            connection.execute(
                update(tables.image).where(tables.image.c.id == state.image_id).values(deleted=0)
            )
            connection.execute(
                update(tables.imagerevision)
                .where(tables.imagerevision.c.id == state.revision_id)
                .values(deleted=0, imagename=master.stem)
            )

    with pytest.raises(RefusedError, match="is whole and in the inventory|is no capture of one"):
        run(
            world,
            partial(PLANNERS[planner], request_id=state.request_id),
            observer=StopAt("set-aside", finish),
        )
    assert master.exists()


def test_a_name_that_is_live_by_another_image_is_not_set_aside(
    world: World, guest: SimulatedGuest
) -> None:
    state, master = leave(world)
    images.add_image(
        world.workspace.inventory(),
        name=master.stem,
        prettyname="Another",
        os_name="linux",
        image_type="qcow2",
    )
    with pytest.raises(RefusedError, match=f"The image {master.stem} .* was kept"):
        run(world, partial(plan_base_discard, request_id=state.request_id))
    assert master.exists()


@pytest.mark.parametrize("silent", [False, True])
def test_what_another_host_uses_is_not_set_aside(
    world: World, guest: SimulatedGuest, silent: bool
) -> None:
    """An overlay in a folder that only the other host's profile names."""
    state, master = leave(world)
    master.unlink()
    make_disk(master)
    (world.home / "vms-b").mkdir()
    session = world.workspace.session("kvm-b")
    profile = replace(session.profile, vmpath=str(world.home / "vms-b"))
    session.vmhost = replace(session.vmhost, profile=profile)
    words = "is in use by .*vms-b/other.qcow2"
    if silent:
        (world.home / "kvm-b.xml").unlink()
        words = "was kept, because host kvm-b may use it and can't be asked"
    else:
        overlay = world.home / "vms-b" / "other.qcow2"
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"]
        subprocess.run([*argv, str(master), str(overlay)], check=True)
    with pytest.raises(RefusedError, match=words):
        run(world, partial(plan_base_discard, request_id=state.request_id))
    assert master.exists()
    assert the_request(world).state == "maintenance"


@pytest.mark.parametrize(
    ("planner", "step"),
    [("core", "power-on"), ("core", "copy-to-master"), ("vcld", "take-up"),
     ("discard", "delete-request")],
)  # fmt: skip
def test_what_was_set_aside_is_back_after_a_failure(
    world: World, guest: SimulatedGuest, planner: str, step: str
) -> None:
    check_in(world)
    state, master = leave(world)
    files = world.files()

    def fail() -> None:
        raise DiskError("broken again")

    again = partial(PLANNERS[planner], request_id=state.request_id)
    with pytest.raises(DiskError, match="broken again"):
        run(world, again, observer=StopAt(step, fail))
    assert world.files() == files
    assert master.read_bytes() == b"cut off"
    assert the_request(world).state == "maintenance"
    run(world, again)


@pytest.mark.parametrize("planner", PLANNERS)
def test_what_was_set_aside_stays_when_the_request_went_on(
    world: World, guest: SimulatedGuest, planner: str
) -> None:
    """A later run of what a killed process recorded."""
    check_in(world)
    state, master = leave(world)
    recorded: list[UndoAction] = []

    class Recording(Observer):
        def undo_recorded(self, action: UndoAction) -> None:
            recorded.append(action)

    run(world, partial(PLANNERS[planner], request_id=state.request_id), observer=Recording())
    files = world.files()
    (rename,) = [action for action in recorded if isinstance(action, RenameBack)]
    context = world.computer("vm1").context
    undoer = Undoer(context.session, context.database, later=True)
    assert "left " in (undoer(rename) or "")
    assert world.files() == files
    set_state(world, state.request_id, "maintenance")
    if planner == "vcld":
        assert undoer(rename) == f"renamed {rename.aside} back to {master}"
        assert master.read_bytes() == b"cut off"
        assert undoer(rename) is None
        master.rename(rename.aside)
        master.write_bytes(b"another")
        assert "there is another" in (undoer(rename) or "")
        assert master.read_bytes() == b"another"


def check_in(world: World) -> None:
    with world.workspace.inventory().write() as connection:
        connection.execute(
            update(tables.managementnode).values(lastcheckin=database_now(connection))
        )


def test_handing_over_to_vcld(world: World, guest: SimulatedGuest) -> None:
    wanted = replace(REQUEST, way=CaptureWay.VCLD)
    with pytest.raises(RefusedError, match="vcld does not run"):
        capture(world, wanted)
    check_in(world)
    files = world.files()
    operation = capture(world, wanted)
    assert [step.name for step in operation.steps] == ["enter-rows"]
    state = the_request(world)
    assert operation.details["request"] == str(state.request_id)
    assert (state.state, state.laststate) == ("image", "image")
    assert world.files() == files
    assert power(world) is PowerState.ON


def test_restart_by_vcld(world: World, guest: SimulatedGuest) -> None:
    check_in(world)
    state, master = leave(world)
    run(world, partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.VCLD))
    assert not master.exists()
    now = the_request(world)
    assert (now.state, now.laststate) == ("image", "maintenance")
    assert computers.get_computer(world.workspace.inventory(), "vm1").state == "inuse"


def test_what_stands_against_it_is_told(world: World, guest: SimulatedGuest) -> None:
    context = world.computer("vm1").context
    lines = check_base_capture(context, REQUEST)
    assert all(line.ok for line in lines), lines
    assert any("made by hand" in line.text for line in lines)
    assert any("answers" in line.text for line in lines)
    windows = replace(REQUEST, os_name="win10")
    assert any("can't prepare" in line.text for line in check_base_capture(context, windows))
    with pytest.raises(RefusedError, match="can't prepare"):
        capture(world, windows)
    connection = context.session.connection
    domain = domains.get_domain(connection, "made by hand")
    domains.destroy(connection, domain.uuid)
    lines = check_base_capture(context, REQUEST)
    assert [line.stops for line in lines if not line.ok] == [True]
    check_in(world)
    lines = check_base_capture(context, replace(REQUEST, way=CaptureWay.VCLD))
    assert [line.stops for line in lines if not line.ok] == [False]
    with pytest.raises(RefusedError, match="is off"):
        capture(world)
    domains.undefine(connection, domain.uuid)
    with pytest.raises(NotFoundError, match="no domain"):
        capture(world)


def test_a_guest_that_is_silent(
    world: World, guest: SimulatedGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedGuest, "is_responding", lambda _self: False)
    with pytest.raises(GuestError, match="does not answer"):
        capture(world)
    assert images.list_revisions(world.workspace.inventory(), deleted=True) == []


def test_two_captures_of_one_name(world: World, guest: SimulatedGuest) -> None:
    """The name is taken between the plan and the first step."""

    def intrude() -> None:
        database = world.workspace.inventory()
        basecapture.write_base_capture(database, replace(REQUEST, computer="vm10"))

    with pytest.raises(ConflictError):
        capture(world, observer=StopAt("enter-rows", intrude))
    assert power(world) is PowerState.ON
    state = the_request(world)
    assert state.computer == "vm10"
    assert (state.state, state.laststate) == ("pending", "image")
    database = world.workspace.inventory()
    assert computers.get_computer(database, "vm10").state == "available"


def test_another_computers_request(world: World, guest: SimulatedGuest) -> None:
    rows = basecapture.write_base_capture(
        world.workspace.inventory(), replace(REQUEST, computer="vm10")
    )
    with world.workspace.inventory().write() as connection:
        connection.execute(
            update(tables.request).values(stateid=state_id(connection, "maintenance"))
        )
    for planner in (
        partial(plan_base_restart, request_id=rows.request_id, way=CaptureWay.CORE),
        partial(plan_base_discard, request_id=rows.request_id),
    ):
        with pytest.raises(RefusedError, match="is about vm10"):
            run(world, planner)


MAC = "52:54:00:0a:0b:0c"


@pytest.fixture
def vcl_world(world: World, vcl: Database) -> Iterator[World]:
    """The world with VCL's own database, and the guest made by hand on vm1's address."""
    embedded = world.workspace._database
    fill(vcl, "kvm-a", eth0macaddress=MAC)
    world.workspace._database = vcl
    disk = world.home / "vms" / "installed.qcow2"
    make_disk(disk)
    connection = world.host().context.session.connection
    domain = domains.define(connection, DOMAIN.format(disk=disk, mac=MAC))
    domains.start(connection, domain.uuid)
    yield world
    world.workspace._database = embedded


def test_vcls_own_database(vcl_world: World) -> None:
    """A failure, a restart, and what vcld would find afterwards."""
    files = vcl_world.files()
    broken(vcl_world, "copy-to-repository")
    inventory = Inventory(vcl_world.workspace.inventory())
    state = the_request(vcl_world)
    assert inventory.request(state.request_id) == ("maintenance", "image")
    assert inventory.computer()["stateid"] == inventory.state("maintenance")
    assert "@vcltui: the capture of linux-ByHand9-" in inventory.computer()["notes"]
    assert vcl_world.files() == files
    assert power(vcl_world) is PowerState.ON
    restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
    operation = run(vcl_world, restart)
    name = operation.details["image"]
    (image,) = [row for row in inventory.rows("image") if row["id"] == state.image_id]
    assert (image["name"], image["deleted"], image["size"]) == (name, 0, 2)
    (revision,) = [row for row in inventory.rows("imagerevision") if row["imageid"] == image["id"]]
    assert (revision["imagename"], revision["deleted"]) == (name, 0)
    assert inventory.request(state.request_id) == ("complete", "image")
    (reload,) = [row for row in inventory.rows("request") if row["id"] != state.request_id]
    assert inventory.request(reload["id"]) == ("reload", "reload")
    assert reload["userid"] == 2
    assert inventory.computer()["stateid"] == inventory.state("inuse")
    assert inventory.computer()["notes"] == ""
    assert vcl_world.master(name).exists()
    assert "made by hand" not in vcl_world.domains()


def test_vcld_is_kept_from_the_image_while_it_is_copied(vcl_world: World) -> None:
    """VCL's own locks, as they are when a copy is about to get its name, and at the end."""
    inventory = Inventory(vcl_world.workspace.inventory())
    held: dict[str, int] = {}

    class Looking(Observer):
        def undo_recorded(self, action: UndoAction) -> None:
            for row in inventory.rows("vcldsemaphore"):
                held[row["identifier"]] = row["reservationid"]

    operation = capture(vcl_world, observer=Looking())
    name = operation.details["image"]
    (row,) = [
        row
        for row in inventory.rows("reservation")
        if str(row["requestid"]) == operation.details["request"]
    ]
    assert held == {f"master:{name}": row["id"], f"repository:{name}": row["id"]}
    assert inventory.rows("vcldsemaphore") == []


def test_a_file_that_a_program_has_open_is_kept(world: World, guest: SimulatedGuest) -> None:
    state, master = leave(world)
    with master.open("ab"):
        restart = partial(plan_base_restart, request_id=state.request_id, way=CaptureWay.CORE)
        with pytest.raises(RefusedError, match="is open on kvm-a in the process"):
            run(world, restart)
    assert master.exists()
    run(world, restart)
