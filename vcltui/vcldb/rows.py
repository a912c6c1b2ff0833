"""Inserts of rows that fit VCL's columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, String, Table, insert

from vcltui.errors import UsageError
from vcltui.vcldb.columntypes import Unsigned


def insert_row(
    connection: Connection,
    table: Table,
    values: dict[str, Any],
    *,
    unlimited: frozenset[str] = frozenset(),
) -> int:
    """Insert one row and return its id.

    SQLite would keep values that VCL's columns can't hold, so they are refused here: raises
    UsageError naming the column. `unlimited` are columns of which SQLite may keep more.
    """
    check_fits(table, {name: value for name, value in values.items() if name not in unlimited})
    key = connection.execute(insert(table).values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - every table here has a primary key
    return int(key[0])


def check_fits(table: Table, values: dict[str, Any]) -> None:
    """Raise UsageError for a value that is too long or too large for its column in VCL."""
    for name, value in values.items():
        kind = table.c[name].type
        if isinstance(kind, String) and kind.length and len(value or "") > kind.length:
            raise UsageError(
                f"{value[:20]!r}... has {len(value)} characters, too many for {table.name}.{name}",
                f"VCL keeps at most {kind.length}",
            )
        if isinstance(kind, Unsigned) and value is not None and not 0 <= value <= kind.maximum:
            raise UsageError(
                f"{value} is out of range for {table.name}.{name}",
                f"VCL keeps 0 to {kind.maximum}",
            )
