"""Checks that the networks a VM profile names exist on the host."""

from __future__ import annotations

from vcltui.errors import NotFoundError
from vcltui.hypervisor import networks
from vcltui.models.host import HostInterface, Network
from vcltui.provisioning.session import HostSession


def network_sources(session: HostSession) -> tuple[tuple[str, str], ...]:
    """How each NIC of a new domain is connected: (`network` or `bridge`, name), private first.

    Raises NotFoundError that names what is missing and what there is, when a virtual switch of
    the profile is neither a libvirt network nor an interface of the host, or when the network
    is not active.
    """
    profile = session.profile
    wanted = [
        switch for switch in (profile.virtualswitch0, profile.virtualswitch1) if switch is not None
    ]
    active = networks.active_networks(session.connection)
    if active.issuperset(wanted):
        return tuple(("network", name) for name in wanted)
    # Asked only where something is amiss or a bridge is wanted: each one is asked for itself.
    there = {network.name: network for network in networks.list_networks(session.connection)}
    missing = [switch for switch in wanted if switch not in there]
    interfaces: dict[str, HostInterface] = {}
    if missing:
        interfaces = {nic.name: nic for nic in networks.list_interfaces(session.connection)}
        missing = [switch for switch in missing if switch not in interfaces]
    if missing:
        raise NotFoundError(
            f"Host {session.name} has no network or interface named {_listed(missing)}; "
            f"it has the networks {_listed(there) or 'none'} "
            f"and the interfaces {_listed(interfaces) or 'none'}",
            f"Define it on the host, or change virtualswitch0 and virtualswitch1 of profile "
            f"{profile.name}",
        )
    stopped = [switch for switch in wanted if switch in there and not there[switch].active]
    if stopped:
        raise NotFoundError(
            f"The network {_listed(stopped)} of host {session.name} is not active",
            f"Start it with `virsh net-start {stopped[0]}`",
        )
    return tuple(("network" if name in there else "bridge", name) for name in wanted)


def _listed(found: list[str] | dict[str, Network] | dict[str, HostInterface]) -> str:
    return ", ".join(sorted(found))
