"""A program on a terminal of its own: keys go in, and what it writes is read, timed and counted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

LINES, COLUMNS = 45, 140
PATIENCE_SECONDS = 120.0
CODES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x1b\\|\x07)|\x1b.", re.DOTALL)


class Program:
    """A running program. `written` is how many bytes it has written to its terminal."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        pass_fds: Iterable[int] = (),
    ) -> None:
        self._terminal, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        known = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        known.pop("NO_COLOR", None)
        self._process = subprocess.Popen(
            command,
            stdin=its,
            stdout=its,
            stderr=its,
            env={**known, **(environment or {})},
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        os.close(its)
        self.pid = self._process.pid
        self._changed = threading.Condition()
        self._read: bytes = b""
        self._read_at = 0.0
        self._spent: list[tuple[int, float]] = []
        self._ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def written(self) -> int:
        with self._changed:
            return len(self._read)

    def press(self, keys: bytes) -> float:
        """Press keys; returns when, in seconds of time.perf_counter."""
        at = time.perf_counter()
        os.write(self._terminal, keys)
        return at

    def until(self, pattern: bytes, since: int = 0) -> float:
        """Wait until what was written from `since` on has a pattern; returns when it was there."""
        wanted = re.compile(pattern)
        return self._wait(lambda: wanted.search(self._read, since) is not None, repr(pattern))

    def until_words(self, words: Sequence[bytes]) -> float:
        """Wait until all of these were written, whatever codes stand between them."""
        return self._wait(
            lambda: all(word in CODES.sub(b"", self._read) for word in words), repr(words)
        )

    def spent_until_words(self, words: Sequence[bytes]) -> float:
        """As `until_words`; returns the CPU seconds of all its threads until the last was there."""
        self.until_words(words)
        with self._changed:
            for length, seconds in self._spent:
                shown = CODES.sub(b"", self._read[:length])
                if all(word in shown for word in words):
                    return seconds
        raise AssertionError("what is there was written at some time")

    def _wait(self, holds, what: str) -> float:  # noqa: ANN001
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not holds():
                left = deadline - time.monotonic()
                if self._ended or left < 0 or not self._changed.wait(left):
                    with suppress(ProcessLookupError):
                        os.kill(self.pid, signal.SIGKILL)
                    shown = CODES.sub(b"", self._read[-20000:]).decode(errors="replace")
                    raise SystemExit(f"{what} was never written; the last was:\n{shown[-3000:]}")
            return self._read_at

    def end(self) -> float:
        """Kill it at once; returns the CPU seconds it has used."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join()
        os.close(self._terminal)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def _cpu_seconds(self) -> float:
        try:
            # The kernel's clock of another process's CPU time, to the nanosecond.
            return time.clock_gettime((~self.pid << 3) | 2)
        except OSError:  # the program has ended
            return 0.0

    def _listen(self) -> None:
        while True:
            try:
                found = os.read(self._terminal, 1 << 16)
            except OSError:  # the program has ended
                found = b""
            at, spent = time.perf_counter(), self._cpu_seconds()
            with self._changed:
                self._read, self._read_at = self._read + found, at
                self._spent.append((len(self._read), spent))
                self._ended = not found
                self._changed.notify_all()
            if not found:
                return
