"""Virtual computers: VCL's computer rows that libvirt provisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.models.names import check_name
from vcltui.vcldb.addresses import check_ip, check_ips_unused, choose_macs
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import host_names, is_address, refuse_known_name, vmhost_id
from vcltui.vcldb.hosts import LIBVIRT_PACKAGE
from vcltui.vcldb.lookup import (
    id_of,
    noimage_ids,
    not_found,
    require_embedded,
    state_id,
    user_id,
)
from vcltui.vcldb.removal import removal_date
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    computer,
    imagerevision,
    module,
    provisioning,
    request,
    reservation,
    state,
)

MAX_COMPUTER_NAME = 36
_OVER = ("complete", "deleted")


def list_computers(database: Database) -> list[Computer]:
    """Every virtual computer that libvirt provisions and that is not deleted, by host name."""
    with database.read() as connection:
        return _read_computers(connection)


def get_computer(database: Database, name: str) -> Computer:
    """The computer of exactly this short name or full host name.

    Raises NotFoundError naming close ones, RefusedError where two computers match.
    """
    with database.read() as connection:
        return _find_computer(connection, name)


def add_computer(
    database: Database,
    *,
    hostname: str,
    vmhost: str | None,
    eth0_mac: str | None = None,
    eth1_mac: str | None = None,
    private_ip: str | None = None,
    public_ip: str | None = None,
    ram_mib: int = 1024,
    cpus: int = 1,
    owner: str = "admin",
) -> Computer:
    """Enter a computer in the embedded inventory, available and with nothing loaded.

    `vmhost` is a VM host's name, or None to leave it unassigned. A MAC address that is not given
    is made from the host name. Raises UsageError for what is no name or address, ConflictError
    for what another computer has, NotFoundError, RefusedError in VCL's own database.
    """
    require_embedded(database, "Computers are added")
    _check_computer_name(hostname)
    private = check_ip(private_ip) if private_ip else None
    public = check_ip(public_ip) if public_ip else ""
    with database.write() as connection:
        refuse_known_name(connection, hostname)
        check_ips_unused(connection, private, public)
        eth0, eth1 = choose_macs(connection, hostname, eth0_mac, eth1_mac)
        image_id, revision_id = noimage_ids(connection)
        values = {
            "hostname": hostname,
            "stateid": state_id(connection, "available"),
            "ownerid": user_id(connection, owner),
            "vmhostid": vmhost_id(connection, vmhost) if vmhost is not None else None,
            "currentimageid": image_id,
            "nextimageid": image_id,
            "imagerevisionid": revision_id,
            "RAM": ram_mib,
            "procnumber": cpus,
            "IPaddress": public,
            "privateIPaddress": private,
            "eth0macaddress": eth0,
            "eth1macaddress": eth1,
            "type": "virtualmachine",
            "provisioningid": id_of(connection, provisioning, "libvirt", "provisioning"),
        }
        insert_row(connection, computer, values)
        return _find_computer(connection, hostname)


def remove_computer(database: Database, name: str) -> None:
    """Mark a computer of the embedded inventory as deleted and unassign it.

    Raises NotFoundError, and RefusedError while a request uses it.
    """
    require_embedded(database, "Computers are removed")
    with database.write() as connection:
        found = _find_computer(connection, name)
        used = connection.execute(
            select(request.c.id, state.c.name)
            .join(reservation, reservation.c.requestid == request.c.id)
            .join(state, state.c.id == request.c.stateid)
            .where(reservation.c.computerid == found.id, state.c.name.not_in(_OVER))
        ).first()
        if used is not None:
            raise RefusedError(
                f"The computer {found.name} is used by request {used.id} ({used.name})",
                "End the reservation first",
            )
        connection.execute(
            update(computer)
            .where(computer.c.id == found.id)
            .values(deleted=1, datedeleted=removal_date(connection, found.id), vmhostid=None)
        )


def set_current_image(database: Database, computer_id: int, revision: ImageRevision | None) -> None:
    """Record what is loaded on a computer; None is VCL's `noimage`, nothing.

    Raises NotFoundError.
    """
    with database.write() as connection:
        if revision is None:
            image_id, revision_id = noimage_ids(connection)
        else:
            image_id, revision_id = revision.image_id, revision.revision_id
            known = connection.scalar(
                select(imagerevision.c.imageid).where(imagerevision.c.id == revision_id)
            )
            if known != image_id:
                raise NotFoundError(
                    f"The inventory has no revision {revision_id} of the image {revision.name}",
                    "Somebody removed it; look at `vcltui images`",
                )
        _update_one(
            connection, computer_id, {"currentimageid": image_id, "imagerevisionid": revision_id}
        )


def change_state(database: Database, computer_id: int, expected: str, new: str) -> None:
    """Move a computer from the state `expected` to `new`, both by VCL's names.

    Raises ConflictError, telling the state it is in, when it is not in `expected`;
    NotFoundError.
    """
    with database.write() as connection:
        changed = connection.execute(
            update(computer)
            .where(
                computer.c.id == computer_id,
                computer.c.deleted == 0,
                computer.c.stateid == state_id(connection, expected),
            )
            .values(stateid=state_id(connection, new))
        ).rowcount
        if changed:
            return
        row = connection.execute(
            select(computer.c.hostname, state.c.name)
            .join(state, state.c.id == computer.c.stateid)
            .where(computer.c.id == computer_id, computer.c.deleted == 0)
        ).first()
    if row is None:
        raise _no_such_id(computer_id)
    raise ConflictError(
        f"The computer {row.hostname} is {row.name} now, not {expected}, and was not made {new}",
        "Somebody else changed it; look at it again",
    )


def assign_vmhost(database: Database, computer_id: int, host_name: str | None) -> None:
    """Assign a computer to a VM host by the host's name; None unassigns it.

    Raises NotFoundError.
    """
    with database.write() as connection:
        host_id = None if host_name is None else vmhost_id(connection, host_name)
        _update_one(connection, computer_id, {"vmhostid": host_id})


def _update_one(connection: Connection, computer_id: int, values: dict[str, Any]) -> None:
    changed = connection.execute(
        update(computer).where(computer.c.id == computer_id, computer.c.deleted == 0).values(values)
    ).rowcount
    if not changed:
        raise _no_such_id(computer_id)


def _no_such_id(computer_id: int) -> NotFoundError:
    return NotFoundError(
        f"There is no computer with the id {computer_id} any more", "Look at `vcltui computers`"
    )


def _select_computers() -> Select[Any]:
    return (
        select(computer, state.c.name.label("state"), imagerevision.c.imagename)
        .join(state, state.c.id == computer.c.stateid)
        .join(imagerevision, imagerevision.c.id == computer.c.imagerevisionid)
        .join(provisioning, provisioning.c.id == computer.c.provisioningid)
        .join(module, module.c.id == provisioning.c.moduleid)
        .where(
            computer.c.deleted == 0,
            computer.c.type == "virtualmachine",
            module.c.perlpackage == LIBVIRT_PACKAGE,
        )
        .order_by(computer.c.hostname)
    )


def _read_computers(connection: Connection) -> list[Computer]:
    hosts = host_names(connection)
    noimage, _ = noimage_ids(connection)
    rows = connection.execute(_select_computers()).all()
    return [_computer_from_row(row, hosts, noimage) for row in rows]


def _find_computer(connection: Connection, name: str) -> Computer:
    computers = _read_computers(connection)
    found = [one for one in computers if name in (one.name, one.hostname)]
    if len(found) > 1:
        raise RefusedError(
            f"{name!r} is the name of {len(found)} computers: "
            f"{', '.join(one.hostname for one in found)}",
            "Give the full host name",
        )
    if not found:
        known = [known for one in computers for known in (one.name, one.hostname)]
        raise not_found("computer", name, known)
    return found[0]


def _computer_from_row(row: Row[Any], hosts: dict[int, str], noimage: int) -> Computer:
    is_loaded = row.currentimageid != noimage
    return Computer(
        id=row.id,
        hostname=row.hostname,
        state=row.state,
        vmhost=hosts.get(row.vmhostid),
        private_ip=row.privateIPaddress or None,
        public_ip=row.IPaddress or None,
        eth0_mac=(row.eth0macaddress or "").lower() or None,
        eth1_mac=(row.eth1macaddress or "").lower() or None,
        current_image=row.imagename if is_loaded else None,
        image_revision_id=row.imagerevisionid if is_loaded else None,
        next_image_id=row.nextimageid if row.nextimageid != noimage else None,
        notes=row.notes or "",
    )


def _check_computer_name(hostname: str) -> None:
    check_name("computer", hostname, MAX_COMPUTER_NAME)
    if is_address(hostname):
        raise UsageError(f"{hostname!r} is an address, no computer name", "Give the host name")
    if "_" in hostname:
        # vm1 owns every domain and disk that begins with "vm1_".
        raise UsageError(
            f"{hostname!r} is no computer name: it has an underscore, which ends the computer's "
            "name in the names of disks and domains",
            "Use letters, digits, dashes and dots",
        )
