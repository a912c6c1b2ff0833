"""A host's domains, listed and found. Names match exactly."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

import libvirt

from vcltui.errors import NotFoundError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import is_unsupported, libvirt_call
from vcltui.hypervisor.lookup import lookup
from vcltui.hypervisor.power import power_state, state_reason
from vcltui.models.domain import Domain

_KIB = 1024
_SIZES = libvirt.VIR_DOMAIN_STATS_VCPU | libvirt.VIR_DOMAIN_STATS_BALLOON

Stats = dict[str, Any]


def list_domains(conn: Connection, *, details: bool = False) -> list[Domain]:
    """A host's domains by name (get_domain_info of the specification).

    One call to the host, whatever their number, gives name, UUID, id and state. With `details`,
    dearer for running domains, also vCPUs, memory, `persistent` and `autostart`: three calls.
    Raises HypervisorError.
    """
    groups = libvirt.VIR_DOMAIN_STATS_STATE | (_SIZES if details else 0)
    with libvirt_call("Listing the domains", conn.host_name):
        records = bulk_stats(conn, groups)
        if not details:
            return sorted((_row(conn, *each) for each in records), key=lambda row: row.name)
        handle = conn.handle
        transient = _uuids(handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT))
        autostart = _uuids(handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART))
        rows = []
        for domain, stats in records:
            sizes = _sizes(domain, stats)
            if sizes is not None:
                row, (vcpus, memory_bytes) = _row(conn, domain, stats), sizes
                rows.append(
                    replace(
                        row,
                        vcpus=vcpus,
                        memory_bytes=memory_bytes,
                        persistent=row.uuid not in transient,
                        autostart=row.uuid in autostart,
                    )
                )
    return sorted(rows, key=lambda row: row.name)


def bulk_stats(conn: Connection, groups: int) -> list[tuple[libvirt.virDomain, Stats]]:
    """Statistics of all domains in one call, for this package alone.

    A domain that is busy with a long job is not waited for: its dear groups are missing then.
    Drivers without the call give the states, one by one.
    """
    handle = conn.handle
    flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    try:
        return list(handle.getAllDomainStats(groups, flags))
    except libvirt.libvirtError as error:
        if not is_unsupported(error):
            raise
    return states_one_by_one(conn)


def states_one_by_one(conn: Connection) -> list[tuple[libvirt.virDomain, Stats]]:
    """What bulk_stats gives of the states, by a call for each domain."""
    records = []
    for domain in conn.handle.listAllDomains():
        try:
            state, reason = domain.state()
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            continue
        records.append((domain, {"state.state": state, "state.reason": reason}))
    return records


def find_domain(conn: Connection, name: str) -> Domain | None:
    """The domain of exactly this name, with its details; None where there is none.

    domain_exists of the specification. Raises HypervisorError.
    """
    with libvirt_call(f"Looking up the domain {name}", conn.host_name):
        try:
            return described(conn, conn.handle.lookupByName(name))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    return None


def get_domain(conn: Connection, name: str) -> Domain:
    """The domain of exactly this name. Raises NotFoundError that names similar ones."""
    domain = find_domain(conn, name)
    if domain is not None:
        return domain
    with libvirt_call("Listing the domains", conn.host_name):
        names = [each.name() for each in conn.handle.listAllDomains()]
    similar = difflib.get_close_matches(name, names, n=5)
    if similar:
        hint = f"Similar names there are {', '.join(similar)}"
    else:
        hint = "List them with `vcltui domains`" if names else "The host has no domains at all"
    raise NotFoundError(f"There is no domain {name} on {conn.host_name}", hint)


def find_by_uuid(conn: Connection, uuid: str) -> Domain | None:
    """The domain of this UUID, with its details; None where there is none.

    Raises HypervisorError.
    """
    try:
        domain = lookup(conn, uuid)
        with libvirt_call(f"Reading the state of {domain.name()}", conn.host_name):
            return described(conn, domain)
    except NotFoundError:
        return None


def _row(conn: Connection, domain: libvirt.virDomain, stats: Stats) -> Domain:
    state, number = stats.get("state.state", 0), domain.ID()
    return Domain(
        host=conn.host_name,
        name=domain.name(),
        uuid=domain.UUIDString(),
        id=number if number >= 0 else None,
        power=power_state(state),
        reason=state_reason(state, stats.get("state.reason", 0)),
    )


def _sizes(domain: libvirt.virDomain, stats: Stats) -> tuple[int, int] | None:
    """CPUs and bytes of memory, asked for alone where the bulk call has none.

    None for a domain that is gone since.
    """
    memory, vcpus = stats.get("balloon.maximum"), stats.get("vcpu.current")
    if memory is None or vcpus is None:
        try:
            _, memory, _, vcpus, _ = domain.info()
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            return None
    return vcpus, memory * _KIB


def described(conn: Connection, domain: libvirt.virDomain) -> Domain:
    """One domain with all its details, by calls for it alone; for this package."""
    state, reason = domain.state()
    _, memory, _, vcpus, cpu_time = domain.info()
    row = _row(conn, domain, {"state.state": state, "state.reason": reason})
    persistent = bool(domain.isPersistent())
    return replace(
        row,
        vcpus=vcpus,
        memory_bytes=memory * _KIB,
        cpu_time_ns=None if row.id is None else cpu_time,
        persistent=persistent,
        autostart=bool(domain.autostart()) if persistent else False,
    )


def _uuids(domains: list[libvirt.virDomain]) -> frozenset[str]:
    return frozenset(domain.UUIDString() for domain in domains)
