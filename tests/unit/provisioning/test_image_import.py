"""Importing disks: named, placed, and refused where something is amiss."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import StopAt, World, make_disk
from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.operations.runner import Observer
from vcltui.operations.undo import KeepFinished, UndoAction, UndoNotNeededError
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_convert
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.undo import Undoer
from vcltui.vcldb import images

NAMED = "linux-Mine-77-v3"


def do_import(
    world: World,
    request: ImportRequest,
    host: str | None = None,
    observer: Observer | None = None,
) -> str:
    planner = partial(plan_import, request=request)
    context = world.targets(observer).host(host or world.host_name).context
    return execute(context, "image-x", planner).details["image"]


def request(world: World, pretty: str = "Base System", **more: object) -> ImportRequest:
    disk = world.home / "in.qcow2"
    if not disk.exists():
        make_disk(disk)
    return ImportRequest((str(disk),), pretty, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", ["datastore", "repository"])
def test_a_folder_that_is_not_mounted_is_not_made(world: World, folder: str):
    shutil.rmtree(world.home / folder)
    with pytest.raises(NotFoundError, match=folder):
        do_import(world, request(world))
    assert not (world.home / folder).exists()
    assert images.list_revisions(world.workspace.inventory()) == []
    assert world.files() == set()


def test_a_given_name_is_kept(world: World):
    assert do_import(world, request(world, name="linux-Mine-77-v3")) == "linux-Mine-77-v3"
    revision = images.get_revision(world.workspace.inventory(), "linux-Mine-77-v3")
    assert (revision.image_id, revision.revision) == (77, 3)
    with pytest.raises(ConflictError, match="already on host"):
        do_import(world, request(world, name="linux-Mine-77-v3"))


def test_a_disk_that_is_named_raw_and_begins_as_another_is_refused(world: World):
    disk = world.home / "in.raw"
    make_disk(disk)
    target = str(world.home / "out.qcow2")
    words = "in.raw on kvm-a is named as a raw disk and begins as a qcow2 one"
    with pytest.raises(RefusedError, match=words):
        do_import(world, ImportRequest((str(disk),), "From Raw"))
    with pytest.raises(RefusedError, match=words):
        plan_convert(world.host().context, str(disk), target, "qcow2")
    assert world.files() == set()


@pytest.mark.parametrize(
    ("name", "disk_format"),
    [
        ("linux-B-9-v1.raw", "qcow2"),
        ("x-flat.vmdk", "qcow2"),
        ("x.vmdk", "qcow2"),
        ("x.qcow2", "vmdk"),
        ("x.qcow2", "raw"),
        ("x.img", "raw"),
        ("x", "raw"),
        ("x.vhd", "vhdx"),
    ],
)
def test_a_conversion_to_a_name_of_another_format_is_refused(
    world: World, name: str, disk_format: str
):
    source = request(world).sources[0]
    target = str(world.home / "datastore" / name)
    with pytest.raises(RefusedError, match=f"{name} would be a {disk_format} disk"):
        plan_convert(world.host().context, source, target, disk_format)


@pytest.mark.parametrize(
    ("name", "disk_format"),
    [("x.raw", "raw"), ("x.img", "qcow2"), ("x", "qcow2"), ("x.old", "vdi"), ("x.vhd", "vpc")],
)
def test_a_conversion_to_a_name_that_fits(world: World, name: str, disk_format: str):
    source = request(world).sources[0]
    target = str(world.home / "datastore" / name)
    assert plan_convert(world.host().context, source, target, disk_format).steps


def test_raw_comes_out_as_qcow2(world: World):
    raw = world.home / "disk.raw"
    subprocess.run(
        ["qemu-img", "convert", "-O", "raw", request(world).sources[0], str(raw)], check=True
    )
    name = do_import(world, ImportRequest((str(raw),), "From Raw"))
    compared = subprocess.run(
        ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(raw), str(world.master(name))],
        check=False,
    )
    assert compared.returncode == 0


@pytest.mark.parametrize("source", ["relative.qcow2", "-rf", "$(id)", ""])
def test_a_source_must_be_an_absolute_path(world: World, source: str):
    with pytest.raises(UsageError):
        do_import(world, ImportRequest((source,), "Base System"))


def test_a_disk_that_leads_outside_is_refused(world: World):
    evil = world.home / "evil.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", str(evil)],
        check=True,
    )
    with pytest.raises(RefusedError, match="/etc/passwd"):
        do_import(world, ImportRequest((str(evil),), "Evil"))
    assert world.files() == set()


def own_folders(world: World, host: str) -> Path:
    """Give a host a datastore and a repository that no other has; returns the datastore."""
    session = world.workspace.session(host)
    assert session.vmhost.profile is not None
    folders = {name: world.home / f"{name}-{host}" for name in ("datastore", "repository")}
    for folder in folders.values():
        folder.mkdir()
    paths = {name: str(folder) for name, folder in folders.items()}
    session.vmhost = replace(
        session.vmhost,
        profile=replace(session.vmhost.profile, **paths),  # type: ignore[arg-type]
    )
    return folders["datastore"]


@pytest.mark.parametrize(
    ("pretty", "words"), [("Quite Another", "revision of 'Base System'"), ("Base System", "taken")]
)
def test_the_name_of_an_image_that_another_host_has_is_refused(
    world: World, pretty: str, words: str
):
    own_folders(world, "kvm-b")
    name = do_import(world, request(world), "kvm-b")
    with pytest.raises(ConflictError, match=words):
        plan_import(world.host().context, request(world, pretty, name=name))
    assert world.files() == set()


def test_the_pretty_name_of_another_image_is_refused_with_a_name_given_too(world: World):
    do_import(world, request(world))
    with pytest.raises(ConflictError, match="taken by the image"):
        plan_import(world.host().context, request(world, name=NAMED))


def test_a_name_given_may_be_a_further_revision(world: World):
    do_import(world, request(world, name=NAMED))
    later = NAMED.replace("-v3", "-v4")
    assert do_import(world, request(world, name=later)) == later
    assert do_import(world, request(world, "", revision_of=later)) == NAMED.replace("-v3", "-v5")


def test_of_two_imports_of_one_name_the_one_that_fails_leaves_no_disk(world: World):
    theirs = own_folders(world, "kvm-b")

    def other() -> None:
        do_import(world, request(world, name=NAMED), "kvm-b")

    with pytest.raises(ConflictError, match="taken by the image"):
        do_import(world, request(world, name=NAMED), observer=StopAt("register-image", other))
    assert world.files() == set()
    assert (theirs / f"{NAMED}.qcow2").exists()
    assert images.get_revision(world.workspace.inventory(), NAMED).prettyname == "Base System"


def test_the_row_is_recorded_before_it_is_live(world: World):
    seen: list[tuple[KeepFinished, bool]] = []
    database = world.workspace.inventory()

    class Notes(Observer):
        def undo_recorded(self, action: UndoAction) -> None:
            if isinstance(action, KeepFinished):
                live = NAMED in {one.name for one in images.list_revisions(database)}
                seen.append((action, live))

    do_import(world, request(world, name=NAMED), observer=Notes())
    ((barrier, live),) = seen
    assert not live
    row = images.get_revision(database, NAMED)
    assert barrier.revision_id == row.revision_id
    undo = Undoer(world.workspace.session("kvm-a"), database, later=True)
    with pytest.raises(UndoNotNeededError):
        undo(barrier)
    # The id of a row that was rolled back, given to another import.
    assert undo(replace(barrier, created="2001-01-01T00:00:00")) is None
    assert undo(replace(barrier, revision_id=row.revision_id + 1)) is None
    images.mark_deleted(database, row.revision_id)
    with pytest.raises(UndoNotNeededError):
        undo(barrier)


def test_a_barrier_of_an_older_version_is_uncertain_while_the_name_is_live(world: World):
    database = world.workspace.inventory()
    undo = Undoer(world.workspace.session("kvm-a"), database, later=True)
    assert undo(KeepFinished("kvm-a", NAMED)) is None
    do_import(world, request(world, name=NAMED))
    with pytest.raises(RefusedError, match="its files were kept"):
        undo(KeepFinished("kvm-a", NAMED))


@pytest.mark.parametrize("name", ["vm1_tools-v1", "vm10_2-v1", "web-s001", "web-flat"])
def test_a_name_by_which_it_would_be_taken_for_something_else(world: World, name: str):
    with pytest.raises(RefusedError, match="would be taken for a"):
        do_import(world, request(world, name=name))
    assert world.files() == set()
