"""Finds the guest of a computer: where it answers and how it is talked to."""

from __future__ import annotations

import time

from vcltui.domxml.parse import parse_domain
from vcltui.errors import GuestError
from vcltui.guests.base import Guest
from vcltui.guests.factory import guest_for
from vcltui.guests.simulated import SimulatedGuest
from vcltui.guests.ssh_guest import SshGuest
from vcltui.hypervisor import domains
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import Domain, PowerState
from vcltui.provisioning.context import Context

_ADDRESS_PAUSE_SECONDS = 1.0


def guest_of(context: Context, domain: Domain) -> Guest:
    """The guest inside `domain`, which is on the context's host.

    Its address is the computer's private address, else what DHCP gave to the domain's MAC
    addresses. Raises GuestError when there is no address (yet).
    """
    session = context.session
    definition = parse_domain(domains.domain_xml(session.connection, domain.uuid))
    macs = tuple(nic.mac for nic in definition.interfaces if nic.mac)
    if context.vmhost.guests.method == "simulated":
        disk = next((disk.source for disk in definition.disks if disk.device == "disk"), None)
        return SimulatedGuest(
            node=session.node,
            disk_path=lambda: disk,
            is_running=lambda: _is_running(context, domain.uuid),
            macs=macs,
            work_directory=context.vmhost.xml_directory,
            power_off=lambda: domains.destroy(session.connection, domain.uuid),
        )
    address = context.computer.private_ip or _leased_address(context, macs)
    if address is None:
        raise GuestError(
            f"Computer {context.computer.name} has no private address and DHCP has given none "
            f"to {', '.join(macs) or 'its domain, which has no network interface'}",
            "Look at the console with `virsh console`, or set the computer's address",
        )
    return guest_for(
        context.vmhost.guests,
        os_type=context.image.os.type,
        address=address,
        computer_name=context.computer.name,
        known_hosts_directory=context.state_directory / "guest_known_hosts",
    )


def _is_running(context: Context, uuid: str) -> bool:
    found = domains.find_by_uuid(context.session.connection, uuid)
    return found is not None and found.power is PowerState.ON


def _leased_address(context: Context, macs: tuple[str, ...]) -> str | None:
    leases = domains.dhcp_addresses(context.session.connection, macs)
    return next((addresses[0] for mac in macs if (addresses := leases.get(mac))), None)


def wait_for_guest(
    context: Context,
    domain_uuid: str,
    cancel: CancelToken,
    *,
    new_host_key: bool,
    timeout_seconds: float | None = None,
) -> Guest:
    """Wait until the guest of a running domain has an address and answers.

    `timeout_seconds` defaults to the host's boot timeout. `new_host_key` forgets the host key
    that was learned from an earlier load. Raises GuestError after the timeout or as soon as the
    domain has stopped, CancelledError.
    """
    default = context.vmhost.guests.boot_timeout_seconds
    deadline = time.monotonic() + (default if timeout_seconds is None else timeout_seconds)
    while True:
        cancel.raise_if_cancelled()
        domain = domains.find_by_uuid(context.session.connection, domain_uuid)
        if domain is None or not domain.power.is_active:
            raise GuestError(
                f"The domain of {context.computer.name} stopped while it was waited for",
                "Look at its log under /var/log/libvirt/qemu on the host",
            )
        try:
            guest = guest_of(context, domain)
            break
        except GuestError:
            if time.monotonic() > deadline:
                raise
        cancel.wait(_ADDRESS_PAUSE_SECONDS)
    if new_host_key and isinstance(guest, SshGuest):
        guest.forget_host_key()
    if new_host_key and isinstance(guest, SimulatedGuest):
        cancel.wait(context.vmhost.guests.boot_seconds)
    guest.wait_for_response(max(deadline - time.monotonic(), 0.0), cancel)
    return guest
