"""Split, flat and single VMDK files, really made by qemu-img, read back as one disk."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from vcltui.disks.copy import copy_command, copy_disk
from vcltui.disks.source import resolve_source
from vcltui.disks.vmdk import (
    Extent,
    descriptor_text,
    is_part,
    order_parts,
    parse_descriptor,
    part_stem,
    parts_are_flat,
)
from vcltui.errors import DiskError, RefusedError

GIB = 1 << 30


@pytest.fixture(scope="module")
def big_raw(tmp_path_factory) -> str:
    """5 GiB of zeros with some data, also across the places where a split disk is cut."""
    path = tmp_path_factory.mktemp("source") / "big.raw"
    source = random.Random(42)  # noqa: S311 - data, not a secret
    with path.open("wb") as file:
        file.truncate(5 * GIB)
        spots = [source.randrange(0, 5 * GIB - 8192) for _ in range(20)]
        for spot in (*spots, 0, 2 * GIB - 4096, 4 * GIB - 100, 5 * GIB - 4096):
            file.seek(spot)
            file.write(source.randbytes(4096))
    return str(path)


def split(disks, raw: str, subformat: str, name: str = "x.vmdk") -> list[str]:
    """Convert to a VMDK; returns the parts (the file itself where there is only one)."""
    disks.tool("qemu-img", "convert", "-f", "raw", "-O", "vmdk",
               "-o", f"subformat={subformat}", raw, disks.path(name))  # fmt: skip
    parts = [disks.path(item) for item in disks.names() if is_part(item)]
    return parts or [disks.path(name)]


def copy(node, disks, sources, name="copy.qcow2", **more):
    destination = disks.path(name)
    copy_disk(node, sources, destination, "qcow2", temporary=disks.path(".t.part"),
              allowed_directories=[str(disks.folder)], **more)  # fmt: skip
    return destination


@pytest.mark.parametrize(
    ("subformat", "count", "read_as"),
    [
        ("twoGbMaxExtentSparse", 3, "vmdk"),
        ("twoGbMaxExtentFlat", 3, "raw"),
        ("monolithicFlat", 1, "raw"),
        ("monolithicSparse", 1, "vmdk"),
        ("streamOptimized", 1, "vmdk"),
    ],
)
def test_every_kind_is_copied_byte_for_byte(node, disks, big_raw, subformat, count, read_as):
    parts = split(disks, big_raw, subformat)
    assert len(parts) == count
    before = disks.names()
    shuffled = list(reversed(parts))
    source = resolve_source(node, shuffled, temporary=disks.path(".t.part"),
                            allowed_directories=[str(disks.folder)])  # fmt: skip
    assert source.file_format == read_as
    assert source.virtual_size_bytes == 5 * GIB
    result = copy(node, disks, shuffled)
    assert disks.same(result, "qcow2", big_raw, "raw")
    assert disks.names() == sorted([*before, "copy.qcow2"]), "nothing else is left"


@pytest.mark.parametrize(
    "subformat", ["twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "monolithicFlat"]
)
def test_a_descriptor_stands_for_its_parts(node, disks, big_raw, subformat):
    split(disks, big_raw, subformat)
    result = copy(node, disks, [disks.path("x.vmdk")])
    assert disks.same(result, "qcow2", big_raw, "raw")


def test_parts_without_their_descriptor(node, disks, big_raw):
    parts = split(disks, big_raw, "twoGbMaxExtentSparse")
    Path(disks.path("x.vmdk")).unlink()
    assert disks.same(copy(node, disks, parts), "qcow2", big_raw, "raw")


def test_the_command_line_of_a_dry_run(node, disks, big_raw):
    flats = split(disks, big_raw, "twoGbMaxExtentFlat")
    allowed = [str(disks.folder)]
    line = copy_command(node, flats[::-1], "qcow2", temporary="/t", allowed_directories=allowed)
    assert line == f"qemu-img convert -f raw -p -W -m 16 -O qcow2 {' '.join(flats)} /t"


def test_a_flat_part_that_is_cut_off(node, disks, big_raw):
    parts = split(disks, big_raw, "twoGbMaxExtentFlat")
    with Path(parts[1]).open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DiskError, match="no whole sectors"):
        copy(node, disks, parts)


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["x-s002.vmdk", "x-s001.vmdk"], ["x-s001.vmdk", "x-s002.vmdk"]),
        (["x-flat.vmdk"], ["x-flat.vmdk"]),
        (["x-v1-f001.vmdk"], ["x-v1-f001.vmdk"]),
        (
            [f"x-s{number:03}.vmdk" for number in range(1002, 0, -1)],
            [f"x-s{number:03}.vmdk" for number in range(1, 1003)],
        ),
    ],
)
def test_order(names, ordered):
    assert order_parts([f"/d/{name}" for name in names]) == tuple(f"/d/{name}" for name in ordered)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["x-s001.vmdk", "x-s003.vmdk"], "Part 2 of the split disk is missing"),
        (["x-s002.vmdk"], "Part 1 of the split disk is missing"),
        (["x-s001.vmdk", "x-f002.vmdk"], "different disks"),
        (["x-v1-s001.vmdk", "x-v10-s002.vmdk"], "different disks"),
        (["x-s001.vmdk", "x.vmdk"], "no part of a split disk"),
        (["x-flat.vmdk", "y-flat.vmdk"], "no part of a split disk"),
        (["a.qcow2", "b.qcow2"], "no part of a split disk"),
        (["x-s001.vmdk", "x-s0001.vmdk"], "missing"),
    ],
)
def test_what_are_not_the_parts_of_one_disk(names, words):
    with pytest.raises(DiskError, match=words):
        order_parts([f"/d/{name}" for name in names])


@pytest.mark.parametrize(
    ("name", "stem", "flat"),
    [("x-v1-s001.vmdk", "x-v1", False), ("x-v10-f012.vmdk", "x-v10", True),
     ("x-flat.vmdk", "x", True)],
)  # fmt: skip
def test_parts_are_known_by_their_names(name, stem, flat):
    assert part_stem(name) == stem
    assert parts_are_flat([name]) is flat


@pytest.mark.parametrize("name", ["x.vmdk", "x-v1.vmdk", "x-s01.vmdk", "x-000001.vmdk", "x-s001"])
def test_what_is_no_part(name):
    assert not is_part(name)


def test_qemu_counts_an_extent_twice_that_follows_a_blank_line(node, disks, big_raw):
    """Why such a descriptor is refused, and none is written so."""
    split(disks, big_raw, "twoGbMaxExtentSparse")
    path = disks.path("x.vmdk")
    text = Path(path).read_text()
    blank = text.replace("\n# Extent description\n", "\n")
    Path(path).write_text(blank)
    shown = disks.tool("qemu-img", "info", "-f", "vmdk", path)
    assert "virtual size: 7 GiB" in shown, "QEMU no longer does so"
    with pytest.raises(DiskError, match="blank line before an extent"):
        parse_descriptor(blank, path)
    assert [extent.sectors for extent in parse_descriptor(text, path)] == [
        2 * GIB // 512,
        2 * GIB // 512,
        GIB // 512,
    ]


def test_what_is_written_is_read_as_the_same(disks):
    extents = (Extent("SPARSE", 12, "/d/x-s001.vmdk"), Extent("FLAT", 8, "/d/two words.vmdk", 4))
    assert parse_descriptor(descriptor_text(extents), "/d/x.vmdk") == extents


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('RDONLY 8 SPARSE "a"', "can't be read"),
        ("RW 8 ZERO", "can't be read"),
        ('RW 8 SESPARSE "a"', "can't be read"),
        ('RW 99999999999999999999 FLAT "a" 0', "can't be read"),
        ('RW\n8 FLAT "/etc/passwd" 0', "no VMDK descriptor has"),
        ('parentFileNameHint="base.vmdk"', "only the changes"),
        ("", "describes no extents"),
    ],
)
def test_a_descriptor_that_qemu_would_read_otherwise(line, words):
    text = f"# Disk DescriptorFile\nversion=1\n# x\n{line}\n"
    with pytest.raises(DiskError, match=words):
        parse_descriptor(text, "/d/x.vmdk")


def test_a_part_that_is_something_else(node, disks, big_raw):
    parts = split(disks, big_raw, "twoGbMaxExtentSparse")
    disks.tool("qemu-img", "create", "-q", "-f", "qcow2", parts[1], "1M")
    with pytest.raises(DiskError, match="no part of a VMDK"):
        copy(node, disks, parts)


def test_a_copy_that_comes_out_in_another_size_is_no_copy(node, disks, big_raw):
    """QEMU goes by the length in the extent itself, whatever the descriptor says."""
    split(disks, big_raw, "twoGbMaxExtentSparse")
    path = Path(disks.path("x.vmdk"))
    path.write_text(path.read_text().replace("RW 2097152", "RW 2097000"))
    before = disks.names()
    with pytest.raises(DiskError, match="came out with 5368709120 bytes instead of 5368631296"):
        copy(node, disks, [str(path)])
    assert disks.names() == before


def test_a_descriptor_that_leads_elsewhere(node, disks, big_raw):
    split(disks, big_raw, "monolithicFlat")
    path = Path(disks.path("x.vmdk"))
    path.write_text(path.read_text().replace("x-flat.vmdk", "/etc/passwd"))
    with pytest.raises(RefusedError, match="/etc/passwd"):
        copy(node, disks, [str(path)])
