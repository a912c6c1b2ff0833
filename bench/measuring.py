"""What the benchmarks share: two ways of doing one thing, measured in turn, told as ratios.

A program of this folder prints a table of its lines, or with `--json` an array of them, which
`python bench/run.py` puts together into RESULTS.md. Counts hold on any machine, times do not: so a
time is told as the ratio of two that were taken alternately in one run, of minima and of medians.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

Clock = Callable[[], float]


@dataclass(frozen=True)
class Line:
    """One line of the results.

    `holds` is whether `found` is what `must_be` asks for; None where nothing is asked of it.
    `counts` are figures that do not depend on the machine, and what explains the line.
    """

    what: str
    against: str
    must_be: str
    found: str
    holds: bool | None
    counts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """Seconds of several rounds of one way."""

    seconds: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def share(self, percent: float) -> float:
        """The least value that `percent` of the rounds do not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    def words(self) -> str:
        return f"{1000 * self.least:.2f} / {1000 * self.median:.2f} ms"


def alternate(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    clock: Clock = time.perf_counter,
    between: Callable[[], object] = lambda: None,
) -> dict[str, Times]:
    """Do each way once a round, in turn, and time it; the first round of all is not counted.

    `between` is called before each and not timed. `clock` may be time.process_time, for what
    threads of this process spend.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways.items())
    for number in range(rounds + 1):
        # Each way comes first in every other round: neither always finds warm caches.
        for name, way in order if number % 2 else reversed(order):
            between()
            gc.collect()
            began = clock()
            way()
            took = clock() - began
            if number:
                seconds[name].append(took)
    return {name: Times(tuple(found)) for name, found in seconds.items()}


def ratios(ours: Times, floor: Times) -> tuple[float, float]:
    """How many times the floor ours takes: by minima, by medians."""
    return ours.least / floor.least, ours.median / floor.median


def ratio_line(
    what: str,
    against: str,
    most: float,
    ours: Times,
    floor: Times,
    counts: Mapping[str, object] | None = None,
) -> Line:
    """A line about a ratio that must be at most `most`, judged by the minima: the least noisy."""
    least, median = ratios(ours, floor)
    return Line(
        what,
        against,
        f"at most {most:g} times",
        f"{least:.2f} times (median {median:.2f})",
        least <= most,
        {
            "vcltui, least / median": ours.words(),
            "floor, least / median": floor.words(),
            "rounds": str(len(ours.seconds)),
            **{key: str(value) for key, value in (counts or {}).items()},
        },
    )


def tell(lines: Sequence[Line]) -> int:
    """Print the lines as the command line asks; returns the program's exit code."""
    if "--json" in sys.argv[1:]:
        print(json.dumps([asdict(line) for line in lines], indent=1))
    else:
        for line in lines:
            mark = {True: "holds", False: "FALLS SHORT", None: "-"}[line.holds]
            print(f"{line.what}\n    against {line.against}")
            print(f"    {mark}: {line.found}; must be {line.must_be}")
            for name, value in line.counts.items():
                print(f"    {name}: {value}")
    return 1 if any(line.holds is False for line in lines) else 0
