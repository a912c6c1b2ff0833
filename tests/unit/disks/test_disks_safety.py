"""Every file of a chain must be a plain file in the allowed folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vcltui.disks.safety import MAX_DEPTH, check_disk_is_safe, is_inside
from vcltui.errors import DiskError, NotFoundError, RefusedError


def check(node, disks, path, **more):
    return check_disk_is_safe(node, path, [str(disks.folder)], **more)


def test_a_whole_chain(node, disks):
    base = disks.create("base.raw", "10M", "raw")
    middle = disks.overlay("middle.qcow2", "base.raw", "raw")
    top = disks.overlay("top.qcow2", middle)
    found = check(node, disks, top)
    assert [(item.real_path, item.file_format, item.role) for item in found] == [
        (top, "qcow2", "disk"),
        (middle, "qcow2", "backing file"),
        (base, "raw", "backing file"),
    ]
    assert found[0].disk_size_bytes == Path(top).stat().st_blocks * 512


def test_the_disk_itself_may_lie_anywhere(node, disks, other):
    master = disks.create("m.qcow2")
    assert len(check(node, disks, other.overlay("top.qcow2", master))) == 2


@pytest.mark.parametrize(
    "name",
    [
        "json:{}",
        'json:{"driver":"qcow2","file":{"driver":"file","filename":"/etc/passwd"}}',
        "nbd:localhost:10809",
        "nbd://localhost/x",
        "http://example.org/x.qcow2",
        "file:/etc/passwd",
        "a:b.qcow2",
    ],
)
def test_what_is_no_plain_file_name(node, disks, name):
    path = disks.overlay("top.qcow2", name)
    with pytest.raises(RefusedError, match="no plain file") as caught:
        check(node, disks, path)
    assert path in caught.value.what
    assert name[:100] in caught.value.what


@pytest.mark.parametrize("form", ["absolute", "relative", "link", "folder link"])
def test_a_backing_file_outside(node, disks, other, form):
    secret = other.create("secret.qcow2")
    name = secret
    if form == "relative":
        name = "../elsewhere/secret.qcow2"
    elif form == "link":
        name = "inside.qcow2"
        Path(disks.path(name)).symlink_to(secret)
    elif form == "folder link":
        Path(disks.path("sub")).symlink_to(other.folder)
        name = "sub/secret.qcow2"
    path = disks.overlay("top.qcow2", name)
    with pytest.raises(RefusedError) as caught:
        check(node, disks, path)
    assert path in caught.value.what
    assert secret in caught.value.what
    assert str(disks.folder) in caught.value.hint


def test_the_offending_file_is_named_deep_in_a_chain(node, disks, other):
    secret = other.create("secret.qcow2")
    middle = disks.overlay("middle.qcow2", secret)
    with pytest.raises(RefusedError, match=r"middle\.qcow2 on node1 refers to .*secret"):
        check(node, disks, disks.overlay("top.qcow2", middle))


def test_a_folder_is_no_prefix(node, disks):
    beside = disks.folder.parent / "store2"
    beside.mkdir()
    path = disks.overlay("top.qcow2", str(beside / "m.qcow2"))
    with pytest.raises(RefusedError, match="store2"):
        check(node, disks, path)
    assert is_inside("/d/a", "/d")
    assert is_inside("/d/a", "/d/")
    assert not is_inside("/d", "/d")
    assert not is_inside("/d2/a", "/d")


def test_an_allowed_folder_may_be_a_link(node, disks, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(disks.folder)
    disks.create("m.qcow2")
    top = disks.overlay("top.qcow2", str(link / "m.qcow2"))
    assert len(check_disk_is_safe(node, top, [str(link)])) == 2


def test_names_are_relative_to_the_name_a_disk_is_opened_by(node, disks, other):
    """As QEMU does it: the folder of the link, not that of the file behind it."""
    behind = other.overlay("behind.qcow2", "m.qcow2")
    link = disks.path("link.qcow2")
    Path(link).symlink_to(behind)
    with pytest.raises(DiskError, match="missing"):
        check(node, disks, link)
    disks.create("m.qcow2")
    assert check(node, disks, link)[1].path == disks.path("m.qcow2")


def test_a_missing_backing_file(node, disks):
    gone = disks.path("gone.qcow2")
    with pytest.raises(DiskError, match=r"stands on .*gone\.qcow2, which is missing"):
        check(node, disks, disks.overlay("top.qcow2", gone))
    with pytest.raises(NotFoundError):
        check(node, disks, gone)


def test_what_is_no_plain_file_on_the_disk(node, disks):
    os.mkfifo(disks.path("pipe"))
    (disks.folder / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(RefusedError, match="no plain file"):
            check(node, disks, disks.overlay("top.qcow2", name, "raw"))


def test_loops(node, disks):
    itself = disks.overlay("self.qcow2", "self.qcow2")
    one = disks.overlay("one.qcow2", "two.qcow2")
    disks.overlay("two.qcow2", "one.qcow2")
    for path in (itself, one):
        with pytest.raises(RefusedError, match="loop"):
            check(node, disks, path)


def test_depth(node, disks):
    disks.create("0.qcow2")
    for number in range(1, MAX_DEPTH + 3):
        disks.overlay(f"{number}.qcow2", f"{number - 1}.qcow2")
    assert len(check(node, disks, disks.path(f"{MAX_DEPTH}.qcow2"))) == MAX_DEPTH + 1
    with pytest.raises(RefusedError, match="more than"):
        check(node, disks, disks.path(f"{MAX_DEPTH + 2}.qcow2"))


def test_data_files(node, disks, other):
    inside = disks.create("a.qcow2", data_file=disks.path("a.raw"))
    assert [item.role for item in check(node, disks, inside)] == ["disk", "data file"]
    outside = disks.create("b.qcow2", data_file=other.path("b.raw"))
    with pytest.raises(RefusedError, match=r"elsewhere/b\.raw as its data file"):
        check(node, disks, outside)


def test_a_relative_data_file_means_something_else_to_every_process(node, disks):
    disks.tool("qemu-img", "create", "-q", "-f", "qcow2", "-o",
               f"data_file={disks.path('c.raw')}", disks.path("c.qcow2"), "1M")  # fmt: skip
    path = Path(disks.path("c.qcow2"))
    old = disks.path("c.raw").encode()
    path.write_bytes(path.read_bytes().replace(old, b"x" * len(old)))
    with pytest.raises(RefusedError, match="no plain file"):
        check(node, disks, str(path))


def test_a_recorded_format_that_is_no_disk_format(node, disks):
    disks.create("m.qcow2")
    path = Path(disks.overlay("top.qcow2", "m.qcow2"))
    data = path.read_bytes()
    at = data.index(bytes.fromhex("e2792aca")) + 8
    path.write_bytes(data[:at] + b"vvfat" + data[at + 5 :])
    with pytest.raises(RefusedError, match="'vvfat'"):
        check(node, disks, str(path))


def test_a_recorded_raw_format_is_not_followed(node, disks, other):
    """A guest's raw disk that begins like an overlay of a foreign file stays a raw disk."""
    inner = disks.overlay("inner", other.create("secret.qcow2"))
    assert len(check(node, disks, disks.overlay("top.qcow2", inner, "raw"))) == 2


