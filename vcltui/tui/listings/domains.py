"""The domains, and the computers on which there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from vcltui.models.domain import PowerState
from vcltui.runtime.actions import BY_ID, Subject, possible
from vcltui.runtime.fleet.models import DomainView, HostState, LiveDomain
from vcltui.runtime.jobs.models import Job
from vcltui.tui import finding_index
from vcltui.tui.busy import Busy, busy, busy_words, job_of
from vcltui.tui.desk import Desk
from vcltui.tui.filtering import parse_filter
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.hosts import trouble_of, without_hosts
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import age, plain, size

if TYPE_CHECKING:
    from vcltui.doctor.findings import Diagnosis, Severity
    from vcltui.tui.finding_index import FindingIndex

_WORTH_TELLING_SECONDS = 60.0
_POWERS = {power: place for place, power in enumerate(PowerState)}


class Domains(Listing[DomainView]):
    """Every domain with what the inventory knows of it, a row for each empty computer too."""

    id = "domains"
    title = "Domains"
    columns = (
        Column("power", "POWER", 11, letter="S"),
        Column("computer", "COMPUTER", 8, grow=True, middle=True, letter="N"),
        Column("image", "IMAGE", 24, grow=True, middle=True, letter="I"),
        Column("flags", "FLAGS", 11, grow=True, drop=2, letter="F"),
        Column("cpu", "CPU", 5, right=True, drop=5, letter="P"),
        Column("memory", "MEMORY", 8, right=True, drop=4, letter="B"),
        Column("address", "ADDRESS", 11, grow=True, drop=6, letter="A"),
        Column("uptime", "UPTIME", 8, right=True, drop=7, letter="T"),
        Column("reservation", "RESERVED", 12, grow=True, drop=8, letter="E"),
        Column("state", "VCL STATE", 10, grow=True, drop=9),
        Column("host", "HOST", 6, grow=True, middle=True, drop=3, letter="H"),
        Column("name", "DOMAIN", 12, grow=True, middle=True, drop=9, letter="W", hidden=True),
        Column("uuid", "UUID", 36, drop=9, hidden=True),
    )
    ages = ("uptime",)

    _busy: Busy = MappingProxyType({})

    def __init__(self, desk: Desk, *, everywhere: bool = False) -> None:
        super().__init__(desk)
        self._everywhere = everywhere
        self._items: tuple[Sequence[DomainView], Sequence[DomainView]] = ((), ())
        self._all: Sequence[DomainView] = ()
        self._index: FindingIndex | None = None
        self._diagnosis: Diagnosis | None = None
        self._turn = 0
        self._powers = {power: _power(power, desk.glyphs) for power in (*PowerState, None)}

    def items(self) -> Sequence[DomainView]:
        """As Listing.items."""
        self._busy = busy(self.desk.jobs)
        self._learn(self.desk.examiner.diagnosis)
        if not self._everywhere:
            return self.desk.fleet.domains()
        before, after = self._items, (self.desk.fleet.domains(), self.desk.fleet.unplaced)
        if before[0] is not after[0] or before[1] is not after[1]:
            self._items, self._all = after, (*after[0], *after[1])
        return self._all

    def _learn(self, diagnosis: Diagnosis | None) -> None:
        if diagnosis is not self._diagnosis:
            self._diagnosis, self._turn = diagnosis, self._turn + 1
            # Made when there is something to look up, or it would be waited for at the start.
            self._index = (self._index or finding_index.FindingIndex()).learn(diagnosis)

    def _worst(self, item: DomainView) -> Severity | None:
        """How bad the worst of what the doctor found about it is, where it is more than INFO."""
        if self._index is None:
            return None
        uuid = item.domain.uuid if item.domain else None
        return self._index.worst(item.host, item.computer.name if item.computer else None, uuid)

    def key(self, item: DomainView) -> str:
        """As Listing.key."""
        return item.key

    @property
    def epoch(self) -> object:
        """The jobs, whose progress stands in the rows that they work on, and the diagnosis."""
        return self._busy, self._turn

    def depends(self, item: DomainView) -> tuple[Job | None, Severity | None]:
        """As Listing.depends."""
        return job_of(item, self._busy), self._worst(item)

    def record(self, item: DomainView) -> Record:
        """As Listing.record."""
        domain = item.domain
        cpu = domain.cpu_percent if domain else None
        cells = (
            self._powers[domain.power if domain else None],
            Cell(plain(item.computer.name if item.computer else item.name), "strong"),
            Cell(plain(item.image or "-"), "" if item.image else "dim"),
            self._flags(item),
            Cell(f"{cpu:.0f} %" if cpu is not None else "-"),
            Cell(size(domain.memory_bytes) if domain and domain.memory_bytes else "-"),
            Cell(item.address or "-"),
            Cell(uptime(domain)),
            Cell(_reservation(item)),
            Cell(plain(item.computer.state) if item.computer else "-", "dim"),
            Cell(plain(item.host or "-")),
            Cell(plain(domain.name) if domain else "-"),
            Cell(domain.uuid if domain else "-", "dim"),
        )
        return Record(item.key, cells, dim=item.stale)

    def _flags(self, item: DomainView) -> Cell:
        """What is odd about it; while a job works on it, how far that is."""
        job, worst = self.depends(item)
        if job is not None:
            return Cell(busy_words(job, self.desk.glyphs))
        found = [worst.value] if worst is not None else []
        words = ", ".join([*found, *(flag.value for flag in item.flags)])
        return Cell(words, "attention" if words else "")

    def values(self, item: DomainView, record: Record) -> list[str]:
        """The cells, the power as a word alone."""
        words = super().values(item, record)
        words[0] = words[0].partition(" ")[2]
        return words

    def age(self, item: DomainView, column: str) -> str:
        """As Listing.age."""
        return uptime(item.domain)

    def order(self, item: DomainView, column: str, text: str) -> object | None:
        """As Listing.order."""
        domain = item.domain
        match column:
            case "power":
                return _POWERS[domain.power] if domain else None
            case "cpu":
                return domain.cpu_percent if domain else None
            case "memory":
                return domain.memory_bytes if domain else None
            case "uptime":
                # The longest is the one that began first.
                return -started.timestamp() if (started := _started(domain)) else None
            case "flags":
                return -len(item.flags) - (self._worst(item) is not None)
            case "reservation":
                return item.reservation
            case "uuid":
                return text
            case _:
                return super().order(item, column, text)

    def subject(self, item: DomainView) -> Subject:
        """As Listing.subject."""
        return domain_subject(item, readonly=self.desk.readonly)

    def place(self, item: DomainView) -> Place | None:
        """The domain's own screen."""
        if item.domain is None:
            return None
        return Place("domain", item.host, item.domain.uuid)

    def nowhere(self, item: DomainView) -> str:
        """As Listing.nowhere."""
        refused = possible(BY_ID["describe"], self.subject(item))
        return f"{plain(item.owner)}: {refused or 'nothing is loaded on it, L loads an image'}"

    def is_fault(self, item: DomainView) -> bool:
        """As Listing.is_fault."""
        crashed = item.domain is not None and item.domain.power is PowerState.CRASHED
        found = self._worst(item) is not None
        return bool(item.flags) or item.stale or crashed or found

    def empty(self) -> str:
        """As Listing.empty."""
        reason = without_hosts(self.desk)
        if reason:
            return reason
        if self.is_filling():
            return "Waiting for the hosts" + self.desk.glyphs.ellipsis
        return "No domain"

    def nothing_fits(self, text: str) -> str:
        """With the reasons of the hosts that are meant, and of which nothing was ever seen."""
        wanted = [one for one in parse_filter(text, frozenset(self.fields)) if one.field == "host"]
        reasons = [
            f"{trouble_of(host)}. {host.hint}".strip().rstrip(".")
            if host.reason
            else f"{host.name} has not answered yet"
            for host in self.desk.fleet.hosts()
            if host.answered_at is None and all(term.is_in(host.name) for term in wanted)
        ]
        return ". ".join([super().nothing_fits(text), *map(plain, reasons)])

    def is_filling(self) -> bool:
        """As Listing.is_filling."""
        hosts = self.desk.fleet.hosts()
        return not self.desk.fleet.is_listed or any(
            host.state is HostState.CONNECTING and not host.reason for host in hosts
        )


