"""What 100, 1,000 and 10,000 domains cost, on 1, 10 and 100 hosts of libvirt's test driver.

Each size is a process of its own, which has opened its connections before anything is counted. The
first refresh reads each domain's XML; the model is every row that the console's table may show; an
unchanged refresh is what is done for each host every two seconds, where nothing has changed. CPU
seconds are the process's, the least of some processes; libvirt's test driver works in it as well.
Memory is what has come upon the connections, in which the test driver keeps its domains.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.daemons import TEST_XML
from bench.measuring import Line, tell
from vcltui.models.host import VMHost
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.fleet.host import HostWatcher

SIZES = (100, 1_000, 10_000)
DOMAINS = 100  # on each host
PROCESSES = {100: 5, 1_000: 5, 10_000: 3}
REFRESHES = 5
WORKER = "--worker"
MOST_TIMES = 1.3
"""What a domain may cost of ten times as many: as much, but for the processor's cache, which holds
some hundreds of them; work that grows as n log n would cost 1.33 times or more. The cost of one
host alone, refreshed as often as there are hosts, tells what the cache does."""
FIGURES = {
    "first": "first refresh",
    "model": "model",
    "again": "unchanged refresh",
    "alone": "unchanged refresh of one host, as often as there are hosts",
    "memory": "memory",
}
JUDGED = ("first", "model", "again", "memory")
Figures = dict[str, float]


def work(folder: Path) -> Figures:
    """What the hosts in `folder` cost this process: CPU seconds, and memory in bytes."""
    # As the console has it.
    gc.set_threshold(*gc.get_threshold()[:2], 1_000_000)
    sessions = {
        path.stem: HostSession(VMHost(path.stem, f"test://{path}")) for path in folder.glob("*.xml")
    }
    for session in sessions.values():
        session.connection  # noqa: B018 - opens it
    fleet = Fleet(dict, sessions.__getitem__, lambda: None)
    fleet._watchers = {
        name: HostWatcher(session.vmhost, sessions.__getitem__, lambda _name: None)
        for name, session in sessions.items()
    }
    gc.collect()
    before = memory_bytes()

    def first() -> None:
        for watcher in fleet._watchers.values():
            # Until all XML is read.
            while not watcher._turn():
                pass

    def refresh(watchers: Iterable[HostWatcher]) -> None:
        for watcher in watchers:
            watcher._checked_at = time.monotonic()
            watcher._turn()
        fleet.domains()

    def again() -> None:
        refresh(fleet._watchers.values())

    def alone() -> None:
        refresh([next(iter(fleet._watchers.values()))] * len(sessions))

    found = {"first": cpu_seconds(first), "model": cpu_seconds(fleet.domains)}
    found["again"] = min(cpu_seconds(again) for _ in range(REFRESHES))
    found["alone"] = min(cpu_seconds(alone) for _ in range(REFRESHES))
    gc.collect()
    found["memory"] = memory_bytes() - before
    if len(fleet.domains()) != DOMAINS * len(sessions):
        raise SystemExit("Not all domains are in the model")
    return found


def cpu_seconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def memory_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def measured(folder: Path, processes: int) -> Figures:
    """The least of each figure, in some processes."""
    argv = [sys.executable, __file__, WORKER, str(folder)]
    told = [
        json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
        for _ in range(processes)
    ]
    return {name: min(one[name] for one in told) for name in FIGURES}


def write_hosts(folder: Path, domains: int) -> None:
    folder.mkdir()
    for host in range(domains // DOMAINS):
        names = (f"vm{host * DOMAINS + number:05}" for number in range(DOMAINS))
        text = "".join(TEST_XML.format(name=name, uuid=uuid.uuid4()) for name in names)
        (folder / f"kvm{host:03}.xml").write_text(f"<node>{text}</node>")


def lines(found: dict[int, Figures]) -> Iterator[Line]:
    for size, figures in found.items():
        yield Line(
            f"{size:,} domains, {DOMAINS} on each host",
            "-",
            "-",
            "; ".join(f"{FIGURES[name]} {shown(name, figures[name])}" for name in JUDGED),
            None,
            {FIGURES[name]: shown_each(name, figures[name] / size) for name in FIGURES},
        )
    for name in JUDGED:
        growth = list(growths(found, name))
        alone = " and ".join(f"{times:.2f} times" for times in growths(found, "alone"))
        yield Line(
            f"{FIGURES[name]} for each domain, there being ten times as many",
            "for each of the fewer",
            f"at most {MOST_TIMES:g} times",
            " and ".join(f"{times:.2f} times" for times in growth),
            max(growth) <= MOST_TIMES,
            {"of one host, as often as there are hosts": alone} if name == "again" else {},
        )


def growths(found: dict[int, Figures], name: str) -> Iterator[float]:
    """How a domain's share grows from each size to the next."""
    each_domain = [figures[name] / size for size, figures in found.items()]
    for before, after in pairwise(each_domain):
        yield after / before


def shown(name: str, figure: float) -> str:
    if name == "memory":
        return f"{figure / 1e6:.1f} MB"
    return f"{1000 * figure:.1f} ms"


def shown_each(name: str, figure: float) -> str:
    if name == "memory":
        return f"{figure / 1e3:.1f} kB a domain"
    return f"{1e6 * figure:.1f} µs a domain"


def main() -> int:
    if WORKER in sys.argv:
        print(json.dumps(work(Path(sys.argv[-1]))))
        return 0
    found: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="vcltui-bench-") as home:
        for size in SIZES:
            folder = Path(home) / str(size)
            write_hosts(folder, size)
            found[size] = measured(folder, PROCESSES[size])
    return tell(list(lines(found)))


if __name__ == "__main__":
    sys.exit(main())
