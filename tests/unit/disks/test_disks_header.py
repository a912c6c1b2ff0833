"""qcow2 headers read from bytes, held against what qemu-img says of the same files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcltui.disks.header import FIRST_BYTES, Qcow2Header, parse_header, read_header
from vcltui.disks.info import disk_info
from vcltui.errors import DiskError, NotFoundError


@pytest.mark.parametrize("options", [{}, {"compat": "0.10"}, {"cluster_size": "512"},
                                     {"cluster_size": "2M"}, {"extended_l2": "on"}])  # fmt: skip
def test_header_agrees_with_qemu_img(node, disks, options):
    path = disks.create("a.qcow2", "7M", **options)
    header, info = read_header(node, path), disk_info(node, path)
    assert header.virtual_size_bytes == info.virtual_size_bytes == 7 << 20
    assert header.cluster_size_bytes == info.cluster_size_bytes
    assert {2: "0.10", 3: "1.1"}[header.version] == info.compat
    assert header.backing_file is None
    assert not (header.corrupt or header.dirty or header.encrypted)


@pytest.mark.parametrize("compat", ["0.10", "1.1"])
def test_backing_file_and_format(node, disks, compat):
    base = disks.create("base.raw", "5M", "raw")
    path = disks.path("o.qcow2")
    disks.tool("qemu-img", "create", "-q", "-f", "qcow2", "-o", f"compat={compat}",
               "-b", base, "-F", "raw", path)  # fmt: skip
    header = read_header(node, path)
    assert (header.backing_file, header.backing_format) == (base, "raw")
    assert header.virtual_size_bytes == 5 << 20


def test_an_overlay_without_recorded_format(node, disks):
    path = disks.overlay("o.qcow2", "/somewhere/base", None)
    header = read_header(node, path)
    assert (header.backing_file, header.backing_format) == ("/somewhere/base", None)


def test_data_file_and_snapshots(node, disks):
    with_data = disks.create("d.qcow2", data_file=disks.path("d.raw"))
    assert read_header(node, with_data).data_file == disks.path("d.raw")
    with_snapshots = disks.create("s.qcow2")
    for name in ("one", "two"):
        disks.tool("qemu-img", "snapshot", "-c", name, with_snapshots)
    assert read_header(node, with_snapshots).snapshot_count == 2


@pytest.mark.parametrize(("method", "encrypted"), [(0, False), (1, True), (2, True)])
def test_encryption(disks, method, encrypted):
    data = bytearray(Path(disks.create("a.qcow2")).read_bytes())
    struct.pack_into(">I", data, 32, method)
    assert parse_header(bytes(data), "/x").encrypted is encrypted


@pytest.mark.parametrize(("bit", "name"), [(0, "dirty"), (1, "corrupt")])
def test_incompatible_features(node, disks, bit, name):
    path = disks.create("a.qcow2")
    set_feature(path, 1 << bit)
    header = read_header(node, path)
    assert getattr(header, name)
    assert header.incompatible_features == 1 << bit


def test_a_name_far_into_the_first_cluster_is_found(node, disks):
    path = disks.overlay("o.qcow2", "/a/base.qcow2")
    data = bytearray(Path(path).read_bytes())
    offset, length = struct.unpack_from(">QI", data, 8)
    far = 60_000
    data[far : far + length] = data[offset : offset + length]
    struct.pack_into(">Q", data, 8, far)
    Path(path).write_bytes(data)
    assert disk_info(node, path).backing_file == "/a/base.qcow2"
    assert read_header(node, path).backing_file == "/a/base.qcow2"
    assert read_header(node, path, bytes(data[:FIRST_BYTES])).backing_format == "qcow2"


def test_the_extensions_end_where_the_name_begins():
    name = b"/a/base.qcow2"
    fixed = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 72, len(name), 16, 1 << 20, *[0] * 7)
    header = parse_header(fixed + name, "/x")
    assert (header.version, header.backing_file) == (2, "/a/base.qcow2")
    assert header.backing_format is None


@pytest.mark.parametrize("length", [0, 3, 4, 71, 72, 100, 104, 107])
def test_a_cut_off_header_is_an_error(node, disks, length):
    path = disks.overlay("o.qcow2", "/a/base.qcow2")
    Path(path).write_bytes(Path(path).read_bytes()[:length])
    with pytest.raises(DiskError):
        read_header(node, path)


def test_other_files_and_missing_ones(node, disks):
    raw = disks.create("a.raw", "1M", "raw")
    with pytest.raises(DiskError, match="is no qcow2 file"):
        read_header(node, raw)
    with pytest.raises(NotFoundError):
        read_header(node, disks.path("none.qcow2"))


@pytest.mark.parametrize(
    ("offset", "packing", "value", "words"),
    [
        (4, ">I", 1, "unknown version"),
        (4, ">I", 4, "unknown version"),
        (20, ">I", 8, "sizes"),
        (20, ">I", 60, "sizes"),
        (24, ">Q", 1 << 63, "sizes"),
        (8, ">Q", 1 << 40, "backing file's name"),
        (16, ">I", 1024, "backing file's name"),
        (100, ">I", 1 << 20, "header has an impossible length"),
        (100, ">I", 8, "header has an impossible length"),
        (116, ">I", 1 << 30, "extension is out of bounds"),
    ],
)
def test_damage_is_named(disks, offset, packing, value, words):
    path = disks.overlay("o.qcow2", "/a/base.qcow2")
    data = bytearray(Path(path).read_bytes())
    struct.pack_into(packing, data, offset, value)
    with pytest.raises(DiskError, match=words):
        parse_header(bytes(data), path)


@pytest.mark.parametrize("name", [b"/a/b\0/../c", b"/a/\xff\xfe", b"/a/\n"])
def test_a_name_that_c_and_python_read_differently_is_damage(disks, name):
    path = disks.overlay("o.qcow2", "/a/" + "x" * 20)
    data = bytearray(Path(path).read_bytes())
    (offset,) = struct.unpack_from(">Q", data, 8)
    data[offset : offset + len(name)] = name
    struct.pack_into(">I", data, 16, len(name))
    with pytest.raises(DiskError, match="not readable"):
        parse_header(bytes(data), path)


@settings(database=None)  # the checkout may be read-only
@given(st.binary(max_size=400))
def test_any_bytes_give_a_header_or_a_disk_error(tail):
    for data in (tail, b"QFI\xfb" + tail, b"QFI\xfb\0\0\0\3" + tail, b"QFI\xfb\0\0\0\2" + tail):
        try:
            assert isinstance(parse_header(data, "/x"), Qcow2Header)
        except DiskError as error:
            assert "/x" in str(error)


def set_feature(path: str, features: int) -> None:
    with Path(path).open("r+b") as file:
        file.seek(72)
        file.write(struct.pack(">Q", features))
