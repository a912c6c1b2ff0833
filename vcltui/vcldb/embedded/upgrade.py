"""Embedded files of older forms get the tables, columns and rows that came later."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, inspect, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from vcltui.vcldb import tables
from vcltui.vcldb.embedded.fixed_groups import insert_groups
from vcltui.vcldb.embedded.fixed_rows import SCHEMA_VARIABLE, SCHEMA_VERSION

OLD_VERSIONS = frozenset({"1"})
"""The forms that `bring_up_to_date` knows."""


class _AddColumn(ExecutableDDLElement):
    """A new column at the end of a table; SQLite adds no foreign key with it."""

    inherit_cache = False

    def __init__(self, column: Column[Any]) -> None:
        self.column = column


@compiles(_AddColumn)
def _add_column(element: _AddColumn, compiler: DDLCompiler, **_kw: object) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.process(CreateColumn(element.column))}"


def read_version(connection: Connection) -> str | None:
    """The form of an embedded file; None where it does not tell."""
    return connection.scalar(
        select(tables.variable.c.value).where(tables.variable.c.name == SCHEMA_VARIABLE)
    )


def bring_up_to_date(connection: Connection) -> None:
    """Add what an older file lacks, all or nothing; what is in it stays as it is."""
    if read_version(connection) not in OLD_VERSIONS:
        return  # another process was first
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    for table in tables.metadata.tables.values():
        if table.name in there:
            known = {column["name"] for column in inspector.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    connection.execute(_AddColumn(column))
    tables.metadata.create_all(connection)
    insert_groups(connection)
    connection.execute(
        update(tables.variable)
        .where(tables.variable.c.name == SCHEMA_VARIABLE)
        .values(value=SCHEMA_VERSION)
    )
