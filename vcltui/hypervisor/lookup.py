"""libvirt's domain object behind a UUID, for this package alone."""

from __future__ import annotations

import libvirt

from vcltui.errors import NotFoundError
from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import libvirt_call


def lookup(conn: Connection, uuid: str) -> libvirt.virDomain:
    """The domain that has this UUID. Raises NotFoundError, HypervisorError."""
    handle = conn.handle
    with libvirt_call(f"Looking up the domain {uuid}", conn.host_name):
        try:
            return handle.lookupByUUIDString(uuid)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    raise NotFoundError(
        f"There is no domain with the UUID {uuid} on {conn.host_name}",
        "It may have been removed meanwhile; refresh the listing",
    )
