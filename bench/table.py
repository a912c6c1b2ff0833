"""10,000 domains on 100 hosts, 1 % of them changing each second, on a terminal of 140x45.

The hosts are libvirt's test driver, in the console's own process, as are the changes: domains are
suspended and resumed. Beside it runs a Textual app with nothing but a DataTable of the same rows
and columns, filled and changed by its own methods. Keys are typed at the terminal, and a key is
answered when the row that it leads to is written there as the cursor's. What is written is all
that came from one key to the next, changes of other rows included. The CPU seconds are those of
the UI's thread; a pause is the longest step of its event loop.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from many_rows import CHANGES_EACH_SECOND, HOSTS, ROWS, name_of
from measuring import Line, Times, tell
from terminal import COLUMNS, LINES, Program

MUST_FILL_SECONDS = 1.0
MUST_ANSWER_MS = (50.0, 100.0)  # 95 % and 99 % of the keys
MUST_WRITE_BYTES = 4000
MUST_NEED_MB = 250
MUST_PAUSE_MS = 100.0
KEYS = 240
KEY_SECONDS = 0.1
THEIR_KEYS = 60
PAGES = 40
SETTLE_SECONDS = 2.0
IN_SIGHT = 30  # rows that the cursor goes down and up again, without scrolling
CURSOR = rb"48;2;58;90;128m[^\x1b]*"
DOWN, UP, PAGE_DOWN = b"\x1b[B", b"\x1b[A", b"\x1b[6~"


@dataclass(frozen=True)
class Keys:
    """Seconds until keys were answered, and the bytes written for each."""

    seconds: Times
    written: tuple[int, ...]

    def words(self) -> str:
        p50, p95, p99 = (1000 * self.seconds.share(share) for share in (50, 95, 99))
        return f"p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms"


class Table:
    """One of both programs on its terminal."""

    def __init__(self, kind: str, folder: str) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        script = str(Path(__file__).with_name("many_rows.py"))
        words = [sys.executable, script, kind, folder, str(commands), str(answers)]
        state = {"HOME": folder, "XDG_STATE_HOME": folder}
        self.program = Program(words, state, pass_fds=(commands, answers))
        os.close(commands)
        os.close(answers)
        self._told = os.fdopen(self._answers)

    def order(self, word: str) -> dict[str, float]:
        """Let it do something; returns what it tells of the time since the last order."""
        os.write(self._commands, f"{word}\n".encode())
        return json.loads(self._told.readline())

    def answered(self, row: int, since: int, key: bytes) -> float:
        """Press a key and wait until a row is the cursor's; returns the seconds between."""
        pressed = self.program.press(key)
        return self.program.until(CURSOR + name_of(row).encode(), since) - pressed

    def keys(self, count: int) -> Keys:
        """Go down and up within what is in sight."""
        seconds: list[float] = []
        written: list[int] = []
        row = 0
        for number in range(count):
            key, row = (DOWN, row + 1) if number // IN_SIGHT % 2 == 0 else (UP, row - 1)
            since, began = self.program.written, time.monotonic()
            seconds.append(self.answered(row, since, key))
            time.sleep(max(0.0, began + KEY_SECONDS - time.monotonic()))
            written.append(self.program.written - since)
        for _ in range(row):
            self.program.press(UP)
        return Keys(Times(tuple(seconds)), tuple(sorted(written)))

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        kib = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kib.split()[1]) * 1024 / 1e6

    def close(self) -> None:
        self.program.end()
        self._told.close()
        os.close(self._commands)


@contextmanager
def table(kind: str) -> Iterator[Table]:
    with tempfile.TemporaryDirectory(prefix="vcltui-bench-") as folder:
        made = Table(kind, folder)
        try:
            yield made
        finally:
            made.close()


def their_figures() -> tuple[float, Keys, float]:
    """DataTable: CPU seconds to be filled, its keys, its memory in MB."""
    with table("datatable") as theirs:
        theirs.program.until(b"POWER")
        theirs.order("start")
        since = theirs.program.written
        fill = theirs.order("fill")["ui"]
        theirs.program.until(CURSOR + name_of(0).encode(), since)
        time.sleep(SETTLE_SECONDS)
        fill += theirs.order("filled")["ui"]
        theirs.order("churn")
        return fill, theirs.keys(THEIR_KEYS), theirs.memory_mb()


