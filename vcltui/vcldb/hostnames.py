"""What VM hosts are called: VCL has host names, people use the short ones."""

from __future__ import annotations

import re
from collections import Counter

from sqlalchemy import Connection, select

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


def host_names(connection: Connection) -> dict[int, str]:
    """The name of every VM host that is not deleted, by vmhost id.

    It is the host name up to its first dot, and the full host name where two hosts share that.
    """
    rows = connection.execute(
        select(vmhost.c.id, computer.c.hostname)
        .join(computer, computer.c.id == vmhost.c.computerid)
        .where(computer.c.deleted == 0)
        .order_by(vmhost.c.id)
    ).all()
    counts = Counter(short_host_name(hostname) for hostname in {row.hostname for row in rows})
    names: dict[int, str] = {}
    for row in rows:
        short = short_host_name(row.hostname)
        name = short if counts[short] == 1 else row.hostname
        # VCL allows one machine several vmhost rows, with a profile each.
        names[row.id] = f"{name}-vmhost{row.id}" if name in names.values() else name
    return names


def vmhost_id(connection: Connection, name: str) -> int:
    """The id of the VM host of this name or full host name, exactly. Raises NotFoundError."""
    names = host_names(connection)
    for id_, known in names.items():
        if known == name:
            return id_
    found = connection.scalars(
        select(vmhost.c.id)
        .join(computer, computer.c.id == vmhost.c.computerid)
        .where(computer.c.deleted == 0, computer.c.hostname == name)
    ).all()
    if len(found) != 1:
        raise not_found("VM host", name, names.values())
    return int(found[0])
