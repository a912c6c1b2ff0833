"""The fleet: live facts of every host, kept fresh by lanes of their own.

A face reads plain facts at any time and is told when they change; it never waits for a host.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vcltui.errors import VcltuiError
from vcltui.models.host import VMHost
from vcltui.models.natural import natural
from vcltui.runtime.fleet.host import HostWatcher
from vcltui.runtime.fleet.lane import Lane
from vcltui.runtime.fleet.look import Look
from vcltui.runtime.fleet.models import (
    DomainDetails,
    DomainView,
    HostImages,
    InventoryFacts,
    LiveHost,
)
from vcltui.runtime.fleet.rows import DomainRows
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers as computer_rows
from vcltui.vcldb import images as image_rows
from vcltui.vcldb import reservations as reservation_rows

if TYPE_CHECKING:
    from vcltui.provisioning.session import HostSession
    from vcltui.vcldb.database import Database

_log = logging.getLogger(__name__)

INVENTORY_SECONDS = 10.0
CLOCK_SECONDS = 1.0

Changed = Callable[[], None]


class Fleet:
    """The store of live facts. `start` begins, `close` ends; nothing else ever blocks.

    `list_hosts`, `open_session` and `open_database` are called in the lanes alone. `known` are
    hosts that are there before the first list, which has them too.
    """

    def __init__(
        self,
        list_hosts: Callable[[], dict[str, VMHost]],
        open_session: Callable[[str], HostSession],
        open_database: Callable[[], Database | None],
        known: Mapping[str, VMHost] | None = None,
    ) -> None:
        self._list_hosts = list_hosts
        self._open_session = open_session
        self._open_database = open_database
        self._lock = threading.Lock()
        self._callbacks: dict[object, Changed] = {}
        self._watchers: dict[str, HostWatcher] = {}
        self._looks: dict[str, Look] = {}
        self._inventory = InventoryFacts()
        self._rows = DomainRows()
        self._inventory_lane = Lane("fleet-inventory", self._read_inventory)
        self._clock_lane = Lane("fleet-clock", self._look_at_clock)
        self._is_started = self._is_listed = False
        self._to_start: list[Lane] = []
        self._follow(known or {})

    @classmethod
    def of(cls, workspace: Workspace) -> Fleet:
        """The fleet of a workspace's hosts."""
        return cls(
            workspace.hosts,
            workspace.session,
            lambda: workspace.database,
            workspace.configured_hosts(),
        )

    def start(self) -> None:
        """Begin to watch."""
        self._is_started = True
        self._start_lanes()
        self._inventory_lane.start()
        self._clock_lane.start()

    def close(self, patience_seconds: float = 1.0) -> None:
        """End to watch; a lane that hangs on a dead host is left alone after the patience."""
        with self._lock:
            self._callbacks.clear()
        deadline = time.monotonic() + patience_seconds
        lanes = [self._inventory_lane, self._clock_lane]
        for lane in lanes:
            lane.stop()
        for name, watcher in self._watchers.items():
            watcher.stop()
            self._looks[name].lane.stop()
            lanes += [watcher.lane, self._looks[name].lane]
        for lane in lanes:
            lane.join(max(0.0, deadline - time.monotonic()))

    def subscribe(self, callback: Changed) -> Callable[[], None]:
        """Call `callback`, from any thread, after each change until the returned is called.

        Not for the use of CPUs and memory alone: these are others at each look.
        """
        token = object()
        with self._lock:
            self._callbacks[token] = callback

        def end() -> None:
            with self._lock:
                self._callbacks.pop(token, None)

        return end

    # --- what is known ---

    @property
    def is_listed(self) -> bool:
        """Whether it is known which hosts there are; until then others may come."""
        return self._is_listed

    def hosts(self) -> list[LiveHost]:
        """Every host, by natural name."""
        return [watcher.facts for watcher in self._watchers.values()]

    def host(self, name: str) -> LiveHost | None:
        """One host, or None where there is none of this name."""
        watcher = self._watchers.get(name)
        return watcher.facts if watcher else None

    @property
    def inventory(self) -> InventoryFacts:
        """What the inventory said last."""
        return self._inventory

    def domains(self, host: str | None = None) -> tuple[DomainView, ...]:
        """Every domain, or those of one host, with what the inventory knows of it.

        A row that stays as it was is the same object, and so is the tuple of all.
        """
        if host is None:
            return self._rows.of(self.hosts())
        found = self.host(host)
        return self._rows.of_host(found) if found else ()

    @property
    def unplaced(self) -> tuple[DomainView, ...]:
        """The computers of the inventory that are on no host; the host of their rows is empty."""
        return self._rows.unplaced

    def computer(self, name: str) -> DomainView | None:
        """The first row of a computer; None where neither a known host has it nor none."""
        return self._rows.of_computer(name, self.hosts())

    def details(self, host: str, uuid: str) -> DomainDetails | None:
        """What was read of the domain that is looked at on its host; None while it is not yet."""
        look = self._looks.get(host)
        found = look.details if look else None
        return found if found is not None and found.uuid == uuid else None

    def images(self, host: str) -> HostImages | None:
        """The images of a host that is looked at; None while they are not read yet."""
        look = self._looks.get(host)
        return look.images if look else None

    # --- what is wanted ---

    def watch_domain(self, host: str, uuid: str) -> None:
        """Read the details of this domain of the host, now and after changes."""
        if host in self._looks:
            self._looks[host].want_domain(uuid)

    def watch_images(self, host: str) -> None:
        """Read the images of this host, now and from time to time."""
        if host in self._looks:
            self._looks[host].want_images()

    def refresh(self, host: str | None = None) -> None:
        """Read everything again at once, or what concerns one host; returns at once."""
        self._inventory_lane.wake()
        for name, watcher in self._watchers.items():
            if host in (None, name):
                watcher.refresh()
                self._looks[name].refresh()

    # --- in the lanes ---

    def _host_changed(self, name: str) -> None:
        look = self._looks.get(name)
        if look is not None:
            look.host_changed()
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 a face that fails must not stop a host's lane
                _log.exception("A listener of the fleet failed")

    def _look_at_clock(self) -> float:
        for watcher in self._watchers.values():
            watcher.lose_patience()
        return CLOCK_SECONDS

    def _read_inventory(self) -> float:
        was_listed = self._is_listed
        try:
            self._follow(self._list_hosts())
            self._is_listed = True
            found = _read(self._open_database())
        except VcltuiError as error:
            # It is tried again and again; one line of the log tells it.
            is_new = str(error) != self._inventory.problem
            _log.log(logging.WARNING if is_new else logging.DEBUG, "The inventory: %s", error)
            # What was read before stays visible, with the reason why it is not fresh.
            found = replace(self._inventory, exists=True, problem=str(error))
        before = self._inventory
        changed = found != before or self._is_listed is not was_listed
        # What says the same stays the same object, so that nothing is made anew for it.
        self._inventory = found if changed else replace(before, read_at=found.read_at)
        if self._rows.learn(self._inventory, self.hosts()) or changed:
            self._tell()
        return INVENTORY_SECONDS

    def _start_lanes(self) -> None:
        lanes, self._to_start = self._to_start, []
        for lane in lanes:
            lane.start()

    def _follow(self, hosts: Mapping[str, VMHost]) -> None:
        """Watch the hosts that are new in the list, and those that left it no more."""
        if set(hosts) == set(self._watchers) or self._inventory_lane.is_stopped:
            return
        for name in set(self._watchers) - set(hosts):
            self._watchers[name].stop()
            self._looks[name].lane.stop()
        watchers: dict[str, HostWatcher] = {}
        looks: dict[str, Look] = {}
        for name in sorted(hosts, key=natural):
            watcher, look = self._watchers.get(name), self._looks.get(name)
            if watcher is None or look is None:
                watcher = HostWatcher(hosts[name], self._open_session, self._host_changed)
                look = Look(watcher, self._open_session, self._tell)
                self._to_start += [watcher.lane, look.lane]
            watchers[name], looks[name] = watcher, look
        # Replaced, not changed: readers in other threads go on with what they have.
        self._looks, self._watchers = looks, watchers
        if self._is_started:
            self._start_lanes()
        self._tell()


def _read(database: Database | None) -> InventoryFacts:
    if database is None:
        return InventoryFacts()
    return InventoryFacts(
        exists=True,
        read=True,
        computers=tuple(computer_rows.list_computers(database)),
        revisions=tuple(image_rows.list_revisions(database)),
        reservations=tuple(reservation_rows.list_reservations(database)),
        read_at=time.monotonic(),
    )
