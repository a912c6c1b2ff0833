"""Runs one local process to its end: streamed, bounded, timed and stoppable."""

from __future__ import annotations

import logging
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from vcltui.errors import CancelledError, CommandError, CommandMissingError, UsageError
from vcltui.models.cancel import CancelToken

MAX_OUTPUT_BYTES = 64 << 20
EXTRA_PATH = "/usr/sbin:/sbin:/usr/local/sbin"

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
_SHORTEST_PAUSE_SECONDS = 0.001
_GRACE_SECONDS = 5.0
_CHUNK_BYTES = 1 << 16

BeforeEnd = Callable[[bytes], None]
"""Given the first standard output when a process has to be ended early, before it gets SIGTERM."""


@dataclass(frozen=True, slots=True)
class ProcessOutput:
    """What a finished process left. `exit_status` is negative for the signal that ended it."""

    exit_status: int
    stdout: bytes
    stderr: bytes


@dataclass(slots=True)
class _Limits:
    program: str
    deadline: float | None
    timeout_seconds: float | None
    max_output_bytes: int
    cancel: CancelToken | None

    def check(self) -> None:
        if self.cancel is not None and self.cancel.is_cancelled:
            raise CancelledError(f"{self.program} was stopped on request")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise CommandError(
                f"{self.program} did not end within {self.timeout_seconds:g} seconds",
                "It was stopped; look for what it was waiting for",
            )

    def cut(self, pause: float) -> float:
        """`pause`, or what is left until the deadline, in seconds."""
        if self.deadline is None:
            return pause
        return min(pause, max(0.0, self.deadline - time.monotonic()))


@dataclass(slots=True)
class _Collector:
    """Collects one output stream; hands on each piece that a carriage return or newline ends."""

    limits: _Limits
    on_line: Callable[[str], None] | None = None
    collected: bytearray = field(default_factory=bytearray)
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        if len(self.collected) + len(data) > self.limits.max_output_bytes:
            raise CommandError(
                f"{self.limits.program} wrote more than {self.limits.max_output_bytes} bytes",
                "It was stopped, since that much output can't be what was asked for",
            )
        self.collected += data
        if self.on_line is None:
            return
        *pieces, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        for piece in pieces:
            if piece:
                self.on_line(piece.decode("utf-8", errors="replace"))


def search_path() -> str:
    """The PATH that programs are looked up in: the caller's, and the sbin folders."""
    return f"{os.environ.get('PATH') or os.defpath}:{EXTRA_PATH}"


def find_program(name: str) -> str | None:
    """The path of a program on `search_path()`, or None."""
    return shutil.which(name, path=search_path())


