"""What domains use at one moment, for a live view."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

import libvirt

from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains.listing import Stats, bulk_stats
from vcltui.hypervisor.errors import is_unsupported, libvirt_call
from vcltui.hypervisor.power import power_state, state_reason
from vcltui.models.domain import PowerState

_KIB = 1024
_GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)


@dataclass(frozen=True, slots=True)
class DomainSample:
    """One domain at one moment; None where it is off, was not asked or the driver can't tell.

    The counters of CPU (nanoseconds), blocks and network (bytes) run from the domain's start;
    two samples and their `monotonic_seconds` make a rate.
    """

    power: PowerState
    reason: str
    monotonic_seconds: float
    cpu_time_ns: int | None = None
    vcpus: int | None = None
    memory_bytes: int | None = None
    memory_rss_bytes: int | None = None
    block_read_bytes: int | None = None
    block_write_bytes: int | None = None
    net_rx_bytes: int | None = None
    net_tx_bytes: int | None = None


def sample(conn: Connection, uuids: Collection[str] | None = None) -> dict[str, DomainSample]:
    """The state of every domain of a host, by UUID, and the use of those in `uuids` that are on.

    None asks for the use of all; a figure costs a running domain far more than its state. One
    call to the host, and a second where somebody's use is asked. Raises HypervisorError.
    """
    with libvirt_call("Reading the statistics", conn.host_name):
        records = bulk_stats(conn, libvirt.VIR_DOMAIN_STATS_STATE)
        samples = {domain.UUIDString(): _sample(stats) for domain, stats in records}
        asked = [
            domain
            for domain, _ in records
            if samples[domain.UUIDString()].power.is_active
            and (uuids is None or domain.UUIDString() in uuids)
        ]
        if asked:
            for domain, stats in _dear_stats(conn, asked):
                samples[domain.UUIDString()] = _sample(stats)
    return samples


def _dear_stats(
    conn: Connection, domains: list[libvirt.virDomain]
) -> list[tuple[libvirt.virDomain, Stats]]:
    handle = conn.handle
    flags = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    try:
        records: list[tuple[libvirt.virDomain, Stats]] = handle.domainListGetStats(
            domains, _GROUPS, flags
        )
    except libvirt.libvirtError as error:
        if not is_unsupported(error):
            raise
        return []
    return [(domain, _with_info(domain, stats)) for domain, stats in records]


def _with_info(domain: libvirt.virDomain, stats: Stats) -> Stats:
    """Fill in CPU and memory for drivers whose bulk call has the state alone."""
    if "balloon.current" in stats:
        return stats
    try:
        _, _, memory, vcpus, cpu_time = domain.info()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return stats
    own = {"balloon.current": memory, "vcpu.current": vcpus, "cpu.time": cpu_time}
    return own | stats


def _sample(stats: Stats) -> DomainSample:
    state = stats.get("state.state", 0)
    memory, rss = stats.get("balloon.current"), stats.get("balloon.rss")
    return DomainSample(
        power=power_state(state),
        reason=state_reason(state, stats.get("state.reason", 0)),
        monotonic_seconds=time.monotonic(),
        cpu_time_ns=stats.get("cpu.time"),
        vcpus=stats.get("vcpu.current"),
        memory_bytes=None if memory is None else memory * _KIB,
        memory_rss_bytes=None if rss is None else rss * _KIB,
        block_read_bytes=_sum(stats, "block", "rd.bytes"),
        block_write_bytes=_sum(stats, "block", "wr.bytes"),
        net_rx_bytes=_sum(stats, "net", "rx.bytes"),
        net_tx_bytes=_sum(stats, "net", "tx.bytes"),
    )


def _sum(stats: Stats, group: str, counter: str) -> int | None:
    """The sum of a counter over a domain's devices: block.0.rd.bytes and so on."""
    count = stats.get(f"{group}.count")
    if count is None:
        return None
    return sum(int(stats.get(f"{group}.{index}.{counter}", 0)) for index in range(count))
