"""The copy of a capture: an overlay with 1.5 GiB of data on a 4 GiB disk becomes a master.

vcltui's is the capture's own step, with its lock, its checks of the disk and of the room, and the
rename; what the overlay stands on was checked before, as by its load. The floor is the fastest of
several settings of `qemu-img convert`, tried on this disk in the same run; the two fastest are
measured in turn with vcltui's. Each is followed by an fsync of what it wrote, since a master must
be on the disk before anybody may stand on it. The source is read from the disk, or is still in the
system's memory, as after the guest has shut down.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.loading import create_overlay, make_folders, profile
from bench.measuring import Line, Times, alternate, ratio_line, ratios, tell
from vcltui.models.cancel import CancelToken
from vcltui.models.host import VMHost
from vcltui.operations.step import Step
from vcltui.operations.undo import UndoAction
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.session import HostSession
from vcltui.provisioning.storing import master_step

SETTINGS = (
    "",
    "-W",
    "-W -m 16",
    "-W -m 16 -T none",
    "-W -S 64k",
    "-W -m 16 -t none",
)
PLAIN = SETTINGS[0]
THROUGH_MEMORY = SETTINGS[:2]
OURS = "vcltui"
ROUNDS = 3
FINALISTS = 2
MOST_TIMES = 1.05
LEAST_TIMES_FASTER = 1.3
MOST_SILENCE_SECONDS = 1.0

MIB = 1 << 20
DISK_MEBIBYTES = 4096
DATA_MEBIBYTES = 1536
MASTER_MEBIBYTES = 256
RUNS_KIB = (64, 256, 1024, 4096)
"""Lengths of what a guest writes at a time."""


@dataclass
class Running:
    """What a step may use; remembers when it told of its progress."""

    cancel: CancelToken = field(default_factory=CancelToken)
    told: list[float] = field(default_factory=list)

    def progress(self, _share: float) -> None:
        self.told.append(time.perf_counter())

    def say(self, text: str) -> None:
        pass

    def will(self, undo: UndoAction) -> None:
        pass


@dataclass(frozen=True)
class Silence:
    """Of one copy: its longest time without progress, and how often it told of any, a second."""

    seconds: float
    reports: float


class Copies:
    """Makes the copy in each way."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context = context
        self._files = (folder / "vms" / "overlay.qcow2", folder / "datastore" / "base.qcow2")
        self._copy = folder / "datastore" / "copy.qcow2"
        self.silences: list[Silence] = []
        make_master(self._files[1])
        create_overlay(self._files[1], self._files[0])
        write_as_a_guest(self._files[0], DATA_MEBIBYTES, seed=2)

    def remove(self) -> None:
        self._copy.unlink(missing_ok=True)

    def leave_on_the_disk(self) -> None:
        """Remove the copy, and have the system forget what it is made from."""
        self.remove()
        for path in self._files:
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def have_in_memory(self) -> None:
        """Have the system know what the copy is made from."""
        for path in self._files:
            with path.open("rb") as file:
                while file.read(4 * MIB):
                    pass

    def convert(self, setting: str) -> None:
        """Copy by `qemu-img convert`, and have the copy on the disk."""
        argv = ["qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", *setting.split()]
        subprocess.run([*argv, str(self._files[0]), str(self._copy)], check=True)
        with self._copy.open("rb") as file:
            os.fsync(file.fileno())

    def ours(self) -> None:
        running = Running()
        running.told.append(time.perf_counter())
        self._step().run(running)
        running.told.append(time.perf_counter())
        told = running.told
        longest = max(later - earlier for earlier, later in pairwise(told))
        self.silences.append(Silence(longest, (len(told) - 2) / (told[-1] - told[0])))

    def _step(self) -> Step:
        source = str(self._files[0])
        target = str(self._copy)
        return master_step(self._context, new_operation_id(), "copy", (source,), target)


def make_master(path: Path) -> None:
    size = f"{DISK_MEBIBYTES}M"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), size], check=True)
    write_as_a_guest(path, MASTER_MEBIBYTES, seed=1)


