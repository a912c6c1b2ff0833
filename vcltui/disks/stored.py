"""The disk files in a folder, with what their headers say; no process per file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from vcltui.disks.formats import format_by_magic, format_by_name
from vcltui.disks.header import FIRST_BYTES, Qcow2Header, read_header
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.references import references_of
from vcltui.disks.vmdk import part_stem
from vcltui.errors import DiskError, NotFoundError, RefusedError
from vcltui.nodes.base import FileStat, Node

_NO_DISKS = frozenset({".xml", ".reference", ".txt", ".vmx", ".lock", ".log", ".iso"})

_DISKS_WITH_MAGIC = frozenset({".qcow2", ".vmdk", ".vdi", ".vhd", ".vhdx"})


@dataclass(frozen=True, slots=True)
class StoredDisk:
    """One disk in a folder.

    `backing_file` is absolute, as QEMU would open it. `problem` says what is wrong with a file
    that is damaged or refers to no plain file; its sizes are then those that could be read.
    """

    path: str
    file_format: str
    virtual_size_bytes: int
    disk_size_bytes: int
    backing_file: str | None = None
    problem: str | None = None


def list_disks(node: Node, directory: str) -> list[StoredDisk]:
    """The disks directly in a folder, by name; a split VMDK is one disk, temporaries are none.

    Raises NotFoundError where the folder is missing, NodeError where a file can't be read.
    """
    entries = [entry for entry in node.list_directory(directory) if entry.is_file]
    part_bytes: Counter[str] = Counter()
    for entry in entries:
        stem = part_stem(entry.name)
        if stem is not None:
            part_bytes[stem] += entry.disk_size_bytes
    found: list[StoredDisk] = []
    for entry in entries:
        suffix = PurePosixPath(entry.name).suffix
        if entry.name.startswith(".") or suffix in _NO_DISKS or part_stem(entry.name):
            continue
        extra = part_bytes[entry.name.removesuffix(".vmdk")] if suffix == ".vmdk" else 0
        try:
            disk = _read(node, entry, extra)
        except NotFoundError:
            continue  # removed since the folder was listed
        if disk is not None:
            found.append(disk)
    return found


def _read(node: Node, entry: FileStat, part_bytes: int) -> StoredDisk | None:
    first = node.read_bytes(entry.path, FIRST_BYTES)
    used = entry.disk_size_bytes + part_bytes
    file_format = format_by_name(entry.path) or format_by_magic(first)
    suffix = PurePosixPath(entry.name).suffix
    if file_format is None and suffix == ".img":
        file_format = "raw"
    if file_format is None:
        if suffix not in _DISKS_WITH_MAGIC:
            return None
        problem = f"{entry.path} is damaged: it does not begin as a {suffix[1:]} file"
        return StoredDisk(entry.path, suffix[1:], 0, used, problem=problem)
    try:
        if file_format == "qcow2":
            return _qcow2(entry.path, read_header(node, entry.path, first), used)
        size = virtual_size_bytes(node, entry.path, file_format=file_format)
    except (DiskError, RefusedError) as error:
        return StoredDisk(entry.path, file_format, 0, used, problem=error.what)
    return StoredDisk(entry.path, file_format, size, used)


def _qcow2(path: str, header: Qcow2Header, used: int) -> StoredDisk:
    size = header.virtual_size_bytes
    try:
        references = references_of(header, path)
    except RefusedError as error:
        return StoredDisk(path, "qcow2", size, used, problem=error.what)
    backing = [item.path for item in references if item.role == "backing file"]
    return StoredDisk(
        path,
        "qcow2",
        size,
        used,
        backing_file=backing[0] if backing else None,
        problem=f"{path} is marked corrupt" if header.corrupt else None,
    )