def _power(power: PowerState | None, glyphs: Glyphs) -> Cell:
    """The cell of a power state, its sign first."""
    tone = "attention" if power is PowerState.CRASHED else "dim"
    tone = "" if power is PowerState.ON else tone
    return Cell(f"{glyphs.power(power)} {power.value if power else 'no domain'}", tone)


def domain_subject(view: DomainView, *, readonly: bool, snapshot: str | None = None) -> Subject:
    """What actions on a domain, or on a computer without one, are done to."""
    domain = view.domain
    return Subject(
        view.host,
        answers=not view.stale,
        readonly=readonly,
        domain=domain.name if domain else None,
        uuid=domain.uuid if domain else None,
        computer=view.computer.name if view.computer else None,
        power=domain.power if domain else None,
        snapshot=snapshot,
    )


def computer_subject(desk: Desk, computer: str) -> Subject | None:
    """What actions on a computer are done to; None where no host that is known has it."""
    view = desk.fleet.computer(computer)
    return domain_subject(view, readonly=desk.readonly) if view else None


def uptime(domain: LiveDomain | None) -> str:
    """How long a domain has been on; `>` where it was on before anybody looked.

    That it has been on for longer than some seconds tells nothing.
    """
    started = _started(domain)
    if domain is None or started is None:
        return "-"
    seconds = (datetime.now(UTC) - started).total_seconds()
    if domain.started_exactly:
        return age(seconds)
    return f"> {age(seconds)}" if seconds >= _WORTH_TELLING_SECONDS else "-"


def _started(domain: LiveDomain | None) -> datetime | None:
    if domain is None or not domain.power.is_active:
        return None
    return domain.started_at


def _reservation(view: DomainView) -> str:
    if view.reservation is None:
        return "-"
    return f"{view.reservation} {plain(view.reservation_state)}"
