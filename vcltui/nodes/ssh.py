"""A machine that is reached over SSH as a node."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager

from vcltui.errors import NodeError, NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.models.reason import last_line, quoted
from vcltui.nodes import ssh_files
from vcltui.nodes.base import CommandResult, FileStat, Node, OutputLine, Space
from vcltui.nodes.paths import (
    check_path,
    check_result,
    parent_of,
    shown,
    target_exists,
    temporary_beside,
)
from vcltui.nodes.process import MAX_OUTPUT_BYTES
from vcltui.nodes.ssh_command import RemoteOutput, check_installed, run_on_target
from vcltui.nodes.ssh_lock import hold_remote_lock
from vcltui.nodes.ssh_master import SshMaster
from vcltui.nodes.ssh_shell import MOST_REQUEST_BYTES, Shells, fits_request
from vcltui.nodes.ssh_target import SshTarget

_MISSING = "No such file or directory"
_NOTHING_THERE = (_MISSING, "Not a directory")
_FILE_TIMEOUT_SECONDS = 120.0


class SshNode(Node):
    """Commands and files on another machine, by OpenSSH's client and the programs there.

    The machine needs a POSIX sh as the user's login shell, GNU coreutils and findutils, and
    util-linux. Commands share one connection, and short ones a session of it; close() ends both.
    """

    is_local = False

    def __init__(self, target: SshTarget, name: str) -> None:
        self.name = name
        self._master = SshMaster(target)
        self._target = self._master.target
        self._shells = Shells(self._target)

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
        input_bytes = None if input_text is None else input_text.encode(errors="replace")
        if on_output is None and cancel is None and timeout_seconds is not None and not tied:
            output = self._run(argv, input_bytes=input_bytes, timeout_seconds=timeout_seconds)
        else:
            output = run_on_target(
                self._target,
                argv,
                input_bytes=input_bytes,
                timeout_seconds=timeout_seconds,
                on_output=on_output,
                cancel=cancel,
                tied=tied,
            )
        stdout = output.stdout.decode("utf-8", errors="replace")
        result = CommandResult(tuple(argv), output.exit_status, stdout, output.stderr)
        if check:
            check_result(result, self.name)
        return result

    def has_program(self, name: str) -> bool:
        """As Node.has_program."""
        return self._script(ssh_files.HAS_PROGRAM_SCRIPT, name).exit_status == 0

    def stat(self, path: str) -> FileStat | None:
        """As Node.stat."""
        output = self._run(["stat", "-L", f"--printf={ssh_files.STAT_FORMAT}", check_path(path)])
        if _says(output, *_NOTHING_THERE):
            return None
        self._check(output, "look at", path)
        return ssh_files.parse_stat(path, output.stdout.decode())

    def list_directory(self, path: str) -> list[FileStat]:
        """As Node.list_directory; a link to nowhere is listed, neither file nor directory."""
        inside = check_path(path).rstrip("/") + "/"
        output = self._run(
            ["find", "-L", inside, "-maxdepth", "1", "-printf", ssh_files.FIND_FORMAT]
        )
        if not output.stdout:
            self._check(output, "list", path)
        # What vanishes between the listing and the look is no longer an entry, and find leaves
        # out a link to a directory further up.
        harmless = (_MISSING, "File system loop detected")
        lines = output.stderr.splitlines()
        if not all(any(text in line for text in harmless) for line in lines):
            self._check(output, "list", path)
        return ssh_files.parse_listing(path, output.stdout)

    def real_path(self, path: str) -> str:
        """As Node.real_path."""
        output = self._run(["realpath", "-mz", check_path(path)])
        self._check(output, "resolve", path)
        return os.fsdecode(output.stdout.rstrip(b"\0"))

    def read_bytes(self, path: str, max_bytes: int, offset: int = 0) -> bytes:
        """As Node.read_bytes."""
        argv = ["dd", f"if={check_path(path)}", "bs=64K", f"skip={offset}", f"count={max_bytes}"]
        # Without nonblock a pipe to which somebody's disk refers would be waited at.
        flags = ["iflag=skip_bytes,count_bytes,fullblock,nonblock", "status=none"]
        output = self._run([*argv, *flags], max_output_bytes=max(max_bytes, MAX_OUTPUT_BYTES))
        self._check(output, "read", path)
        return output.stdout

    def read_starts(self, files: Sequence[FileStat], max_bytes: int) -> dict[str, bytes]:
        """As Node.read_starts; a command for some hundred files."""
        found: dict[str, bytes] = {}
        for some in ssh_files.batches(files, MOST_REQUEST_BYTES // 2):
            paths = [check_path(file.path) for file in some]
            output = self._run(["head", "-v", "-c", str(max_bytes), "--", *paths])
            found |= ssh_files.parse_starts(some, max_bytes, output.stdout)
        return found

    def write_text(self, path: str, text: str, mode: int = 0o644, *, flush: bool = True) -> None:
        """As Node.write_text."""
        data = text.encode(errors="replace")
        temporary = temporary_beside(check_path(path))
        parameters = (temporary, path, f"{mode:o}", str(len(data)), "flush" if flush else "")
        output = self._script(ssh_files.WRITE_SCRIPT, *parameters, input_bytes=data)
        self._check(output, "write", path)

    def make_directory(self, path: str, mode: int = 0o755) -> None:
        """As Node.make_directory; `mode` is that of the last directory, whatever the umask."""
        directory = check_path(path).rstrip("/") or "/"
        output = self._script(ssh_files.DIRECTORY_SCRIPT, directory, f"{mode:o}")
        self._check(output, "make the directory", path)

    def rename_no_replace(self, source: str, target: str) -> None:
        """As Node.rename_no_replace; on one file system only, which must have hard links."""
        output = self._script(ssh_files.RENAME_SCRIPT, check_path(source), check_path(target))
        if _says(output, "File exists"):
            raise target_exists(source, target, self.name)
        self._check(output, "rename", source)

    def remove_file(self, path: str) -> bool:
        """As Node.remove_file. Raises NodeError for a directory."""
        output = self._run(["rm", "--", check_path(path)])
        if _says(output, *_NOTHING_THERE):
            return False
        self._check(output, "remove", path)
        return True

    def remove_empty_directory(self, path: str) -> bool:
        """As Node.remove_empty_directory."""
        output = self._run(["rmdir", "--", check_path(path)])
        if _says(output, "Directory not empty", _MISSING):
            return False
        self._check(output, "remove the directory", path)
        return True

    def flush(self, path: str, *, entry: bool = True) -> None:
        """As Node.flush."""
        folder = [parent_of(path)] if entry else []
        output = self._run(["sync", "--", check_path(path), *folder])
        self._check(output, "flush", path)

    def free_bytes(self, path: str) -> int:
        """As Node.free_bytes; for a path that is yet to be made, of where it would be."""
        return int(self._df(path, "avail"))

    def space(self, path: str) -> Space:
        """As Node.space."""
        output = self._run(["df", "--output=avail,size", "-B1", "--", check_path(path)])
        self._check(output, "look at", path)
        free, total = output.stdout.split()[-2:]
        return Space(int(free), int(total))

    def filesystem_type(self, path: str) -> str:
        """As Node.filesystem_type."""
        return self._df(path, "fstype")

    def lock(
        self,
        path: str,
        timeout_seconds: float,
        cancel: CancelToken | None = None,
        *,
        shared: bool = False,
    ) -> AbstractContextManager[None]:
        """As Node.lock; held by a session on the machine that ends with this process."""
        return hold_remote_lock(
            self._shells,
            self._target,
            self.name,
            check_path(path),
            timeout_seconds,
            cancel,
            shared=shared,
        )

    def close(self) -> None:
        """End the shared connection; a later call opens it again."""
        self._shells.close()
        self._master.close()

    def _df(self, path: str, column: str) -> str:
        output = self._script(ssh_files.DF_SCRIPT, check_path(path), column)
        self._check(output, "look at", path)
        return output.stdout.decode().split()[-1]

    def _script(
        self, script: str, *parameters: str, input_bytes: bytes | None = None
    ) -> RemoteOutput:
        return self._run(["sh", "-c", script, "sh", *parameters], input_bytes=input_bytes)

    def _run(
        self,
        argv: Sequence[str],
        *,
        input_bytes: bytes | None = None,
        timeout_seconds: float = _FILE_TIMEOUT_SECONDS,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
    ) -> RemoteOutput:
        """Run a short command, in a shell that stays where the command fits one."""
        if not fits_request(argv, input_bytes):
            return run_on_target(
                self._target,
                argv,
                input_bytes=input_bytes,
                timeout_seconds=timeout_seconds,
                max_output_bytes=max_output_bytes,
            )
        with self._shells.shell() as shell:
            output = shell.run(
                argv,
                input_bytes=input_bytes,
                timeout_seconds=timeout_seconds,
                max_output_bytes=max_output_bytes,
            )
        check_installed(self._target, argv[0], output)
        return output

    def _check(self, output: RemoteOutput, what: str, path: str) -> None:
        """Raise one sentence about `what` was to be done to `path`, unless it was done."""
        if output.exit_status == 0:
            return
        if _says(output, _MISSING):
            raise NotFoundError(
                f"Can't {what} {shown(path)} on {self.name}: there is no such path",
                "Look whether it was moved or deleted meanwhile",
            )
        reason = quoted(last_line(output.stderr).rpartition(": ")[2] or "no reason given")
        raise NodeError(
            f"Can't {what} {shown(path)} on {self.name}: {reason}",
            "Look at the path, its permissions and its file system",
        )


def _says(output: RemoteOutput, *texts: str) -> bool:
    """Whether the command failed for one of these reasons (its messages are in English)."""
    return output.exit_status != 0 and any(
        line.endswith(text) for line in output.stderr.splitlines() for text in texts
    )
