"""Virtual computers: VCL's computer rows that libvirt provisions."""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Connection, exists, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.inventory import Computer, ImageRevision
from vcltui.models.names import check_name
from vcltui.vcldb.addresses import check_ip, check_ips_unused, choose_macs
from vcltui.vcldb.computerrows import find_computer, no_such_id, read_computers
from vcltui.vcldb.database import Database
from vcltui.vcldb.hostnames import is_address, refuse_known_name, vmhost_id
from vcltui.vcldb.lookup import (
    id_of,
    noimage_ids,
    require_embedded,
    state_id,
    user_id,
)
from vcltui.vcldb.removal import removal_date
from vcltui.vcldb.rows import insert_row
from vcltui.vcldb.tables import (
    computer,
    imagerevision,
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
        return read_computers(connection)


def get_computer(database: Database, name: str) -> Computer:
    """The computer of exactly this short name or full host name.

    Raises NotFoundError naming close ones, RefusedError where two computers match.
    """
    with database.read() as connection:
        return find_computer(connection, name)


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
        return find_computer(connection, hostname)


def remove_computer(database: Database, name: str) -> None:
    """Mark a computer of the embedded inventory as deleted and unassign it.

    Raises NotFoundError, and RefusedError while a request uses it.
    """
    require_embedded(database, "Computers are removed")
    with database.write() as connection:
        found = find_computer(connection, name)
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


def set_current_image(
    database: Database,
    computer_id: int,
    revision: ImageRevision | None,
    *,
    expected: Computer | None = None,
) -> None:
    """Record what is loaded on a computer; None is VCL's `noimage`, nothing.

    With `expected` only where the row still has the image and VM host that it tells. Raises
    ConflictError, telling what the row has now; NotFoundError.
    """
    with database.write() as connection:
        if revision is None:
            image_id, revision_id = noimage_ids(connection)
        else:
            image_id, revision_id = revision.image_id, revision.revision_id
        known = imagerevision.c.id == revision_id, imagerevision.c.imageid == image_id
        still: list[ColumnElement[bool]] = [exists().where(*known)]
        if expected is not None:
            before = expected.image_revision_id or noimage_ids(connection)[1]
            still += [computer.c.imagerevisionid == before, _still_on(expected)]
        values = {"currentimageid": image_id, "imagerevisionid": revision_id}
        changed = _update_one(connection, computer_id, values, *still)
        there = changed or connection.scalar(select(imagerevision.c.id).where(*known)) is not None
    if not there and revision is not None:
        raise NotFoundError(
            f"The inventory has no revision {revision_id} of the image {revision.name}",
            "Somebody removed it; look at `vcltui images`",
        )
    if not changed:
        _raise_conflict(database, computer_id, "its image was not noted")


def change_state(database: Database, computer_id: int, expected: str, new: str) -> None:
    """Move a computer from the state `expected` to `new`, both by VCL's names.

    Raises ConflictError, telling the state it is in, when it is not in `expected`;
    NotFoundError.
    """
    with database.write() as connection:
        is_expected = computer.c.stateid == state_id(connection, expected)
        values = {"stateid": state_id(connection, new)}
        changed = _update_one(connection, computer_id, values, is_expected)
    if changed:
        return
    # Read anew: the transaction that changed nothing may see the state of when it began.
    found = _read_by_id(database, computer_id)
    raise ConflictError(
        f"The computer {found.hostname} is {found.state} now, not {expected}, and was not made "
        f"{new}",
        "Somebody else changed it; look at it again",
    )


def assign_vmhost(
    database: Database, computer_id: int, host_name: str | None, *, expected: Computer | None = None
) -> None:
    """Assign a computer to a VM host by the host's name; None unassigns it.

    With `expected` only where the row still has the VM host that it tells. Raises
    ConflictError, telling what the row has now; NotFoundError.
    """
    with database.write() as connection:
        host_id = None if host_name is None else vmhost_id(connection, host_name)
        still = () if expected is None else (_still_on(expected),)
        changed = _update_one(connection, computer_id, {"vmhostid": host_id}, *still)
    if not changed:
        _raise_conflict(database, computer_id, "its VM host was not changed")


def _still_on(expected: Computer) -> ColumnElement[bool]:
    if expected.vmhost_id is None:
        return computer.c.vmhostid.is_(None)
    return computer.c.vmhostid == expected.vmhost_id


def _read_by_id(database: Database, computer_id: int) -> Computer:
    """A computer, in a transaction of its own. Raises NotFoundError."""
    with database.read() as connection:
        for found in read_computers(connection):
            if found.id == computer_id:
                return found
    raise no_such_id(computer_id)


def _raise_conflict(database: Database, computer_id: int, outcome: str) -> NoReturn:
    found = _read_by_id(database, computer_id)
    raise ConflictError(
        f"The computer {found.hostname} has {found.current_image or 'no image'} on "
        f"{found.vmhost or 'no VM host'} now, which is not what was there before: {outcome}",
        "Somebody else changed it; look at it again",
    )


def _update_one(
    connection: Connection,
    computer_id: int,
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    """Change a computer that is not deleted and as expected; whether there was one."""
    statement = update(computer).where(
        computer.c.id == computer_id, computer.c.deleted == 0, *conditions
    )
    return bool(connection.execute(statement.values(values)).rowcount)


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
