"""Which files are one and the same, under whatever names."""

from __future__ import annotations

from collections.abc import Iterable

from vcltui.disks.stored import StoredDisk
from vcltui.errors import NodeError, NodeUnreachableError
from vcltui.nodes.base import FileStat, Node

Identity = tuple[int, int] | str
"""A file's device and inode; the path of one that is not there, or can't be looked at."""

_SAME_SECONDS = 0.001


def may_be_one(one: FileStat, other: FileStat) -> bool:
    """Whether two looks, maybe of two hosts or through two mounts, may be at one file.

    Mounts of one file system may have a device each: then the number, size and time are the same.
    """
    same = (one.inode, one.size_bytes) == (other.inode, other.size_bytes)
    return same and abs(one.mtime - other.mtime) < _SAME_SECONDS


def is_one_here(one: FileStat, other: FileStat) -> bool:
    """Whether two looks on one host are, or may be, at one file, which may grow meanwhile."""
    return (one.device, one.inode) == (other.device, other.inode) or may_be_one(one, other)


class Identities:
    """Tells files apart by device and inode, and asks a node only for those not listed.

    To ask for the real path of each would take a command for each on a host over SSH.
    """

    def __init__(self, node: Node, listed: Iterable[StoredDisk]) -> None:
        self._node = node
        self._known: dict[str, Identity] = {disk.path: disk.identity for disk in listed}

    def of(self, path: str) -> Identity:
        """The identity of the file that a path leads to. Raises NodeUnreachableError."""
        if path not in self._known:
            stat = self._stat(path)
            self._known[path] = path if stat is None else (stat.device, stat.inode)
        return self._known[path]

    def _stat(self, path: str) -> FileStat | None:
        try:
            return self._node.stat(path)
        except NodeUnreachableError:
            raise
        except NodeError:
            return None
