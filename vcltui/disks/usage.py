"""Who stands on a disk: asked before a master image is written, moved or deleted."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks.formats import MAGIC_BYTES, format_by_magic, format_by_name, guess_format
from vcltui.disks.header import FIRST_BYTES, read_header
from vcltui.disks.references import Reference, read_references, references_of
from vcltui.errors import (
    DiskError,
    NodeError,
    NodeUnreachableError,
    NotFoundError,
    RefusedError,
)
from vcltui.nodes.base import FileStat, Node


def find_users(node: Node, directories: Sequence[str], path: str) -> tuple[str, ...]:
    """As DiskSearch.find_users, for one question."""
    return DiskSearch(node, path).find_users(directories)


class DiskSearch:
    """Follows chains of disks towards one file, reading every header once.

    Links and a second name of the same file are seen through. Whatever could lead to the file
    and can't be read raises RefusedError naming it, since it might be a user.
    """

    def __init__(self, node: Node, target: str) -> None:
        self._node = node
        self._target = target
        self._real_target = node.real_path(target)
        self._identity = self._identify(target)
        self._identities: dict[str, tuple[int, int]] = {}
        self._starts: dict[str, bytes] = {}
        self._is_target: dict[str, bool] = {}
        self._uses: dict[str, bool] = {}
        self._references: dict[str, tuple[Reference, ...]] = {}

    def find_users(self, directories: Sequence[str]) -> tuple[str, ...]:
        """Every disk file directly in `directories` that stands on the file, sorted.

        Directly or not; temporaries count: an overlay that is just being made is a user. Raises
        NotFoundError where a folder is missing.
        """
        files = [
            entry
            for directory in directories
            for entry in self._node.list_directory(directory)
            if entry.is_file
        ]
        self._identities |= {file.path: (file.device, file.inode) for file in files}
        may_refer = [file for file in files if format_by_name(file.path) != "raw"]
        self._starts |= self._node.read_starts(may_refer, FIRST_BYTES)
        return tuple(
            sorted(
                {
                    file.path
                    for file in files
                    if not self.is_target(file.path)
                    and self.uses(file.path, self._format(file.path))
                }
            )
        )

    def leads_there(self, disk: str) -> bool:
        """Whether a domain's disk, wherever it lies, is the file or stands on it.

        What is not there stands on nothing. By its first bytes alone, whatever its name says:
        a domain may read any file as any format.
        """
        if self.is_target(disk):
            return True
        if disk in self._uses:
            return self._uses[disk]
        stat = self._stat(disk)
        if stat is None or stat.is_directory:
            return False
        return self.uses(disk, self._format(disk, by_name=False))

    def is_target(self, path: str) -> bool:
        """Whether a path is the file in question, under whatever name."""
        if path not in self._is_target:
            self._is_target[path] = self._is_one(path)
        return self._is_target[path]

    def _is_one(self, path: str) -> bool:
        if self._identity is not None and path in self._identities:
            return self._identities[path] == self._identity
        return self._node.real_path(path) == self._real_target or (
            self._identity is not None and self._identify(path) == self._identity
        )

    def uses(self, path: str, file_format: str | None) -> bool:
        """Whether the chain of the disk at `path` leads to the file in question."""
        if path not in self._uses:
            self._uses[path] = self._follow(path, file_format)
        return self._uses[path]

    def _follow(self, path: str, file_format: str | None) -> bool:
        seen: set[str] = set()
        pending = [(path, file_format)]
        while pending:
            current, known = pending.pop()
            if current in seen or known is None:
                continue
            seen.add(current)
            for reference in self._refers_to(current, known):
                if self.is_target(reference.path):
                    return True
                pending.append(
                    (reference.path, reference.file_format or self._guess(reference.path))
                )
        return False

    def _format(self, path: str, *, by_name: bool = True) -> str | None:
        """qcow2 and VMDK files can refer to others; None for every other file."""
        if by_name and format_by_name(path) == "raw":
            return None
        try:
            return format_by_magic(self._first_bytes(path))
        except NotFoundError:
            return None  # removed since the folder was listed
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(path, error) from error

    def _first_bytes(self, path: str) -> bytes:
        return self._starts.get(path) or self._node.read_bytes(path, MAGIC_BYTES)

    def _guess(self, path: str) -> str | None:
        try:
            return guess_format(self._node, path)
        except NotFoundError:
            return None  # a chain that is cut there does not lead to the file in question
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(path, error) from error

    def _refers_to(self, path: str, file_format: str) -> tuple[Reference, ...]:
        if path not in self._references:
            self._references[path] = self._read(path, file_format)
        return self._references[path]

    def _read(self, path: str, file_format: str) -> tuple[Reference, ...]:
        try:
            if file_format == "qcow2":
                header = read_header(self._node, path, self._starts.get(path))
                return references_of(header, path)
            return read_references(self._node, path, file_format)
        except NotFoundError:
            return ()
        except NodeUnreachableError:
            raise
        except (DiskError, RefusedError, NodeError) as error:
            if file_format == "vmdk" and not self._target.endswith(".vmdk"):
                return ()  # a VMDK that can't be followed stands on VMDKs at most
            raise self._uncertain(path, error) from error

    def _uncertain(self, path: str, error: DiskError | RefusedError | NodeError) -> RefusedError:
        return RefusedError(
            f"Whether {path} on {self._node.name} stands on {self._target} can't be told: "
            f"{error.what}",
            "Mend that file or move it away",
        )

    def _stat(self, path: str) -> FileStat | None:
        try:
            return self._node.stat(path)
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(path, error) from error

    def _identify(self, path: str) -> tuple[int, int] | None:
        stat = self._stat(path)
        return None if stat is None else (stat.device, stat.inode)
