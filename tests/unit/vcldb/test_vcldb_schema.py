"""Our tables have VCL's names, types, defaults and obligations, as its schema tells them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Column, DateTime, String, Table, Text

from vcltui.vcldb.columntypes import ZERO_DATE, Unsigned, VCLDateTime
from vcltui.vcldb.tables import metadata

SCHEMA_FILE = Path(__file__).parents[2] / "data" / "vcl-2.5.1.sql"

Facts = dict[str, dict[str, dict[str, object]]]

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS `(\w+)` \((.*?)\n\) ENGINE", re.DOTALL)
_COLUMN = re.compile(
    r"^  `(?P<name>\w+)` (?P<type>\w+(?:\([^)]*\))?(?: unsigned)?)(?P<rest>.*?),?$", re.MULTILINE
)
_DEFAULT = re.compile(r"default (?:'(?P<text>[^']*)'|(?P<word>\w+))")


def parse_schema(sql: str) -> Facts:
    facts: Facts = {}
    for table, body in _TABLE.findall(sql):
        facts[table] = {match["name"]: _column(match) for match in _COLUMN.finditer(body)}
    return facts


def _column(match: re.Match[str]) -> dict[str, object]:
    rest = match["rest"]
    default = _DEFAULT.search(rest)
    value = (
        (default["text"] if default["text"] is not None else default["word"]) if default else None
    )
    return {
        "type": match["type"],
        "nullable": "NOT NULL" not in rest,
        "default": None if value == "NULL" else value,
        "auto": "auto_increment" in rest,
    }


BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32}
SCHEMA = parse_schema(SCHEMA_FILE.read_text())
OURS_ALONE = {"vcltui_host"}
VCLS = [table for name, table in metadata.tables.items() if name not in OURS_ALONE]


def same_type(column: Column[object], declared: str) -> bool:
    kind = column.type
    word = declared.split("(", maxsplit=1)[0].split(maxsplit=1)[0]
    if isinstance(kind, Unsigned):
        return BITS.get(word) == kind.bits and declared.endswith("unsigned")
    if isinstance(kind, VCLDateTime | DateTime):
        return word in ("datetime", "timestamp")
    if isinstance(kind, Text):
        return word in ("text", "longtext")
    if isinstance(kind, String):
        if word == "enum":
            longest = max(map(len, re.findall(r"'([^']*)'", declared)))
            return kind.length == longest
        return declared == f"varchar({kind.length})"
    return False


@pytest.mark.parametrize("table", VCLS, ids=lambda table: table.name)
def test_every_column_is_vcls(table: Table) -> None:
    facts = SCHEMA[table.name]
    for column in table.columns:
        fact = facts[column.name]
        assert same_type(column, str(fact["type"])), (column, fact)
        assert column.nullable == fact["nullable"], (column, fact)
        default = column.server_default
        text = None if default is None else str(default.arg)  # type: ignore[attr-defined]
        # The server reads "default 0" of a time as its zero date.
        told = (
            ZERO_DATE
            if fact["default"] == "0" and isinstance(column.type, VCLDateTime)
            else fact["default"]
        )
        assert text == told, (column, fact)


@pytest.mark.parametrize("table", VCLS, ids=lambda table: table.name)
def test_nothing_that_an_insert_must_give_is_missing(table: Table) -> None:
    facts = SCHEMA[table.name]
    obliged = {
        name
        for name, fact in facts.items()
        if not fact["nullable"] and fact["default"] is None and not fact["auto"]
    }
    # The embedded inventory alone gets modules, computers and profiles from us.
    assert obliged <= set(table.columns.keys())


def test_the_facts_cover_every_table() -> None:
    assert {table.name for table in VCLS} <= set(SCHEMA)


def test_the_parser_reads_types_defaults_and_obligations() -> None:
    facts: Facts = parse_schema(
        "CREATE TABLE IF NOT EXISTS `t` (\n"
        "  `id` smallint(5) unsigned NOT NULL auto_increment,\n"
        "  `name` varchar(70) NOT NULL default '',\n"
        "  `kind` enum('a','bc') NOT NULL default 'a',\n"
        "  `seen` datetime default NULL,\n"
        "  PRIMARY KEY  (`id`)\n"
        ") ENGINE=InnoDB;\n"
    )
    assert facts == {
        "t": {
            "id": {
                "type": "smallint(5) unsigned",
                "nullable": False,
                "default": None,
                "auto": True,
            },
            "name": {"type": "varchar(70)", "nullable": False, "default": "", "auto": False},
            "kind": {"type": "enum('a','bc')", "nullable": False, "default": "a", "auto": False},
            "seen": {"type": "datetime", "nullable": True, "default": None, "auto": False},
        }
    }
