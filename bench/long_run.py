"""A lab with churn for a long time: does anything grow?

    python bench/long_run.py [MINUTES]          default 30

The console runs without a screen on hosts of libvirt's test driver, while jobs load, snapshot,
power, capture, delete and unload. Memory, threads, file descriptors and libvirt objects are
counted after a warm-up and at the end: the console keeps the jobs that ended last, and is warm
once it keeps as many as it ever does. Threads come and go with what there is to do; of them the
most are told that there were until then. Exit code 1 when something has grown by more than 5 %.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.provisioning.world import World, open_world
from vcltui.runtime.actions import ACTIONS, Subject
from vcltui.runtime.jobs.jobs import MOST_ENDED
from vcltui.runtime.jobs.models import Job, JobState
from vcltui.runtime.jobs.work import work_for
from vcltui.tui.app import Console
from vcltui.tui.garbage import sweep, swept_in_pauses

ALLOWED = 1.05
TOLD = ("Python objects",)  # not judged: the garbage collector's own time
WARM_UP_SHARE = 0.25
WARM_UP_MOST_SECONDS = 300.0
WAIT_SECONDS = 120.0
COMPUTERS = (("vm1", "kvm-a"), ("vm2", "kvm-b"))
KEYS = ("0", "1", "2", "3", "4", "5", "6", "0", "tab", "down", "d", "escape", "ctrl+r")
BY_ID = {action.id: action for action in ACTIONS}
LIBVIRT = ("virConnect", "virDomain", "virDomainSnapshot", "virNetwork", "virInterface")


class Churn:
    """Does everything to two computers, over and over."""

    def __init__(self, world: World, console: Console, image: str) -> None:
        self.world, self.console, self.image = world, console, image
        self.ended = Counter()
        self._done = threading.Condition()

    def heard(self, job: Job) -> None:
        if not job.state.is_active:
            with self._done:
                self._done.notify_all()

    def do(self, action: str, subject: Subject, **arguments: str) -> Job:
        jobs = self.console.desk.jobs
        work = work_for(self.console.desk.workspace, BY_ID[action], subject, arguments)
        job = jobs.submit(action, subject.host, subject.name, subject.lock_name, work)
        with self._done:
            ok = self._done.wait_for(lambda: not jobs.get(job.number).state.is_active, WAIT_SECONDS)
        if not ok:
            raise SystemExit(f"{action} hangs")
        found = jobs.get(job.number)
        self.ended[found.state] += 1
        if found.state is not JobState.DONE:
            print(f"{action} of {subject.name}: {found.message}", file=sys.stderr)
        return found

    def round(self, number: int) -> None:
        for name, host in COMPUTERS:
            computer = Subject(host, computer=name)
            self.do("load", computer, image=self.image)
            module = self.world.computer(name)
            domain = module.get_active_domain_name()
            subject = Subject(host, domain=domain, computer=name)
            self.do("snapshot_create", subject, new_snapshot="one")
            self.do("snapshot_revert", subject, snapshot="one")
            self.do("snapshot_delete", subject, snapshot="one")
            self.do("power_off", subject)
            self.do("power_on", subject)
            made = self.do("capture", subject, name=f"Made {number} {name}")
            new = made.details["image"]
            self.do("unload", computer)
            for place in ("repository", "datastore"):
                self.do("image_delete", Subject(host, image=new, location=place, path=new))


def measure() -> dict[str, int]:
    sweep()
    gc.unfreeze()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    kinds = Counter(type(one).__name__ for one in gc.get_objects())
    gc.freeze()  # as the sweep had left it, or every later look would be at all objects
    return {
        "RSS KiB": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        "file descriptors": len(list(Path("/proc/self/fd").iterdir())),
        **{kind: kinds[kind] for kind in LIBVIRT},
        "jobs": kinds["Job"],
        "Python objects": sum(kinds.values()),
    }


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


async def run(minutes: float) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="vcltui-long-run-") as folder,
        ExitStack() as stack,
    ):
        world = open_world(Path(folder))
        image = world.add_image("Base System")
        console = Console(world.workspace)
        first: dict[str, int] | None = None
        rounds, most_threads = 0, 0
        async with console.run_test(size=(140, 45)) as pilot:
            stack.enter_context(swept_in_pauses(lambda: console.typed_at))
            churn = Churn(world, console, image)
            end_listening = console.desk.jobs.subscribe(churn.heard)
            began = time.monotonic()
            warm_up = min(minutes * 60 * WARM_UP_SHARE, WARM_UP_MOST_SECONDS)
            while (passed := time.monotonic() - began) < minutes * 60:
                work = asyncio.create_task(asyncio.to_thread(churn.round, rounds))
                for key in KEYS:
                    await pilot.press(key)
                    most_threads = max(most_threads, threads())
                await work
                rounds += 1
                is_full = len(console.desk.jobs.all()) > MOST_ENDED
                if first is None and passed > warm_up and is_full:
                    first = {**measure(), "most threads": most_threads}
            last = {**measure(), "most threads": most_threads}
            end_listening()
        world.workspace.close()
    if first is None:
        print("Too short to have warmed up", file=sys.stderr)
        return 2
    print(
        f"{minutes:g} minutes, {rounds} rounds, {sum(churn.ended.values())} operations, "
        f"of which {churn.ended[JobState.DONE]} done"
    )
    print(f"{'':20}{'warmed up':>12}{'at the end':>12}{'growth':>10}")
    grown = False
    for name, before in first.items():
        after = last[name]
        too_much = after > before * ALLOWED and after - before > 2 and name not in TOLD
        grown |= too_much
        growth = f"{100 * (after - before) / before:+.1f} %" if before else "-"
        print(f"{name:20}{before:>12}{after:>12}{growth:>10}{'  too much' if too_much else ''}")
    return 1 if grown or churn.ended[JobState.FAILED] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)))
