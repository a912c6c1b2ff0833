"""Domains defined and undefined, and their XML."""

from __future__ import annotations

import libvirt

from vcltui.domxml.parse import parse_domain
from vcltui.errors import ConflictError, RefusedError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.domains.listing import described
from vcltui.hypervisor.errors import is_unsupported, libvirt_call
from vcltui.hypervisor.lookup import lookup
from vcltui.models.domain import Domain

# The most thorough first; drivers refuse the flags they don't know.
_UNDEFINE_FLAGS = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM,
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
    0,
)


def domain_xml(conn: Connection, uuid: str, *, inactive: bool = False) -> str:
    """A domain's XML (get_domain_xml of the specification).

    `inactive`: as it will be at its next start. Raises NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    with libvirt_call(f"Reading the XML of {domain.name()}", conn.host_name):
        return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0))


def editable_xml(conn: Connection, uuid: str) -> str:
    """A domain's definition as it will be at its next start, to be edited and defined again.

    Raises RefusedError for a domain without a lasting definition, and for one whose definition
    holds a password: what is shown has none, so that defining it again would lose it. Raises
    NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    name = domain.name()
    with libvirt_call(f"Reading the definition of {name}", conn.host_name):
        if not domain.isPersistent():
            raise RefusedError(
                f"The domain {name} on {conn.host_name} is transient: it has no definition that "
                "outlasts it",
                "Change what starts it",
            )
        xml = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        # A read-only connection is not told of passwords, and changes nothing.
        if not conn.readonly and xml != str(
            domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        ):
            raise RefusedError(
                f"The definition of {name} on {conn.host_name} holds a password, which is not "
                "shown and would be lost",
                "Edit it with `virsh edit` on the host",
            )
    return xml


def define(conn: Connection, xml: str, *, validate: bool = True) -> Domain:
    """Define a domain, or redefine the one that has the UUID and the name in the XML.

    `validate`: the host checks the XML against its schema, where its driver can. Raises
    ConflictError where the name or the UUID is another domain's, DomainXMLError, HypervisorError.
    """
    name = parse_domain(xml).name
    flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE if validate else 0
    handle = conn.handle
    with libvirt_call(f"Defining {name}", conn.host_name):
        try:
            domain = handle.defineXMLFlags(xml, flags)
        except libvirt.libvirtError as error:
            if not (flags and is_unsupported(error)):
                raise
            domain = handle.defineXML(xml)
        return described(conn, domain)


def undefine(conn: Connection, uuid: str) -> None:
    """Remove a domain that is off, its saved state, snapshot metadata and NVRAM; not its disks.

    Raises ConflictError while it is on, NotFoundError, HypervisorError.
    """
    domain = lookup(conn, uuid)
    name = domain.name()
    with libvirt_call(f"Undefining {name}", conn.host_name):
        if domain.isActive():
            # libvirt would make it a domain that vanishes when it stops.
            raise ConflictError(
                f"The domain {name} on {conn.host_name} is still on", "Power it off first"
            )
        for flags in _UNDEFINE_FLAGS[:-1]:
            try:
                domain.undefineFlags(flags)
            except libvirt.libvirtError as error:
                if not is_unsupported(error):
                    raise
            else:
                return
        domain.undefineFlags(_UNDEFINE_FLAGS[-1])
