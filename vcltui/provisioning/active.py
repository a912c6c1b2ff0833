"""Finds the domain that a computer is on now (specification: get_active_domain_name)."""

from __future__ import annotations

from vcltui.domxml.parse import parse_domain
from vcltui.errors import GuestError, NotFoundError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain
from vcltui.provisioning import deletion, paths
from vcltui.provisioning.context import Context
from vcltui.provisioning.guests import guest_of


def computer_domain(context: Context) -> Domain:
    """The one domain of the computer: named as its load names it, else the only one it has.

    Raises NotFoundError when it has none on this host, RefusedError when it has several and
    none is named as its current image says.
    """
    computer = context.computer
    found = deletion.domains_of(context, computer.name)
    expected = paths.domain_name(context.vmhost, computer, context.image)
    for domain in found:
        if domain.name == expected:
            return domain
    return _only(found, f"Computer {computer.name}", context)


def active_domain(context: Context) -> Domain:
    """The one domain whose MAC addresses are the computer's, whatever its name.

    The guest is asked for its addresses where it answers; they must belong to the same domain
    as the computer's own. Raises NotFoundError, RefusedError when there are several.
    """
    computer = context.computer
    wanted = {mac.lower() for mac in (computer.eth0_mac, computer.eth1_mac) if mac}
    found = _with_macs(context, wanted) if wanted else []
    if not found:
        return computer_domain(context)
    domain = _only(found, f"Computer {computer.name}", context)
    _check_guest_agrees(context, domain)
    return domain


def _with_macs(context: Context, wanted: set[str]) -> list[Domain]:
    connection = context.session.connection
    return [
        domain
        for domain in domains.list_domains(connection)
        if wanted & _macs(domains.domain_xml(connection, domain.uuid))
    ]


def _macs(xml: str) -> set[str]:
    return {nic.mac.lower() for nic in parse_domain(xml).interfaces if nic.mac}


def _check_guest_agrees(context: Context, domain: Domain) -> None:
    """Raise RefusedError when the guest that answers is not the one in `domain`."""
    if not domain.power.is_active:
        return
    try:
        guest = guest_of(context, domain)
        if not guest.is_responding():
            return
        reported = {mac.lower() for mac in guest.mac_addresses()}
    except GuestError:
        return
    defined = _macs(domains.domain_xml(context.session.connection, domain.uuid))
    if reported and not reported & defined:
        raise RefusedError(
            f"The guest that answers as {context.computer.name} has the MAC addresses "
            f"{', '.join(sorted(reported))}, and domain {domain.name} has "
            f"{', '.join(sorted(defined))}",
            "Another machine answers at this computer's address; find it before going on",
        )


def _only(found: list[Domain], what: str, context: Context) -> Domain:
    if not found:
        raise NotFoundError(
            f"{what} has no domain on host {context.vmhost.name}",
            f"Load an image onto it with `vcltui load {context.computer.name} IMAGE`",
        )
    if len(found) > 1:
        raise RefusedError(
            f"{what} has several domains on host {context.vmhost.name}: "
            f"{', '.join(sorted(domain.name for domain in found))}",
            "Delete the wrong one, or name the domain itself",
        )
    return found[0]
