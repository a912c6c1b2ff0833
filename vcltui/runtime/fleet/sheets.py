"""What the XML of a host's domains says, read once and kept until it may be another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcltui.domxml import parse
from vcltui.errors import HostUnreachableError, VcltuiError
from vcltui.hypervisor import domains
from vcltui.models.domain import VCLFacts
from vcltui.models.events import EventKind

if TYPE_CHECKING:
    from vcltui.hypervisor.connection import Connection
    from vcltui.models.events import HostEvent

_log = logging.getLogger(__name__)

_CHANGES_XML = frozenset(
    {EventKind.DEFINED, EventKind.UNDEFINED, EventKind.STARTED, EventKind.STOPPED}
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is kept of one domain's XML. MAC addresses are in lower case."""

    vcpus: int = 0
    memory_bytes: int = 0
    facts: VCLFacts | None = None
    macs: tuple[str, ...] = ()


BLANK = Sheet()


class Sheets:
    """The sheets of one host's domains by UUID. Only `hear` is called by other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._sheets: dict[str, Sheet] = {}
        self._old: set[str] = set()
        self._read: Sequence[str] | None = None
        self._news: set[str] = set()

    def hear(self, event: HostEvent) -> None:
        """Note whose XML is another now."""
        if event.kind in _CHANGES_XML:
            with self._lock:
                self._changed.add(event.uuid)

    def distrust(self) -> None:
        """Read everything again; what was read is shown until then."""
        with self._lock:
            self._changed.update(self._sheets)

    def read(self, conn: Connection, uuids: Sequence[str], seconds: float) -> bool:
        """Read what is missing or old of these domains, the only ones there are.

        Nothing is asked where all of them are read already. Stops after about `seconds`; returns
        whether everything is read. Raises HostUnreachableError.
        """
        with self._lock:
            changed, self._changed = self._changed, set()
        if uuids is self._read and not changed:
            return True
        self._read = None
        there = set(uuids)
        self._old = (self._old | changed) & there
        self._sheets = {uuid: sheet for uuid, sheet in self._sheets.items() if uuid in there}
        deadline = time.monotonic() + seconds
        for uuid in uuids:
            if uuid in self._sheets and uuid not in self._old:
                continue
            if time.monotonic() >= deadline:
                return False
            sheet = _sheet(conn, uuid)
            if sheet != self._sheets.get(uuid):
                self._sheets[uuid] = sheet
                self._news.add(uuid)
            self._old.discard(uuid)
        self._read = uuids
        return True

    def take_news(self) -> set[str]:
        """The UUIDs of the domains whose sheets are others since this was asked last."""
        news, self._news = self._news, set()
        return news

    def of(self, uuid: str) -> Sheet:
        """The sheet of a domain; a blank one until its XML is read."""
        return self._sheets.get(uuid, BLANK)

    def macs(self) -> frozenset[str]:
        """The MAC addresses of all domains."""
        return frozenset(mac for sheet in self._sheets.copy().values() for mac in sheet.macs)


def _sheet(conn: Connection, uuid: str) -> Sheet:
    try:
        found = parse.parse_domain(domains.domain_xml(conn, uuid))
    except HostUnreachableError:
        raise
    except VcltuiError as error:
        # Removed meanwhile, or odd: one domain must not hide the others.
        _log.info("%s: %s", conn.host_name, error)
        return BLANK
    macs = tuple(nic.mac.lower() for nic in found.interfaces if nic.mac)
    return Sheet(found.vcpus, found.memory_bytes, found.facts, macs)
