"""Which computers a management node looks after, by VCL's resource groups."""

from __future__ import annotations

from sqlalchemy import Connection, select, union

from vcltui.vcldb.hostnames import short_host_name
from vcltui.vcldb.lookup import ids_by_name
from vcltui.vcldb.tables import (
    managementnode,
    resource,
    resourcegroupmembers,
    resourcemap,
    resourcetype,
)


def managed_computer_ids(connection: Connection, management_node: str) -> set[int] | None:
    """The ids of the computers in the groups that the node's groups are mapped to.

    A node is known by its host name or, where that is one node's alone, by the short form of it.
    None where the database has no such node: this machine is none then, and nothing tells what
    is its business.
    """
    node_id = _node_id(connection, management_node)
    if node_id is None:
        return None
    types = ids_by_name(connection, resourcetype)
    node_type, computer_type = types.get("managementnode", 0), types.get("computer", 0)
    mine = (
        select(resourcegroupmembers.c.resourcegroupid)
        .join(resource, resource.c.id == resourcegroupmembers.c.resourceid)
        .where(resource.c.resourcetypeid == node_type, resource.c.subid == node_id)
    )
    # VCL writes a mapping in one order; by hand it may have been entered the other way round.
    columns = resourcemap.c
    mapped = union(
        select(columns.resourcegroupid2).where(
            columns.resourcegroupid1.in_(mine),
            columns.resourcetypeid1 == node_type,
            columns.resourcetypeid2 == computer_type,
        ),
        select(columns.resourcegroupid1).where(
            columns.resourcegroupid2.in_(mine),
            columns.resourcetypeid2 == node_type,
            columns.resourcetypeid1 == computer_type,
        ),
    )
    return set(
        connection.scalars(
            select(resource.c.subid)
            .join(resourcegroupmembers, resourcegroupmembers.c.resourceid == resource.c.id)
            .where(
                resource.c.resourcetypeid == computer_type,
                resourcegroupmembers.c.resourcegroupid.in_(mapped),
            )
        )
    )


def _node_id(connection: Connection, management_node: str) -> int | None:
    rows = connection.execute(select(managementnode.c.id, managementnode.c.hostname)).all()
    wanted = management_node.lower()
    exact = [row.id for row in rows if row.hostname.lower() == wanted]
    short = [
        row.id
        for row in rows
        if short_host_name(row.hostname).lower() == short_host_name(wanted)
        and (row.hostname.lower() == short_host_name(wanted) or "." not in wanted)
    ]
    found = exact or short
    return int(found[0]) if len(found) == 1 else None
