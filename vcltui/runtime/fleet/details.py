"""Reads what is asked for one domain or one host's images, when somebody looks at it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vcltui.disks import images, info
from vcltui.domxml import parse
from vcltui.errors import VcltuiError
from vcltui.hypervisor import domains
from vcltui.hypervisor import snapshots as libvirt_snapshots
from vcltui.models.domain import DomainDisk
from vcltui.runtime.fleet.models import DiskChain, DomainDetails, HostImages

if TYPE_CHECKING:
    from vcltui.nodes.base import Node
    from vcltui.provisioning.session import HostSession


def read_details(session: HostSession, uuid: str) -> DomainDetails:
    """Definition, snapshots, disks and addresses of a domain; never raises a VcltuiError.

    What can't be read has its problem in its place, beside the rest.
    """
    read_at = time.monotonic()
    try:
        connection = session.connection
        xml = domains.domain_xml(connection, uuid)
        definition = parse.parse_domain(xml)
        snapshots = tuple(libvirt_snapshots.list_snapshots(connection, uuid))
        addresses = domains.domain_addresses(connection, uuid)
    except VcltuiError as error:
        return DomainDetails(session.name, uuid, problem=str(error))
    disks = tuple(_chain(session, disk) for disk in definition.disks if disk.source)
    return DomainDetails(
        session.name, uuid, definition, xml, snapshots, disks, addresses, read_at=read_at
    )


def read_images(session: HostSession) -> HostImages:
    """The images of a host; never raises a VcltuiError."""
    read_at = time.monotonic()
    try:
        if session.vmhost.profile is None:
            return HostImages(
                session.name, problem=f"{session.name} has no VM profile, so no image folder"
            )
        found = images.list_images(session.node, session.profile)
    except VcltuiError as error:
        return HostImages(session.name, problem=str(error))
    return HostImages(session.name, tuple(found), read_at=read_at)


def _chain(session: HostSession, disk: DomainDisk) -> DiskChain:
    source = disk.source or ""
    try:
        node: Node = session.node
        files = info.backing_chain(node, source, file_format=disk.driver_type, in_use=True)
    except VcltuiError as error:
        return DiskChain(disk.target, source, problem=str(error))
    return DiskChain(disk.target, source, tuple(files))
