"""Rows that are planned before any is written, so that people see exactly what would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, update

from vcltui.errors import ConflictError
from vcltui.models.basecapture import RowChange
from vcltui.vcldb.rows import insert_row

Known = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NewId:
    """The id that the row of this label gets when it is inserted."""

    label: str

    def words(self, known: Known) -> str:
        """The id where it is known, else a placeholder."""
        return str(known.get(self.label, f"<{self.label}.id>"))


@dataclass(frozen=True, slots=True)
class Words:
    """A text with ids in it that are not known yet."""

    parts: tuple[str | NewId, ...]

    def words(self, known: Known) -> str:
        """The text, with placeholders for unknown ids."""
        return "".join(
            part.words(known) if isinstance(part, NewId) else part for part in self.parts
        )


Value = int | str | datetime | NewId | Words | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row to insert under `label`, or with `key` the row of that id to update."""

    table: Table
    values: dict[str, Value] = field(default_factory=dict)
    label: str = ""
    key: NewId | None = None


def write_rows(connection: Connection, rows: Sequence[PlannedRow]) -> dict[str, int]:
    """Write the rows in order; returns the ids of those that have a label.

    Raises UsageError for what does not fit a column, ConflictError where a row to update is gone.
    """
    known: dict[str, int] = {}
    for row in rows:
        values = {name: _resolved(value, known) for name, value in row.values.items()}
        if row.key is not None:
            _update(connection, row.table, known[row.key.label], values)
            continue
        id_ = insert_row(connection, row.table, values)
        if row.label:
            known[row.label] = id_
    return known


def describe_rows(rows: Sequence[PlannedRow]) -> tuple[RowChange, ...]:
    """What `write_rows` would do, in words. Nothing is read or written."""
    known = {
        row.label: value
        for row in rows
        if row.label and isinstance(value := row.values.get("id"), int)
    }
    return tuple(
        RowChange(
            table=row.table.name,
            action="insert" if row.key is None else f"update id {row.key.words(known)}",
            columns=tuple((name, _shown(value, known)) for name, value in row.values.items()),
        )
        for row in rows
    )


def _update(connection: Connection, table: Table, id_: int, values: Mapping[str, object]) -> None:
    changed = connection.execute(
        update(table).where(table.c.id == id_).values(dict(values))
    ).rowcount
    if not changed:
        raise ConflictError(f"The row {id_} of {table.name} is gone", "Begin again")


def _resolved(value: Value, known: Known) -> int | str | datetime | None:
    if isinstance(value, NewId):
        return known[value.label]
    return value.words(known) if isinstance(value, Words) else value


def _shown(value: Value, known: Known) -> str:
    if isinstance(value, NewId | Words):
        return value.words(known)
    return "NULL" if value is None else str(value)
