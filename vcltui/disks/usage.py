"""Who stands on a disk: asked before a master image is written, moved or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vcltui.disks.formats import MAGIC_BYTES, format_by_magic, format_by_name, guess_format
from vcltui.disks.header import FIRST_BYTES, read_header
from vcltui.disks.identities import is_one_here
from vcltui.disks.references import Reference, loose_references, read_references, references_of
from vcltui.errors import (
    DiskError,
    NodeError,
    NodeUnreachableError,
    NotFoundError,
    RefusedError,
)
from vcltui.nodes.base import FileStat, Node

_LOOP_DEVICE = re.compile(r"/dev/(loop\d+)\Z")
_QED = b"QED\0"
_RESCUED = "lost+found"


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
        self._target_stat = self._stat(target)
        self._stats: dict[str, FileStat] = {}
        self._starts: dict[str, bytes] = {}
        self._is_target: dict[str, bool] = {}
        self._uses: dict[str, bool] = {}
        self._references: dict[str, tuple[Reference, ...]] = {}

    def find_users(self, directories: Sequence[str]) -> tuple[str, ...]:
        """Every disk file in `directories` and the folders in them that stands on the file, sorted.

        Directly or not; temporaries count: an overlay that is just being made is a user. Raises
        NotFoundError where one of `directories` is missing.
        """
        files = {file.path: file for directory in directories for file in self._files_in(directory)}
        self._stats |= files
        self._starts |= self._node.read_starts(list(files.values()), FIRST_BYTES)
        return tuple(
            sorted(
                path
                for path in files
                if not self.is_target(path) and self.uses(path, self._format(path))
            )
        )

    def _files_in(self, directory: str) -> Iterator[FileStat]:
        for entry in self._node.list_directory(directory):
            if entry.is_file:
                yield entry
            elif entry.is_directory and entry.name != _RESCUED:
                yield from self._files_below(entry.path)

    def _files_below(self, directory: str) -> list[FileStat]:
        try:
            return [entry for entry in self._node.list_directory(directory) if entry.is_file]
        except NotFoundError:
            return []  # removed since the folder above was listed
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(directory, error) from error

    def is_there(self, disk: str) -> bool:
        """Whether a domain's disk is there at all, so that its chain can be followed."""
        return self.is_target(disk) or self._stat(disk) is not None

    def leads_there(self, disk: str) -> bool:
        """Whether a domain's disk, wherever it lies, is the file or stands on it.

        What is not there leads nowhere. By its first bytes alone, whatever
        its name says: a domain may read any file as any format. Loop devices are seen through.
        """
        disk = self._behind(disk)
        if self.is_target(disk):
            return True
        if disk in self._uses:
            return self._uses[disk]
        stat = self._stat(disk)
        if stat is None or stat.is_directory:
            return False
        return self.uses(disk, self._format(disk))

    def _behind(self, disk: str) -> str:
        """The file behind a loop device, else `disk` itself."""
        device = _LOOP_DEVICE.match(disk)
        if device is None:
            return disk
        try:
            text = self._node.read_text(f"/sys/block/{device[1]}/loop/backing_file")
        except NotFoundError:
            return disk  # it has no file
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(disk, error) from error
        return text.rstrip("\n").removesuffix(" (deleted)")

    def is_target(self, path: str) -> bool:
        """Whether a path is the file in question, under whatever name."""
        if path not in self._is_target:
            self._is_target[path] = self._is_one(path)
        return self._is_target[path]

    def _is_one(self, path: str) -> bool:
        target = self._target_stat
        known = self._stats.get(path)
        if target is not None and known is not None:
            return is_one_here(known, target)
        if self._node.real_path(path) == self._real_target:
            return True
        there = None if target is None else self._stat(path)
        return target is not None and there is not None and is_one_here(there, target)

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

    def _format(self, path: str) -> str | None:
        """The format of a file that can refer to others, such as qcow2; None for every other.

        By its content, whatever its name says: a domain may read it as any format.
        """
        try:
            first = self._first_bytes(path)
        except NotFoundError:
            return None  # removed since the folder was listed
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(path, error) from error
        return "qed" if first.startswith(_QED) else format_by_magic(first)

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
            if file_format == "qed":
                raise DiskError(f"{path} is a QED disk, which is not followed", "Convert it")
            return read_references(self._node, path, file_format)
        except NotFoundError:
            return ()
        except NodeUnreachableError:
            raise
        except (DiskError, RefusedError, NodeError) as error:
            if file_format == "vmdk" and isinstance(error, DiskError):
                # QEMU may read it all the same: whatever it names counts.
                return loose_references(self._node, path)
            if format_by_name(path) == "raw" and isinstance(error, DiskError):
                return ()  # a raw disk, in which a guest wrote something
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
