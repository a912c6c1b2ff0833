"""What a diagnosis consists of: findings with their evidence and remedies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from vcltui.models.evidence import SemaphoreRow

_ABOUT_HOSTS = frozenset({14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 27, 28})


class Severity(Enum):
    """How much a finding matters; `value` is the word shown to people.

    INFO is worth knowing and may pass by itself; WARNING will not; CRITICAL holds somebody up
    now, or is about to lose something.
    """

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for INFO, the more the worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a finding rests on: a column and its value, or a command and its output."""

    source: str
    value: str
    time: datetime | None = None

    @property
    def when(self) -> str:
        """Its time in words; empty where it has none, and where the value is the time itself."""
        words = f"{self.time:%Y-%m-%d %H:%M:%S}" if self.time else ""
        return "" if words == self.value else words

    def __str__(self) -> str:
        return f"{self.source} = {self.value}{f' at {self.when}' if self.when else ''}"


@dataclass(frozen=True, slots=True)
class Target:
    """What the remedies of a finding are about, besides its reservation and computer.

    `paths` are files on the finding's host; `domain` and `uuid` name a domain there.
    """

    computer_id: int | None = None
    paths: tuple[str, ...] = ()
    domain: str | None = None
    uuid: str | None = None
    semaphore: SemaphoreRow | None = None
    pid: int | None = None
    management_node_id: int | None = None
    block_id: int | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one thing, by one rule.

    `rule` is the rule's stable name, `number` its row in the table of symptoms. `subject` is what
    it is about in the operator's words. `reservation` and `request` are ids, `computer` a short
    name, `host` a VM host's name. `remedies` are the letters of what may be done here, the best
    first; `because` says what follows from the evidence and what else to do.
    """

    rule: str
    number: int
    severity: Severity
    subject: str
    summary: str
    because: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[str, ...] = ()
    reservation: int | None = None
    request: int | None = None
    computer: str | None = None
    host: str | None = None
    target: Target = field(default_factory=Target)

    @property
    def key(self) -> str:
        """What stays the same when the same thing is found again."""
        return f"{self.rule}:{self.subject}"


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """A step of a load. Seconds; `expected` None where VCL has no figure.

    `elapsed` is how long it took, or has taken so far where it is `running`. `slow`: that is
    longer than the settings allow.
    """

    state: str
    title: str
    began: datetime | None
    elapsed_seconds: float | None
    expected_seconds: int | None
    running: bool = False
    info: str = ""
    slow: bool = False

    @property
    def factor(self) -> float | None:
        """How many times its expected time it took; None where nothing is expected."""
        if self.elapsed_seconds is None or not self.expected_seconds:
            return None
        return self.elapsed_seconds / self.expected_seconds


@dataclass(frozen=True, slots=True)
class Timeline:
    """How far a reservation's load has come. `expected_seconds` is of the whole load."""

    reservation: int
    steps: tuple[TimelineStep, ...] = ()
    elapsed_seconds: float | None = None
    expected_seconds: float | None = None

    @property
    def factor(self) -> float | None:
        """How many times its expected time the load takes; None where that is unknown."""
        if self.elapsed_seconds is None or not self.expected_seconds:
            return None
        return self.elapsed_seconds / self.expected_seconds


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves a reservation, in words for people.

    `process` is vcld's, `domain` the computer's on whichever host it is, `overlay` its disk,
    `master` and `repository` the image's files where its host has them. "none" is what is
    certainly not there; what could not be asked begins with "unknown".
    """

    reservation: int
    process: str
    domain: str
    overlay: str
    master: str
    repository: str

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Each by its name, in this order."""
        return (
            ("process", self.process),
            ("domain", self.domain),
            ("overlay", self.overlay),
            ("master", self.master),
            ("repository", self.repository),
        )


@dataclass(frozen=True, slots=True)
class SemaphoreLife:
    """A lock of vcld's with its owner: `alive` None where that can't be told."""

    semaphore: SemaphoreRow
    alive: bool | None
    expired: bool
    sign: str
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `findings` have the worst first; `taken` is by the database's clock.

    `unknown` are sentences about what could not be asked. `serving` is what each reservation
    stands on.
    """

    taken: datetime
    findings: tuple[Finding, ...] = ()
    semaphores: tuple[SemaphoreLife, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    unknown: tuple[str, ...] = ()
    serving: tuple[Serving, ...] = ()

    def drift(self, host: str) -> tuple[Finding, ...]:
        """What is not on a host as the database says: domains, disks, images, networks."""
        return tuple(
            one for one in self.findings if one.host == host and one.number in _ABOUT_HOSTS
        )

    @property
    def stuck(self) -> frozenset[int]:
        """The ids of the reservations with a finding that is more than INFO."""
        return frozenset(
            one.reservation
            for one in self.findings
            if one.reservation is not None and one.severity is not Severity.INFO
        )

    def of_reservation(self, reservation: int) -> tuple[Finding, ...]:
        """The findings about one reservation, the worst first."""
        return tuple(one for one in self.findings if one.reservation == reservation)

    def timeline(self, reservation: int) -> Timeline:
        """How far a reservation's load has come; without steps where nothing is known."""
        for one in self.timelines:
            if one.reservation == reservation:
                return one
        return Timeline(reservation)

    def serving_of(self, reservation: int) -> Serving | None:
        """What one reservation stands on; None where nothing is known of it."""
        return next((one for one in self.serving if one.reservation == reservation), None)

    def at_least(self, severity: Severity) -> Iterator[Finding]:
        """The findings that are as bad or worse."""
        return (one for one in self.findings if one.severity.rank >= severity.rank)
