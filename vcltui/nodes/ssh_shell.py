"""A shell on another machine that stays: one SSH session for many commands, one after another.

To begin a session and end it takes many times what a short command does, more so where the login
shell reads much.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import selectors
import shlex
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from vcltui.errors import CommandError
from vcltui.nodes.process import MAX_OUTPUT_BYTES, end_process, has_ended, start_process
from vcltui.nodes.ssh_command import ENVIRONMENT, RemoteOutput, end_on_target
from vcltui.nodes.ssh_errors import connection_error, connection_lost
from vcltui.nodes.ssh_target import SshTarget

MOST_REQUEST_BYTES = 32 << 10
"""What a pipe takes at once, so that to ask never waits for the other side."""

_MOST_IDLE = 4
_POLL_SECONDS = 0.1
_CHUNK_BYTES = 1 << 16
_TAIL_BYTES = 64

# What a login shell says before, on either stream, is no command's output.
_BEGIN = f'{ENVIRONMENT}; echo "vcltui-pid $$"; echo vcltui-begun >&2\n'
_PID_LINE = re.compile(rb"^vcltui-pid ([0-9]+)\n", re.MULTILINE)
_BEGUN_LINE = re.compile(rb"^vcltui-begun\n", re.MULTILINE)


class RemoteShell:
    """One `sh` on the target, for one caller at a time.

    `begin` has it run a command, `read` takes what comes of that, and `output` is there when the
    command is over.
    """

    def __init__(self, target: SshTarget) -> None:
        self._target = target
        self._process = start_process(target.argv(["sh"]))
        self._pid = ""
        self._program = "sh"
        self._mark = b""
        self._out, self._err = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        for pipe, data in ((self._process.stdout, self._out), (self._process.stderr, self._err)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, selectors.EVENT_READ, data)
        self.say(_BEGIN.encode())

    @property
    def is_busy(self) -> bool:
        """Whether a command was given to it that is not over."""
        return bool(self._mark)

    @property
    def is_open(self) -> bool:
        """Whether the session was there when it was last heard of."""
        return not has_ended(self._process)

    @property
    def said(self) -> bytes:
        """The standard output of the command up to now."""
        return bytes(self._out)

    def run(
        self,
        argv: Sequence[str],
        *,
        input_bytes: bytes | None = None,
        timeout_seconds: float,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
    ) -> RemoteOutput:
        """Run a command that fits a request and wait for it; its own status is no error here.

        Raises LoginError when it was not started, NodeUnreachableError when the connection was
        lost meanwhile, CommandError after the timeout or for too much output: it is ended then.
        """
        deadline = time.monotonic() + timeout_seconds
        try:
            self.begin(argv, input_bytes=input_bytes)
            while (output := self.output()) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._too_slow(timeout_seconds)
                self.read(left, max_output_bytes)
        except BaseException:
            self._end_command()
            raise
        return output

    def begin(
        self,
        argv: Sequence[str],
        *,
        input_bytes: bytes | None = None,
        keeps_input: bool = False,
    ) -> None:
        """Have a command run; with `keeps_input` it reads what `say` says, else `input_bytes`."""
        token = secrets.token_hex(16)
        self._mark, self._program = token.encode(), argv[0].rsplit("/", 1)[-1]
        self.say(_request(argv, token, input_bytes, keeps_input=keeps_input))

    def say(self, data: bytes) -> None:
        """Write to the shell, or to the command that keeps its input."""
        pipe = self._process.stdin
        # That nobody reads is told by `read`, with the reason.
        with suppress(BrokenPipeError):
            if pipe is not None:
                pipe.write(data)
                pipe.flush()

    def read(self, seconds: float, max_output_bytes: int = MAX_OUTPUT_BYTES) -> None:
        """Take what comes, waiting for some time, `seconds` at most. Raises as `run`."""
        events = self._selector.select(min(seconds, _POLL_SECONDS))
        for key, _events in events:
            data = os.read(key.fd, _CHUNK_BYTES)
            if data:
                key.data.extend(data)
            else:
                self._selector.unregister(key.fileobj)
        self._skip_greeting()
        if max(len(self._out), len(self._err)) > max_output_bytes + _CHUNK_BYTES:
            raise CommandError(
                f"{self._program} wrote more than {max_output_bytes} bytes",
                "It was stopped, since that much output can't be what was asked for",
            )
        if not events and not self.is_open:
            text = self._err.decode("utf-8", errors="replace")
            if not self._pid:
                raise connection_error(self._target, text)
            raise connection_lost(self._target, self._program)

    def output(self) -> RemoteOutput | None:
        """What the command left, once it is over."""
        status = re.search(rb"\n%b ([0-9]+)\n\Z" % self._mark, self._out[-_TAIL_BYTES:])
        end = b"\n%b\n" % self._mark
        if not self._mark or status is None or not self._err.endswith(end):
            return None
        self._mark = b""
        stdout, stderr = bytes(self._out[: -len(status[0])]), bytes(self._err[: -len(end)])
        self._out.clear()
        self._err.clear()
        return RemoteOutput(int(status[1]), stdout, stderr.decode("utf-8", errors="replace"))

    def hang_up(self) -> None:
        """Cut the session off, from any thread: whoever uses it finds the connection lost."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def close(self) -> None:
        """End the session; a command that still runs finds its input ended."""
        self._selector.close()
        pipe = self._process.stdin
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
        end_process(self._process)
        for output in (self._process.stdout, self._process.stderr):
            if output is not None:
                output.close()

    def _skip_greeting(self) -> None:
        if self._pid:
            return
        pid, begun = _PID_LINE.search(self._out), _BEGUN_LINE.search(self._err)
        if pid is not None and begun is not None:
            self._pid = pid[1].decode()
            del self._out[: pid.end()]
            del self._err[: begun.end()]

    def _too_slow(self, timeout_seconds: float) -> Exception:
        if not self._pid:
            return connection_error(self._target, "timed out")
        return CommandError(
            f"{self._program} did not end within {timeout_seconds:g} seconds",
            "It was stopped; look for what it was waiting for",
        )

    def _end_command(self) -> None:
        """End what runs on the target. Raises NodeUnreachableError where it can't be reached."""
        if self._pid and self.is_busy and self.is_open:
            end_on_target(self._target, self._pid, self._program)


