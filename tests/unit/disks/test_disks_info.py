"""get_virtual_disk_file_info and backing chains."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vcltui.disks.formats import format_of, format_of_driver, format_of_type
from vcltui.disks.info import backing_chain, disk_info, virtual_size_bytes
from vcltui.errors import ConfigError, DiskError, NotFoundError, RefusedError


def test_everything_about_an_overlay(node, disks):
    master = disks.write(disks.create("m.qcow2", "20M"), "write -P 1 0 1M")
    path = disks.overlay("vm1_12-v3.qcow2", master)
    disks.tool("qemu-img", "snapshot", "-c", "VCL snapshot", path)
    info = disk_info(node, path)
    assert info.path == path
    assert info.file_format == "qcow2"
    assert info.virtual_size_bytes == 10 << 20
    assert info.disk_size_bytes == Path(path).stat().st_blocks * 512
    assert info.cluster_size_bytes == 65536
    assert info.backing_file == info.backing_file_actual_path == master
    assert info.backing_file_format == "qcow2"
    (snapshot,) = info.snapshots
    assert (snapshot.id, snapshot.tag, snapshot.vm_size_bytes) == ("1", "VCL snapshot", 0)
    assert abs(snapshot.date - datetime.now(UTC)) < timedelta(hours=1)


def test_a_relative_backing_file_is_resolved_from_the_overlay(node, disks):
    disks.create("m.qcow2")
    info = disk_info(node, disks.overlay("o.qcow2", "m.qcow2"))
    assert info.backing_file == "m.qcow2"
    assert info.backing_file_actual_path == disks.path("m.qcow2")


@pytest.mark.parametrize("file_format", ["qcow2", "vmdk", "vdi", "vhdx", "vpc"])
def test_format_is_told_by_the_content_whatever_the_name(node, disks, file_format):
    path = disks.create("noname", "3M", file_format)
    assert format_of(node, path) == file_format
    assert disk_info(node, path).file_format == file_format
    assert virtual_size_bytes(node, path) == disk_info(node, path).virtual_size_bytes


def test_raw_is_told_by_its_name_alone(node, disks):
    raw = disks.create("a.raw", "1000", "raw")
    assert virtual_size_bytes(node, raw) == disk_info(node, raw).virtual_size_bytes == 1024
    unnamed = disks.create("a.disk", "1000", "raw")
    with pytest.raises(DiskError, match=r"format that can be told.*\.raw"):
        disk_info(node, unnamed)
    assert disk_info(node, unnamed, file_format="raw").virtual_size_bytes == 1024


@pytest.mark.parametrize("name", ["disk.img", "disk.raw", "disk.qcow2", "disk"])
@pytest.mark.parametrize("content", ["qcow2", "raw", "vmdk"])
def test_a_domains_disk_is_what_its_xml_says(node, disks, name, content):
    path = disks.create(name, "3M", content)
    assert format_of_driver(node, path, "raw") == "raw"
    assert format_of_driver(node, path, "qcow2") == "qcow2"
    if content == "raw":
        assert format_of_driver(node, path, None) == "raw"
    else:
        with pytest.raises(RefusedError, match=f"begins as a {content} disk, but .* no format"):
            format_of_driver(node, path, None)
    for unknown in ("qed", "dir", ""):
        with pytest.raises(RefusedError, match="is not read here"):
            format_of_driver(node, path, unknown)


def test_what_a_guest_writes_into_a_raw_disk_does_not_change_its_format(node, disks, other):
    secret = other.create("secret.qcow2")
    fake = disks.overlay("fake.qcow2", secret)
    raw = disks.path("vm1_12-v3.raw")
    Path(fake).rename(raw)
    assert disk_info(node, raw).file_format == "raw"
    assert disk_info(node, raw).backing_file is None


@pytest.mark.parametrize("name", ["none.qcow2", "no/such/folder.qcow2"])
def test_missing(node, disks, name):
    with pytest.raises(NotFoundError, match="no disk file"):
        disk_info(node, disks.path(name))


def test_what_is_no_plain_file_is_not_opened(node, disks):
    pipe = disks.path("pipe.qcow2")
    os.mkfifo(pipe)
    for path in (pipe, str(disks.folder)):
        with pytest.raises(RefusedError, match="no plain file"):
            disk_info(node, path)


@pytest.mark.parametrize("length", [0, 2, 60, 100])
def test_a_cut_off_file_is_one_sentence(node, disks, length):
    path = disks.create("a.qcow2")
    Path(path).write_bytes(Path(path).read_bytes()[:length])
    with pytest.raises(DiskError) as caught:
        disk_info(node, path)
    assert path in caught.value.what
    assert "\n" not in str(caught.value)


def test_damage_that_only_qemu_img_sees_is_told_in_its_words(node, disks):
    path = disks.create("a.qcow2")
    with Path(path).open("r+b") as file:
        file.seek(40)
        file.write(struct.pack(">Q", 12345))  # the L1 table's offset, not on a cluster
    with pytest.raises(DiskError, match=r"Can't read .*a\.qcow2 on node1: .+"):
        disk_info(node, path)


def test_a_partial_copy_can_not_be_told_from_a_whole_one(node, disks):
    """Why only a writer's exit status and the rename after it count."""
    path = disks.write(disks.create("a.qcow2"), "write -P 1 0 4M")
    with Path(path).open("r+b") as file:
        file.truncate(Path(path).stat().st_size // 2)
    assert disk_info(node, path).virtual_size_bytes == 10 << 20


def test_a_json_data_file_is_refused_before_qemu_img_opens_it(node, disks):
    path = disks.create("d.qcow2", data_file=disks.path("d" * 40 + ".raw"))
    data = bytearray(Path(path).read_bytes())
    old = disks.path("d" * 40 + ".raw").encode()
    new = b'json:{"driver":"file","filename":"/etc/shadow"}'.ljust(len(old))
    Path(path).write_bytes(data.replace(old, new))
    with pytest.raises(RefusedError, match="no plain file"):
        disk_info(node, path)


def test_chain(node, disks):
    base = disks.create("base.raw", "10M", "raw")
    middle = disks.overlay("middle.qcow2", base, "raw")
    top = disks.overlay("top.qcow2", "middle.qcow2")
    chain = backing_chain(node, top)
    assert [(item.path, item.file_format) for item in chain] == [
        (top, "qcow2"),
        (middle, "qcow2"),
        (base, "raw"),
    ]


def test_chain_without_recorded_format_goes_by_the_content(node, disks):
    base = disks.create("base.disk", "10M", "raw")
    top = disks.overlay("top.qcow2", base, None)
    assert [item.file_format for item in backing_chain(node, top)] == ["qcow2", "raw"]


def test_chain_that_is_cut(node, disks):
    gone = disks.path("gone.qcow2")
    with pytest.raises(DiskError, match=r"stands on .*gone\.qcow2, which is missing"):
        backing_chain(node, disks.overlay("top.qcow2", gone))


def test_chain_that_is_a_loop(node, disks):
    one = disks.overlay("one.qcow2", "two.qcow2")
    disks.overlay("two.qcow2", "one.qcow2")
    with pytest.raises(RefusedError, match="without end"):
        backing_chain(node, one)


@pytest.mark.parametrize(
    ("image_type", "file_format"),
    [("qcow2", "qcow2"), ("QCOW2", "qcow2"), ("img", "raw"), ("vmdk", "vmdk"), ("vhd", "vpc")],
)
def test_image_types(image_type, file_format):
    assert format_of_type(image_type) == file_format


def test_an_image_type_that_is_no_disk():
    with pytest.raises(ConfigError, match="partimage"):
        format_of_type("partimage")
