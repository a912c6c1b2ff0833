"""What the table definitions are written with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, MetaData, String, Table
from sqlalchemy.schema import SchemaItem

from vcltui.vcldb.columntypes import ZERO_DATE, Unsigned, VCLDateTime

metadata = MetaData()


def table(name: str, *items: SchemaItem) -> Table:
    """A table with an id of its own; as in MariaDB, that of a deleted row is not given again."""
    return Table(name, metadata, *items, sqlite_autoincrement=True)


def identity(bits: int) -> Column[int]:
    """The id that the database gives out."""
    return Column("id", Unsigned(bits), primary_key=True)


def number(name: str, bits: int, default: int | None = None) -> Column[int]:
    """An unsigned number that must be there; without a default every insert gives it."""
    server_default = None if default is None else str(default)
    return Column(name, Unsigned(bits), nullable=False, server_default=server_default)


def flag(name: str, default: int | None = 0) -> Column[int]:
    """0 or 1."""
    return number(name, 8, default)


def word(name: str, *choices: str, default: str) -> Column[str]:
    """An enum column, which SQLite keeps as text; the server refuses other words."""
    return Column(name, String(max(map(len, choices))), nullable=False, server_default=default)


def reference(name: str, bits: int, target: str, default: int | None = None) -> Column[int]:
    """The id of a row in another table, which must be there."""
    server_default = None if default is None else str(default)
    return Column(
        name, Unsigned(bits), ForeignKey(target), nullable=False, server_default=server_default
    )


def maybe(
    name: str, bits: int, target: str, *, on_delete: str | None = None, default: int | None = None
) -> Column[int]:
    """The id of a row in another table, or NULL."""
    server_default = None if default is None else str(default)
    key = ForeignKey(target, ondelete=on_delete)
    return Column(name, Unsigned(bits), key, server_default=server_default)


def part_of(
    name: str, bits: int, target: str, default: int | None = None, *, primary_key: bool = False
) -> Column[int]:
    """The id of a row in another table, with which this row is deleted."""
    return Column(
        name,
        Unsigned(bits),
        ForeignKey(target, ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
        autoincrement=False,
        server_default=None if default is None else str(default),
    )


def moment(name: str) -> Column[datetime]:
    """A date and time that must be there; VCL's zero date unless one is given."""
    return Column(name, VCLDateTime, nullable=False, server_default=ZERO_DATE)
