"""Volumes of a host's storage pools, which domains may name as their disks."""

from __future__ import annotations

from vcltui.hypervisor.connection import Connection
from vcltui.hypervisor.errors import libvirt_call


def volume_path(conn: Connection, pool: str, volume: str) -> str:
    """The path on the host of a storage pool's volume. Raises HypervisorError."""
    handle = conn.handle
    with libvirt_call(f"Looking up the volume {volume} of the pool {pool}", conn.host_name):
        found = handle.storagePoolLookupByName(pool).storageVolLookupByName(volume)
        return str(found.path())
