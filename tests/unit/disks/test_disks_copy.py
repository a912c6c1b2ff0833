"""Copies and overlays that appear only when whole, and what is left when they fail."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from vcltui.disks.copy import copy_disk
from vcltui.disks.info import disk_info
from vcltui.disks.overlay import create_overlay
from vcltui.disks.publish import is_temporary, publish, temporary_path
from vcltui.errors import (
    CancelledError,
    ConflictError,
    DiskError,
    NodeError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from vcltui.models.cancel import CancelToken
from vcltui.nodes.local import LocalNode


def copy(node, disks, source, name="copy.qcow2", file_format="qcow2", **more):
    destination = disks.path(name)
    copy_disk(node, [source], destination, file_format,
              temporary=temporary_path(destination, "op1"),
              allowed_directories=[str(disks.folder)], **more)  # fmt: skip
    return destination


def overlay(node, disks, master, name="vm1_12-v3.qcow2", **more):
    path = disks.path(name)
    create_overlay(node, master, path, temporary=temporary_path(path, "op1"),
                   allowed_directories=[str(disks.folder)], **more)  # fmt: skip
    return path


def test_temporary_names():
    assert temporary_path("/d/x.qcow2", "op-1") == "/d/.x.qcow2.vcltui-op-1.part"
    assert is_temporary(".x.qcow2.vcltui-op-1.part")
    assert is_temporary(".x.qcow2.vcltui-op-1.part.vmdk")
    assert not is_temporary("x.qcow2")
    for path, operation in (("x.qcow2", "a"), ("/", "a"), ("/d/x", "a/b"), ("/d/x", "..")):
        with pytest.raises(UsageError):
            temporary_path(path, operation)


@pytest.mark.parametrize("file_format", ["qcow2", "raw", "vmdk", "vdi", "vhdx"])
def test_every_format(node, disks, file_format):
    source = disks.write(disks.create("a.qcow2", "5M"), "write -P 7 1M 1M")
    result = copy(node, disks, source, f"b.{file_format}", file_format)
    assert disks.same(source, "qcow2", result, file_format)


def test_a_chain_of_three_is_flattened(node, disks):
    base = disks.write(disks.create("base.qcow2"), "write -P 1 0 2M")
    middle = disks.write(disks.overlay("middle.qcow2", base), "write -P 2 1M 2M")
    top = disks.write(disks.overlay("top.qcow2", middle), "write -P 3 2M 2M")
    result = copy(node, disks, top)
    info = disk_info(node, result)
    assert info.backing_file is None
    assert disks.same(top, "qcow2", result, "qcow2")


@pytest.mark.parametrize("which", ["base.qcow2", "top.qcow2"])
def test_what_is_replaced_while_it_is_read_is_no_copy(node, disks, other, which):
    """As by somebody who has it checked and then leads qemu-img to another file."""
    base = disks.write(disks.create("base.qcow2"), "write -P 1 0 2M")
    top = disks.overlay("top.qcow2", base)
    secret = other.create("secret.qcow2")

    def replace(_share: float) -> None:
        path = Path(disks.path(which))
        if not path.is_symlink():
            link = path.with_name("link")
            link.symlink_to(secret)
            link.replace(path)

    with pytest.raises(ConflictError, match=rf"{which} on node1 was changed or replaced"):
        copy(node, disks, top, progress=replace)
    assert disks.names() == ["base.qcow2", "top.qcow2"]


def test_what_a_disk_stands_on_is_checked_once(disks):
    """It is a master, which may be large; the disk itself is checked each time."""
    checked = []

    class Watched(LocalNode):
        def run(self, argv, **options):
            if "check" in argv:
                checked.append(json.loads(argv[-1].removeprefix("json:"))["file"]["filename"])
            return super().run(argv, **options)

    base = disks.write(disks.create("base.qcow2"), "write -P 1 0 2M")
    top = disks.overlay("top.qcow2", base)
    node = Watched("node1")
    copy(node, disks, top, "one.qcow2")
    assert sorted(checked) == [base, top]
    copy(node, disks, top, "two.qcow2")
    assert sorted(checked) == [base, top, top]
    disks.write(base, "write -P 2 0 2M")
    copy(node, disks, top, "three.qcow2")
    assert sorted(checked) == [base, base, top, top, top]


def test_compat_and_progress(node, disks):
    source = disks.write(disks.create("a.qcow2"), "write -P 1 0 5M")
    shares: list[float] = []
    result = copy(node, disks, source, compat10=True, progress=shares.append)
    assert disk_info(node, result).compat == "0.10"
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_the_copy_is_announced_when_it_is_whole(node, disks):
    source = disks.create("a.qcow2")
    seen = []

    def announced(stat):
        seen.append((stat.inode, Path(disks.path("copy.qcow2")).exists()))

    result = copy(node, disks, source, before_publish=announced)
    assert seen == [(Path(result).stat().st_ino, False)]


@pytest.mark.parametrize("name", ["copy.qcow2", ".copy.qcow2.vcltui-op1.part"])
def test_nothing_is_overwritten(node, disks, name):
    source = disks.create("a.qcow2")
    Path(disks.path(name)).write_text("precious")
    with pytest.raises(ConflictError, match="exists already"):
        copy(node, disks, source)
    with pytest.raises(ConflictError, match="exists already"):
        overlay(node, disks, source, "copy.qcow2")
    assert Path(disks.path(name)).read_text() == "precious"


def test_a_file_that_appears_meanwhile_is_kept(node, disks):
    source, target = disks.create("a.qcow2"), disks.path("copy.qcow2")
    with pytest.raises(ConflictError):
        copy(node, disks, source, before_publish=lambda _: Path(target).write_text("precious"))
    assert Path(target).read_text() == "precious"
    assert disks.names() == ["a.qcow2", "copy.qcow2"]


def test_publish_needs_a_file(node, disks):
    with pytest.raises(NotFoundError):
        publish(node, disks.path(".t"), disks.path("x"))


def test_missing_things(node, disks):
    with pytest.raises(NotFoundError, match=r"none\.qcow2"):
        copy(node, disks, disks.path("none.qcow2"))
    with pytest.raises(NotFoundError, match="no folder"):
        copy(node, disks, disks.create("a.qcow2"), "unmounted/copy.qcow2")
    assert disks.names() == ["a.qcow2"]


def test_a_backing_file_outside_the_datastore(node, disks, other):
    secret = other.create("secret.qcow2")
    evil = disks.overlay("evil.qcow2", secret)
    for act in (copy, overlay):
        with pytest.raises(RefusedError, match=r"evil\.qcow2 on node1 refers to .*secret"):
            act(node, disks, evil)
    assert disks.names() == ["evil.qcow2"]


@pytest.mark.parametrize("length", [50, 70_000, 150_000, 300_000, 5_500_000])
@pytest.mark.parametrize("is_backing", [False, True])
def test_a_cut_off_source(node, disks, length, is_backing):
    """qemu-img itself copies it without complaint, with zeros for what is missing."""
    source = top = disks.write(disks.create("a.qcow2"), "write -P 1 0 5M")
    if is_backing:
        top = disks.overlay("top.qcow2", source)
    with Path(source).open("r+b") as file:
        file.truncate(length)
    before = disks.names()
    with pytest.raises(DiskError, match=r"a\.qcow2 is (cut off|corrupt)"):
        copy(node, disks, top)
    assert disks.names() == before


def test_a_master_can_be_copied_beside_the_domains_that_stand_on_it(node, disks):
    master = disks.write(disks.create("m-v1.qcow2"), "write -P 1 0 5M")
    with disks.held(disks.overlay("vm1_12-v1.qcow2", master)):
        copied = copy(node, disks, master)
    assert disks.same(master, "qcow2", copied, "qcow2")


def test_a_source_that_a_domain_writes_to(node, disks):
    source = disks.create("a.qcow2")
    with disks.held(source), pytest.raises(DiskError, match="another process uses the disk"):
        copy(node, disks, source)
    assert disks.names() == ["a.qcow2"]


def test_cancel_in_mid_copy_leaves_nothing(node, disks):
    source = disks.create("a.raw", "160M", "raw")
    disks.write(source, "write -P 1 0 160M", file_format="raw")
    cancel = CancelToken()
    shares = []

    def heard(share):
        shares.append(share)
        cancel.cancel()

    with pytest.raises(CancelledError):
        copy(node, disks, source, progress=heard, cancel=cancel)
    assert shares
    assert shares[-1] < 1.0
    assert disks.names() == ["a.raw"]


class Forgetful(LocalNode):
    """A node that tells once that a file could not be written, as Linux does."""

    flushes = 0

    def flush(self, path: str, *, entry: bool = True) -> None:
        self.flushes += 1
        if self.flushes == 1:
            raise NodeError(f"Can't flush {path} on {self.name}: Input/output error")
        super().flush(path, entry=entry)


def test_what_was_not_written_in_mid_copy_is_no_copy(disks):
    source = disks.write(disks.create("a.qcow2"), "write -P 1 0 5M")
    with pytest.raises(NodeError, match="Input/output error"):
        copy(Forgetful("node1"), disks, source)
    assert disks.names() == ["a.qcow2"]


def test_flushed_while_it_is_written(node, disks):
    """The flush at the end, which tells no progress, has little left to do."""
    source = disks.create("a.raw", "160M", "raw")
    disks.write(source, "write -P 1 0 160M", file_format="raw")
    flushes = []

    class Watched(LocalNode):
        def flush(self, path: str, *, entry: bool = True) -> None:
            flushes.append(path)
            super().flush(path, entry=entry)

    copy(Watched("node1"), disks, source)
    assert set(flushes) == {disks.path(".copy.qcow2.vcltui-op1.part")}
    assert len(flushes) > 1


class Optimist(LocalNode):
    """A node whose figure of free space can't be trusted, as with a quota."""

    def free_bytes(self, path: str) -> int:
        return 1 << 50


