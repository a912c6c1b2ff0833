"""Image locks, checks, and snapshots inside disks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vcltui.disks.check import check_disk, require_whole
from vcltui.disks.info import disk_info
from vcltui.disks.locks import image_lock
from vcltui.disks.snapshots import create_snapshots, delete_snapshots, revert_snapshots
from vcltui.errors import (
    CancelledError,
    ConflictError,
    DiskError,
    LockedError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from vcltui.models.cancel import CancelToken
from vcltui.nodes.local import LocalNode


def test_one_holder_per_image(node, disks):
    folder = str(disks.folder)
    with image_lock(node, folder, "master", "a-v1", timeout_seconds=0):
        with (
            pytest.raises(LockedError),
            image_lock(LocalNode("again"), folder, "master", "a-v1", timeout_seconds=0),
        ):
            pytest.fail("held twice")
        with (
            image_lock(node, folder, "master", "a-v10", timeout_seconds=0),
            image_lock(node, folder, "repository", "a-v1", timeout_seconds=0),
        ):
            locks = sorted(item.name for item in (disks.folder / ".vcltui-locks").iterdir())
            assert locks == ["master-a-v1.lock", "master-a-v10.lock", "repository-a-v1.lock"]
    with image_lock(node, folder, "master", "a-v1", timeout_seconds=0):
        pass


def test_what_can_not_be_locked(node, disks):
    cancel = CancelToken()
    cancel.cancel()
    for folder, name, error, token in (
        (disks.path("unmounted"), "a-v1", NotFoundError, None),
        (str(disks.folder), "../a", UsageError, None),
        (str(disks.folder), "a-v1", CancelledError, cancel),
    ):
        with pytest.raises(error), image_lock(node, folder, "master", name, cancel=token):
            pytest.fail("must not be held")
    assert not Path(disks.path("unmounted")).exists()


def test_a_consistent_disk(node, disks):
    path = disks.write(disks.create("a.qcow2"), "write -P 1 0 1M")
    found = check_disk(node, path)
    assert (found.consistent, found.corruptions, found.leaks, found.errors) == (True, 0, 0, 0)
    assert "does not prove" in found.summary
    require_whole(node, path)


def test_leaks_harm_nothing(node, disks):
    path = disks.write(disks.create("a.qcow2"), "write -P 1 0 1M")
    forget_l1_table(path)
    found = check_disk(node, path)
    assert found.consistent
    assert found.leaks > 0
    assert "harms nothing" in found.summary


def test_corruption(node, disks):
    path = disks.write(disks.create("a.qcow2"), "write -P 1 0 1M")
    with Path(path).open("r+b") as file:
        file.seek(0x20000)  # the first refcount block
        file.write(b"\0" * 16)
    found = check_disk(node, path)
    assert not found.consistent
    assert found.corruptions > 0
    with pytest.raises(DiskError, match="corrupt"):
        require_whole(node, path)


def test_a_disk_in_use_is_checked_when_asked_to(node, disks):
    path = disks.create("a.qcow2")
    with disks.held(path):
        with pytest.raises(DiskError, match="another process uses the disk"):
            check_disk(node, path)
        assert check_disk(node, path, in_use=True).consistent


def test_what_can_not_be_checked(node, disks):
    with pytest.raises(DiskError, match="no tables"):
        check_disk(node, disks.create("a.raw", "1M", "raw"))
    with pytest.raises(NotFoundError):
        check_disk(node, disks.path("none.qcow2"))
    path = Path(disks.create("a.qcow2"))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DiskError, match="cut off"):
        check_disk(node, str(path))


def test_what_a_disk_stands_on_is_not_opened(node, disks):
    assert check_disk(node, disks.overlay("a.qcow2", "/none/at/all")).consistent
    for backing in ("nbd://127.0.0.1:1/x", 'json:{"driver":"raw"}'):
        with pytest.raises(RefusedError, match="no plain file"):
            check_disk(node, disks.overlay("b.qcow2", backing))


def test_parts_that_are_no_plain_files_are_not_opened(node, disks):
    os.mkfifo(disks.path("pipe"))
    data = disks.create("d.qcow2", data_file=disks.path("d.raw"))
    Path(disks.path("d.raw")).unlink()
    os.mkfifo(disks.path("d.raw"))
    extent = Path(disks.path("e.vmdk"))
    extent.write_text(f'# Disk DescriptorFile\nRW 8 FLAT "{disks.path("pipe")}" 0\n')
    for path in (data, str(extent)):
        for look in (check_disk, disk_info):
            with pytest.raises(RefusedError, match="is no plain file"):
                look(node, path)


@pytest.mark.parametrize("name", ["VCL snapshot", "1", "-x", "a,b=c"])
def test_snapshots_of_several_disks(node, disks, name):
    paths = [disks.create("a,1.qcow2"), disks.create("b.qcow2")]
    for path in paths:
        # Its name is the id that the next snapshot gets, and must not be taken for it.
        disks.tool("qemu-img", "snapshot", "-c", "2", path)
        disks.write(path, "write -P 1 0 64k")
    create_snapshots(node, paths, name)
    for path in paths:
        disks.write(path, "write -P 2 0 64k")
    with pytest.raises(ConflictError, match="already"):
        create_snapshots(node, paths, name)
    revert_snapshots(node, paths, name)
    for path in paths:
        disks.write(path, "read -P 1 0 64k")
    delete_snapshots(node, paths, name)
    delete_snapshots(node, paths, name)
    for path in paths:
        assert [item.tag for item in disk_info(node, path).snapshots] == ["2"]
    with pytest.raises(NotFoundError):
        revert_snapshots(node, paths, name)


def test_a_snapshot_is_in_every_disk_or_in_none(node, disks):
    one, raw = disks.create("a.qcow2"), disks.create("b.raw", "1M", "raw")
    with pytest.raises(DiskError, match="can hold no snapshots"):
        create_snapshots(node, [one, raw], "s")
    two = disks.create("c.qcow2")
    original = node.run

    def run(argv, **more):
        if "snapshot" in argv and two in argv[-1]:
            argv = [*argv[:-1], argv[-1].replace("c.qcow2", "gone.qcow2")]
        return original(argv, **more)

    node.run = run
    with pytest.raises(DiskError):
        create_snapshots(node, [one, two], "s")
    assert disk_info(node, one).snapshots == ()


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 256])
def test_impossible_snapshot_names(node, disks, name):
    with pytest.raises(UsageError):
        create_snapshots(node, [disks.create("a.qcow2")], name)


def forget_l1_table(path: str) -> None:
    """What the L1 table named is then allocated, but used by nothing."""
    with Path(path).open("r+b") as file:
        file.seek(40)
        offset = int.from_bytes(file.read(8))
        file.seek(offset)
        file.write(b"\0" * 8)
