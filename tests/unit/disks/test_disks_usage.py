"""Who stands on a disk, and what a host's folders hold."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from vcltui.disks import remembered
from vcltui.disks.images import list_images, list_masters, list_repository_images
from vcltui.disks.publish import temporary_path
from vcltui.disks.stored import list_disks
from vcltui.disks.usage import find_users
from vcltui.errors import NotFoundError, RefusedError
from vcltui.models.host import VMProfile
from vcltui.nodes.local import LocalNode


def users(node, path, *folders):
    return find_users(node, [str(folder.folder) for folder in folders], path)


@pytest.fixture
def masters(disks) -> tuple[str, str]:
    return disks.create("linux-Base12-v1.qcow2"), disks.create("linux-Base12-v10.qcow2")


def test_direct_and_indirect_users_of_exactly_this_master(node, disks, other, masters):
    one = other.overlay("vm1_12-v1.qcow2", masters[0])
    two = other.overlay("vm1_12-v1.snap", one)
    ten = other.overlay("vm10_12-v10.qcow2", masters[1])
    disks.create("unrelated.qcow2")
    disks.create("unrelated.raw", "1M", "raw")
    assert users(node, masters[0], disks, other) == (one, two)
    assert users(node, masters[1], disks, other) == (ten,)
    assert users(node, two, disks, other) == ()
    assert users(node, masters[0], disks) == ()


@pytest.mark.parametrize("name", ["linux-Base12-v1.qcow2", "../store/linux-Base12-v1.qcow2",
                                  "link.qcow2", "hard.qcow2"])  # fmt: skip
def test_a_master_is_known_under_every_name(node, disks, masters, name):
    Path(disks.path("link.qcow2")).symlink_to(masters[0])
    os.link(masters[0], disks.path("hard.qcow2"))
    overlay = disks.overlay("vm1_12-v1.qcow2", name)
    assert users(node, masters[0], disks) == (overlay,)
    assert users(node, masters[1], disks) == ()


def test_an_overlay_that_is_being_made_counts(node, disks, masters):
    hidden = temporary_path(disks.path("vm1_12-v1.qcow2"), "op1")
    disks.overlay(Path(hidden).name, masters[0])
    assert users(node, masters[0], disks) == (hidden,)


def test_a_data_file_and_an_extent_are_used(node, disks):
    data = disks.path("d.raw")
    owner = disks.create("d.qcow2", data_file=data)
    assert users(node, data, disks) == (owner,)
    disks.create("x.vmdk", "1M", "vmdk", subformat="monolithicFlat")
    assert users(node, disks.path("x-flat.vmdk"), disks) == (disks.path("x.vmdk"),)


def test_a_cut_chain_and_a_loop_lead_nowhere(node, disks, masters):
    disks.overlay("cut.qcow2", "gone.qcow2")
    disks.overlay("a.qcow2", "b.qcow2")
    disks.overlay("b.qcow2", "a.qcow2")
    assert users(node, masters[0], disks) == ()


def test_a_master_that_is_gone_still_has_users(node, disks, masters):
    overlay = disks.overlay("vm1_12-v1.qcow2", masters[0])
    Path(masters[0]).unlink()
    assert users(node, masters[0], disks) == (overlay,)


def test_a_damaged_overlay_could_be_a_user(node, disks, masters):
    damaged = Path(disks.overlay("vm1_12-v1.qcow2", masters[1]))
    damaged.write_bytes(damaged.read_bytes()[:90])
    with pytest.raises(RefusedError, match=r"vm1_12-v1\.qcow2 .* can't be told"):
        users(node, masters[0], disks)


@pytest.mark.parametrize("name", ["json:{}", "nbd:localhost:10809"])
def test_an_overlay_on_no_plain_file_could_be_a_user(node, disks, masters, name):
    disks.overlay("vm1_12-v1.qcow2", name)
    with pytest.raises(RefusedError, match="can't be told"):
        users(node, masters[0], disks)


def test_files_that_can_be_no_overlay_do_not_disturb(node, disks, masters):
    (disks.folder / "notes.txt").write_text("x")
    (disks.folder / "empty.qcow2").touch()
    (disks.folder / "sub").mkdir()
    (disks.folder / "vm1_12-v1.raw").write_bytes(b"QFI\xfb what a guest wrote")
    disks.create("x.vmdk", "1M", "vmdk")
    (disks.folder / "broken.vmdk").write_text("# Disk DescriptorFile\n")
    os.mkfifo(disks.path("pipe"))
    assert users(node, masters[0], disks) == ()


def test_a_folder_that_is_missing(node, disks, other, masters):
    other.folder.rmdir()
    with pytest.raises(NotFoundError):
        users(node, masters[0], disks, other)


def test_disks_of_a_folder(node, disks):
    master = disks.create("m-v1.qcow2", "20M")
    disks.overlay("vm1_12-v1.qcow2", "m-v1.qcow2")
    disks.create("r.raw", "3M", "raw")
    disks.create("x.vmdk", "5G", "vmdk", subformat="twoGbMaxExtentSparse")
    disks.create("v.vdi", "2M", "vdi")
    (disks.folder / "m-v1.xml").write_text("<domain/>")
    (disks.folder / "damaged.qcow2").write_text("x")
    (disks.folder / ".hidden.qcow2.vcltui-o.part").write_bytes(Path(master).read_bytes())
    bad = Path(disks.overlay("bad.qcow2", "json:{}"))
    found = {Path(item.path).name: item for item in list_disks(node, str(disks.folder))}
    assert sorted(found) == [
        "bad.qcow2", "damaged.qcow2", "m-v1.qcow2", "r.raw", "v.vdi", "vm1_12-v1.qcow2", "x.vmdk",
    ]  # fmt: skip
    assert found["m-v1.qcow2"].virtual_size_bytes == 20 << 20
    assert found["vm1_12-v1.qcow2"].backing_file == master
    assert (found["r.raw"].file_format, found["r.raw"].virtual_size_bytes) == ("raw", 3 << 20)
    assert found["x.vmdk"].virtual_size_bytes == 5 << 30
    parts = [item for item in disks.folder.iterdir() if item.name.startswith("x")]
    assert found["x.vmdk"].disk_size_bytes == sum(item.stat().st_blocks * 512 for item in parts)
    assert found["v.vdi"].virtual_size_bytes == 2 << 20
    assert "damaged" in (found["damaged.qcow2"].problem or "")
    assert "no plain file" in (found[bad.name].problem or "")
    assert found["m-v1.qcow2"].problem is None


def test_a_listing_starts_no_process_for_qcow2(node, disks, monkeypatch):
    disks.overlay("vm1_12-v1.qcow2", disks.create("m-v1.qcow2"))
    disks.create("r.raw", "3M", "raw")
    profile = VMProfile("p", str(disks.folder))
    monkeypatch.setattr(node, "run", lambda *_, **__: pytest.fail("a process"))
    assert [image.name for image in list_images(node, profile)] == ["m-v1", "r"]


@pytest.mark.parametrize("apart", [True, False])
def test_masters_and_who_uses_them(node, disks, other, masters, apart):
    own = other if apart else disks
    profile = VMProfile("p", str(disks.folder), vmpath=str(other.folder) if apart else None)
    one = own.overlay("vm1_12-v1.qcow2", masters[0])
    ten = own.overlay("vm10_12-v1.qcow2", masters[0])
    own.create("vm1_13-v1.raw", "1M", "raw")
    chained = disks.overlay("linux-Layer-v2.qcow2", masters[1])
    top = own.overlay("vm2_14-v2.qcow2", chained)
    found = {image.name: image for image in list_masters(node, profile)}
    assert sorted(found) == ["linux-Base12-v1", "linux-Base12-v10", "linux-Layer-v2"]
    assert found["linux-Base12-v1"].used_by == tuple(sorted((one, ten)))
    assert found["linux-Base12-v10"].used_by == tuple(sorted((chained, top)))
    assert found["linux-Layer-v2"].used_by == (top,)
    image = found["linux-Base12-v1"]
    assert (image.location, image.format, image.path) == ("datastore", "qcow2", masters[0])
    assert image.virtual_size_bytes == 10 << 20
    assert image.disk_size_bytes == Path(masters[0]).stat().st_blocks * 512


def test_repository_images(node, disks, other, tmp_path):
    profile = VMProfile("p", str(disks.folder), repository=str(other.folder))
    for name in ("a-v1", "a-v10", "split-v1", "twice-v1"):
        (other.folder / name).mkdir()
    other.create("a-v1/a-v1.qcow2", "3M")
    other.create("a-v10/a-v10.raw", "4M", "raw")
    other.create("split-v1/split-v1.vmdk", "5G", "vmdk", subformat="twoGbMaxExtentFlat")
    other.create("twice-v1/twice-v1.qcow2")
    other.create("twice-v1/twice-v1.vmdk", "1M", "vmdk")
    other.create("flat-v1.qcow2", "6M")
    (other.folder / "bad-v1.qcow2").write_text("x")
    (other.folder / "notes.txt").write_text("x")
    (other.folder / ".vcltui-locks").mkdir()
    found = {image.name: image for image in list_repository_images(node, profile)}
    assert sorted(found) == ["a-v1", "a-v10", "bad-v1", "flat-v1", "split-v1", "twice-v1"]
    assert found["a-v1"].virtual_size_bytes == 3 << 20
    assert (found["a-v10"].format, found["a-v10"].virtual_size_bytes) == ("raw", 4 << 20)
    split = found["split-v1"]
    assert (split.format, split.virtual_size_bytes) == ("vmdk", 5 << 30)
    assert split.path == other.path("split-v1/split-v1-f001.vmdk")
    assert "twice in the repository" in (found["twice-v1"].problem or "")
    assert found["bad-v1"].problem is not None
    assert found["flat-v1"].location == "repository"
    disks.create("a-v1.qcow2")
    listed = [(image.location, image.name) for image in list_images(node, profile)]
    assert listed[0] == ("datastore", "a-v1")
    assert listed[1:] == [("repository", name) for name in sorted(found)]


class Reads(LocalNode):
    """A node that tells which files were read."""

    def __init__(self) -> None:
        super().__init__("node1")
        self.names: list[str] = []

    def read_bytes(self, path: str, max_bytes: int, offset: int = 0) -> bytes:
        self.names.append(Path(path).name)
        return super().read_bytes(path, max_bytes, offset)


def age(*folders: Path, seconds: float = 3600.0) -> None:
    """Have all files in the folders be of some time ago."""
    old = time.time() - seconds
    for folder in folders:
        for path in folder.rglob("*"):
            os.utime(path, (old, old))


def test_only_what_changed_is_read_again(disks, other, masters):
    node, profile = Reads(), VMProfile("p", str(disks.folder), vmpath=str(other.folder))
    own = other.overlay("vm1_12-v1.qcow2", masters[0])
    other.overlay("vm2_12-v1.qcow2", masters[0])
    age(disks.folder, other.folder)
    before = list_masters(node, profile)
    assert {image.name: len(image.used_by) for image in before}["linux-Base12-v1"] == 2
    node.names.clear()
    assert list_masters(node, profile) == before
    assert node.names == []
    other.overlay("vm1_12-v1.qcow2", masters[1])
    after = {image.name: image.used_by for image in list_masters(node, profile)}
    assert node.names == ["vm1_12-v1.qcow2"]
    assert after["linux-Base12-v10"] == (own,)
    Path(own).unlink()
    assert [len(image.used_by) for image in list_masters(node, profile)] == [1, 0]


def test_what_is_of_this_moment_is_read_again(node, disks):
    """Two changes within a tick of the clock have one time."""
    path = Path(disks.overlay("vm1_12-v1.qcow2", "/a/m-v1.qcow2"))
    list_disks(node, str(disks.folder))
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b"/a/m-v1", b"/a/m-v2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [disk.backing_file for disk in list_disks(node, str(disks.folder))] == ["/a/m-v2.qcow2"]


def test_only_what_changed_in_a_repository_is_read_again(disks, other):
    node = Reads()
    profile = VMProfile("p", str(disks.folder), repository=str(other.folder))
    for name in ("a-v1", "split-v1"):
        (other.folder / name).mkdir()
    other.create("a-v1/a-v1.qcow2", "3M")
    other.create("split-v1/split-v1.vmdk", "3G", "vmdk", subformat="twoGbMaxExtentFlat")
    other.create("flat-v1.qcow2", "6M")
    age(other.folder)
    before = list_repository_images(node, profile)
    node.names.clear()
    assert list_repository_images(node, profile) == before
    assert node.names == []
    other.create("flat-v1.qcow2", "7M")
    images = list_repository_images(node, profile)
    found = {image.name: image.virtual_size_bytes for image in images}
    assert found == {"a-v1": 3 << 20, "split-v1": 3 << 30, "flat-v1": 7 << 20}
    assert set(node.names) == {"flat-v1.qcow2"}


def test_folders_that_are_gone_are_not_remembered_for_ever(node, other, monkeypatch):
    """Each image of a repository may have one, and they come and go."""
    known: remembered.Remembered[str] = remembered.Remembered()
    began = time.monotonic()
    for number in range(10):
        now = began + 400 * number
        monkeypatch.setattr(remembered.time, "monotonic", lambda now=now: now)
        known.folder(node, f"{other.folder}/image{number}")
        known.folder(node, str(other.folder))
    folders = set(known._folders[node])
    assert folders == {str(other.folder), f"{other.folder}/image8", f"{other.folder}/image9"}


def test_users_are_seen_through_links(node, disks, other, masters):
    """By device and inode, so that nobody is asked for each file's real path."""
    profile = VMProfile("p", str(disks.folder), vmpath=str(other.folder))
    link = other.folder.with_name("link")
    link.symlink_to(disks.folder)
    own = other.overlay("vm1_12-v1.qcow2", str(link / Path(masters[0]).name))
    other.overlay("vm2_12-v1.qcow2", disks.path("none.qcow2"))
    found = {image.name: image.used_by for image in list_masters(node, profile)}
    assert found["linux-Base12-v1"] == (own,)
