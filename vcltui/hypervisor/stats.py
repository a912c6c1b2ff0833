"""What domains do and use at one moment, for a live view."""

from __future__ import annotations

from collections.abc import Collection
from operator import is_

import libvirt

from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains.listing import Stats, bulk_stats
from vcltui.hypervisor.errors import libvirt_call
from vcltui.hypervisor.power import power_state, state_reason
from vcltui.models.domain import Domain, Traits

# Neither asks a guest's monitor, so that a guest whose QEMU is stuck (its storage hangs, say)
# can't hold up what is told of its neighbours. Balloon, vCPU and block figures would ask it.
_GROUPS = libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL

# Of a domain that is off, QEMU's driver may give the CPU time of libvirtd itself.
_ON = frozenset(
    state for state in range(libvirt.VIR_DOMAIN_PMSUSPENDED + 1) if power_state(state).is_active
)

Record = tuple[libvirt.virDomain, Stats]


class Survey:
    """The domains of one connection, look after look.

    What is not new is not made anew: of thousands of domains few change between two looks, and
    asking libvirt's objects for names, UUIDs and ids, though it is no call to the host, takes half
    as long as the call that brought them.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        # In the order of libvirt's answer, which is the same while no domain comes or goes.
        self._stats: list[Stats] = []
        self._names: list[str] = []
        self._rows: list[Domain] = []
        self._places: dict[str, int] = {}
        self._order: list[int] = []
        self._by_name: tuple[Domain, ...] = ()

    def look(self, heard_of: Collection[str] | None = None) -> tuple[Domain, ...]:
        """A host's domains by name, with state, reason and the CPU time of those that are on.

        One call to the host, whatever their number. A domain of which nothing is new is the same
        object as in the look before, and the tuple too where nothing is new at all. `heard_of`
        are the names of those of which something was heard since then; one of which nothing was
        heard is the same domain as before, and runs the same run. None: all are looked at.

        `cpu_time_ns` counts from a domain's start; None for one that is off, and where the host
        does not tell it for all at once. vCPUs and memory are not asked. Raises HypervisorError.
        """
        with libvirt_call("Reading the statistics", self._conn.host_name):
            records = bulk_stats(self._conn, _GROUPS)
            stats = [each for _, each in records]
            if heard_of is not None and not heard_of and stats == self._stats:
                return self._by_name
            names = [domain.name() for domain, _ in records]
            if names == self._names:
                rows = self._same(records, names if heard_of is None else heard_of)
            else:
                rows = self._others(records, names, heard_of)
        self._stats, self._rows = stats, rows
        by_name = tuple([rows[place] for place in self._order])
        if len(by_name) != len(self._by_name) or not all(map(is_, by_name, self._by_name)):
            self._by_name = by_name
        return self._by_name

    def _same(self, records: list[Record], in_doubt: Collection[str]) -> list[Domain]:
        """The rows where the domains have the same names in the same order as before."""
        before, rows = self._rows, self._rows.copy()
        others = [place for place, old in enumerate(self._stats) if records[place][1] != old]
        for place in others:
            if _told(records[place][1]) != _told(self._stats[place]):
                rows[place] = self._row(records[place], None)
        for name in in_doubt:
            place = self._places.get(name, -1)
            if place >= 0:
                rows[place] = self._row(records[place], (before[place], self._stats[place]))
        return rows

    def _others(
        self, records: list[Record], names: list[str], heard_of: Collection[str] | None
    ) -> list[Domain]:
        """The rows where domains came, went or changed their names."""
        known = dict(zip(self._names, zip(self._rows, self._stats, strict=True), strict=True))
        rows: list[Domain] = []
        for name, record in zip(names, records, strict=True):
            before = known.get(name)
            is_sure = before is not None and heard_of is not None and name not in heard_of
            if before is not None and is_sure and _told(record[1]) == _told(before[1]):
                rows.append(before[0])
            else:
                rows.append(self._row(record, before))
        self._names = names
        self._places = {name: place for place, name in enumerate(names)}
        self._order = sorted(self._places.values(), key=names.__getitem__)
        return rows

    def _row(self, record: Record, before: tuple[Domain, Stats] | None) -> Domain:
        """The row of a domain: the one before, if it is the same run of the same domain."""
        domain, stats = record
        uuid, number, told = domain.UUIDString(), domain.ID(), _told(stats)
        run = number if number >= 0 else None
        if before is not None:
            row, old = before
            if (row.uuid, row.id) == (uuid, run) and told == _told(old):
                return row
        state, reason, cpu_time_ns = told
        return Domain(
            host=self._conn.host_name,
            name=domain.name(),
            uuid=uuid,
            id=run,
            power=power_state(state),
            reason=state_reason(state, reason),
            cpu_time_ns=cpu_time_ns,
        )


def traits(conn: Connection) -> Traits:
    """What of a host's domains is transient or autostarts, in two calls. Raises HypervisorError."""
    handle = conn.handle
    with libvirt_call("Listing the domains", conn.host_name):
        return Traits(
            _uuids(handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT)),
            _uuids(handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART)),
        )


def _told(stats: Stats) -> tuple[int, int, int | None]:
    """State, reason and CPU nanoseconds, in libvirt's numbers."""
    state = stats.get("state.state", 0)
    cpu_time_ns = stats.get("cpu.time") if state in _ON else None
    return state, stats.get("state.reason", 0), cpu_time_ns


def _uuids(domains: list[libvirt.virDomain]) -> frozenset[str]:
    return frozenset(domain.UUIDString() for domain in domains)