class Shells:
    """The shells of a target: as many as are used at once, of which some stay for later."""

    def __init__(self, target: SshTarget) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._idle: list[RemoteShell] = []
        self._used: set[RemoteShell] = set()

    @contextmanager
    def shell(self) -> Iterator[RemoteShell]:
        """A shell for the block alone. Raises CommandMissingError where there is no ssh."""
        shell = self._take_idle() or RemoteShell(self._target)
        with self._lock:
            self._used.add(shell)
        try:
            yield shell
        finally:
            with self._lock:
                self._used.discard(shell)
                stays = not shell.is_busy and shell.is_open and len(self._idle) < _MOST_IDLE
                if stays:
                    self._idle.append(shell)
            if not stays:
                shell.close()

    def close(self) -> None:
        """End the shells that nobody uses now, and cut off the others."""
        with self._lock:
            idle, self._idle = self._idle, []
            used = list(self._used)
        for shell in used:
            shell.hang_up()
        for shell in idle:
            shell.close()

    def _take_idle(self) -> RemoteShell | None:
        """A shell that stayed and is still there."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                shell = self._idle.pop()
            if shell.is_open:
                return shell
            shell.close()


def fits_request(argv: Sequence[str], input_bytes: bytes | None = None) -> bool:
    """Whether a command and its input are short enough for a shell that stays."""
    return len(_request(argv, "", input_bytes)) + _TAIL_BYTES <= MOST_REQUEST_BYTES


def _request(
    argv: Sequence[str], token: str, input_bytes: bytes | None, *, keeps_input: bool = False
) -> bytes:
    """A line for the shell: the command, and the marks of its end on both streams.

    On one line, which the shell reads whole before it begins: what follows is the command's.
    """
    command = shlex.join(argv)
    if input_bytes is not None:
        data = base64.b64encode(input_bytes).decode()
        command = f"printf %s '{data}' | base64 -d | {command}"
    elif not keeps_input:
        command += " </dev/null"
    line = f"{command}; printf '\\n{token} %s\\n' \"$?\"; printf '\\n{token}\\n' >&2\n"
    return os.fsencode(line)
