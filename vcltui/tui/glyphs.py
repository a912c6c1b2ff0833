"""The one table of signs, with its ASCII column; a sign never stands without its word."""

from __future__ import annotations

from dataclasses import dataclass

from vcltui.models.domain import PowerState
from vcltui.runtime.fleet.models import HostState
from vcltui.runtime.jobs.models import JobState, StepState


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs of one cell each."""

    on: str
    off: str
    suspended: str
    blocked: str
    crashed: str
    unknown: str
    none: str
    up: str
    waiting: str
    down: str
    running: str
    done: str
    failed: str
    attention: str
    current: str
    branch: str
    last_branch: str
    trunk: str
    separator: str
    ellipsis: str
    bar_full: str
    bar_empty: str
    mark: str
    rising: str
    falling: str
    stands_on: str

    def power(self, power: PowerState | None) -> str:
        """The sign of a power state; None is a computer without a domain."""
        return {
            PowerState.ON: self.on,
            PowerState.OFF: self.off,
            PowerState.SUSPENDED: self.suspended,
            PowerState.BLOCKED: self.blocked,
            PowerState.CRASHED: self.crashed,
            PowerState.UNKNOWN: self.unknown,
            None: self.none,
        }[power]

    def host(self, state: HostState) -> str:
        """The sign of a host's state."""
        return {
            HostState.UP: self.up,
            HostState.CONNECTING: self.waiting,
            HostState.UNREACHABLE: self.down,
        }[state]

    def job(self, state: JobState) -> str:
        """The sign of a job's state."""
        return {
            JobState.QUEUED: self.waiting,
            JobState.RUNNING: self.running,
            JobState.DONE: self.done,
            JobState.FAILED: self.failed,
            JobState.CANCELLED: self.down,
        }[state]

    def step(self, state: StepState) -> str:
        """The sign of a step's state."""
        return {
            StepState.PENDING: self.none,
            StepState.RUNNING: self.running,
            StepState.DONE: self.done,
            StepState.FAILED: self.failed,
        }[state]


UNICODE = Glyphs(
    on="●",
    off="○",
    suspended="◐",
    blocked="◍",
    crashed="✗",
    unknown="?",
    none="·",
    up="▲",
    waiting="◌",
    down="✗",
    running="▸",
    done="✓",
    failed="✗",
    attention="!",
    current="◂",
    branch="├─ ",
    last_branch="└─ ",
    trunk="│  ",
    separator="·",
    ellipsis="…",
    bar_full="█",
    bar_empty="░",
    mark="▪",
    rising="↑",
    falling="↓",
    stands_on="↳ ",
)
ASCII = Glyphs(
    on="*",
    off="-",
    suspended="=",
    blocked="~",
    crashed="x",
    unknown="?",
    none=".",
    up="+",
    waiting="~",
    down="x",
    running=">",
    done="v",
    failed="x",
    attention="!",
    current="<",
    branch="|- ",
    last_branch="`- ",
    trunk="|  ",
    separator="-",
    ellipsis="~",
    bar_full="#",
    bar_empty=".",
    mark="+",
    rising="^",
    falling="v",
    stands_on="> ",
)
