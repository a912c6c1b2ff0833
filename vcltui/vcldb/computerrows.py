"""Computer rows as models: what libvirt provisions, with names in place of ids."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select

from vcltui.errors import NotFoundError, RefusedError
from vcltui.models.inventory import NO_IMAGE, Computer
from vcltui.vcldb.hostnames import host_names
from vcltui.vcldb.hosts import LIBVIRT_PACKAGE
from vcltui.vcldb.lookup import noimage_ids, not_found
from vcltui.vcldb.tables import computer, imagerevision, module, provisioning, state


def no_such_id(computer_id: int) -> NotFoundError:
    """The error for an id that no computer has any more."""
    return NotFoundError(
        f"There is no computer with the id {computer_id} any more", "Look at `vcltui computers`"
    )


@cache
def _select_computers() -> Select[Any]:
    revision = imagerevision.alias()
    noimage = select(revision.c.imageid).where(revision.c.imagename == NO_IMAGE)
    return (
        select(
            computer,
            state.c.name.label("state"),
            imagerevision.c.imagename,
            noimage.order_by(revision.c.id).limit(1).scalar_subquery().label("noimage"),
        )
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


def read_computers(connection: Connection) -> list[Computer]:
    """Every computer that libvirt provisions, by host name."""
    return _read(connection, _select_computers())


def _read(
    connection: Connection, statement: Select[Any], parameters: dict[str, object] | None = None
) -> list[Computer]:
    hosts = host_names(connection)
    rows = connection.execute(statement, parameters).all()
    if rows and rows[0].noimage is None:
        noimage_ids(connection)  # which raises, and says what is missing
    return [_computer_from_row(row, hosts, row.noimage) for row in rows]


def find_computer(connection: Connection, name: str) -> Computer:
    """The computer of exactly this name. Raises NotFoundError, RefusedError."""
    wanted = {"name": name, "dotted": f"{name}.", "length": len(name) + 1}
    likely = _read(connection, _select_likely(), wanted) if name.isprintable() else []
    found = [one for one in likely if name in (one.name, one.hostname)]
    if len(found) > 1:
        raise RefusedError(
            f"{name!r} is the name of {len(found)} computers: "
            f"{', '.join(one.hostname for one in found)}",
            "Give the full host name",
        )
    if not found:
        computers = read_computers(connection)
        known = [known for one in computers for known in (one.name, one.hostname)]
        raise not_found("computer", name, known)
    return found[0]


@cache
def _select_likely() -> Select[Any]:
    """Those whose host name is `name`, or begins with `dotted`, which is of `length`.

    As the database compares them, which lets more pass than are called so, but none less.
    """
    hostname = computer.c.hostname
    begins = func.substr(hostname, 1, bindparam("length")) == bindparam("dotted")
    return _select_computers().where(or_(hostname == bindparam("name"), begins))


def _computer_from_row(row: Row[Any], hosts: dict[int, str], noimage: int) -> Computer:
    is_loaded = row.currentimageid != noimage
    return Computer(
        id=row.id,
        hostname=row.hostname,
        state=row.state,
        vmhost=hosts.get(row.vmhostid),
        vmhost_id=row.vmhostid,
        private_ip=row.privateIPaddress or None,
        public_ip=row.IPaddress or None,
        eth0_mac=(row.eth0macaddress or "").lower() or None,
        eth1_mac=(row.eth1macaddress or "").lower() or None,
        current_image=row.imagename if is_loaded else None,
        image_revision_id=row.imagerevisionid if is_loaded else None,
        next_image_id=row.nextimageid if row.nextimageid != noimage else None,
        notes=row.notes or "",
    )
