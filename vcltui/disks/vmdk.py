"""VMDK files: descriptors, sparse extents, and the parts of a split disk in their order."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vcltui.errors import DiskError
from vcltui.models.numbers import number_in
from vcltui.nodes.base import Node

SECTOR_BYTES = 512
_DESCRIPTOR_MAGIC = b"# Disk DescriptorFile"
MAX_DESCRIPTOR_BYTES = 1 << 20
_SPARSE = struct.Struct("<4sIIQ")
_EMBEDDED_OFFSET = 0x200
_EMBEDDED_BYTES = 20 * SECTOR_BYTES
_PARENT = "parentFileNameHint"
_PART = re.compile(r"(?P<stem>.+)-(?P<kind>[sf])(?P<number>\d{3,})\.vmdk\Z")
_FLAT = re.compile(r"(?P<stem>.+)-flat\.vmdk\Z")
_EXTENT = re.compile(
    r"(?P<access>RW|RDONLY|NOACCESS)\s+(?P<sectors>\d+)\s+(?P<kind>\w+)"
    r'(?:\s+"(?P<name>[^"]*)"(?:\s+(?P<offset>\d+))?)?\s*\Z'
)
_OTHER_LINE = re.compile(r"#.*|[\w.]+\s*=.*", re.DOTALL)
_READABLE_KINDS = ("SPARSE", "FLAT", "VMFS")
_NUMBER_LIMIT = 1 << 54


@dataclass(frozen=True, slots=True)
class Extent:
    """One extent of a descriptor. `kind` is SPARSE, FLAT or VMFS; `name` as written there."""

    kind: str
    sectors: int
    name: str
    offset_sectors: int = 0


def is_part(file_name: str) -> bool:
    """Whether a file is an extent of a split or flat VMDK: `x-s001`, `x-f001`, `x-flat`."""
    return bool(_PART.match(file_name) or _FLAT.match(file_name))


def part_stem(file_name: str) -> str | None:
    """The `x` of an extent's name such as `x-s001.vmdk`; None for any other file."""
    found = _PART.match(file_name) or _FLAT.match(file_name)
    return found["stem"] if found else None


def parts_are_flat(paths: Sequence[str]) -> bool:
    """Whether parts hold plain sectors, which qemu-img reads as `raw` one after the other."""
    found = _PART.match(paths[0])
    return found["kind"] == "f" if found else bool(_FLAT.match(paths[0]))


def order_parts(paths: Sequence[str]) -> tuple[str, ...]:
    """The parts of one split disk in reading order.

    Raises DiskError when they are not the parts of one disk, or one between them is missing.
    """
    if len(paths) == 1 and _FLAT.match(paths[0]):
        return tuple(paths)
    found = [(path, _PART.match(path)) for path in paths]
    numbered: list[tuple[int, str]] = []
    kinds: set[tuple[str, str]] = set()
    for path, match in found:
        if match is None:
            raise DiskError(
                f"{path} is no part of a split disk", "Name the parts of one disk, or one file"
            )
        numbered.append((int(match["number"]), path))
        kinds.add((match["stem"], match["kind"]))
    if len(kinds) != 1:
        raise DiskError(
            f"{paths[0]} and {paths[-1]} are parts of different disks",
            "Name the parts of one disk",
        )
    numbered.sort()
    for wanted, (number, path) in enumerate(numbered, start=1):
        if number != wanted:
            raise DiskError(
                f"Part {wanted} of the split disk is missing before {path}",
                "Copy the missing file there as well",
            )
    return tuple(path for _, path in numbered)


def is_descriptor(data: bytes) -> bool:
    """Whether a file's first bytes are those of a descriptor, which holds no data itself."""
    return data.startswith(_DESCRIPTOR_MAGIC)