def measure() -> list[Line]:
    their_fill, their_keys, their_memory = their_figures()
    lines: list[Line] = []
    with table("console") as ours:
        program = ours.program
        program.until_words([b"Quit"])
        program.press(b"6")  # the log, while the hosts are asked
        ours.order("known")
        time.sleep(SETTLE_SECONDS)
        ours.order("start")
        since = program.written
        ours.answered(0, since, b"2")
        fill = ours.order("filled")
        lines.append(
            Line(
                f"{ROWS} rows on the screen, their data being there",
                "Textual's DataTable, filled row by row",
                f"at most {MUST_FILL_SECONDS:g} s of CPU",
                f"{fill['ui']:.2f} s",
                fill["ui"] <= MUST_FILL_SECONDS,
                {"DataTable": f"{their_fill:.2f} s", "longest pause": pause(fill)},
            )
        )
        ours.order("churn")
        time.sleep(SETTLE_SECONDS)
        ours.order("begin")
        lines += key_lines(ours.keys(KEYS), ours.order("keys"), their_keys)
        lines += pause_lines(ours)
        memory = ours.memory_mb()
    lines.append(
        Line(
            f"Memory of the process, with {HOSTS} hosts of the test driver in it",
            "a process with the DataTable alone",
            f"under {MUST_NEED_MB} MB",
            f"{memory:.0f} MB",
            memory < MUST_NEED_MB,
            {"DataTable": f"{their_memory:.0f} MB"},
        )
    )
    return lines


def key_lines(keys: Keys, told: dict[str, float], theirs: Keys) -> list[Line]:
    p95, p99 = MUST_ANSWER_MS
    against = f"DataTable; both with {CHANGES_EACH_SECOND} changes each second"
    seconds, written = keys.seconds, keys.written
    most = written[int(len(written) * 0.99)]
    return [
        Line(
            "Key until its row is repainted",
            against,
            f"p95 {p95:g} ms, p99 {p99:g} ms",
            keys.words(),
            1000 * seconds.share(95) <= p95 and 1000 * seconds.share(99) <= p99,
            {
                "DataTable": theirs.words(),
                "CPU of the UI for a key and the changes until the next":
                    f"{1000 * told['ui'] / KEYS:.1f} ms",
                "least": f"{1000 * seconds.least:.1f} ms",
                "keys": str(len(written)),
            },
        ),
        Line(
            "Written to the terminal for a key",
            against,
            f"under {MUST_WRITE_BYTES} bytes",
            f"{most} bytes for 99 % of the keys",
            most < MUST_WRITE_BYTES,
            {
                "least / median": f"{written[0]} / {written[len(written) // 2]} bytes",
                "DataTable, least / median":
                    f"{theirs.written[0]} / {theirs.written[len(theirs.written) // 2]} bytes",
            },
        ),
    ]  # fmt: skip


def pause_lines(ours: Table) -> list[Line]:
    """Scroll, sort and filter all rows, with the changes going on."""
    program, found = ours.program, {}
    scrolled: list[int] = []
    for _ in range(PAGES):
        since = program.written
        program.press(PAGE_DOWN)
        time.sleep(KEY_SECONDS)
        scrolled.append(program.written - since)
    found[f"scroll by {PAGES} pages"] = ours.order("scrolled")
    program.press(b"g")
    for letter, title in ((b"N", b"COMPUTER"), (b"S", b"POWER"), (b"P", b"CPU"), (b"H", b"HOST")):
        since = program.written
        program.press(letter)
        program.until(title + "[↑↓]".encode(), since)
        found[f"sort by {title.decode()}"] = ours.order("sorted")
    program.press(b"H")
    program.press(b"H")
    time.sleep(SETTLE_SECONDS)
    ours.order("begin")
    typed = ""
    for letter in "vm0123":
        program.press(b"/" if not typed else b"")
        typed += letter
        since = program.written
        program.press(letter.encode())
        program.until(f"/{typed}".encode(), since)
        time.sleep(KEY_SECONDS)
    filtered = ours.order("filtered")
    longest = max(found.values(), key=lambda told: told["step_cpu"])
    must = f"no pause over {MUST_PAUSE_MS:g} ms of CPU"
    return [
        Line(
            f"Scroll and sort {ROWS} rows",
            "-",
            must,
            f"longest {pause(longest)}",
            1000 * longest["step_cpu"] <= MUST_PAUSE_MS,
            {
                **{what: pause(told) for what, told in found.items()},
                "written for a page": f"{sorted(scrolled)[PAGES // 2]} bytes",
            },
        ),
        Line(
            f"Filter over all {ROWS} rows, letter by letter",
            "-",
            must,
            f"longest {pause(filtered)}",
            1000 * filtered["step_cpu"] <= MUST_PAUSE_MS,
        ),
    ]


def pause(told: dict[str, float]) -> str:
    return f"{1000 * told['step_cpu']:.0f} ms of CPU ({1000 * told['step_wall']:.0f} ms in all)"


if __name__ == "__main__":
    print(f"{COLUMNS}x{LINES}", file=sys.stderr)
    sys.exit(tell(measure()))
