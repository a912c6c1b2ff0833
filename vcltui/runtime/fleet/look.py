"""The second lane of a host: its slow facts, its images, the domain that is looked at."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from vcltui.errors import VcltuiError
from vcltui.models.domain import PowerState
from vcltui.runtime.fleet import details as fleet_details
from vcltui.runtime.fleet.host import HostWatcher
from vcltui.runtime.fleet.lane import Lane
from vcltui.runtime.fleet.models import DomainDetails, HostImages, HostState, LiveDomain
from vcltui.runtime.fleet.slow import read_slow

if TYPE_CHECKING:
    from vcltui.provisioning.session import HostSession

_log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
REST_SECONDS = 0.2

Domains = frozenset[tuple[str, PowerState]]


class Look:
    """Reads of one host what takes its time; `tell` is called after a change.

    Disks may be on slow storage, so that reading them has a lane apart from the states. It is
    the watcher that finds out whether a host answers; while it does not, nothing is read here.
    """

    def __init__(
        self,
        watcher: HostWatcher,
        open_session: Callable[[str], HostSession],
        tell: Callable[[], None],
    ) -> None:
        self._watcher, self._open_session, self._tell = watcher, open_session, tell
        self._name = watcher.facts.name
        self._lock = threading.Lock()
        self._domain: str | None = None
        self._wants_images = False
        self._images_are_old = self._slow_is_old = True
        self._images_read_at = self._slow_read_at = 0.0
        self._seen: tuple[LiveDomain, ...] = ()
        self._domains: Domains = frozenset()
        self._is_up = False
        self.details: DomainDetails | None = None
        self.images: HostImages | None = None
        self.lane = Lane(f"look-{self._name}", self._turn, REST_SECONDS)

    def want_domain(self, uuid: str) -> None:
        """Look at this domain from now on, and at no other."""
        with self._lock:
            if uuid == self._domain:
                return
            self._domain = uuid
        self.lane.wake()

    def want_images(self) -> None:
        """Read the images, now and from time to time."""
        with self._lock:
            if self._wants_images:
                return
            self._wants_images = True
        self.lane.wake()

    def refresh(self) -> None:
        """Read what is wanted again."""
        with self._lock:
            self._images_are_old = self._slow_is_old = True
        self.lane.wake()

    def host_changed(self) -> None:
        """The watcher has heard something; reads again what that makes old."""
        facts = self._watcher.facts
        is_up = facts.state is HostState.UP
        domains = self._domains
        if facts.domains is not self._seen:
            domains = frozenset((domain.uuid, domain.power) for domain in facts.domains)
        with self._lock:
            returned, self._is_up = is_up and not self._is_up, is_up
            changed = domains != self._domains
            self._seen, self._domains = facts.domains, domains
            self._slow_is_old |= returned
            self._images_are_old |= returned or changed
        if returned or changed:
            self.lane.wake()

    def _turn(self) -> float | None:
        with self._lock:
            if not self._is_up:
                return None
            uuid = self._domain
            read_slow_now = self._is_due(self._slow_is_old, self._slow_read_at)
            self._slow_is_old &= not read_slow_now
            read_images_now = self._wants_images and self._is_due(
                self._images_are_old, self._images_read_at
            )
            self._images_are_old &= not read_images_now
        try:
            session = self._open_session(self._name)
            # What somebody looks at comes first.
            if uuid is not None:
                self._read_details(session, uuid)
            if read_images_now:
                self._read_images(session)
            if read_slow_now:
                self._watcher.learn(read_slow(session, self._watcher.macs))
                self._slow_read_at = time.monotonic()
        except VcltuiError as error:
            _log.info("%s: %s", self._name, error)
            with self._lock:
                self._slow_is_old |= read_slow_now
        return LOOK_SECONDS

    def _is_due(self, is_old: bool, read_at: float) -> bool:
        return is_old or time.monotonic() - read_at >= LOOK_SECONDS

    def _read_details(self, session: HostSession, uuid: str) -> None:
        found, before = fleet_details.read_details(session, uuid), self.details
        if found.problem and before is not None and before.uuid == uuid:
            # What was read before stays visible, with the reason why it is not fresh.
            found = replace(before, problem=found.problem)
        self.details = found
        if found != before:
            self._tell()

    def _read_images(self, session: HostSession) -> None:
        found, before = fleet_details.read_images(session), self.images
        self._images_read_at = time.monotonic()
        if found.problem and before is not None:
            found = replace(before, problem=found.problem)
        self.images = found
        if found != before:
            self._tell()
