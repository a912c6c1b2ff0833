"""The actions on images, each on real disks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, make_disk
from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.cancel import CancelToken
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.runtime.actions import BY_ID, Arguments, Subject, possible
from vcltui.runtime.jobs.work import plan, work_for
from vcltui.runtime.targets import Targets
from vcltui.vcldb import images


def stored(image: str, path: Path, location: str = "datastore", users: int = 0) -> Subject:
    return Subject("kvm-a", image=image, location=location, path=str(path), users=users)


def do(world: World, action: str, subject: Subject, arguments: Arguments | None = None):
    done = work_for(world.workspace, BY_ID[action], subject, arguments or {})
    operation = done(Observer(), CancelToken())
    assert isinstance(operation, Operation)
    return operation


def lock_of(world: World, action: str, subject: Subject, arguments: Arguments) -> str:
    use_case = BY_ID[action].use_case
    assert use_case is not None
    return use_case(Targets(world.workspace), subject, arguments).lock_name


def in_repository(world: World, image: str) -> Path:
    return world.home / "repository" / image / f"{image}.qcow2"


def test_delete_then_retrieve_then_copy_back(world: World, image: str):
    master, copy = world.master(image), in_repository(world, image)
    do(world, "image_delete", stored(image, master))
    assert not master.exists()
    assert copy.exists()
    do(world, "image_retrieve", stored(image, copy, "repository"))
    assert master.exists()
    do(world, "image_delete", stored(image, copy, "repository"))
    assert not copy.exists()
    assert master.exists()
    do(world, "image_to_repository", stored(image, master))
    assert copy.exists()


def test_where_the_image_is_decides_what_is_possible(image: str, world: World):
    master = stored(image, world.master(image))
    copy = stored(image, in_repository(world, image), "repository")
    for action, here, there in (
        ("image_to_repository", None, "it is in the repository"),
        ("image_retrieve", "it is in the datastore", None),
        ("image_delete", None, None),
        ("image_convert", None, None),
        ("image_info", None, None),
    ):
        assert possible(BY_ID[action], master) == here
        assert possible(BY_ID[action], copy) == there


def test_a_used_master_is_not_deleted_even_if_the_row_says_unused(world: World, image: str):
    world.computer("vm1", image).load()
    master = world.master(image)
    subject = stored(image, master, users=2)
    assert possible(BY_ID["image_delete"], subject) == "2 disks stand on it"
    with pytest.raises(RefusedError, match="stand on it"):
        do(world, "image_delete", stored(image, master, users=0))
    assert master.exists()


def test_convert_writes_the_named_file(world: World, image: str):
    target = world.home / "out.vmdk"
    arguments = {"destination": str(target), "format": "vmdk"}
    subject = stored(image, world.master(image))
    assert lock_of(world, "image_convert", subject, arguments) == f"convert-{target}"
    operation = do(world, "image_convert", subject, arguments)
    assert str(target) in "\n".join(operation.steps[0].calls)
    subprocess.run(
        ["qemu-img", "compare", "-f", "qcow2", "-F", "vmdk", str(world.master(image)), str(target)],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ConflictError, match="exists already"):
        plan(world.workspace, BY_ID["image_convert"], subject, arguments)


@pytest.mark.parametrize(
    ("destination", "disk_format", "error"),
    [
        ("out.vmdk", "vmdk", UsageError),
        ("/nowhere/at/all/out.vmdk", "vmdk", NotFoundError),
        ("{home}/out.x", "luks", UsageError),
    ],
)
def test_a_conversion_that_can_not_be_is_refused_before(
    world: World, image: str, destination: str, disk_format: str, error: type[Exception]
):
    arguments = {"destination": destination.format(home=world.home), "format": disk_format}
    with pytest.raises(error):
        plan(world.workspace, BY_ID["image_convert"], stored(image, world.master(image)), arguments)


def test_convert_takes_every_part_of_a_split_disk(world: World):
    folder = world.home / "repository" / "split-9-v1"
    folder.mkdir()
    raw = world.home / "whole.raw"
    raw.write_bytes(b"\1" * (1 << 20) + b"\2" * (1 << 20))
    for number in (1, 2):
        part = folder / f"split-9-v1-f00{number}.vmdk"
        part.write_bytes(bytes([number]) * (1 << 20))
    subject = stored("split-9-v1", folder / "split-9-v1-f001.vmdk", "repository")
    target = world.home / "joined.raw"
    do(world, "image_convert", subject, {"destination": str(target), "format": "raw"})
    assert target.read_bytes() == raw.read_bytes()


def test_import_takes_one_file_per_line(world: World):
    disk = world.home / "incoming disk.qcow2"
    make_disk(disk)
    subject = Subject("kvm-a")
    arguments = {"files": f"\n  {disk} \r\n\n", "name": "Brought In"}
    assert lock_of(world, "image_import", subject, arguments) == "import-Brought In"
    operation = do(world, "image_import", subject, arguments)
    found = images.get_revision(world.workspace.inventory(), "Brought In")
    assert operation.target == found.name
    assert world.master(found.name).exists()
    with pytest.raises(UsageError, match="No file"):
        plan(world.workspace, BY_ID["image_import"], subject, {"files": "\n", "name": "X"})


def test_locks_are_those_of_the_command_line(world: World, image: str):
    subject = stored(image, world.master(image))
    for action in ("image_to_repository", "image_retrieve", "image_delete"):
        assert lock_of(world, action, subject, {}) == f"image-{image}"
