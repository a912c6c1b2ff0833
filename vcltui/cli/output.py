"""Prints rows as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click
import humanize

from vcltui.cli.text import printable, say, width

Row = Mapping[str, object]
"""One object of a listing: keys as in JSON, values as models have them."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON array of objects."
)


def show(
    rows: Sequence[Row], columns: Sequence[str] = (), *, as_json: bool, nothing: str = ""
) -> None:
    """Print `rows`: all keys as JSON, or the `columns` as a table.

    `nothing`, if anything, is said on stderr in place of an empty table.
    """
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], indent=2))
    elif rows:
        _print_table(rows, columns)
    elif nothing:
        say(nothing)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    titles = [_title(column) for column in columns]
    cells = [[_cell(column, row.get(column)) for column in columns] for row in rows]
    numeric = [_is_numeric([row.get(column) for row in rows]) for column in columns]
    widths = [
        max(map(width, (title, *column)))
        for title, column in zip(titles, zip(*cells, strict=True), strict=True)
    ]
    click.echo(click.style(_line(titles, widths, numeric), bold=True))
    for line in cells:
        click.echo(_line(line, widths, numeric))


def _line(cells: Iterable[str], widths: Iterable[int], numeric: Iterable[bool]) -> str:
    parts = []
    for cell, wide, right in zip(cells, widths, numeric, strict=True):
        padding = " " * (wide - width(cell))
        parts.append(padding + cell if right else cell + padding)
    return "  ".join(parts).rstrip()


def _title(column: str) -> str:
    return column.removesuffix("_bytes").replace("_", " ").upper()


def _is_numeric(values: Sequence[object]) -> bool:
    numbers = [value for value in values if value is not None]
    return bool(numbers) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in numbers
    )


def _cell(column: str, value: object) -> str:
    match value:
        case None | "" | () | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            local = value.astimezone() if value.tzinfo else value
            return f"{local:%Y-%m-%d %H:%M}"
        case int() if column.endswith("_bytes"):
            return size(value)
        case list() | tuple():
            return ", ".join(printable(str(item)) for item in value)
    return printable(str(value))


def size(size_bytes: int) -> str:
    """Bytes for people, in binary units: `1.5 GiB`."""
    return humanize.naturalsize(size_bytes, binary=True)
