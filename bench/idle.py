"""A console that nobody touches, on 10 hosts with 500 domains in all, for a minute.

The hosts are private libvirtd's with 50 QEMU domains each, of which one runs. The console is the
command `vcltui` on a terminal of 140x45; its calls to libvirt are counted in its process, in all
threads, and its CPU time is the kernel's figure, with that of processes that it started.

The other way is that of virtui-manager and virt-manager, as a plain loop written here: list a
host's domains and call `info()` of each, every 5 seconds, which is virtui-manager's interval. (It
does so for the domains it shows; virt-manager every 3 seconds where it does not use the bulk call.)
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import libvirt
from calls import counted_calls
from daemons import Daemon, daemons
from measuring import Line, tell
from screen import Screen, on_screen

HOSTS, DOMAINS = 10, 50
THEIR_SECONDS = 5.0
SETTLE_SECONDS = 20.0
MINUTE = 60.0
MOST_SHARE = 0.1
MOST_CPU = 0.03
LINES, COLUMNS = 45, 140
COUNTED = "--counted"


def run_counted(file: Path, words: Sequence[str]) -> None:
    """Be the console, and write what was called into `file` at each SIGUSR1."""
    with counted_calls() as calls:

        def write(_signal: int, _frame: object) -> None:
            beside = file.with_suffix(".new")
            beside.write_text(json.dumps(calls))
            beside.replace(file)

        signal.signal(signal.SIGUSR1, write)
        sys.path.insert(0, str(Path(__file__).parents[1]))
        from vcltui.cli.main import main  # noqa: PLC0415 - its imports are counted with it

        sys.argv[1:] = words
        main()


def calls_until_now(screen: Screen, file: Path) -> Counter[str]:
    file.unlink(missing_ok=True)
    os.kill(screen.process.pid, signal.SIGUSR1)
    while not file.exists():
        time.sleep(0.01)
    return Counter(json.loads(file.read_text()))


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of those it started and waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(started: Sequence[Daemon]) -> Iterator[list[libvirt.virConnect]]:
    """Connections to the daemons, on each of which one domain runs."""
    connections = [libvirt.open(daemon.qemu_uri) for daemon in started]
    try:
        for connection in connections:
            connection.lookupByName("vm7").create()
        yield connections
    finally:
        for connection in connections:
            for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                domain.destroy()


def their_way(connections: Sequence[libvirt.virConnect]) -> tuple[float, float]:
    """Calls in a minute, and the share of a core, of the loop that asks domain by domain."""
    rounds = 3
    with counted_calls() as calls:
        began = time.process_time()
        for _ in range(rounds):
            for connection in connections:
                for domain in connection.listAllDomains():
                    domain.info()
        took = time.process_time() - began
    return calls.total() / rounds * MINUTE / THEIR_SECONDS, took / rounds / THEIR_SECONDS


def lines() -> Iterator[Line]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vcltui-bench-")))
        started = stack.enter_context(daemons([DOMAINS] * HOSTS))
        connections = stack.enter_context(running(started))
        theirs, their_cpu = their_way(connections)
        (home / "vcltui.toml").write_text(f'state_directory = "{home / "state"}"\n')
        file = home / "calls.json"
        command = [
            sys.executable,
            __file__,
            COUNTED,
            str(file),
            "--config",
            str(home / "vcltui.toml"),
        ]
        command += [word for daemon in started for word in ("-c", daemon.qemu_uri)]
        screen = stack.enter_context(on_screen(command, LINES, COLUMNS, {"HOME": str(home)}))
        screen.until(f"hosts {HOSTS}/{HOSTS} up", f"domains {HOSTS}/{HOSTS * DOMAINS} on")
        time.sleep(SETTLE_SECONDS)
        pid, calls = screen.process.pid, calls_until_now(screen, file)
        cpu, written, began = cpu_seconds(pid), screen.written, time.monotonic()
        time.sleep(MINUTE)
        share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        written = screen.written - written
        calls = calls_until_now(screen, file) - calls
    what = f"an idle console, {HOSTS} hosts, {HOSTS * DOMAINS} domains"
    counts = {name: str(count) for name, count in calls.most_common()}
    yield Line(
        f"{what}: calls to libvirt in a minute",
        "a call for each domain every 5 seconds",
        f"at most {MOST_SHARE:.0%} of theirs",
        f"{calls.total()} of {theirs:.0f}: {calls.total() / theirs:.1%}",
        calls.total() <= MOST_SHARE * theirs,
        counts,
    )
    yield Line(
        f"{what}: CPU",
        "the same loop, without a screen",
        f"under {MOST_CPU:.0%} of a core",
        f"{share:.1%}",
        share < MOST_CPU,
        {"the loop": f"{their_cpu:.1%}", "written to the terminal": f"{written} bytes"},
    )


if __name__ == "__main__":
    if COUNTED in sys.argv:
        run_counted(Path(sys.argv[2]), sys.argv[3:])
    else:
        sys.exit(tell(list(lines())))
