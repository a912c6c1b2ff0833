"""Watches one host: events first, a bulk poll beside them, and a new connection after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from vcltui.errors import HostUnreachableError, HypervisorError, VcltuiError
from vcltui.hypervisor import events, stats
from vcltui.models.domain import Domain, Traits
from vcltui.models.events import EventKind
from vcltui.models.host import HostStatus, VMHost
from vcltui.runtime.fleet.domains import LiveDomains
from vcltui.runtime.fleet.lane import Lane
from vcltui.runtime.fleet.models import HostState, LiveHost
from vcltui.runtime.fleet.pauses import Pauses
from vcltui.runtime.fleet.sheets import Sheets
from vcltui.runtime.fleet.slow import SlowFacts
from vcltui.runtime.fleet.starts import Starts

if TYPE_CHECKING:
    from vcltui.hypervisor.connection import Connection
    from vcltui.hypervisor.stats import Survey
    from vcltui.models.events import HostEvent
    from vcltui.provisioning.session import HostSession

_log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
CHECK_SECONDS = 10.0
"""A host's memory is read when domains come or go, and else this often; and this often nothing is
taken to be what it was because nothing was heard of it."""
PATIENCE_SECONDS = 10.0
"""A host that owes an answer for longer is told to hang; what it owes is still waited for."""
REST_SECONDS = 0.2
"""After a look that an event asked for; the events of a storm that come meanwhile are one look."""
XML_SECONDS = 0.5
"""How long a look may go on reading XML before it shows what it has."""

# After any other event the domains are the same, and of the same kind.
_CHANGES_LIST = frozenset({EventKind.DEFINED, EventKind.UNDEFINED, EventKind.CONNECTION_LOST})


class HostWatcher:
    """Keeps the facts of one host fresh and calls `changed` when they are others.

    It does not for figures that move all the time, the use of CPUs and memory: whoever shows them
    looks as often as it likes. `open_session` may block for as long as the host takes; only this
    host's lane waits for it.
    """

    def __init__(
        self,
        vmhost: VMHost,
        open_session: Callable[[str], HostSession],
        changed: Callable[[str], None],
    ) -> None:
        self._open_session = open_session
        self._changed = changed
        self._lock = threading.Lock()
        self._facts = LiveHost(vmhost.name, vmhost.uri)
        self._slow = SlowFacts()
        self._heard_of: deque[str] = deque()
        self._must_list = threading.Event()
        self._doubts_all = threading.Event()
        self._connection: Connection | None = None
        self._survey: Survey | None = None
        self._asked_at: float | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._could_connect = True
        self._rows: tuple[Domain, ...] = ()
        self._uuids: tuple[str, ...] = ()
        self._traits = Traits()
        self._status: HostStatus | None = None
        self._checked_at = 0.0
        self._sheets, self._starts = Sheets(), Starts()
        self._domains = LiveDomains(vmhost.name, self._sheets, self._starts)
        self._pauses = Pauses(vmhost.uri)
        self.lane = Lane(f"fleet-{vmhost.name}", self._turn, REST_SECONDS)

    @property
    def facts(self) -> LiveHost:
        """What is known of the host now."""
        return self._facts

    @property
    def macs(self) -> frozenset[str]:
        """The MAC addresses of the host's domains."""
        return self._sheets.macs()

    def refresh(self) -> None:
        """Ask the host for everything again, at once."""
        self._sheets.distrust()
        self._doubt()
        self.lane.wake()

    def learn(self, slow: SlowFacts) -> None:
        """Take over what another lane has read of the host."""
        with self._lock:
            before, self._slow = self._facts, slow
            self._facts = replace(
                before,
                driver=slow.driver,
                driver_problem=slow.driver_problem,
                libvirt_version=slow.libvirt_version,
                hypervisor=slow.hypervisor,
                datastore_free_bytes=slow.space.free_bytes if slow.space else None,
                datastore_total_bytes=slow.space.total_bytes if slow.space else None,
                looked_at=slow.read_at,
                domains=self._domains.learn(slow),
            )
        self._tell(before)

    def lose_patience(self) -> None:
        """Tell it of a host that has not answered for too long; called from time to time."""
        with self._lock:
            before, asked_at = self._facts, self._asked_at
            if asked_at is None:
                return
            self._facts = waiting = replace(before, asked_at=asked_at)
            if time.monotonic() - asked_at >= PATIENCE_SECONDS and not before.reason:
                was_up = before.state is HostState.UP
                self._facts = replace(
                    waiting,
                    state=HostState.UNREACHABLE if was_up else before.state,
                    reason=f"The host {before.name} has not answered for "
                    f"{PATIENCE_SECONDS:g} seconds",
                    hint="Look whether it is overloaded or its libvirtd hangs",
                )
        self._tell(before)

    def stop(self) -> None:
        """Hear no more of the host."""
        self.lane.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _turn(self) -> float | None:
        """One look at the host; returns the pause in seconds until the next."""
        self._asked_at = time.monotonic()
        try:
            is_whole = self._look(*self._connected())
        except VcltuiError as error:
            self._lose(error)
            return self._pauses.next()
        finally:
            self._asked_at = None
        self._pauses.answered()
        return POLL_SECONDS if is_whole else 0.0

    def _connected(self) -> tuple[Connection, Survey]:
        """The connection to the host, with its events subscribed to where there are any."""
        could_connect, self._could_connect = self._could_connect, False
        connection = self._open_session(self._facts.name).connection
        self._could_connect = True
        if not could_connect:
            self._pauses.returned()
        if connection is not self._connection or self._survey is None:
            self._survey = self._begin_anew(connection)
        if self._unsubscribe is None:
            try:
                self._unsubscribe = events.subscribe(connection, self._heard)
            except HostUnreachableError:
                raise
            except HypervisorError as error:
                # Tried again in each turn: a daemon that has just begun refuses it at first.
                _log.info("%s is only polled: %s", self._facts.name, error)
        return connection, self._survey

    def _begin_anew(self, connection: Connection) -> Survey:
        """Nothing was heard of the host since the last connection, so nothing holds for sure."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._connection = connection
        self._domains.forget_use()
        self._sheets.distrust()
        self._starts.doubt()
        self._doubt()
        return stats.Survey(connection)

    def _look(self, connection: Connection, survey: Survey) -> bool:
        """Ask the host and publish its answer; returns whether all XML was read."""
        starts = self._starts.take_heard()
        must_list = self._must_list.is_set()
        self._must_list.clear()
        try:
            heard_of, must_check = self._take_heard_of(), self._must_check()
            rows, asked_at = survey.look(None if must_check else heard_of), time.monotonic()
            must_list |= rows is not self._rows and self._are_others(rows)
            if must_list:
                self._traits = stats.traits(connection)
            if must_list or must_check:
                self._status, self._checked_at = connection.status(), asked_at
            is_whole = self._sheets.read(connection, self._uuids, XML_SECONDS)
        except VcltuiError:
            self._doubt()
            raise
        self._starts.settle(rows, starts)
        with self._lock:
            before, self._asked_at = self._facts, None
            facts = replace(
                before,
                state=HostState.UP,
                reason="",
                hint="",
                answered_at=time.monotonic(),
                status=self._status,
                domains=self._domains.look(rows, asked_at, self._traits, self._slow),
                asked_at=None,
            )
            self._keep(facts)
        self._tell(before)
        return is_whole

    def _are_others(self, rows: tuple[Domain, ...]) -> bool:
        """Take over new rows; whether they are of other domains than those before."""
        self._rows = rows
        uuids, before = tuple([row.uuid for row in rows]), self._uuids
        if uuids == before:
            return False
        self._uuids = uuids
        return set(uuids) != set(before)

    def _doubt(self) -> None:
        """Take nothing for what it was, and ask for everything."""
        self._doubts_all.set()
        self._must_list.set()

    def _take_heard_of(self) -> set[str] | None:
        """The names of the domains of which something was heard; None where it may be of any."""
        doubts_all = self._doubts_all.is_set()
        self._doubts_all.clear()
        heard_of: set[str] = set()
        while self._heard_of:
            heard_of.add(self._heard_of.popleft())
        return None if doubts_all or self._unsubscribe is None else heard_of

    def _must_check(self) -> bool:
        return time.monotonic() - self._checked_at >= CHECK_SECONDS

    def _heard(self, event: HostEvent) -> None:
        """Called by libvirt's event thread: note what must be read again and return."""
        self._sheets.hear(event)
        self._starts.hear(event)
        self._heard_of.append(event.name)
        if event.kind in _CHANGES_LIST:
            self._must_list.set()
        self.lane.wake()

    def _lose(self, error: VcltuiError) -> None:
        self._connection = None
        with self._lock:
            before, self._asked_at = self._facts, None
            self._keep(
                replace(
                    before,
                    state=HostState.UNREACHABLE,
                    reason=error.what,
                    hint=error.hint,
                    asked_at=None,
                )
            )
        self._tell(before)

    def _keep(self, facts: LiveHost) -> None:
        """What was found when the lane had been told to stop is nothing anybody waits for."""
        if not self.lane.is_stopped:
            self._facts = facts

    def _tell(self, before: LiveHost) -> None:
        """Call `changed` where more than times and figures is another now."""
        with self._lock:
            after, has_news = self._facts, self._domains.take_news()
        if after != before and not has_news:
            has_news = after != replace(before, status=after.status, domains=after.domains)
        if has_news and not self.lane.is_stopped:
            self._changed(after.name)
