"""A node is where commands run and files live: a VM host, here or over SSH."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from vcltui.errors import NodeError, NodeUnreachableError, NotFoundError
from vcltui.models.cancel import CancelToken

OutputLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command left. `stdout` and `stderr` are decoded as UTF-8, bad bytes replaced."""

    argv: tuple[str, ...]
    exit_status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file on a node. `disk_size_bytes` is what it takes on disk; `mtime` is in Unix seconds."""

    path: str
    is_directory: bool
    is_file: bool
    size_bytes: int
    disk_size_bytes: int
    mtime: float
    device: int
    inode: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Space:
    """The room on a file system in bytes: what can still be written, and its whole size."""

    free_bytes: int
    total_bytes: int


class Node(ABC):
    """Commands and files on one machine. All paths are absolute paths on that machine.

    Every method blocks, may be called from any thread, and raises NodeUnreachableError when the
    machine can't be reached.
    """

    name: str
    is_local: bool

    @abstractmethod
    def run(
        self,
        argv: Sequence[str],
        *,
        input_text: str | None = None,
        timeout_seconds: float | None = 60.0,
        check: bool = True,
        on_output: OutputLine | None = None,
        cancel: CancelToken | None = None,
        tied: bool = False,
    ) -> CommandResult:
        """Run a program with its arguments, without a shell, and wait for it.

        `on_output` is given each piece of standard output that ends in a carriage return or a
        newline, as it comes. With `check`, an exit status other than 0 raises CommandError,
        which quotes the last line of standard error. Raises CommandMissingError when there is no
        such program, CommandError on a timeout (the program is ended), CancelledError when
        `cancel` is set meanwhile (the program is ended and waited for).

        With `tied` the program, which is given no input then, is killed when this process is, or
        when the machine notices that the connection is lost: for what would go on for hours.
        """

    @abstractmethod
    def has_program(self, name: str) -> bool:
        """Whether a program of this name is on the node's PATH (sbin folders included)."""

    @abstractmethod
    def stat(self, path: str) -> FileStat | None:
        """What `path` is, symbolic links followed; None where nothing is there."""

    @abstractmethod
    def list_directory(self, path: str) -> list[FileStat]:
        """The entries of a directory, by name. Raises NotFoundError where it is missing."""

    @abstractmethod
    def real_path(self, path: str) -> str:
        """`path` with every symbolic link and `..` resolved, whether or not it exists."""

    @abstractmethod
    def read_bytes(self, path: str, max_bytes: int, offset: int = 0) -> bytes:
        """Up to `max_bytes` of a file from `offset`. Raises NotFoundError, NodeError."""

    def read_starts(self, files: Sequence[FileStat], max_bytes: int) -> dict[str, bytes]:
        """The first `max_bytes` of many plain files, by path; as one question where that pays.

        What can't be read, or changed meanwhile, is left out: read_bytes tells why.
        """
        found: dict[str, bytes] = {}
        for file in files:
            try:
                found[file.path] = self.read_bytes(file.path, max_bytes)
            except NodeUnreachableError:
                raise
            except (NodeError, NotFoundError):
                continue
        return found

    def read_text(self, path: str, max_bytes: int = 1 << 20) -> str:
        """Up to `max_bytes` of a UTF-8 file, bad bytes replaced. Raises as read_bytes."""
        return self.read_bytes(path, max_bytes).decode("utf-8", errors="replace")

    @abstractmethod
    def write_text(self, path: str, text: str, mode: int = 0o644, *, flush: bool = True) -> None:
        """Write a file whole: beside as a temporary, flushed to disk, renamed over `path`.

        Without `flush` it may be empty or missing after the machine has lost its power.
        """

    @abstractmethod
    def make_directory(self, path: str, mode: int = 0o755) -> None:
        """Make a directory and its parents; nothing to do where it is."""

    @abstractmethod
    def rename_no_replace(self, source: str, target: str) -> None:
        """Rename atomically, and flush the folder of `target` to disk.

        Raises ConflictError, with nothing done, where `target` exists.
        """

    @abstractmethod
    def remove_file(self, path: str) -> bool:
        """Remove one file; returns False where it was not there."""

    @abstractmethod
    def remove_empty_directory(self, path: str) -> bool:
        """Remove a directory if it is empty; returns whether it was removed."""

    @abstractmethod
    def flush(self, path: str, *, entry: bool = True) -> None:
        """Flush a file to disk, and the directory in which its `entry` is."""

    @abstractmethod
    def free_bytes(self, path: str) -> int:
        """Bytes that can still be written on the file system of `path`."""

    @abstractmethod
    def space(self, path: str) -> Space:
        """The room on the file system of `path`. Raises NotFoundError where nothing is there."""

    @abstractmethod
    def filesystem_type(self, path: str) -> str:
        """The kernel's name of the file system under `path`: ext4, nfs4 ..."""

    @abstractmethod
    def lock(
        self,
        path: str,
        timeout_seconds: float,
        cancel: CancelToken | None = None,
        *,
        shared: bool = False,
    ) -> AbstractContextManager[None]:
        """Hold an exclusive flock(2) on `path` (made with its directory if missing).

        With `shared` others may hold it too that take it so, and none that does not. The lock is
        seen by every process on the machine and by other threads of this one, and is gone when
        the holder dies. `timeout_seconds` 0 means: try once. Raises LockedError with the path (and
        the holder's line where it wrote one).
        """

    @abstractmethod
    def close(self) -> None:
        """End what the node holds open, such as an SSH master connection."""
