"""The second lane of a host: its images, and the details of the domain that is looked at."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vcltui.errors import VcltuiError
from vcltui.provisioning.session import HostSession
from vcltui.runtime.fleet_details import read_details, read_images
from vcltui.runtime.fleet_lane import Lane
from vcltui.runtime.fleet_models import DomainDetails, HostImages

_log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


class Look:
    """Reads what is wanted of one host beside its domains; `tell` is called after a change.

    Disks may be on slow storage, so that reading them has a lane apart from the states.
    """

    def __init__(
        self, name: str, open_session: Callable[[str], HostSession], tell: Callable[[], None]
    ) -> None:
        self._name, self._open_session, self._tell = name, open_session, tell
        self._lock = threading.Lock()
        self._domain: str | None = None
        self._wants_images = False
        self._images_are_old = True
        self._images_read_at = 0.0
        self._domains: frozenset[tuple[str, str]] = frozenset()
        self.details: DomainDetails | None = None
        self.images: HostImages | None = None
        self.lane = Lane(f"look-{name}", self._turn)

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
            self._images_are_old = True
        self.lane.wake()

    def domains_are(self, domains: frozenset[tuple[str, str]]) -> None:
        """Which domains there are and their power, as just heard; reads again when others."""
        with self._lock:
            if domains == self._domains:
                return
            self._domains = domains
            self._images_are_old = True
        self.lane.wake()

    def _turn(self) -> float | None:
        with self._lock:
            uuid, wants_images = self._domain, self._wants_images
            age = time.monotonic() - self._images_read_at
            read_images_now = wants_images and (self._images_are_old or age >= LOOK_SECONDS)
            if read_images_now:
                self._images_are_old = False
        if uuid is None and not wants_images:
            return None
        try:
            session = self._open_session(self._name)
        except VcltuiError as error:
            _log.info("%s: %s", self._name, error)
            return LOOK_SECONDS
        if uuid is not None:
            self._read_details(session, uuid)
        if read_images_now:
            self._read_images(session)
        return LOOK_SECONDS

    def _read_details(self, session: HostSession, uuid: str) -> None:
        found, before = read_details(session, uuid), self.details
        if found.problem and before is not None and before.uuid == uuid:
            # What was read before stays visible, with the reason why it is not fresh.
            found = replace(before, problem=found.problem)
        if found != before:
            self.details = found
            self._tell()

    def _read_images(self, session: HostSession) -> None:
        found, before = read_images(session), self.images
        self._images_read_at = time.monotonic()
        if found.problem and before is not None:
            found = replace(before, problem=found.problem)
        if found != before:
            self.images = found
            self._tell()
