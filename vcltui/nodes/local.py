"""The machine vcltui runs on as a node."""

from __future__ import annotations

import errno
import os
import stat as stat_module
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from vcltui.errors import NodeError, NotFoundError, UsageError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import CommandResult, FileStat, Node, OutputLine, Space
from vcltui.nodes.local_lock import hold_lock
from vcltui.nodes.mounts import filesystem_of
from vcltui.nodes.no_replace import rename_no_replace
from vcltui.nodes.paths import (
    check_path,
    check_result,
    parent_of,
    shown,
    target_exists,
    temporary_beside,
)
from vcltui.nodes.process import find_program, run_process, tied_to_this

_NOTHING_THERE = (FileNotFoundError, NotADirectoryError)


class LocalNode(Node):
    """Commands and files on this machine, as the user vcltui runs as."""

    is_local = True

    def __init__(self, name: str = "localhost") -> None:
        self.name = name

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
        """As Node.run. Also raises CommandError when the output exceeds 64 MiB."""
        output = run_process(
            tied_to_this(argv) if tied else argv,
            input_bytes=None if input_text is None else input_text.encode(errors="replace"),
            timeout_seconds=timeout_seconds,
            on_output=on_output,
            cancel=cancel,
            program=argv[0].rsplit("/", 1)[-1] if argv else None,
        )
        result = CommandResult(
            tuple(argv),
            output.exit_status,
            output.stdout.decode("utf-8", errors="replace"),
            output.stderr.decode("utf-8", errors="replace"),
        )
        if check:
            check_result(result, self.name)
        return result

    def has_program(self, name: str) -> bool:
        """As Node.has_program."""
        return find_program(name) is not None

    def stat(self, path: str) -> FileStat | None:
        """As Node.stat."""
        with self._errors("look at", path):
            try:
                return _file_stat(path, Path(check_path(path)).stat())
            except _NOTHING_THERE:
                return None

    def list_directory(self, path: str) -> list[FileStat]:
        """As Node.list_directory; a link to nowhere is listed, neither file nor directory."""
        found: list[FileStat] = []
        with self._errors("list", path), os.scandir(check_path(path)) as entries:
            for entry in entries:
                # What vanishes between the listing and the look is no longer an entry.
                with suppress(FileNotFoundError):
                    full = f"{path.rstrip('/')}/{entry.name}"
                    try:
                        found.append(_file_stat(full, entry.stat()))
                    except OSError:
                        found.append(_file_stat(full, entry.stat(follow_symlinks=False)))
        return sorted(found, key=lambda item: item.name)

    def real_path(self, path: str) -> str:
        """As Node.real_path."""
        return os.path.realpath(check_path(path))

    def read_bytes(self, path: str, max_bytes: int, offset: int = 0) -> bytes:
        """As Node.read_bytes."""
        # Without O_NONBLOCK a pipe to which somebody's disk refers would be waited at for ever.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        with (
            self._errors("read", path),
            open(os.open(check_path(path), flags), "rb") as file,  # noqa: PTH123
        ):
            if offset:
                file.seek(offset)
            return file.read(max_bytes) or b""

    def write_text(self, path: str, text: str, mode: int = 0o644, *, flush: bool = True) -> None:
        """As Node.write_text."""
        temporary = temporary_beside(check_path(path))
        with self._errors("write", path):
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123
                    os.fchmod(file.fileno(), mode)
                    file.write(text.encode(errors="replace"))
                    file.flush()
                    if flush:
                        os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            if flush:
                _fsync(parent_of(path))

    def make_directory(self, path: str, mode: int = 0o755) -> None:
        """As Node.make_directory; `mode` is that of the last directory, whatever the umask."""
        directory = Path(check_path(path))
        with self._errors("make the directory", path):
            directory.parent.mkdir(parents=True, exist_ok=True)
            try:
                directory.mkdir(mode)
            except FileExistsError:
                if not directory.is_dir():
                    raise
            else:
                directory.chmod(mode)

    def rename_no_replace(self, source: str, target: str) -> None:
        """As Node.rename_no_replace; on one file system only."""
        check_path(source)
        check_path(target)
        with self._errors("rename", source):
            try:
                rename_no_replace(source, target)
            except FileExistsError:
                raise target_exists(source, target, self.name) from None
            _fsync(parent_of(target))

    def remove_file(self, path: str) -> bool:
        """As Node.remove_file. Raises NodeError for a directory."""
        with self._errors("remove", path):
            try:
                Path(check_path(path)).unlink()
            except _NOTHING_THERE:
                return False
        return True

    def remove_empty_directory(self, path: str) -> bool:
        """As Node.remove_empty_directory."""
        with self._errors("remove the directory", path):
            try:
                Path(check_path(path)).rmdir()
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    return False
                raise
        return True

    def flush(self, path: str, *, entry: bool = True) -> None:
        """As Node.flush."""
        with self._errors("flush", path):
            _fsync(check_path(path))
            if entry:
                _fsync(parent_of(path))

    def free_bytes(self, path: str) -> int:
        """As Node.free_bytes; for a path that is yet to be made, of where it would be."""
        with self._errors("look at", path):
            while not Path(check_path(path)).exists():
                path = parent_of(path)
            figures = os.statvfs(path)
        return figures.f_bavail * figures.f_frsize

    def space(self, path: str) -> Space:
        """As Node.space."""
        with self._errors("look at", path):
            figures = os.statvfs(check_path(path))
        return Space(figures.f_bavail * figures.f_frsize, figures.f_blocks * figures.f_frsize)

    def filesystem_type(self, path: str) -> str:
        """As Node.filesystem_type."""
        real = self.real_path(path)
        with self._errors("look at", path):
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        found = filesystem_of(mounts, real)
        if found is None:
            raise NodeError(
                f"The file system of {shown(path)} on {self.name} is unknown",
                "Look at /proc/self/mounts",
            )
        return found

    def lock(
        self,
        path: str,
        timeout_seconds: float,
        cancel: CancelToken | None = None,
        *,
        shared: bool = False,
    ) -> AbstractContextManager[None]:
        """As Node.lock; the file stays, since removing it would let two hold the lock."""
        return hold_lock(check_path(path), self.name, timeout_seconds, cancel, shared=shared)

    def close(self) -> None:
        """Nothing is held open."""

    @contextmanager
    def _errors(self, what: str, path: str) -> Iterator[None]:
        """Turn an OSError into one sentence about `what` was to be done to `path`."""
        try:
            yield
        except OSError as error:
            raise self._failed(what, path, error) from error

    def _failed(self, what: str, path: str, error: OSError) -> VcltuiError:
        if isinstance(error, FileNotFoundError):
            return NotFoundError(
                f"Can't {what} {shown(path)} on {self.name}: there is no such path",
                "Look whether it was moved or deleted meanwhile",
            )
        if error.errno == errno.ENAMETOOLONG:
            return UsageError(f"The path {shown(path[:80])}... on {self.name} is too long")
        reason = error.strerror or str(error)
        hint = {
            errno.EACCES: f"Run vcltui as a user who may {what} it",
            errno.EPERM: f"Run vcltui as a user who may {what} it",
            errno.ENOSPC: f"Make room in {shown(parent_of(path))}",
            errno.EXDEV: "Source and target must be on one file system",
        }.get(error.errno or 0, "Look at the path and its file system")
        return NodeError(f"Can't {what} {shown(path)} on {self.name}: {reason}", hint)


def _file_stat(path: str, found: os.stat_result) -> FileStat:
    return FileStat(
        path=path,
        is_directory=stat_module.S_ISDIR(found.st_mode),
        is_file=stat_module.S_ISREG(found.st_mode),
        size_bytes=found.st_size,
        disk_size_bytes=found.st_blocks * 512,
        mtime=found.st_mtime,
        device=found.st_dev,
        inode=found.st_ino,
    )


def _fsync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
