"""What qemu-img is given to read a disk, be it one file or the parts of a split VMDK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vcltui.disks.formats import format_of, require_plain_file
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.references import resolve_name
from vcltui.disks.safety import Stamp, check_disk_is_safe, stamp_of
from vcltui.disks.vmdk import (
    SECTOR_BYTES,
    Extent,
    descriptor_text,
    has_embedded_descriptor,
    is_sparse,
    order_parts,
    parts_are_flat,
    read_descriptor,
    read_sparse_capacity,
)
from vcltui.errors import DiskError, UsageError
from vcltui.nodes.base import Node


@dataclass(frozen=True, slots=True)
class Source:
    """A disk to be read.

    `read_paths` and `file_format` are what qemu-img is given. Sparse extents can't be opened
    alone, so `descriptor` is the text of the descriptor that must be written to `read_paths[0]`
    for the time of the reading; None where none is needed. `qcow2_files` are those of its files
    whose own tables tell whether they are whole. `stamps` are those of every file it is read from.
    """

    read_paths: tuple[str, ...]
    file_format: str
    virtual_size_bytes: int
    descriptor: str | None = None
    qcow2_files: tuple[str, ...] = ()
    stamps: tuple[tuple[str, Stamp], ...] = ()


def descriptor_path(temporary: str) -> str:
    """Where the descriptor for a copy is written that goes to the file `temporary`."""
    return f"{temporary}.vmdk"


def resolve_source(
    node: Node,
    paths: Sequence[str],
    *,
    temporary: str,
    allowed_directories: Sequence[str],
    file_format: str | None = None,
) -> Source:
    """How to read the disk that `paths` are: one file, or the parts of one split VMDK.

    `file_format` is that of a single file, None: told by itself. Every file that a disk refers
    to is checked as by check_disk_is_safe. Raises NotFoundError, DiskError, RefusedError.
    """
    if not paths:
        raise UsageError("No disk to copy was named", "Name its file or files")
    if len(paths) > 1:
        stamps = tuple((path, stamp_of(require_plain_file(node, path))) for path in paths)
        return replace(_parts(node, order_parts(paths), temporary), stamps=stamps)
    path = paths[0]
    chain = check_disk_is_safe(node, path, allowed_directories, file_format=file_format)
    known = chain[0].file_format
    stamps = tuple((item.path, item.stamp) for item in chain)
    if known == "vmdk":
        extents = _extents(node, path)
        if extents:
            return replace(_described(extents, temporary), stamps=stamps)
    return Source(
        (path,),
        known,
        virtual_size_bytes(node, path, file_format=known),
        qcow2_files=tuple(item.path for item in chain if item.file_format == "qcow2"),
        stamps=stamps,
    )


def _parts(node: Node, paths: tuple[str, ...], temporary: str) -> Source:
    if not parts_are_flat(paths):
        return _described([_sparse_extent(node, path) for path in paths], temporary)
    size = 0
    for path in paths:
        length = require_plain_file(node, path).size_bytes
        if length == 0 or length % SECTOR_BYTES:
            raise DiskError(
                f"The part {path} on {node.name} has {length} bytes, which are no whole sectors",
                "It is cut off; copy it again",
            )
        size += length
    return Source(paths, "raw", size)


def _extents(node: Node, path: str) -> list[Extent]:
    """The extents of a VMDK that qemu-img should be given by a descriptor; empty: it needs none."""
    if is_sparse(node.read_bytes(path, SECTOR_BYTES)):
        return [] if has_embedded_descriptor(node, path) else [_sparse_extent(node, path)]
    # The disk's own descriptor is not used: QEMU's reading of it may differ from the one that
    # was checked, of ours it can't.
    return [
        replace(extent, name=resolve_name(extent.name, path, "extent"))
        for extent in read_descriptor(node, path)
    ]


def _sparse_extent(node: Node, path: str) -> Extent:
    require_plain_file(node, path)
    if format_of(node, path) != "vmdk" or '"' in path:
        raise DiskError(f"{path} on {node.name} is no part of a VMDK", "It may be damaged")
    return Extent("SPARSE", read_sparse_capacity(node, path) // SECTOR_BYTES, path)


def _described(extents: Sequence[Extent], temporary: str) -> Source:
    size = sum(extent.sectors for extent in extents) * SECTOR_BYTES
    where = descriptor_path(temporary)
    return Source((where,), "vmdk", size, descriptor_text(extents))
