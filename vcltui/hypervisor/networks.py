"""The networks and interfaces of a host that domains can be put on."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import is_unsupported, libvirt_call
from vcltui.models.host import HostInterface, Network


def list_networks(conn: Connection) -> list[Network]:
    """The networks of a host's libvirt, active or not, by name. Raises HypervisorError."""
    handle = conn.handle
    with libvirt_call("Listing the networks", conn.host_name):
        networks = [_network(each) for each in _listed(handle.listAllNetworks)]
    return sorted((each for each in networks if each), key=lambda each: each.name)


def active_networks(conn: Connection) -> frozenset[str]:
    """The names of a host's active networks: one call, where `list_networks` asks each network.

    Raises HypervisorError.
    """
    flag = libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE
    with libvirt_call("Listing the active networks", conn.host_name):
        found = _listed(lambda: conn.handle.listAllNetworks(flag))
        return frozenset(network.name() for network in found)


def list_interfaces(conn: Connection) -> list[HostInterface]:
    """The host's own interfaces, bridges among them, by name.

    Empty where the host's libvirt has no driver for them. Raises HypervisorError.
    """
    handle = conn.handle
    with libvirt_call("Listing the interfaces", conn.host_name):
        interfaces = [
            HostInterface(
                name=each.name(), active=bool(each.isActive()), mac=each.MACString() or None
            )
            for each in _listed(handle.listAllInterfaces)
        ]
    return sorted(interfaces, key=lambda each: each.name)


def _listed(call: Callable[[], list[libvirt.virNetwork]]) -> list[libvirt.virNetwork]:
    try:
        return call()
    except libvirt.libvirtError as error:
        if not is_unsupported(error):
            raise
    return []


def _network(network: libvirt.virNetwork) -> Network | None:
    """A network's model; None for one that was removed since it was listed."""
    try:
        active = bool(network.isActive())
        return Network(
            name=network.name(),
            active=active,
            autostart=bool(network.autostart()) if network.isPersistent() else False,
            bridge=_bridge(network),
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_NETWORK:
            raise
    return None


def _bridge(network: libvirt.virNetwork) -> str | None:
    try:
        return network.bridgeName() or None
    except libvirt.libvirtError as error:
        # A network of another kind (macvtap, SR-IOV) has no bridge, which libvirt deems a fault.
        if error.get_error_code() != libvirt.VIR_ERR_INTERNAL_ERROR:
            raise
    return None
