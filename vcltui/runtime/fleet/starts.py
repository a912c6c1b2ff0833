"""Since when the domains of a host run: as it was heard, read on the host, or at least seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vcltui.models.domain import Domain
from vcltui.models.events import EventKind
from vcltui.runtime.fleet.slow import SlowFacts

if TYPE_CHECKING:
    from vcltui.models.events import HostEvent

_WOKEN = "woken up"


@dataclass(frozen=True, slots=True)
class Start:
    """Since when a domain runs (UTC); where not `exactly`, it was first seen running then."""

    at: datetime
    exactly: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a domain. `id` is libvirt's of this run, `since` the monotonic second noted."""

    start: Start
    id: int | None
    since: float


class Starts:
    """Keeps the starts of one host's domains by UUID.

    Only `hear` is called by other threads than the host's own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: dict[str, datetime] = {}
        self._runs: dict[str, _Run] = {}
        self._settled: Sequence[Domain] = ()
        self._news: set[str] = set()

    def hear(self, event: HostEvent) -> None:
        """Note when a domain was started; every other event is passed over."""
        # Waking from sleep is told as a start too, but the domain ran on.
        if event.kind is EventKind.STARTED and event.detail != _WOKEN:
            with self._lock:
                self._heard[event.uuid] = datetime.now(UTC)

    def take_heard(self) -> Mapping[str, datetime]:
        """What was heard, once; to be taken before the host is asked what runs."""
        with self._lock:
            heard, self._heard = self._heard, {}
        return heard

    def settle(self, rows: Sequence[Domain], heard: Mapping[str, datetime]) -> None:
        """What runs on the host as it just said, with what had been heard before."""
        if rows is self._settled and not heard:
            return
        before, self._settled = self._settled, rows
        few = _others(rows, before, heard)
        if few is None:
            for uuid in self._runs.keys() - {row.uuid for row in rows}:
                self._end(uuid)
        now, since = datetime.now(UTC), time.monotonic()
        for row in rows if few is None else few:
            known, heard_at = self._runs.get(row.uuid), heard.get(row.uuid)
            if not row.power.is_active:
                self._end(row.uuid)
            elif heard_at is not None:
                self._begin(row, Start(heard_at, exactly=True), since)
            elif known is None or known.id != row.id:
                self._begin(row, Start(now, exactly=False), since)

    def _begin(self, row: Domain, start: Start, since: float) -> None:
        self._runs[row.uuid] = _Run(start, row.id, since)
        self._news.add(row.uuid)

    def _end(self, uuid: str) -> None:
        if self._runs.pop(uuid, None) is not None:
            self._news.add(uuid)

    def take_news(self) -> set[str]:
        """The UUIDs of the domains whose starts are others since this was asked last."""
        news, self._news = self._news, set()
        return news

    def doubt(self) -> None:
        """Nothing was heard for a while, so what ran may have been started anew."""
        since = time.monotonic()
        self._runs = {
            uuid: replace(run, start=replace(run.start, exactly=False), since=since)
            for uuid, run in self._runs.items()
        }
        self._news.update(self._runs)

    def of(self, uuid: str, name: str, slow: SlowFacts) -> Start | None:
        """Since when a domain runs; None for one that does not."""
        run = self._runs.get(uuid)
        if run is None or run.start.exactly:
            return run.start if run else None
        read = slow.starts.get(name)
        # What was read before this run was noted may be about the one before.
        if read is not None and slow.read_at is not None and slow.read_at >= run.since:
            return Start(read, exactly=True)
        return run.start


def _others(
    rows: Sequence[Domain], before: Sequence[Domain], heard: Mapping[str, datetime]
) -> list[Domain] | None:
    """Of thousands the few rows that are others or were heard of; None where domains are."""
    if len(rows) != len(before):
        return None
    pairs = zip(rows, before, strict=True)
    found = [(row, old) for row, old in pairs if row is not old or row.uuid in heard]
    return [row for row, _ in found] if all(row.uuid == old.uuid for row, old in found) else None
