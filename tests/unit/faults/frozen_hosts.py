"""Hosts of libvirt's test driver that outlive the process, as real ones do.

The test driver keeps its domains in the process. Written into the file that its URI names, they
are there, on or off, with their snapshots, when the next process opens it.
"""

from __future__ import annotations

import re

import libvirt

from tests.unit.provisioning.world import HOST_XML, World

NAMESPACE = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"


def write_down(world: World, *hosts: str) -> None:
    """Write the hosts' domains into the files from which the next process reads them."""
    for host in hosts:
        connection = world.workspace.session(host).connection
        found = [_domain(domain) for domain in connection.handle.listAllDomains()]
        text = HOST_XML.replace("</node>", "".join(found) + "</node>")
        (world.home / f"{host}.xml").write_text(text)


def _domain(domain: libvirt.virDomain) -> str:
    xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    state = libvirt.VIR_DOMAIN_RUNNING if domain.isActive() else libvirt.VIR_DOMAIN_SHUTOFF
    more = f"<test:runstate>{state}</test:runstate>"
    for snapshot in domain.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL):
        body = re.sub(r"</?domainsnapshot>", "", snapshot.getXMLDesc())
        current = int(bool(snapshot.isCurrent()))
        more += f"<test:domainsnapshot>{body}<active>{current}</active></test:domainsnapshot>"
    xml = xml.replace("<domain ", f"<domain {NAMESPACE} ", 1)
    return xml.replace("</domain>", f"{more}</domain>") if "<domain" in xml else xml
