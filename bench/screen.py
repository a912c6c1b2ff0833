"""A program on a terminal of its own, and what its screen shows at which moment."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

END_SECONDS = 20.0
# A move of the cursor, another sequence, a text, or a control character.
PARTS = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[^@-~]*[@-~]|\x1b[^\[]|([^\x00-\x1f]+)|[\x00-\x1f]")
UNFINISHED = re.compile(r"\x1b(\[[^@-~]*)?\Z")


class Screen:
    """The screen of a program, as far as a benchmark asks: which text is where."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process, self._terminal = process, terminal
        self.written = 0
        self._changed = threading.Condition()
        self._lines: dict[int, str] = {}
        self._place = (1, 1)
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def text(self) -> str:
        with self._changed:
            return "\n".join(self._lines[number] for number in sorted(self._lines))

    def until(self, word: str, other: str, seconds: float = 60.0) -> float:
        """Wait for a line with both texts; returns the monotonic second at which it was there."""

        def is_there() -> bool:
            return any(word in line and other in line for line in self._lines.values())

        with self._changed:
            if not self._changed.wait_for(is_there, seconds):
                text = "\n".join(self._lines.values())
                raise SystemExit(f"{word} {other} was not shown in {seconds:g} s:\n{text}")
            return self._at

    def _read(self) -> None:
        decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
        while True:
            try:
                found = os.read(self._terminal, 1 << 16)
            except OSError:  # the program has ended
                return
            at = time.monotonic()
            text = rest + decoder.decode(found)
            cut = UNFINISHED.search(text)
            text, rest = (text[: cut.start()], cut.group()) if cut else (text, "")
            with self._changed:
                self._at = at
                self.written += len(found)
                self._draw(text)
                self._changed.notify_all()

    def _draw(self, text: str) -> None:
        for part in PARTS.finditer(text):
            row, column, words = part.groups()
            if row:
                self._place = int(row), int(column)
            elif words:
                number, at = self._place
                line = self._lines.get(number, "").ljust(at - 1)
                self._lines[number] = line[: at - 1] + words + line[at - 1 + len(words) :]
                self._place = number, at + len(words)


@contextmanager
def on_screen(
    command: Sequence[str], lines: int, columns: int, environment: Mapping[str, str]
) -> Iterator[Screen]:
    """Run a program on a terminal of this size; it is ended, by its id, with the block."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    known = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
    process = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=known, start_new_session=True
    )
    os.close(its)
    try:
        yield Screen(process, ours)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)
