"""The live domains of one host, put together of what is known of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import is_

from vcltui.models.domain import Domain, PowerState, Traits
from vcltui.runtime.fleet.models import LiveDomain
from vcltui.runtime.fleet.sheets import Sheet, Sheets
from vcltui.runtime.fleet.slow import SlowFacts
from vcltui.runtime.fleet.starts import Start, Starts


@dataclass(slots=True)
class _Made:
    """A live domain and what it was made of."""

    row: Domain
    sheet: Sheet
    start: Start | None
    live: LiveDomain

    @property
    def rests(self) -> bool:
        """Whether it stays as it is while what it was made of does."""
        return not _may_use_cpus(self.row) or self.live.cpu_percent == 0.0


class LiveDomains:
    """Makes the live domains of one host.

    One that stays as it was is the same object, and so is the tuple of all: what is made of
    them need be made anew for those alone that are others. Not for several threads at once.
    """

    def __init__(self, host: str, sheets: Sheets, starts: Starts) -> None:
        self._host, self._sheets, self._starts = host, sheets, starts
        self._traits, self._slow = Traits(), SlowFacts()
        self._asked_at: float | None = None
        # By place in the rows, which are by name.
        self._rows: tuple[Domain, ...] = ()
        self._made: list[_Made] = []
        self._places: dict[str, int] = {}
        self._restless: set[int] = set()
        self._all: tuple[LiveDomain, ...] = ()
        self._has_news = False

    def look(
        self, rows: tuple[Domain, ...], asked_at: float, traits: Traits, slow: SlowFacts
    ) -> tuple[LiveDomain, ...]:
        """The domains after the host told `rows`, at the monotonic second `asked_at`."""
        seconds = None if self._asked_at is None else asked_at - self._asked_at
        self._asked_at = asked_at
        anew = traits != self._traits or slow is not self._slow
        news = self._sheets.take_news() | self._starts.take_news()
        places = self._restless | {self._places[uuid] for uuid in news & self._places.keys()}
        before, self._rows = self._rows, rows
        self._traits, self._slow = traits, slow
        is_same = len(rows) == len(before)
        if is_same and rows is not before:
            places |= {place for place, row in enumerate(rows) if row is not before[place]}
            is_same = all(rows[place].uuid == before[place].uuid for place in places)
        if anew or not is_same:
            return self._make_all(seconds, anew=anew)
        for place in places:
            self._made[place] = self._one(self._made[place], rows[place], seconds)
        self._restless = {place for place in places if not self._made[place].rests}
        return self._tell() if places else self._all

    def learn(self, slow: SlowFacts) -> tuple[LiveDomain, ...]:
        """The domains with what was read of the host besides."""
        self._slow = slow
        return self._make_all(0.0, anew=True)

    def take_news(self) -> bool:
        """Whether more than the use of CPUs is another since this was asked last."""
        has_news, self._has_news = self._has_news, False
        return has_news

    def forget_use(self) -> None:
        """How much CPU time was used until now tells nothing of what comes."""
        self._asked_at = None

    def _make_all(self, seconds: float | None, *, anew: bool) -> tuple[LiveDomain, ...]:
        known = {one.row.uuid: one for one in self._made}
        self._has_news |= len(known) != len(self._rows)
        self._made = [self._one(known.get(row.uuid), row, seconds, anew=anew) for row in self._rows]
        self._places = {row.uuid: place for place, row in enumerate(self._rows)}
        self._restless = {place for place, one in enumerate(self._made) if not one.rests}
        return self._tell()

    def _tell(self) -> tuple[LiveDomain, ...]:
        found = tuple([one.live for one in self._made])
        if len(found) != len(self._all) or not all(map(is_, found, self._all)):
            self._all = found
        return self._all

    def _one(
        self, before: _Made | None, row: Domain, seconds: float | None, *, anew: bool = False
    ) -> _Made:
        """A domain of which a look was `seconds` ago (0: none since), the same if it may be."""
        sheet = self._sheets.of(row.uuid)
        start = self._starts.of(row.uuid, row.name, self._slow)
        if (
            before is not None
            and not anew
            and before.rests
            and before.row is row
            and before.sheet is sheet
            and before.start == start
        ):
            return before
        live = self._live(row, sheet, start, _cpu_percent(before, row, sheet, seconds))
        if before is not None and before.live == live:
            live = before.live
        elif before is None or replace(before.live, cpu_percent=live.cpu_percent) != live:
            self._has_news = True
        return _Made(row, sheet, start, live)

    def _live(
        self, row: Domain, sheet: Sheet, start: Start | None, cpu_percent: float | None
    ) -> LiveDomain:
        addresses = self._slow.addresses if row.power.is_active else {}
        return LiveDomain(
            host=self._host,
            uuid=row.uuid,
            name=row.name,
            power=row.power,
            reason=row.reason,
            vcpus=sheet.vcpus,
            memory_bytes=sheet.memory_bytes,
            persistent=row.uuid not in self._traits.transient,
            autostart=row.uuid in self._traits.autostart,
            cpu_percent=cpu_percent,
            facts=sheet.facts,
            started_at=start.at if start else None,
            started_exactly=start.exactly if start else False,
            address=next((addresses[mac] for mac in sheet.macs if mac in addresses), None),
        )


def _may_use_cpus(row: Domain) -> bool:
    return row.cpu_time_ns is not None and row.power is PowerState.ON


def _cpu_percent(
    before: _Made | None, row: Domain, sheet: Sheet, seconds: float | None
) -> float | None:
    """How much of its vCPUs a domain used in these seconds, in whole percent.

    Rounded, so that one which is idle stays as it is from look to look.
    """
    if before is None or seconds is None or not _may_use_cpus(row) or not sheet.vcpus:
        return None
    if not seconds:
        return before.live.cpu_percent
    if before.row.cpu_time_ns is None or row.cpu_time_ns is None:
        return None
    used = (row.cpu_time_ns - before.row.cpu_time_ns) / 1e9
    # The counter begins anew with each start.
    return float(round(min(100.0, 100.0 * used / seconds / sheet.vcpus))) if used >= 0 else None
