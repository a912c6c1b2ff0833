"""Who stands on a disk: asked before a master image is written, moved or deleted."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks.formats import MAGIC_BYTES, format_by_magic, format_by_name, guess_format
from vcltui.disks.references import Reference, read_references
from vcltui.errors import (
    DiskError,
    NodeError,
    NodeUnreachableError,
    NotFoundError,
    RefusedError,
)
from vcltui.nodes.base import Node


def find_users(node: Node, directories: Sequence[str], path: str) -> tuple[str, ...]:
    """Every disk file directly in `directories` that stands on `path`, directly or not, sorted.

    Temporaries count: an overlay that is just being made is a user. Links and a second name of
    the same file are seen through. Raises RefusedError naming the file when one that could be an
    overlay can't be read, since it might be a user; NotFoundError where a folder is missing.
    """
    search = _Search(node, path)
    users: set[str] = set()
    for directory in directories:
        for entry in node.list_directory(directory):
            if entry.is_file and not search.is_target(entry.path) and search.uses(entry.path):
                users.add(entry.path)
    return tuple(sorted(users))


class _Search:
    """Follows chains towards one file, reading every header once."""

    def __init__(self, node: Node, target: str) -> None:
        self._node = node
        self._target = target
        self._real_target = node.real_path(target)
        self._identity = self._identify(target)
        self._is_target: dict[str, bool] = {}
        self._references: dict[str, tuple[Reference, ...]] = {}

    def is_target(self, path: str) -> bool:
        """Whether a path is the file in question, under whatever name."""
        if path not in self._is_target:
            found = self._node.real_path(path) == self._real_target or (
                self._identity is not None and self._identify(path) == self._identity
            )
            self._is_target[path] = found
        return self._is_target[path]

    def uses(self, path: str) -> bool:
        """Whether the chain of the disk at `path` leads to the file in question."""
        seen: set[str] = set()
        pending = [(path, self._format(path))]
        while pending:
            current, file_format = pending.pop()
            if current in seen or file_format is None:
                continue
            seen.add(current)
            for reference in self._refers_to(current, file_format):
                if self.is_target(reference.path):
                    return True
                pending.append(
                    (reference.path, reference.file_format or self._guess(reference.path))
                )
        return False

    def _format(self, path: str) -> str | None:
        """qcow2 and VMDK files can refer to others; None for every other file."""
        if format_by_name(path) == "raw":
            return None
        try:
            return format_by_magic(self._node.read_bytes(path, MAGIC_BYTES))
        except NotFoundError:
            return None  # removed since the folder was listed
        except NodeUnreachableError:
            raise
        except NodeError as error:
            raise self._uncertain(path, error) from error

    def _guess(self, path: str) -> str | None:
        try:
            return guess_format(self._node, path)
        except NotFoundError:
            return None  # a chain that is cut there does not lead to the file in question

    def _refers_to(self, path: str, file_format: str) -> tuple[Reference, ...]:
        if path not in self._references:
            self._references[path] = self._read(path, file_format)
        return self._references[path]

    def _read(self, path: str, file_format: str) -> tuple[Reference, ...]:
        try:
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

    def _identify(self, path: str) -> tuple[int, int] | None:
        stat = self._node.stat(path)
        return None if stat is None else (stat.device, stat.inode)
