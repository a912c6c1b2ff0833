"""What a virtual disk is: the specification's get_virtual_disk_file_info."""

from __future__ import annotations

from typing import Any

from vcltui.disks import qemuimg
from vcltui.disks.formats import format_of, guess_format, require_plain_file
from vcltui.disks.header import read_header
from vcltui.disks.references import Reference, read_references
from vcltui.disks.safety import MAX_DEPTH
from vcltui.disks.vmdk import (
    SECTOR_BYTES,
    is_sparse,
    parse_sparse_capacity,
    read_descriptor,
)
from vcltui.errors import DiskError, NotFoundError, RefusedError
from vcltui.models.disk import DiskInfo, DiskSnapshot
from vcltui.models.numbers import moment_of
from vcltui.nodes.base import Node


def disk_info(
    node: Node, path: str, *, file_format: str | None = None, in_use: bool = False
) -> DiskInfo:
    """What qemu-img says of one disk file; backing files are named, not opened.

    `file_format` None: told by the file itself. `in_use` reads beside the domain that writes to
    it. Raises NotFoundError, DiskError for a damaged or cut-off file, RefusedError for one that
    keeps its data outside of plain files, CommandMissingError.
    """
    require_plain_file(node, path)
    known = file_format or format_of(node, path)
    refuse_odd_parts(node, path, known)
    argv = qemuimg.info_argv(path, known, in_use=in_use)
    return _parse(qemuimg.run_json(node, argv, path), path, node)


def backing_chain(
    node: Node, path: str, *, file_format: str | None = None, in_use: bool = False
) -> list[DiskInfo]:
    """The disk and every file it stands on, in order.

    Raises as disk_info; DiskError where a backing file is missing, RefusedError for a loop, for
    more than MAX_DEPTH files or a backing file that is no plain file.
    """
    chain = [disk_info(node, path, file_format=file_format, in_use=in_use)]
    seen = {node.real_path(path)}
    while (reference := _backing(node, chain[-1])) is not None:
        last, target = chain[-1], reference.path
        real = node.real_path(target)
        if real in seen or len(chain) > MAX_DEPTH:
            raise RefusedError(
                f"{last.path} on {node.name} stands on {target} in a chain without end",
                "Restore the disk",
            )
        seen.add(real)
        try:
            found = reference.file_format or guess_format(node, target)
            chain.append(disk_info(node, target, file_format=found, in_use=in_use))
        except NotFoundError as error:
            raise DiskError(
                f"{last.path} on {node.name} stands on {target}, which is missing",
                "Restore the missing file",
            ) from error
    return chain


def virtual_size_bytes(node: Node, path: str, *, file_format: str | None = None) -> int:
    """The size of a disk as a guest sees it, from its header where that is known.

    Raises NotFoundError, DiskError, RefusedError.
    """
    stat = require_plain_file(node, path)
    known = file_format or format_of(node, path)
    if known == "qcow2":
        return read_header(node, path).virtual_size_bytes
    if known == "raw":
        return -(-stat.size_bytes // SECTOR_BYTES) * SECTOR_BYTES
    if known == "vmdk":
        first = node.read_bytes(path, SECTOR_BYTES)
        if is_sparse(first):
            return parse_sparse_capacity(first, path)
        return sum(extent.sectors for extent in read_descriptor(node, path)) * SECTOR_BYTES
    return disk_info(node, path, file_format=known).virtual_size_bytes


def refuse_odd_parts(node: Node, path: str, file_format: str) -> None:
    """Look at a disk's data file or extents, which qemu-img opens with it.

    Raises RefusedError for one that is no plain file, NotFoundError, DiskError.
    """
    for reference in read_references(node, path, file_format):
        if reference.role != "backing file":
            require_plain_file(node, reference.path)


def _backing(node: Node, info: DiskInfo) -> Reference | None:
    for reference in read_references(node, info.path, info.file_format):
        if reference.role == "backing file":
            return reference
    return None


def _parse(answer: dict[str, Any], path: str, node: Node) -> DiskInfo:
    special = answer.get("format-specific") or {}
    data = special.get("data") or {} if isinstance(special, dict) else {}
    try:
        return DiskInfo(
            path=path,
            file_format=str(answer["format"]),
            virtual_size_bytes=int(answer["virtual-size"]),
            disk_size_bytes=int(answer.get("actual-size", 0)),
            cluster_size_bytes=answer.get("cluster-size"),
            backing_file=answer.get("backing-filename"),
            backing_file_actual_path=answer.get("full-backing-filename"),
            backing_file_format=answer.get("backing-filename-format"),
            data_file=data.get("data-file"),
            compat=data.get("compat"),
            encrypted=bool(answer.get("encrypted", False)),
            corrupt=bool(data.get("corrupt", False)),
            dirty=bool(answer.get("dirty-flag", False)),
            snapshots=tuple(_snapshot(item) for item in answer.get("snapshots", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise DiskError(
            f"qemu-img on {node.name} gave an unexpected answer about {path}",
            "Look at the version of qemu-img on the host",
        ) from error


def _snapshot(item: dict[str, Any]) -> DiskSnapshot:
    return DiskSnapshot(
        id=str(item["id"]),
        tag=str(item["name"]),
        date=moment_of(item["date-sec"]),
        vm_size_bytes=int(item["vm-state-size"]),
        vm_clock_seconds=item["vm-clock-sec"] + item["vm-clock-nsec"] / 1e9,
    )
