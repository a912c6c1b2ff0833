"""From exec to the first useful screen, in CPU seconds; and what the small commands import.

The console is the command `vcltui` on a terminal of 140x45, with five hosts,
none of which answers: its first useful screen has their names and the keys. The floor is an empty
Textual app, as a user would start it: one Static, whose text is waited for. Told is the CPU time of
all their threads, by the kernel's clock, when the last of their words is on the terminal.

Why it can't be 1.5 times: three of Textual's own tables with their filter lines, two texts and a
footer, and nothing else, are measured beside it, and take 1.4 times already, half of it for parsing
the CSS of those widgets. What vcltui adds is, by a profile, for the most part the import of its
modules: 0.02 s for the command line, 0.08 s for those that the first screen needs (0.03 s of it for
making their dataclasses), 0.03 s for drawing more than that. What the first screen does not need is
imported late: libvirt, lxml, SQLAlchemy, the use cases, the journal, the doctor and all other
screens.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from measuring import Line, Times, ratio_line, ratios, tell
from terminal import Program

ROUNDS = 9
MOST = 1.5
HOSTS = 5
EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("nothing here")

Empty().run()
"""
PANES = """
from textual.app import App
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Footer, Input, Static

class Panes(App):
    CSS = "Input { display: none; }"

    def compose(self):
        yield Static("status")
        for number in range(2):
            with Vertical():
                yield Input()
                yield DataTable(id=f"table{number}")
        with Horizontal():
            with VerticalScroll():
                yield Static("details")
            with Vertical():
                yield Input()
                yield DataTable(id="table2")
        yield Footer()

    def on_mount(self):
        for table in self.query(DataTable):
            table.add_columns("HOST", "STATE", "CPUS", "MEMORY")
            for number in range(1, 6):
                table.add_row(f"local-{number}", "up", "4", "16 GiB")

Panes().run()
"""
HEAVY = ("textual", "sqlalchemy")
COMMANDS = (["--help"], ["-c", "test:///default", "power", "status", "test"])


def cpu_seconds(command: Sequence[str], words: Sequence[bytes], home: Path) -> float:
    program = Program(command, {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")})
    try:
        return program.spent_until_words(words)
    finally:
        program.end()


def loaded(arguments: Sequence[str]) -> list[str]:
    """Which of the heavy modules a command imports."""
    code = (
        "import sys\nfrom vcltui.cli.main import main\n"
        f"sys.argv = {['vcltui', *arguments]!r}\n"
        "try:\n    main()\nexcept SystemExit:\n"
        f"    print('LOADED', *(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.rsplit("LOADED", 1)[1].split()


def lines() -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="vcltui-bench-") as folder:
        home = Path(folder)
        hosts = [f"qemu+unix:///system?socket={home}/none-{number}" for number in range(HOSTS)]
        configuration = home / "vcltui.toml"
        configuration.write_text(f'state_directory = "{home / "state"}"\n')
        console = [sys.executable, "-m", "vcltui", "--config", str(configuration)]
        console += [word for uri in hosts for word in ("-c", uri)]
        words = [f"local-{HOSTS}".encode(), b"Command"]
        ours: list[float] = []
        floor: list[float] = []
        panes: list[float] = []
        for _ in range(ROUNDS + 1):
            ours.append(cpu_seconds(console, words, home))
            floor.append(cpu_seconds([sys.executable, "-c", EMPTY], [b"nothing here"], home))
            panes.append(cpu_seconds([sys.executable, "-c", PANES], [b"local-5", b"palette"], home))
    yield ratio_line(
        "from exec to the first useful screen, CPU time",
        "an empty Textual app",
        MOST,
        Times(tuple(ours[1:])),
        Times(tuple(floor[1:])),
    )
    least, median = ratios(Times(tuple(panes[1:])), Times(tuple(floor[1:])))
    yield Line(
        "the same of Textual's own tables, lines, texts and footer, without vcltui",
        "an empty Textual app",
        "-",
        f"{least:.2f} times (median {median:.2f})",
        None,
    )
    for arguments in COMMANDS:
        found = loaded(arguments)
        yield Line(
            f"`vcltui {' '.join(arguments)}`",
            "-",
            f"imports neither {' nor '.join(HEAVY)}",
            ", ".join(found) or "neither",
            not found,
        )


if __name__ == "__main__":
    sys.exit(tell(list(lines())))