class Pessimist(LocalNode):
    """A node with 4 MiB free."""

    def free_bytes(self, path: str) -> int:
        return 4 << 20


@pytest.fixture
def big(other) -> str:
    """A disk that takes 8 MiB, made before the room gets scarce."""
    return other.write(other.create("big.qcow2", "16M"), "write -P 1 0 8M")


@pytest.fixture
def small(disks, big) -> Iterator[bool]:
    """The disks' folder has 4 MiB: a tmpfs where one can be mounted, else a limit on files."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disks.folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, limits[1]))
    yield mounted
    if mounted:
        subprocess.run(["umount", str(disks.folder)], check=True)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def copy_big(node, disks, big, name="copy.qcow2", file_format="qcow2"):
    destination = disks.path(name)
    copy_disk(node, [big], destination, file_format,
              temporary=temporary_path(destination, "op1"),
              allowed_directories=[])  # fmt: skip


def test_a_full_disk_leaves_nothing(disks, big, small):
    with pytest.raises(DiskError, match="no space is left" if small else "File too large"):
        copy_big(Optimist("node1"), disks, big)
    assert disks.names() == []


def test_a_limit_on_files_leaves_nothing(node, disks, big):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, limits[1]))
    try:
        with pytest.raises(DiskError, match="File too large"):
            copy_big(node, disks, big)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert disks.names() == []


@pytest.mark.parametrize(
    ("file_format", "needed"),
    [("qcow2", r"8\.\d MiB"), ("vmdk", r"8\.\d MiB"), ("raw", "16.0 MiB")],
)
def test_too_little_room_is_refused_with_figures(disks, big, file_format, needed):
    with pytest.raises(RefusedError, match=rf"needs {needed}, but only 4\.0 MiB are free"):
        copy_big(Pessimist("node1"), disks, big, f"copy.{file_format}", file_format)
    assert disks.names() == []


def test_an_overlay(node, disks):
    master = disks.write(disks.create("m-v1.qcow2"), "write -P 5 0 1M")
    before = Path(master).read_bytes()
    path = overlay(node, disks, master)
    info = disk_info(node, path)
    assert (info.backing_file, info.backing_file_format) == (master, "qcow2")
    disks.write(path, "read -P 5 0 1M", "write -P 6 0 1M")
    assert Path(master).read_bytes() == before
    assert disks.names() == ["m-v1.qcow2", "vm1_12-v3.qcow2"]


def test_an_overlay_on_a_raw_master_that_begins_like_an_overlay(node, disks, other):
    """The format is given to qemu-img, so that it never takes a guest's bytes for a header."""
    evil = disks.overlay("evil", other.create("secret.qcow2"))
    master = disks.path("m-v1.raw")
    Path(evil).rename(master)
    info = disk_info(node, overlay(node, disks, master))
    assert info.backing_file_format == "raw"
    assert info.virtual_size_bytes == -(-Path(master).stat().st_size // 512) * 512


@pytest.mark.parametrize("length", [50, 70])
def test_an_overlay_on_a_damaged_master(node, disks, length):
    master = Path(disks.create("m-v1.qcow2"))
    master.write_bytes(master.read_bytes()[:length])
    with pytest.raises(DiskError, match="cut off"):
        overlay(node, disks, str(master))
    assert disks.names() == ["m-v1.qcow2"]
