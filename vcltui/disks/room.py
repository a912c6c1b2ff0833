"""Whether a copy has room where it is to be written."""

from __future__ import annotations

from collections.abc import Mapping

import humanize

from vcltui.disks import qemuimg
from vcltui.disks.info import virtual_size_bytes
from vcltui.errors import RefusedError
from vcltui.nodes.base import Node


def copy_bytes(
    node: Node, path: str, file_format: str, destination_format: str, *, in_use: bool = False
) -> int:
    """The bytes that a copy of a disk, with all it stands on, may take in another format.

    A raw disk may grow to its full size; for the others qemu-img measures what is in use.
    `in_use` reads it beside the domain that writes to it, which may make it more. Raises
    NotFoundError, DiskError, CommandMissingError.
    """
    if destination_format == "raw":
        return virtual_size_bytes(node, path, file_format=file_format)
    argv = qemuimg.measure_argv(path, file_format, "qcow2", in_use=in_use)
    answer = qemuimg.run_json(node, argv, path, memory_bytes=qemuimg.WORK_MEMORY_BYTES)
    return int(answer.get("required", 0))


def require_room(node: Node, needed_bytes: Mapping[str, int]) -> tuple[str, ...]:
    """Raise RefusedError unless every file has the room it needs, all being written.

    `needed_bytes` are by the files' paths; those on one file system share what is free there.
    Returns a sentence for people on each file system. Raises NodeError.
    """
    found: list[str] = []
    for paths in _by_file_system(node, list(needed_bytes)):
        needed = sum(needed_bytes[path] for path in paths)
        free = node.free_bytes(paths[0])
        if needed > free:
            verb = "needs" if len(paths) == 1 else "together need"
            raise RefusedError(
                f"{' and '.join(paths)} on {node.name} {verb} {_size(needed)}, but only "
                f"{_size(free)} are free",
                "Make room there first",
            )
        folder = paths[0].rpartition("/")[0]
        found.append(f"{_size(needed)} are needed in {folder}, {_size(free)} are free")
    return tuple(found)


def _by_file_system(node: Node, paths: list[str]) -> list[list[str]]:
    if len(paths) < 2:
        return [paths] if paths else []
    found: dict[int | None, list[str]] = {}
    for path in paths:
        found.setdefault(_device(node, path), []).append(path)
    return list(found.values())


def _device(node: Node, path: str) -> int | None:
    """The file system on which a file would be, by its nearest folder that is there."""
    folder = path
    while (folder := folder.rsplit("/", 1)[0]) and (stat := node.stat(folder)) is None:
        pass
    return stat.device if folder and stat is not None else None


def _size(count: int) -> str:
    return humanize.naturalsize(count, binary=True)
