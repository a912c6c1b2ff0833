"""The disk files in a folder, with what their headers say; no process per file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from vcltui.disks.formats import format_by_magic, format_by_name
from vcltui.disks.header import FIRST_BYTES, Qcow2Header, read_header
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.references import references_of
from vcltui.disks.remembered import Remembered
from vcltui.disks.vmdk import part_stem
from vcltui.errors import DiskError, NotFoundError, RefusedError
from vcltui.nodes.base import FileStat, Node

_NO_DISKS = frozenset({".xml", ".reference", ".txt", ".vmx", ".lock", ".log", ".iso"})

_DISKS_WITH_MAGIC = frozenset({".qcow2", ".vmdk", ".vdi", ".vhd", ".vhdx"})


@dataclass(frozen=True, slots=True)
class StoredDisk:
    """One disk in a folder.

    `identity` is its device and inode, which tell it under whatever name. `backing_file` is
    absolute, as QEMU would open it. `problem` says what is wrong with a file that is damaged or
    refers to no plain file; its sizes are then those that could be read.
    """

    path: str
    identity: tuple[int, int]
    file_format: str
    virtual_size_bytes: int
    disk_size_bytes: int
    backing_file: str | None = None
    problem: str | None = None


_remembered: Remembered[StoredDisk] = Remembered()


def list_disks(node: Node, directory: str) -> list[StoredDisk]:
    """The disks directly in a folder, by name; a split VMDK is one disk, temporaries are none.

    A file that did not change since it was listed before is not read again. Raises NotFoundError
    where the folder is missing, NodeError where a file can't be read.
    """
    entries = [entry for entry in node.list_directory(directory) if entry.is_file]
    part_bytes: Counter[str] = Counter()
    for entry in entries:
        stem = part_stem(entry.name)
        if stem is not None:
            part_bytes[stem] += entry.disk_size_bytes
    disks = [entry for entry in entries if _may_be_disk(entry)]
    folder = _remembered.folder(node, directory)
    known = {entry.name: folder.recall(entry.name, [entry]) for entry in disks}
    starts = node.read_starts([one for one in disks if known[one.name] is None], FIRST_BYTES)
    found: list[StoredDisk] = []
    for entry in disks:
        suffix = PurePosixPath(entry.name).suffix
        extra = part_bytes[entry.name.removesuffix(".vmdk")] if suffix == ".vmdk" else 0
        try:
            disk = known[entry.name] or _read(node, entry, starts.get(entry.path))
        except NotFoundError:
            continue  # removed since the folder was listed
        if disk is not None:
            if disk.problem is None:
                folder.keep(entry.name, [entry], disk)
            found.append(replace(disk, disk_size_bytes=entry.disk_size_bytes + extra))
    return found


def _may_be_disk(entry: FileStat) -> bool:
    suffix = PurePosixPath(entry.name).suffix
    hidden = entry.name.startswith(".")
    return not hidden and suffix not in _NO_DISKS and not part_stem(entry.name)


def _read(node: Node, entry: FileStat, start: bytes | None) -> StoredDisk | None:
    """What a file says of itself; how much room it takes is not looked at."""
    first = node.read_bytes(entry.path, FIRST_BYTES) if start is None else start
    file_format = format_by_name(entry.path) or format_by_magic(first)
    suffix = PurePosixPath(entry.name).suffix
    if file_format is None and suffix == ".img":
        file_format = "raw"
    disk = StoredDisk(entry.path, (entry.device, entry.inode), file_format or suffix[1:], 0, 0)
    if file_format is None:
        if suffix not in _DISKS_WITH_MAGIC:
            return None
        problem = f"{entry.path} is damaged: it does not begin as a {suffix[1:]} file"
        return replace(disk, problem=problem)
    try:
        if file_format == "qcow2":
            return _qcow2(disk, read_header(node, entry.path, first))
        size = virtual_size_bytes(node, entry.path, file_format=file_format)
    except (DiskError, RefusedError) as error:
        return replace(disk, problem=error.what)
    return replace(disk, virtual_size_bytes=size)


def _qcow2(disk: StoredDisk, header: Qcow2Header) -> StoredDisk:
    sized = replace(disk, virtual_size_bytes=header.virtual_size_bytes)
    try:
        references = references_of(header, disk.path)
    except RefusedError as error:
        return replace(sized, problem=error.what)
    backing = [item.path for item in references if item.role == "backing file"]
    return replace(
        sized,
        backing_file=backing[0] if backing else None,
        problem=f"{disk.path} is marked corrupt" if header.corrupt else None,
    )
