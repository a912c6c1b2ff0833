"""Domains of libvirt's test driver, which live in this process, put down for the next one."""

from __future__ import annotations

import libvirt

from vcltui.domxml.testhost import kept_domain
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import libvirt_call


def kept_domains(conn: Connection) -> dict[str, str]:
    """Every domain of a host by name, with its run state and snapshots, as its file holds them.

    Raises HypervisorError, DomainXMLError.
    """
    with libvirt_call("Reading the domains", conn.host_name):
        return {domain.name(): _kept(domain) for domain in conn.handle.listAllDomains()}


def _kept(domain: libvirt.virDomain) -> str:
    snapshots = domain.listAllSnapshots()
    return kept_domain(
        domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
        domain.state()[0],
        [each.getXMLDesc() for each in snapshots],
        next((each.getName() for each in snapshots if each.isCurrent()), None),
    )