def is_argument(text: str) -> bool:
    """Whether the system can take `text` as an argument or a path."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def command_environment() -> dict[str, str]:
    """The environment of every command: the caller's, messages in English, sbin on the PATH.

    No program may open a window to ask for a password that nobody waits for.
    """
    fixed = {"LC_ALL": "C", "PATH": search_path(), "SSH_ASKPASS_REQUIRE": "never"}
    return {**os.environ, **fixed}


def tied_to_this(argv: Sequence[str]) -> list[str]:
    """The command as one that the system kills when the thread that starts it is gone.

    Left as it is where there is no such program, or no setpriv of util-linux.
    """
    if not argv or find_program(argv[0]) is None or find_program("setpriv") is None:
        return [*argv]
    return ["setpriv", "--pdeathsig", "KILL", "--", *argv]


def start_process(
    argv: Sequence[str],
    *,
    stdin: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with pipes for its output and `stdin`.

    The session keeps a ctrl-c at the console from reaching it. Raises CommandMissingError,
    CommandError when the system refuses to run it, UsageError for an impossible argument.
    """
    if not argv or not all(is_argument(argument) for argument in argv):
        raise UsageError(f"{list(argv)!r} can't be run", "No argument may hold a NUL character")
    program = find_program(argv[0])
    if program is None:
        raise CommandMissingError(
            f"The program {argv[0]} is not installed", "Install it, or put it on the PATH"
        )
    _log.debug("run: %s", shlex.join(argv))
    try:
        return subprocess.Popen(
            [program, *argv[1:]],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=command_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise CommandError(
            f"{argv[0]} could not be started: {error.strerror}", "Look at the program itself"
        ) from error


def run_process(
    argv: Sequence[str],
    *,
    input_bytes: bytes | None = None,
    timeout_seconds: float | None = 60.0,
    on_output: Callable[[str], None] | None = None,
    cancel: CancelToken | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    before_end: BeforeEnd | None = None,
    program: str | None = None,
    hold_input: bool = False,
) -> ProcessOutput:
    """Run a program and wait for it; its standard input is `input_bytes`, or empty.

    With `hold_input` that stays open until the program has ended: who reads its end knows that
    this process is gone.

    `on_output` is given each non-empty piece of standard output that ends in a carriage return
    or newline, without its end. Raises CommandError on a timeout (seconds) or when a stream
    exceeds `max_output_bytes`, CancelledError when `cancel` is set; in each case, and when
    `on_output` raises, the process and its group are ended and waited for first. Raises
    CommandMissingError and UsageError as start_process.
    """
    if cancel is not None:
        cancel.raise_if_cancelled()
    has_input = input_bytes is not None or hold_input
    process = start_process(argv, stdin=subprocess.PIPE if has_input else subprocess.DEVNULL)
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    name = program or argv[0].rsplit("/", 1)[-1]
    limits = _Limits(name, deadline, timeout_seconds, max_output_bytes, cancel)
    stdout, stderr = _Collector(limits, on_output), _Collector(limits)
    try:
        _pump(process, limits, None if hold_input else input_bytes or b"", stdout, stderr)
    except BaseException:
        try:
            if before_end is not None:
                before_end(bytes(stdout.collected[:_CHUNK_BYTES]) + readable_now(process.stdout))
        finally:
            end_process(process)
        raise
    finally:
        _close_pipes(process)
    return ProcessOutput(process.wait(), bytes(stdout.collected), bytes(stderr.collected))


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group: SIGTERM, after some seconds SIGKILL; waits for its end."""
    # While the leader of a group is not reaped, its number is not given away, and no stranger
    # can be hit: hence the look that leaves it unreaped, and the group's SIGKILL before the wait.
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(_SHORTEST_PAUSE_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended, without reaping it."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return process.returncode is not None or (os.waitid(os.P_PID, process.pid, options) is not None)


def _pump(
    process: subprocess.Popen[bytes],
    limits: _Limits,
    to_write: bytes | None,
    stdout: _Collector,
    stderr: _Collector,
) -> None:
    """Move data until the process has ended.

    `to_write` None leaves its input alone. The end of the process counts, not the end of its
    output: an SSH client leaves a master behind that holds its standard error open for a minute.
    """
    with selectors.DefaultSelector() as selector:
        for pipe, collector in ((process.stdout, stdout), (process.stderr, stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, collector)
        if process.stdin is not None and to_write is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        pending = memoryview(to_write or b"")
        pause = _POLL_SECONDS
        while not has_ended(process):
            limits.check()
            for key, _events in selector.select(limits.cut(pause)):
                if key.fileobj is process.stdin:
                    pending = _write_some(process.stdin, pending)
                    if not pending:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                elif not _read_some(key.fd, key.data):
                    selector.unregister(key.fileobj)
                    # The end of an output is most often the end of the process.
                    pause = _SHORTEST_PAUSE_SECONDS
            pause = min(pause * 2, _POLL_SECONDS)
        for key in list(selector.get_map().values()):
            if isinstance(key.data, _Collector):
                while _read_some(key.fd, key.data, at_end=True):
                    pass


def _read_some(descriptor: int, collector: _Collector, *, at_end: bool = False) -> bool:
    """Read one chunk; False at the end of the stream (`at_end`: or when nothing is there)."""
    try:
        data = os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        return not at_end
    if data:
        collector.feed(data)
    return bool(data)


def readable_now(pipe: IO[bytes] | None) -> bytes:
    """What stands in a pipe and was not read yet, up to 64 KiB."""
    if pipe is None:
        return b""
    os.set_blocking(pipe.fileno(), False)
    try:
        return os.read(pipe.fileno(), _CHUNK_BYTES)
    except BlockingIOError:
        return b""


def _write_some(pipe: IO[bytes], pending: memoryview) -> memoryview:
    """Write what the pipe takes; empty when all is written or nobody reads any more."""
    if not pending:
        return pending
    try:
        return pending[os.write(pipe.fileno(), pending[:_CHUNK_BYTES]) :]
    except BlockingIOError:
        return pending
    except BrokenPipeError:
        return pending[:0]


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
