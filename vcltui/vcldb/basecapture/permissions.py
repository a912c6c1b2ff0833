"""What VCL's web pages give the owner of a new base image, planned row by row.

As its addImagePermissions: a node of the privilege tree for the owner, the right to use and to
manage images there, and a group of the owner's new images that is mapped to the computers for
new images. Only what is missing is planned.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, select

from vcltui.errors import UsageError
from vcltui.vcldb.lookup import ids_by_name
from vcltui.vcldb.rowplans import NewId, PlannedRow
from vcltui.vcldb.rows import check_fits
from vcltui.vcldb.tables import (
    privnode,
    resourcegroup,
    resourcegroupmembers,
    resourcemap,
    resourcepriv,
    resourcetype,
    usergroup,
    userpriv,
    userprivtype,
)

_VCL_NODE = 3  # the node VCL of the privilege tree; VCL's own code has this number
_RIGHTS = ("imageCheckOut", "imageAdmin")
_GROUP_RIGHTS = ("available", "administer")
_MANAGERS = "manageNewImages"


def plan_permissions(
    connection: Connection, owner_id: int, login: str, resource: NewId, *, virtual: bool
) -> tuple[tuple[PlannedRow, ...], tuple[str, ...]]:
    """The rows that are missing, and sentences about what can't be made.

    As in VCL, an image without them is captured all the same: an administrator can group it
    later. Raises InventoryError.
    """
    kind = "newvmimages" if virtual else "newimages"
    rights, types = ids_by_name(connection, userprivtype), ids_by_name(connection, resourcetype)
    managers = connection.scalar(
        select(usergroup.c.id).where(usergroup.c.name == _MANAGERS).order_by(usergroup.c.id)
    )
    lacking = [
        *([] if managers is not None else [f"the user group {_MANAGERS}"]),
        *([] if _has_node(connection) else ["the node VCL of the privilege tree"]),
        *(f"the right {name}" for name in _RIGHTS if name not in rights),
        *(f"the resource type {name}" for name in ("image", "computer") if name not in types),
    ]
    own, group = f"{login}-{owner_id}", f"{kind}-{login}-{owner_id}"
    try:
        check_fits(privnode, {"name": own})
        check_fits(resourcegroup, {"name": group})
    except UsageError as error:
        lacking.append(f"room for the owner's login ({error.what})")
    if lacking:
        return (), (
            f"The owner gets no rights to the image, because VCL lacks {', '.join(lacking)}; an "
            "administrator has to put it into an image group",
        )
    planner = _Planner(connection)
    parent = planner.find_or_plan(privnode, "privnode", {"parent": _VCL_NODE, "name": kind})
    node = planner.find_or_plan(privnode, "owner's privnode", {"parent": parent, "name": own})
    for name in _RIGHTS:
        planner.need(
            userpriv, {"userid": owner_id, "privnodeid": node, "userprivtypeid": rights[name]}
        )
    image_group = planner.find_or_plan(
        resourcegroup,
        "resourcegroup",
        {"name": group, "resourcetypeid": types["image"]},
        {"ownerusergroupid": managers},
    )
    warnings: tuple[str, ...] = ()
    computers = planner.find(resourcegroup, {"name": kind, "resourcetypeid": types["computer"]})
    if computers is None:
        warnings = (f"VCL has no computer group {kind}, so the image is mapped to no computers",)
    else:
        planner.need(
            resourcemap,
            {"resourcegroupid1": image_group, "resourcegroupid2": computers},
            {"resourcetypeid1": types["image"], "resourcetypeid2": types["computer"]},
        )
    for word in _GROUP_RIGHTS:
        planner.need(
            resourcepriv, {"resourcegroupid": image_group, "privnodeid": node, "type": word}
        )
    planner.need(resourcegroupmembers, {"resourceid": resource, "resourcegroupid": image_group})
    return tuple(planner.rows), warnings


class _Planner:
    """Plans what is not there; what is planned already counts by its label."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows: list[PlannedRow] = []

    def find(self, table: Table, key: dict[str, int | str]) -> int | None:
        """The id of the row that has these values, or None."""
        statement = select(table.c.id).where(*(table.c[name] == key[name] for name in key))
        found = self._connection.scalar(statement.order_by(table.c.id))
        return None if found is None else int(found)

    def find_or_plan(
        self,
        table: Table,
        label: str,
        key: dict[str, int | str | NewId],
        more: dict[str, int | None] | None = None,
    ) -> int | NewId:
        """The id of the row with these values; it is planned with `more` where it is missing."""
        known = _known(key)
        found = None if known is None else self.find(table, known)
        if found is not None:
            return found
        self.rows.append(PlannedRow(table, {**key, **(more or {})}, label))
        return NewId(label)

    def need(
        self,
        table: Table,
        key: dict[str, int | str | NewId],
        more: dict[str, int] | None = None,
    ) -> None:
        """Plan the row with these values where it is missing."""
        known = _known(key)
        if known is not None:
            statement = select(table.c[next(iter(known))]).where(
                *(table.c[name] == value for name, value in known.items())
            )
            if self._connection.execute(statement).first() is not None:
                return
        self.rows.append(PlannedRow(table, {**key, **(more or {})}))


def _known(key: dict[str, int | str | NewId]) -> dict[str, int | str] | None:
    """The values, or None where one is a row that is only planned, on which nothing stands yet."""
    known = {name: value for name, value in key.items() if not isinstance(value, NewId)}
    return known if len(known) == len(key) else None


def _has_node(connection: Connection) -> bool:
    return connection.scalar(select(privnode.c.id).where(privnode.c.id == _VCL_NODE)) is not None
