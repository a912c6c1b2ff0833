"""The fixed rows that came with the second form of the embedded file, with VCL 2.5's own ids.

They are inserted where they are missing, into new files and into those of the first form.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects.sqlite import insert

from vcltui.vcldb import tables

_INSTALL_TYPES = {
    1: "partimage",
    2: "kickstart",
    3: "none",
    4: "vmware",
    5: "vbox",
    6: "openstack",
}
_RESOURCE_TYPES = {
    12: "computer",
    13: "image",
    15: "schedule",
    16: "managementnode",
    17: "serverprofile",
    18: "addomain",
}
_NODES = ((1, 1, "Root"), (2, 1, "Developer"), (3, 2, "VCL"), (4, 3, "admin"), (5, 3, "newimages"))
_USER_GROUPS = {1: "global", 3: "adminUsers", 4: "manageNewImages"}
_USER_RIGHTS = {
    1: "block",
    2: "cascade",
    3: "nodeAdmin",
    4: "computerAdmin",
    5: "imageAdmin",
    6: "imageCheckOut",
    7: "userGrant",
    8: "serverCheckOut",
    9: "serverProfileAdmin",
    10: "resourceGrant",
    11: "groupAdmin",
    12: "scheduleAdmin",
    13: "mgmtNodeAdmin",
    14: "addomainAdmin",
}
# Id, name, owning user group, resource type.
_RESOURCE_GROUPS = (
    (1, "allComputers", 3, 12),
    (2, "allImages", 3, 13),
    (3, "allManagementNodes", 3, 16),
    (5, "All VM Computers", 3, 12),
    (8, "newimages", 4, 12),
    (9, "newvmimages", 4, 12),
    (10, "allVMimages", 4, 13),
)
# Group, its type, the group that it is mapped to, that one's type.
_RESOURCE_MAP = ((2, 13, 1, 12), (3, 16, 1, 12), (10, 13, 5, 12), (3, 16, 8, 12), (3, 16, 5, 12))
# VCL's order of the steps of a virtual machine's load.
_LOAD_FLOW = (
    "statuscheck",
    "doesimageexists",
    "copyfrompartnerMN",
    "startload",
    "transfervm",
    "vmsetupconfig",
    "startvm",
    "machinebooted",
    "loadimagecomplete",
    "nodeready",
    "addinguser",
    "reserved",
)


def insert_groups(connection: Connection) -> None:
    """Insert what is missing of the rows that this module holds."""
    _fill(connection, tables.osinstalltype, _named(_INSTALL_TYPES))
    _fill(
        connection,
        tables.provisioning_osinstalltype,
        [{"provisioningid": 9, "OSinstalltypeid": number} for number in (1, 3, 4)],
    )
    _fill(connection, tables.resourcetype, _named(_RESOURCE_TYPES))
    _fill(connection, tables.userprivtype, _named(_USER_RIGHTS))
    _fill(connection, tables.privnode, _rows(("id", "parent", "name"), _NODES))
    _fill(
        connection,
        tables.usergroup,
        [
            {**row, "affiliationid": 1, "ownerid": 1, "editusergroupid": 1, "custom": 1}
            for row in _named(_USER_GROUPS)
        ],
    )
    _fill(
        connection,
        tables.usergroupmembers,
        [{"userid": 1, "usergroupid": group} for group in _USER_GROUPS],
    )
    names = ("id", "name", "ownerusergroupid", "resourcetypeid")
    _fill(connection, tables.resourcegroup, _rows(names, _RESOURCE_GROUPS))
    names = ("resourcegroupid1", "resourcetypeid1", "resourcegroupid2", "resourcetypeid2")
    _fill(connection, tables.resourcemap, _rows(names, _RESOURCE_MAP))
    _fill_flow(connection)


def _fill_flow(connection: Connection) -> None:
    flow, states = tables.computerloadflow, tables.computerloadstate.c
    if connection.execute(select(flow).limit(1)).first() is not None:
        return
    ids = {name: id_ for id_, name in connection.execute(select(states.id, states.loadstatename))}
    following = (*_LOAD_FLOW[1:], None)
    _fill(
        connection,
        flow,
        [
            {
                "computerloadstateid": ids[name],
                "nextstateid": ids[after] if after else None,
                "type": "virtualmachine",
            }
            for name, after in zip(_LOAD_FLOW, following, strict=True)
        ],
    )


def _fill(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table).on_conflict_do_nothing(), rows)


def _named(names: dict[int, str]) -> list[dict[str, Any]]:
    return [{"id": id_, "name": name} for id_, name in names.items()]


def _rows(names: tuple[str, ...], rows: tuple[tuple[Any, ...], ...]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
