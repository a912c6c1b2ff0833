"""The VM hosts."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from vcltui.runtime.actions import Subject
from vcltui.runtime.fleet.models import HostState, LiveDomain, LiveHost
from vcltui.runtime.workspace import no_host_is_known
from vcltui.tui.desk import Desk
from vcltui.tui.listings.base import Listing
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import age, plain, share, size

_WORDS = {
    HostState.CONNECTING: "connecting",
    HostState.UP: "up",
    HostState.UNREACHABLE: "unreachable",
}
_STALE_SECONDS = 10.0


class Hosts(Listing[LiveHost]):
    """Every host, with what it has to give."""

    id = "hosts"
    title = "Hosts"
    columns = (
        Column("name", "HOST", 8, grow=True, middle=True, letter="N"),
        Column("state", "STATE", 13, letter="S"),
        Column("domains", "ON/ALL", 6, right=True, letter="P"),
        Column("cpus", "CPUS", 4, right=True, drop=4),
        Column("memory", "MEM GIVEN", 11, right=True, drop=1, letter="B"),
        Column("free", "MEM FREE", 8, right=True, drop=3),
        Column("disk", "DISK FREE", 9, right=True, drop=2, letter="Z"),
        Column("driver", "DRIVER", 6, drop=5, letter="T"),
        Column("seen", "SEEN", 10, right=True, drop=6, letter="A"),
        Column("uri", "URI", 12, grow=True, middle=True, drop=8, hidden=True),
        Column("reason", "WHY", 4, grow=True, drop=7),
    )

    ages = ("seen",)

    def items(self) -> Sequence[LiveHost]:
        """As Listing.items."""
        return self.desk.fleet.hosts()

    def key(self, item: LiveHost) -> str:
        """As Listing.key."""
        return item.name

    def record(self, item: LiveHost) -> Record:
        """As Listing.record."""
        status = item.status
        lost = item.state is HostState.UNREACHABLE
        heard = item.answered_at is not None
        cells = (
            Cell(plain(item.name), "strong"),
            Cell(
                f"{self.desk.glyphs.host(item.state)} {_WORDS[item.state]}",
                "attention" if lost else "",
            ),
            Cell(f"{item.running}/{len(item.domains)}" if heard else "-"),
            Cell(str(status.cpus) if status else "-"),
            Cell(share(item.given_memory_bytes, status.memory_bytes) if status else "-"),
            Cell(size(status.memory_free_bytes or None) if status else "-"),
            Cell(size(item.datastore_free_bytes)),
            Cell(item.driver or "-", "" if item.driver else "dim"),
            Cell(_seen(item)),
            Cell(plain(item.uri), "dim"),
            Cell(plain(item.reason or item.driver_problem or ""), "attention" if lost else "dim"),
        )
        return Record(item.name, cells, dim=item.state is not HostState.UP)

    def age(self, item: LiveHost, column: str) -> str:
        """As Listing.age."""
        return _seen(item)

    def order(self, item: LiveHost, column: str, text: str) -> object | None:
        """As Listing.order."""
        status = item.status
        match column:
            case "domains":
                return item.running
            case "memory":
                return item.given_memory_bytes
            case "free":
                return status.memory_free_bytes if status else None
            case "disk":
                return item.datastore_free_bytes
            case "seen":
                return -item.answered_at if item.answered_at is not None else None
            case _:
                return super().order(item, column, text)

    def subject(self, item: LiveHost) -> Subject:
        """As Listing.subject."""
        return host_subject(item, readonly=self.desk.readonly)

    def place(self, item: LiveHost) -> Place:
        """Its domains."""
        return Place("domains", filter=f"host={item.name}")

    def is_fault(self, item: LiveHost) -> bool:
        """As Listing.is_fault."""
        return item.state is HostState.UNREACHABLE or item.driver_problem is not None

    def empty(self) -> str:
        """As Listing.empty."""
        return without_hosts(self.desk) or "Looking for hosts" + self.desk.glyphs.ellipsis

    def is_filling(self) -> bool:
        """As Listing.is_filling."""
        return not self.desk.fleet.is_listed


def without_hosts(desk: Desk) -> str:
    """Why there is no host; empty where there are some, or may yet be."""
    if desk.fleet.hosts():
        return ""
    if desk.fleet.inventory.problem is not None:
        return plain(desk.fleet.inventory.problem)
    return plain(str(no_host_is_known())) if desk.fleet.is_listed else ""


def host_subject(host: LiveHost, *, readonly: bool) -> Subject:
    """What actions on a host are done to."""
    return Subject(host.name, answers=host.state is HostState.UP, readonly=readonly)


def trouble_of(host: LiveHost) -> str:
    """Why a host is not reached, with its name once, and since when."""
    named = rf"(?<![\w.-]){re.escape(host.name)}(?![\w-]|\.\w)"
    words = host.reason if re.search(named, host.reason) else f"{host.name}: {host.reason}"
    if host.answered_at is None:
        return words
    return f"{words}, seen {age(time.monotonic() - host.answered_at)} ago"


def _seen(host: LiveHost) -> str:
    """How old what is shown is."""
    if host.answered_at is None:
        return "never"
    seconds = time.monotonic() - host.answered_at
    if host.state is HostState.UP and seconds < _STALE_SECONDS:
        return "now"
    return f"{age(seconds)} ago"


class Summary:
    """The hosts and domains in one line; only the domains that are others are counted anew."""

    def __init__(self) -> None:
        self._counted: dict[str, tuple[tuple[LiveDomain, ...], int]] = {}

    def of(self, hosts: Sequence[LiveHost]) -> str:
        """The line."""
        up = sum(host.state is HostState.UP for host in hosts)
        on, total = sum(map(self._running, hosts)), sum(len(host.domains) for host in hosts)
        return f"hosts {up}/{len(hosts)} up   domains {on}/{total} on"

    def _running(self, host: LiveHost) -> int:
        domains, running = self._counted.get(host.name, ((), 0))
        if domains is not host.domains:
            running = host.running
            self._counted[host.name] = host.domains, running
        return running