def test_without_a_recorded_format_the_content_is_followed_as_qemu_would(node, disks, other):
    inner = disks.overlay("inner", other.create("secret.qcow2"))
    with pytest.raises(RefusedError, match="secret"):
        check(node, disks, disks.overlay("top.qcow2", inner, None))


def test_corrupt_and_damaged(node, disks):
    master = Path(disks.create("m.qcow2"))
    top = disks.overlay("top.qcow2", str(master))
    data = bytearray(master.read_bytes())
    data[79] = 2
    master.write_bytes(data)
    with pytest.raises(DiskError, match=r"m\.qcow2 on node1 is marked corrupt"):
        check(node, disks, top)
    master.write_bytes(data[:50])
    with pytest.raises(DiskError, match="cut off"):
        check(node, disks, top)


def test_vmdk_extents(node, disks, other):
    disks.create("x.vmdk", "10M", "vmdk", subformat="monolithicFlat")
    found = check(node, disks, disks.path("x.vmdk"))
    assert [item.role for item in found] == ["disk", "extent"]
    elsewhere = other.create("y.vmdk", "10M", "vmdk", subformat="monolithicFlat")
    assert len(check(node, disks, elsewhere)) == 2, "extents may lie beside their descriptor"
    text = Path(elsewhere).read_text()
    for name in ("/etc/passwd", "../secret", "nbd:localhost:1"):
        Path(elsewhere).write_text(text.replace("y-flat.vmdk", name))
        with pytest.raises(RefusedError, match=r"y\.vmdk"):
            check(node, disks, elsewhere)


def test_a_vmdk_that_stands_on_another(node, disks):
    disks.create("base.vmdk", "10M", "vmdk")
    path = disks.path("delta.vmdk")
    disks.tool("qemu-img", "create", "-q", "-f", "vmdk", "-F", "vmdk", "-b",
               disks.path("base.vmdk"), path)  # fmt: skip
    with pytest.raises(DiskError, match="only the changes to another VMDK"):
        check(node, disks, path)
