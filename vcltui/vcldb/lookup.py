"""What lookups have in common: ids by name, and what is said of a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from vcltui.errors import InventoryError, NotFoundError, RefusedError
from vcltui.models.inventory import NO_IMAGE
from vcltui.vcldb import tables
from vcltui.vcldb.database import Database


def id_of(connection: Connection, table: Table, name: str, kind: str) -> int:
    """The id of the row whose `name` is exactly this; `kind` is the word for it in the message.

    Raises NotFoundError naming close ones.
    """
    ids = ids_by_name(connection, table)
    if name not in ids:
        raise not_found(kind, name, ids)
    return ids[name]


def ids_by_name(connection: Connection, table: Table) -> dict[str, int]:
    """Every name in a table with its id."""
    return {name: id_ for id_, name in connection.execute(select(table.c.id, table.c.name))}


def state_id(connection: Connection, name: str) -> int:
    """The id of a state by VCL's name for it. Raises NotFoundError."""
    return id_of(connection, tables.state, name, "VCL state")


def user_id(connection: Connection, name: str) -> int:
    """The id of a user: a login, or `login@affiliation` where several have it.

    Raises NotFoundError, RefusedError where the login is not unique.
    """
    login, _, affiliation = name.partition("@")
    rows = connection.execute(
        select(tables.user.c.id, tables.user.c.unityid, tables.affiliation.c.name)
        .join(tables.affiliation, tables.affiliation.c.id == tables.user.c.affiliationid)
        .where(tables.user.c.unityid.in_([login, name]))
    ).all()
    found = {
        f"{row.unityid}@{row.name}": int(row.id)
        for row in rows
        if row.unityid == name or (row.unityid == login and row.name == affiliation)
    }
    if not found:
        raise NotFoundError(f"VCL has no user {name!r}", "Give a login, such as admin")
    if len(found) > 1:
        raise RefusedError(
            f"Several users have the login {name!r}", f"Give one of {', '.join(sorted(found))}"
        )
    return found.popitem()[1]


_LISTED = ("computer", "image")


def not_found(kind: str, name: str, known: Iterable[str]) -> NotFoundError:
    """The error for a name that is not there, with the known names that are closest to it."""
    names = sorted(set(known))
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    close = [known for known in names if known.lower() == name.lower()]
    close = close or get_close_matches(name[:100], names, n=3)
    if close:
        hint = f"Close names: {', '.join(close)}"
    elif names and kind in _LISTED:
        hint = f"List them with `vcltui {kind}s`"
    else:
        hint = f"There are: {', '.join(names[:20])}" if names else "There are none yet"
    return NotFoundError(f"There is no {kind} {shown!r}", hint)


def require_embedded(database: Database, what: str) -> None:
    """Raise RefusedError unless `database` is our own file; VCL's web pages do this in VCL."""
    if not database.is_embedded:
        raise RefusedError(
            f"{what} only in an embedded inventory, and {database.label} is VCL's own database",
            "Use VCL's web pages",
        )


def noimage_ids(connection: Connection) -> tuple[int, int]:
    """The image id and revision id of VCL's stand-in for "nothing is loaded".

    Raises InventoryError where the row is missing.
    """
    row = connection.execute(_select_noimage()).first()
    if row is None:
        raise InventoryError(
            f"The database has no image {NO_IMAGE!r}", "VCL's own schema brings it; restore the row"
        )
    return int(row.imageid), int(row.id)


@cache
def _select_noimage() -> Select[Any]:
    revision = tables.imagerevision.c
    found = select(revision.imageid, revision.id).where(revision.imagename == NO_IMAGE)
    return found.order_by(revision.id)