def parse_descriptor(text: str, path: str) -> tuple[Extent, ...]:
    """The extents of a descriptor, in order.

    Raises DiskError when it has none, has a line that QEMU would pass over or read otherwise, or
    stands on a parent disk. `path` is for the message.
    """
    content = text.partition("\0")[0]
    _refuse_parent(content, path)
    extents: list[Extent] = []
    after_blank = False
    for raw in content.split("\n"):
        line = raw.strip()
        found = _EXTENT.match(line)
        if found is not None:
            if after_blank:
                raise DiskError(
                    f"{path} has a blank line before an extent, which QEMU then reads twice",
                    "Remove the blank line",
                )
            extents.append(_extent(found, line, path))
        elif line and not _OTHER_LINE.match(line):
            raise DiskError(
                f"{path} has a line that no VMDK descriptor has: {line[:80]!r}",
                "The descriptor is damaged",
            )
        after_blank = not line
    if not extents:
        raise DiskError(f"{path} describes no extents", "The descriptor is damaged")
    return tuple(extents)


def _extent(found: re.Match[str], line: str, path: str) -> Extent:
    sectors, offset = number_in(found["sectors"]), number_in(found["offset"] or "0")
    if (
        sectors is None
        or offset is None
        or found["access"] != "RW"
        or found["kind"] not in _READABLE_KINDS
        or not found["name"]
        or not found["name"].isprintable()
        or max(sectors, offset) > _NUMBER_LIMIT
    ):
        raise DiskError(
            f"{path} has an extent that can't be read: {line[:80]!r}",
            "Convert the disk with VMware's own tools first",
        )
    return Extent(found["kind"], sectors, found["name"], offset)


def _refuse_parent(descriptor: str, path: str) -> None:
    if _PARENT in descriptor:
        raise DiskError(
            f"{path} holds only the changes to another VMDK", "Consolidate its snapshots first"
        )


def read_descriptor(node: Node, path: str) -> tuple[Extent, ...]:
    """The extents of a descriptor file. Raises DiskError, NotFoundError."""
    return parse_descriptor(node.read_text(path, MAX_DESCRIPTOR_BYTES), path)


def is_sparse(data: bytes) -> bool:
    """Whether a file's first bytes are those of a sparse extent or a monolithic VMDK."""
    return data.startswith(b"KDMV")


def parse_sparse_capacity(data: bytes, path: str) -> int:
    """The capacity, in bytes, in a sparse file's first bytes. Raises DiskError."""
    if len(data) < _SPARSE.size or not is_sparse(data):
        raise DiskError(f"{path} is no sparse VMDK", "It is damaged or of another format")
    capacity: int = _SPARSE.unpack_from(data)[3]
    if not 0 < capacity < _NUMBER_LIMIT:
        raise DiskError(f"{path} is a damaged VMDK: its size is impossible", "Copy it again")
    return capacity * SECTOR_BYTES


def read_sparse_capacity(node: Node, path: str) -> int:
    """The capacity of a sparse file in bytes. Raises DiskError, NotFoundError."""
    return parse_sparse_capacity(node.read_bytes(path, _SPARSE.size), path)


def has_embedded_descriptor(node: Node, path: str) -> bool:
    """Whether a sparse file is a disk of its own, which qemu-img can open by itself.

    Raises DiskError where the descriptor inside the file names a parent disk. It is looked for
    where QEMU does, whatever the header says.
    """
    raw = node.read_bytes(path, _EMBEDDED_BYTES, _EMBEDDED_OFFSET)
    text = raw.partition(b"\0")[0].decode("utf-8", errors="replace")
    _refuse_parent(text, path)
    return "CID=" in text


def descriptor_text(extents: Sequence[Extent]) -> str:
    """A descriptor that QEMU reads as exactly these extents.

    No blank line stands in it: QEMU counts an extent twice that comes after one.
    """
    lines = [
        "# Disk DescriptorFile",
        "version=1",
        "CID=fffffffe",
        "parentCID=ffffffff",
        'createType="twoGbMaxExtentSparse"',
        "# Extent description",
        *(_extent_line(extent) for extent in extents),
    ]
    return "\n".join(lines) + "\n"


def _extent_line(extent: Extent) -> str:
    if extent.kind == "SPARSE":
        return f'RW {extent.sectors} SPARSE "{extent.name}"'
    return f'RW {extent.sectors} FLAT "{extent.name}" {extent.offset_sectors}'
