"""VM hosts: VCL's vmhost, the computer it is and the profile it uses."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, RowMapping, Select, case, delete, func, select, update

from vcltui.errors import RefusedError, UsageError
from vcltui.models.host import GuestAccess, VMHost
from vcltui.models.names import check_name
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_names, refuse_known_name, vmhost_id
from vcltui.vcldb.lookup import id_of, noimage_ids, not_found, require_embedded, state_id
from vcltui.vcldb.managed import managed_computer_ids
from vcltui.vcldb.profiles import (
    ensure_profile,
    profile_columns,
    profile_from_row,
    profile_tables,
    remove_unused_profile,
)
from vcltui.vcldb.removal import removal_date
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import computer, module, provisioning, vcltui_host, vmhost, vmprofile

LIBVIRT_PACKAGE = "VCL::Module::Provisioning::libvirt"
MAX_HOST_NAME = 36


def list_vmhosts(database: Database, *, management_node: str | None = None) -> list[VMHost]:
    """Every libvirt VM host that is not deleted, by name.

    In VCL's own database, which has no URIs, a host is reached as
    `qemu+ssh://root@<host name>/system`, and hosts whose computers are all provisioned by
    something else are left out. There, with `management_node`, hosts are left out as well that
    are not that node's: neither they nor any computer on them is in a group that it manages.
    A name that is no management node's leaves out none.
    """
    with database.read() as connection:
        found = _read_hosts(connection, is_embedded=database.is_embedded)
        if database.is_embedded or management_node is None:
            return found
        managed = managed_computer_ids(connection, management_node)
        if managed is None:
            return found
        theirs = _hosts_of_computers(connection, managed)
    return [host for host in found if host.id in theirs]


def get_vmhost(database: Database, name: str) -> VMHost:
    """The VM host of this name or full host name, exactly.

    Raises NotFoundError naming close ones.
    """
    with database.read() as connection:
        return _find_host(connection, name, is_embedded=database.is_embedded)


def add_vmhost(database: Database, host: VMHost) -> VMHost:
    """Enter a VM host in the embedded inventory; returns it with its id.

    A profile of the same name and values is shared. Raises UsageError for a host without a
    profile or with names that do not fit, ConflictError where the host or another profile of
    that name exists, RefusedError in VCL's own database.
    """
    require_embedded(database, "VM hosts are added")
    check_name("host", host.name, MAX_HOST_NAME)
    if host.profile is None:
        raise UsageError(
            f"The host {host.name!r} has no profile",
            "Name the datastore on the host at least",
        )
    with database.write() as connection:
        refuse_known_name(connection, host.name)
        profile_id = ensure_profile(connection, host.profile)
        computer_id = _insert_host_computer(connection, host)
        host_id = insert_row(
            connection, vmhost, {"computerid": computer_id, "vmprofileid": profile_id}
        )
        insert_row(connection, vcltui_host, {"vmhostid": host_id, **_connection_values(host)})
        return _find_host(connection, host.name, is_embedded=True)


def remove_vmhost(database: Database, name: str) -> None:
    """Take a VM host, and its profile if no other host uses it, out of the embedded inventory.

    Raises NotFoundError, and RefusedError naming the computers that are still assigned to it.
    """
    require_embedded(database, "VM hosts are removed")
    with database.write() as connection:
        host = _find_host(connection, name, is_embedded=True)
        assigned = connection.scalars(
            select(computer.c.hostname)
            .where(computer.c.vmhostid == host.id, computer.c.deleted == 0)
            .order_by(computer.c.hostname)
        ).all()
        if assigned:
            raise RefusedError(
                f"The host {host.name} still has {len(assigned)} computers: {', '.join(assigned)}",
                "Remove them or assign them to another host first",
            )
        row = connection.execute(select(vmhost).where(vmhost.c.id == host.id)).one()
        connection.execute(delete(vmhost).where(vmhost.c.id == host.id))
        connection.execute(
            update(computer)
            .where(computer.c.id == row.computerid)
            .values(deleted=1, datedeleted=removal_date(connection, row.computerid))
        )
        remove_unused_profile(connection, row.vmprofileid)


@cache
def _select_hosts(*, is_embedded: bool) -> Select[Any]:
    columns = [vmhost.c.id, computer.c.hostname, *profile_columns()]
    source = vmhost.join(computer, computer.c.id == vmhost.c.computerid).join(
        profile_tables(), vmprofile.c.id == vmhost.c.vmprofileid
    )
    if is_embedded:
        columns += [column for column in vcltui_host.c if column.name != "vmhostid"]
        source = source.outerjoin(vcltui_host, vcltui_host.c.vmhostid == vmhost.c.id)
    return select(*columns).select_from(source).where(computer.c.deleted == 0)


def _read_hosts(connection: Connection, *, is_embedded: bool) -> list[VMHost]:
    names = host_names(connection)
    foreign = set() if is_embedded else _foreign_hosts(connection)
    rows = connection.execute(_select_hosts(is_embedded=is_embedded)).mappings().all()
    hosts = [_host_from_row(row, names[row["id"]]) for row in rows if row["id"] not in foreign]
    return sorted(hosts, key=lambda host: host.name)


def _find_host(connection: Connection, name: str, *, is_embedded: bool) -> VMHost:
    wanted = vmhost_id(connection, name)
    for host in _read_hosts(connection, is_embedded=is_embedded):
        if host.id == wanted:
            return host
    raise not_found("libvirt VM host", name, ())


def _hosts_of_computers(connection: Connection, computer_ids: set[int]) -> set[int]:
    """The ids of VM hosts that are one of these computers or have one of them."""
    machines = connection.execute(select(vmhost.c.id, vmhost.c.computerid))
    guests = connection.execute(
        select(computer.c.vmhostid, computer.c.id).where(
            computer.c.vmhostid.is_not(None), computer.c.deleted == 0
        )
    )
    return {int(host) for host, one in (*machines, *guests) if one in computer_ids}


def _foreign_hosts(connection: Connection) -> set[int]:
    """The ids of VM hosts with computers of which libvirt provisions none."""
    is_libvirt = func.sum(case((module.c.perlpackage == LIBVIRT_PACKAGE, 1), else_=0))
    rows = connection.execute(
        select(computer.c.vmhostid, is_libvirt.label("libvirt"))
        .join(provisioning, provisioning.c.id == computer.c.provisioningid)
        .join(module, module.c.id == provisioning.c.moduleid)
        .where(computer.c.vmhostid.is_not(None), computer.c.deleted == 0)
        .group_by(computer.c.vmhostid)
    )
    return {row.vmhostid for row in rows if not row.libvirt}


def _host_from_row(row: RowMapping, name: str) -> VMHost:
    profile = profile_from_row(row)
    if row.get("uri") is None:
        return VMHost(
            name=name,
            uri=f"qemu+ssh://root@{quote(row['hostname'], safe='')}/system",
            profile=profile,
            id=row["id"],
        )
    return VMHost(
        name=name,
        uri=row["uri"],
        profile=profile,
        driver=row["driver"],
        id=row["id"],
        xml_directory=row["xml_directory"],
        domain_name_style=row["domain_name_style"],
        guests=GuestAccess(
            method=row["guest_method"],
            user=row["guest_user"],
            identity_file=row["guest_identity_file"],
            ports=tuple(int(port) for port in row["guest_ports"].split(",")),
            proxy_jump=row["guest_proxy_jump"],
            boot_timeout_seconds=row["guest_boot_timeout_seconds"],
            shutdown_timeout_seconds=row["guest_shutdown_timeout_seconds"],
        ),
    )


def _connection_values(host: VMHost) -> dict[str, Any]:
    guests = host.guests
    return {
        "uri": host.uri,
        "driver": host.driver,
        "xml_directory": host.xml_directory,
        "domain_name_style": host.domain_name_style,
        "guest_method": guests.method,
        "guest_user": guests.user,
        "guest_identity_file": guests.identity_file,
        "guest_ports": ",".join(str(port) for port in guests.ports),
        "guest_proxy_jump": guests.proxy_jump,
        "guest_boot_timeout_seconds": guests.boot_timeout_seconds,
        "guest_shutdown_timeout_seconds": guests.shutdown_timeout_seconds,
    }


def _insert_host_computer(connection: Connection, host: VMHost) -> int:
    image_id, revision_id = noimage_ids(connection)
    values = {
        "hostname": host.name,
        "stateid": state_id(connection, "vmhostinuse"),
        "type": "blade",
        "provisioningid": id_of(connection, provisioning, "none", "provisioning"),
        "currentimageid": image_id,
        "nextimageid": image_id,
        "imagerevisionid": revision_id,
    }
    return insert_row(connection, computer, values)
