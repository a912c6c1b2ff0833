"""Whether a disk may be handed to QEMU: what its chain of files refers to, by their headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vcltui.disks.formats import format_of, guess_format, require_plain_file
from vcltui.disks.header import read_header
from vcltui.disks.references import Reference, read_references, references_of
from vcltui.errors import ConflictError, DiskError, NotFoundError, RefusedError
from vcltui.nodes.base import FileStat, Node

MAX_DEPTH = 32

Stamp = tuple[int, int, int, float]
"""Device, inode, size in bytes and time of the last change of a file."""


@dataclass(frozen=True, slots=True)
class ChainFile:
    """One file of a disk's chain. `path` is as QEMU opens it, `real_path` with links resolved.

    `role` is "disk" for the first, else as Reference.role. `disk_size_bytes` is what it takes.
    `stamp` tells whether it is still the same file later.
    """

    path: str
    real_path: str
    file_format: str
    role: str
    disk_size_bytes: int
    stamp: Stamp


def check_disk_is_safe(
    node: Node,
    path: str,
    allowed_directories: Sequence[str],
    *,
    file_format: str | None = None,
) -> tuple[ChainFile, ...]:
    """Check every file that opening a disk would open, and return them, the disk itself first.

    Every backing file, data file and extent must be a plain file inside `allowed_directories`
    (an extent may also lie beside its descriptor), links resolved. `file_format` None: told by
    the file itself. Headers are read directly, so this is possible beside a running domain.

    Raises RefusedError naming the file that refers to something else and to what; DiskError for
    a damaged or corrupt file or a missing backing file; NotFoundError where `path` is missing.
    """
    allowed = [node.real_path(directory) for directory in allowed_directories]
    stat = require_plain_file(node, path)
    first_format = file_format or format_of(node, path)
    files = [_chain_file(path, node.real_path(path), first_format, "disk", stat)]
    seen = {files[0].real_path}
    pending = [(files[0], 0)]
    while pending:
        current, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise RefusedError(
                f"{path} stands on a chain of more than {MAX_DEPTH} files", "Flatten it first"
            )
        for reference in _references(node, current):
            found = _look_at(node, current, reference, allowed)
            if found.real_path in seen:
                raise RefusedError(
                    f"{current.path} refers to {reference.path}, which is in its chain already",
                    "The chain is a loop; restore the disk",
                )
            seen.add(found.real_path)
            files.append(found)
            pending.append((found, depth + 1))
    return tuple(files)


def stamp_of(stat: FileStat) -> Stamp:
    """What tells this file, as it is now, from another or a changed one."""
    return (stat.device, stat.inode, stat.size_bytes, stat.mtime)


def require_unchanged(node: Node, stamps: Iterable[tuple[str, Stamp]]) -> None:
    """Raise ConflictError for a file that is not what it was when it was checked.

    Asked after a disk was read: what was replaced in between may have led anywhere.
    """
    for path, stamp in stamps:
        stat = node.stat(path)
        if stat is None or stamp_of(stat) != stamp:
            raise ConflictError(
                f"{path} on {node.name} was changed or replaced while it was read",
                "Find out by whom, and do it again",
            )


def is_inside(real_path: str, real_directory: str) -> bool:
    """Whether a resolved path lies in a resolved directory or under it."""
    return real_path.startswith(real_directory.rstrip("/") + "/")


def _references(node: Node, current: ChainFile) -> tuple[Reference, ...]:
    if current.file_format != "qcow2":
        return read_references(node, current.path, current.file_format)
    header = read_header(node, current.path)
    if header.corrupt:
        raise DiskError(
            f"{current.path} on {node.name} is marked corrupt in its own header",
            "Check it by qemu-img and restore it",
        )
    return references_of(header, current.path)


def _look_at(
    node: Node, current: ChainFile, reference: Reference, allowed: Sequence[str]
) -> ChainFile:
    real = node.real_path(reference.path)
    beside = real.rpartition("/")[0] == current.real_path.rpartition("/")[0]
    inside = any(is_inside(real, directory) for directory in allowed)
    if not inside and not (reference.role == "extent" and beside):
        where = reference.path if real == reference.path else f"{reference.path} ({real})"
        raise RefusedError(
            f"{current.path} on {node.name} refers to {where} as its {reference.role}",
            f"It may only refer to files in {' and '.join(allowed) or 'no folder at all'}",
        )
    try:
        stat = require_plain_file(node, reference.path)
    except NotFoundError as error:
        raise DiskError(
            f"{current.path} on {node.name} stands on {reference.path}, which is missing",
            "Restore the missing file",
        ) from error
    recorded = reference.file_format
    file_format = recorded or guess_format(node, real)
    return _chain_file(reference.path, real, file_format, reference.role, stat)


def _chain_file(path: str, real: str, file_format: str, role: str, stat: FileStat) -> ChainFile:
    return ChainFile(path, real, file_format, role, stat.disk_size_bytes, stamp_of(stat))
