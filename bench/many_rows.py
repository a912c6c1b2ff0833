"""What bench/table.py runs on a terminal: 10,000 rows, of which 1 % change each second.

    python many_rows.py console|datatable FOLDER COMMANDS ANSWERS

Both are told what to do by lines on the file descriptor COMMANDS, and answer each by a line of
JSON on ANSWERS: the CPU of the UI's thread and the longest step of its event loop since the line
before.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable

HOSTS, DOMAINS = 100, 100
ROWS = HOSTS * DOMAINS
CHANGES_EACH_SECOND = ROWS // 100
BATCH = 10
NODE = """<node><cpu><mhz>2000</mhz><model>x86_64</model><active>64</active><nodes>1</nodes>
<sockets>1</sockets><cores>64</cores><threads>1</threads></cpu><memory>1073741824</memory>
{domains}</node>"""
DOMAIN = """<domain type='test'><name>{name}</name><memory>2097152</memory><vcpu>2</vcpu>
<os><type>hvm</type></os></domain>"""


Do = dict[str, Callable[[], None]]
Made = tuple[App[None], Do, Callable[[App[None]], object]]


class Steps:
    """The steps of the event loop: how long the longest took, in CPU and in all."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0
        run = asyncio.events.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            cpu, wall = time.thread_time(), time.perf_counter()
            run(handle)
            self.cpu = max(self.cpu, time.thread_time() - cpu)
            self.wall = max(self.wall, time.perf_counter() - wall)

        asyncio.events.Handle._run = timed


class Orders:
    """Does what it is told by lines, and answers each."""

    def __init__(self, commands: int, answers: int, do: Do) -> None:
        self._commands, self._answers, self._do = commands, answers, do
        self._steps = Steps()
        self._clock = time.pthread_getcpuclockid(threading.main_thread().ident)
        threading.Thread(target=self._obey, daemon=True).start()

    def _obey(self) -> None:
        with os.fdopen(self._commands) as commands, os.fdopen(self._answers, "w") as answers:
            before = 0.0
            for line in commands:
                self._do.get(line.strip(), lambda: None)()
                now, steps = time.clock_gettime(self._clock), self._steps
                told = {"ui": now - before, "step_cpu": steps.cpu, "step_wall": steps.wall}
                before, steps.cpu, steps.wall = now, 0.0, 0.0
                print(json.dumps(told), file=answers, flush=True)


def name_of(row: int) -> str:
    return f"vm{row:05}"


# --- the console ---


def console(folder: Path) -> Made:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from vcltui.config import Config  # noqa: PLC0415 - DataTable's process is to be without it
    from vcltui.models.host import VMHost  # noqa: PLC0415
    from vcltui.runtime.workspace import Workspace  # noqa: PLC0415
    from vcltui.tui.app import Console, run  # noqa: PLC0415

    hosts: dict[str, VMHost] = {}
    for number in range(HOSTS):
        rows = range(number * DOMAINS, (number + 1) * DOMAINS)
        domains = "".join(DOMAIN.format(name=name_of(row)) for row in rows)
        file = folder / f"kvm{number:03}.xml"
        file.write_text(NODE.format(domains=domains))
        hosts[file.stem] = VMHost(file.stem, f"test://{file}")
    config = Config((), "mn1", folder / "state", f"sqlite:///{folder}/none.sqlite", hosts=hosts)
    workspace = Workspace(config)
    app = Console(workspace)

    def wait_until_known() -> None:
        while True:
            views = app.fleet.domains()
            if len(views) == ROWS and all(view.domain.vcpus for view in views):
                return
            time.sleep(0.1)

    def churn() -> None:
        for number in hosts:
            workspace.session(number).connection  # noqa: B018 - opens it
        threading.Thread(target=change_domains, args=(workspace, list(hosts)), daemon=True).start()

    return app, {"known": wait_until_known, "churn": churn}, run


def change_domains(workspace, hosts: list[str]) -> None:  # noqa: ANN001
    """Suspend and resume domains at random, evenly over each second."""
    suspended: set[int] = set()
    dice = random.Random(1)
    while True:
        row = dice.randrange(ROWS)
        handle = workspace.session(hosts[row // DOMAINS]).connection.handle
        domain = handle.lookupByName(name_of(row))
        (domain.resume if row in suspended else domain.suspend)()
        suspended ^= {row}
        time.sleep(1 / CHANGES_EACH_SECOND)


# --- Textual's table ---

COLUMNS = (("power", 11), ("computer", 8), ("image", 24), ("flags", 11), ("cpu", 5), ("memory", 8),
           ("address", 8), ("uptime", 8), ("reserved", 12), ("host", 6))  # fmt: skip


class TheirTable(App[None]):
    """A DataTable of the same rows, filled and changed as its manual says: by keys, in batches."""

    CSS = "DataTable > .datatable--cursor { background: #3a5a80; color: #ffffff; }"
    BINDINGS = [("N", "sort", "Sort")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        self.filled = threading.Event()
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for key, width in COLUMNS:
            table.add_column(key.upper(), width=width, key=key)

    def fill(self) -> None:
        table = self.query_one(DataTable)
        for row in range(ROWS):
            cells = ("● on", name_of(row), "-", "", "0 %", "2 GiB", "-", "-", "-",
                     f"kvm{row // DOMAINS:03}")  # fmt: skip
            table.add_row(*map(Text, cells), key=name_of(row))
        table.focus()

    def change(self) -> None:
        table = self.query_one(DataTable)
        for _ in range(BATCH):
            row = name_of(random.randrange(ROWS))
            table.update_cell(row, "power", Text(random.choice(("● on", "◐ suspended"))))

    def action_sort(self) -> None:
        self.query_one(DataTable).sort("computer", key=str, reverse=True)


def their_table(_folder: Path) -> Made:
    app = TheirTable()

    def churn() -> None:
        app.call_from_thread(app.set_interval, BATCH / CHANGES_EACH_SECOND, app.change)

    return app, {"fill": partial(app.call_from_thread, app.fill), "churn": churn}, TheirTable.run


def main() -> None:
    kind, folder, commands, answers = sys.argv[1:]
    app, do, run = {"console": console, "datatable": their_table}[kind](Path(folder))
    Orders(int(commands), int(answers), do)
    run(app)
    os._exit(0)


if __name__ == "__main__":
    main()
