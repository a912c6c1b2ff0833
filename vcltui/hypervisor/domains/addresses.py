"""Which IP addresses a host gave to network interfaces."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import libvirt

from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import (
    is_connection_error,
    is_unsupported,
    libvirt_call,
    message_of,
)
from vcltui.hypervisor.lookup import lookup

_log = logging.getLogger(__name__)

_SOURCES = (
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
    libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
)
# What a network that went meanwhile, or that leases nothing, answers.
_NO_LEASES = frozenset({libvirt.VIR_ERR_NO_NETWORK, libvirt.VIR_ERR_OPERATION_INVALID})


def dhcp_addresses(conn: Connection, macs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The addresses that the host's active networks have leased to MAC addresses.

    MAC addresses in lower case; the newest lease first; a MAC without a lease is left out.
    Raises HypervisorError.
    """
    wanted = {mac.lower() for mac in macs}
    leases: list[dict[str, Any]] = []
    handle = conn.handle
    with libvirt_call("Reading the DHCP leases", conn.host_name):
        for network in handle.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE):
            try:
                leases += network.DHCPLeases()
            except libvirt.libvirtError as error:
                if error.get_error_code() not in _NO_LEASES and not is_unsupported(error):
                    raise
    found: dict[str, list[str]] = {}
    for lease in sorted(leases, key=lambda lease: int(lease["expirytime"]), reverse=True):
        mac = str(lease.get("mac") or "").lower()
        if mac in wanted:
            found.setdefault(mac, []).append(str(lease["ipaddr"]))
    return {mac: tuple(dict.fromkeys(addresses)) for mac, addresses in found.items()}


def leases_of_domains(conn: Connection) -> dict[str, tuple[str, ...]]:
    """The addresses that are leased to running domains, by MAC address in lower case.

    For a host whose networks don't list their leases; a call for each domain. Raises
    HypervisorError.
    """
    found: dict[str, tuple[str, ...]] = {}
    with libvirt_call("Reading the leases of the domains", conn.host_name):
        for domain in conn.handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            try:
                interfaces = domain.interfaceAddresses(_SOURCES[0])
            except libvirt.libvirtError as error:
                if is_connection_error(error):
                    raise
                continue  # it went meanwhile, or has none
            for interface in interfaces.values():
                given = (str(address["addr"]) for address in interface.get("addrs") or ())
                found[str(interface.get("hwaddr") or "").lower()] = tuple(given)
    return {mac: given for mac, given in found.items() if given}


def domain_addresses(conn: Connection, uuid: str) -> dict[str, tuple[str, ...]]:
    """The addresses of a running domain's interfaces, by MAC address in lower case.

    From DHCP leases, then from the host's ARP table, which knows guests on plain bridges too.
    A source that can't be asked is logged and left out. Empty for a domain that is off. Raises
    NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    found: dict[str, list[str]] = {}
    with libvirt_call(f"Reading the addresses of {domain.name()}", conn.host_name):
        for source in _SOURCES if domain.isActive() else ():
            try:
                interfaces = domain.interfaceAddresses(source)
            except libvirt.libvirtError as error:
                if is_connection_error(error):
                    raise
                # One source less: reading the ARP table fails on some kernels altogether.
                _log.info("%s on %s: %s", domain.name(), conn.host_name, message_of(error))
                continue
            for interface in interfaces.values():
                mac = str(interface.get("hwaddr") or "").lower()
                for address in interface.get("addrs") or ():
                    found.setdefault(mac, []).append(str(address["addr"]))
    return {mac: tuple(dict.fromkeys(addresses)) for mac, addresses in found.items()}