def write_as_a_guest(disk: Path, mebibytes: int, seed: int) -> None:
    """Write so much data to places all over a disk, in runs of different lengths."""
    dice = random.Random(seed)
    data = disk.with_suffix(".data")
    data.write_bytes(dice.randbytes(max(RUNS_KIB) << 10))
    places = list(runs(dice))
    dice.shuffle(places)
    commands, left = [], mebibytes * MIB
    for offset, length in places:
        now = min(length, left)
        commands.append(f"write -q -s {data} {offset} {now}")
        left -= now
        if not left:
            break
    text = "\n".join([*commands, "flush", "quit", ""])
    argv = ["qemu-io", "-f", "qcow2", str(disk)]
    subprocess.run(argv, input=text, text=True, stdout=subprocess.DEVNULL, check=True)
    data.unlink()


def runs(dice: random.Random) -> Iterator[tuple[int, int]]:
    """A disk cut into runs: offset and length of each, in bytes."""
    offset, end = 0, DISK_MEBIBYTES * MIB
    while offset < end:
        length = min(dice.choice(RUNS_KIB) << 10, end - offset)
        yield offset, length
        offset += length


def measure(copies: Copies) -> Iterator[Line]:
    convert = {setting: partial(copies.convert, setting) for setting in SETTINGS}
    tried: dict[str, float] = {}
    for setting, way in convert.items():
        copies.leave_on_the_disk()
        began = time.perf_counter()
        way()
        tried[setting] = time.perf_counter() - began
    fastest = sorted(SETTINGS[1:], key=lambda setting: tried[setting])[:FINALISTS]
    what = f"Copy of {DATA_MEBIBYTES} MiB of a {DISK_MEBIBYTES} MiB disk, the source"
    ways = {setting: convert[setting] for setting in (PLAIN, *fastest)}
    yield from lines(f"{what} on the disk", copies, ways, copies.leave_on_the_disk, tried)
    copies.have_in_memory()
    ways = {setting: convert[setting] for setting in THROUGH_MEMORY}
    yield from lines(f"{what} in memory", copies, ways, copies.remove, {})
    yield silence_line(copies)


def lines(
    what: str,
    copies: Copies,
    ways: dict[str, Callable[[], None]],
    between: Callable[[], None],
    tried: dict[str, float],
) -> Iterator[Line]:
    times = alternate({OURS: copies.ours, **ways}, ROUNDS, between=between)
    ours = times.pop(OURS)
    least = tried | {name: found.least for name, found in times.items()}
    best = min(times, key=lambda name: times[name].least)
    yield ratio_line(
        what,
        f"the fastest safe setting of `qemu-img convert`: {shown_as(best)}",
        MOST_TIMES,
        ours,
        times[best],
        {"settings": ", ".join(f"{shown_as(name)} {took:.2f} s" for name, took in least.items())},
    )
    yield plain_line(what, ours, times[PLAIN], times[best])


def plain_line(what: str, ours: Times, plain: Times, best: Times) -> Line:
    least, median = ratios(plain, ours)
    possible = plain.least / best.least
    # As much as may be lost to the fastest setting is left to vcltui here too.
    allowed = possible >= LEAST_TIMES_FASTER * MOST_TIMES
    return Line(
        what,
        "`qemu-img convert` without settings",
        f"at least {LEAST_TIMES_FASTER:g} times faster where the disk allows it",
        f"{least:.2f} times faster (median {median:.2f})",
        least >= LEAST_TIMES_FASTER or (False if allowed else None),
        {
            "the fastest setting": f"{possible:.2f} times faster",
            "vcltui, least / median": ours.words(),
            "plain, least / median": plain.words(),
        },
    )


def silence_line(copies: Copies) -> Line:
    seconds = sorted(silence.seconds for silence in copies.silences)
    middle = seconds[len(seconds) // 2]
    return Line(
        "Progress of the copy, flush included",
        "-",
        f"at least each {MOST_SILENCE_SECONDS:g} s",
        f"{middle:.2f} s at most without, in the median copy",
        middle <= MOST_SILENCE_SECONDS,
        {
            "the longest of all": f"{seconds[-1]:.2f} s",
            "reports each second": f"{min(one.reports for one in copies.silences):.0f}",
            "copies": str(len(seconds)),
        },
    )


def shown_as(setting: str) -> str:
    return f"`{setting}`" if setting else "without any"


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="vcltui-bench-", dir="/var/tmp"))
    try:
        make_folders(folder)
        host = VMHost("host", "test:///default", profile(folder), driver="test")
        with closing(HostSession(host)) as session:
            return tell(list(measure(Copies(Context(session, folder / "state", "bench"), folder))))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
