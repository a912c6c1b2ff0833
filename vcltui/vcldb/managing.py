"""Which management node manages a computer, by VCL's groups of resources."""

from __future__ import annotations

from sqlalchemy import Connection, select

from vcltui.errors import RefusedError
from vcltui.vcldb import tables as t
from vcltui.vcldb.changes import age
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.lookup import ids_by_name


def node_for(
    connection: Connection, computer_id: int, name: str, silent_seconds: float, *, is_embedded: bool
) -> int:
    """The id of a management node that lives and manages a computer, by VCL's groups.

    It is the one of its last reservation where that is one of several. In the embedded inventory
    any will do where nobody made groups. Raises RefusedError.
    """
    now = database_now(connection)
    lives = {
        row.id
        for row in connection.execute(
            select(t.managementnode.c.id, t.managementnode.c.lastcheckin)
            .join(t.state, t.state.c.id == t.managementnode.c.stateid)
            .where(t.state.c.name.not_in(("maintenance", "deleted")))
        )
        if row.lastcheckin is not None and age(now, row.lastcheckin) <= silent_seconds
    }
    managing = managing_nodes(connection, computer_id)
    if managing or not is_embedded:
        lives &= managing
    if not lives:
        raise RefusedError(
            f"No management node that manages {name} has checked in lately, so that nobody would "
            "reload it",
            "Start vcld on its management node first",
        )
    last = connection.scalar(
        select(t.reservation.c.managementnodeid)
        .where(t.reservation.c.computerid == computer_id)
        .order_by(t.reservation.c.id.desc())
    )
    return int(last) if last in lives and last is not None else min(lives)


def managing_nodes(connection: Connection, computer_id: int) -> set[int]:
    """The management nodes mapped to a computer by VCL's groups."""
    kinds = ids_by_name(connection, t.resourcetype)
    computer, node = kinds.get("computer"), kinds.get("managementnode")
    member, other = t.resourcegroupmembers, t.resourcegroupmembers.alias("other")
    resource, node_resource = t.resource, t.resource.alias("node_resource")
    mapping = t.resourcemap.c
    rows = connection.scalars(
        select(node_resource.c.subid)
        .select_from(t.resourcemap)
        .join(member, member.c.resourcegroupid == mapping.resourcegroupid2)
        .join(resource, resource.c.id == member.c.resourceid)
        .join(other, other.c.resourcegroupid == mapping.resourcegroupid1)
        .join(node_resource, node_resource.c.id == other.c.resourceid)
        .where(
            mapping.resourcetypeid1 == node,
            mapping.resourcetypeid2 == computer,
            resource.c.resourcetypeid == computer,
            resource.c.subid == computer_id,
            node_resource.c.resourcetypeid == node,
        )
    )
    return set(rows)
