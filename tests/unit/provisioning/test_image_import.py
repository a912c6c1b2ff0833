"""Importing disks: named, placed, and refused where something is amiss."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial

import pytest

from tests.unit.provisioning.world import World, make_disk
from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_convert
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.vcldb import images


def do_import(world: World, request: ImportRequest) -> str:
    planner = partial(plan_import, request=request)
    return execute(world.host().context, "image-x", planner).details["image"]


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
