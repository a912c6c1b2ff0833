"""What VM hosts are called: VCL has host names, people use the short ones."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, select

from vcltui.errors import ConflictError
from vcltui.vcldb.lookup import not_found
from vcltui.vcldb.tables import computer, vmhost

_ADDRESS = re.compile(r"[0-9.]+\Z")


def short_host_name(hostname: str) -> str:
    """A host name up to its first dot; an IP address as it is."""
    return hostname if is_address(hostname) else hostname.split(".", 1)[0]


def is_address(hostname: str) -> bool:
    """Whether a host name is an IP address, which has no short form."""
    return _ADDRESS.match(hostname) is not None


def refuse_known_name(connection: Connection, name: str) -> None:
    """Raise ConflictError where a machine that is not deleted has the short name of `name`."""
    short = short_host_name(name).lower()
    for known in connection.scalars(select(computer.c.hostname).where(computer.c.deleted == 0)):
        if short_host_name(known).lower() == short:
            raise ConflictError(
                f"{name} can't be added: the inventory has a machine {known}",
                "Domains, disks and hosts go by the short name; give another one",
            )


# To build it takes longer than to run it.
@cache
def host_name_table() -> Subquery:
    """What names VM hosts that are not deleted: `id`, `hostname`, `shared` and `turn`.

    `shared` tells that another host has the same short name; `turn` counts the vmhost rows of
    one machine from 1 on, of which VCL allows several, with a profile each.
    """
    short = func.lower(
        case(
            (_letters(computer.c.hostname) == "", computer.c.hostname),
            (func.instr(computer.c.hostname, ".") == 0, computer.c.hostname),
            else_=func.substr(computer.c.hostname, 1, func.instr(computer.c.hostname, ".") - 1),
        )
    )
    first = func.min(computer.c.hostname).over(partition_by=short)
    last = func.max(computer.c.hostname).over(partition_by=short)
    turn = func.row_number().over(partition_by=computer.c.id, order_by=vmhost.c.id)
    return (
        select(
            vmhost.c.id,
            computer.c.hostname,
            case((first != last, 1), else_=0).label("shared"),
            turn.label("turn"),
        )
        .join(computer, computer.c.id == vmhost.c.computerid)
        .where(computer.c.deleted == 0)
        .subquery("host")
    )


def _letters(column: ColumnElement[str]) -> ColumnElement[str]:
    """What is left of a host name without digits and dots: nothing, of an address."""
    left: ColumnElement[str] = column
    for character in "0123456789.":
        left = func.replace(left, character, "")
    return left


def host_name(vmhost_id: int, hostname: str, *, shared: int, turn: int) -> str:
    """The name of a VM host, from a row of `host_name_table`.

    It is the host name up to its first dot, and the full host name where two hosts share that.
    """
    name = hostname if shared else short_host_name(hostname)
    return name if turn == 1 else f"{name}-vmhost{vmhost_id}"


def host_names(connection: Connection) -> dict[int, str]:
    """The name of every VM host that is not deleted, by vmhost id, in the order of the ids."""
    return {
        row.id: host_name(row.id, row.hostname, shared=row.shared, turn=row.turn)
        for row in connection.execute(_select_names())
    }


@cache
def _select_names() -> Select[Any]:
    table = host_name_table()
    return select(table).order_by(table.c.id)


def vmhost_id(connection: Connection, name: str) -> int:
    """The id of the VM host of this name or full host name, exactly. Raises NotFoundError."""
    names = host_names(connection)
    for id_, known in names.items():
        if known == name:
            return id_
    rows = connection.execute(
        select(vmhost.c.id, computer.c.hostname)
        .join(computer, computer.c.id == vmhost.c.computerid)
        .where(computer.c.deleted == 0, computer.c.hostname == name)
    ).all()
    # VCL's own comparison takes no notice of case and of spaces at the end.
    found = [row.id for row in rows if row.hostname == name]
    if len(found) != 1:
        raise not_found("VM host", name, names.values())
    return int(found[0])
