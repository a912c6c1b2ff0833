"""How columns share the width, and how a text is cut to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from vcltui.tui.widgets.records import (
    GAP,
    Cell,
    Column,
    Record,
    align,
    cell_widths,
    fit,
    lay_out,
    widest,
)

COLUMNS = (
    Column("name", "NAME", 6, grow=True),
    Column("state", "STATE", 5, drop=1),
    Column("note", "NOTE", 4, grow=True, drop=2),
    Column("secret", "SECRET", 6, hidden=True, drop=3),
)


def keys(shown: tuple[tuple[int, int], ...]) -> list[str]:
    return [COLUMNS[index].key for index, _ in shown]


def needed(*records: Record) -> tuple[int, ...]:
    return widest(COLUMNS, [cell_widths(record) for record in records])


def test_what_cells_need():
    records = [Record("k", (Cell("a" * 20), Cell("b" * 20), Cell(""), Cell("")))]
    assert needed(*records) == (20, 5, 4, 6)
    assert needed() == (6, 5, 4, 6)
    wide = [Record("k", (Cell("日本語日本語"), Cell(""), Cell(""), Cell("")))]
    assert needed(*wide)[0] == 12
    assert needed(*wide, *records)[0] == 20


def test_where_there_is_room_everything_has_what_it_needs():
    shown = lay_out(COLUMNS, (20, 5, 9, 6), {"secret"}, 100)
    assert shown == ((0, 20), (1, 5), (2, 9))


@pytest.mark.parametrize(
    ("room", "left"),
    [(19, ["name", "state", "note"]), (18, ["name", "state"]), (12, ["name"]), (3, ["name"])],
)
def test_what_matters_least_goes_first(room: int, left: list[str]):
    assert keys(lay_out(COLUMNS, (6, 5, 4, 6), {"secret"}, room)) == left


def test_the_one_that_needs_least_gets_it_first():
    shown = dict(lay_out(COLUMNS, (90, 5, 6, 6), {"secret"}, 60))
    assert shown[2] == 6
    assert sum(shown.values()) + GAP * 2 == 60


@given(
    st.lists(st.integers(0, 80), min_size=4, max_size=4),
    st.integers(0, 200),
    st.sets(st.sampled_from(["state", "note", "secret"])),
)
def test_the_columns_fit_into_the_room(more: list[int], room: int, hidden: set[str]):
    needs = [column.width + extra for column, extra in zip(COLUMNS, more, strict=True)]
    shown = lay_out(COLUMNS, needs, hidden, room)
    assert keys(shown)[0] == "name"
    assert not hidden & set(keys(shown))
    assert all(COLUMNS[index].width <= width <= needs[index] for index, width in shown)
    if len(shown) > 1 or room >= COLUMNS[0].width:
        assert sum(width for _, width in shown) + GAP * (len(shown) - 1) <= room


@pytest.mark.parametrize(
    ("text", "room", "made"),
    [
        ("vm1", 5, "vm1  "),
        ("vm1", 3, "vm1"),
        ("vm10", 3, "vm…"),
        ("日本語", 4, "日 …"),
        ("", 2, "  "),
        ("vm1", 0, ""),
        ("vm1", 1, "…"),
    ],
)
def test_fit(text: str, room: int, made: str):
    assert fit(text, room, "…") == made
    assert cell_len(fit(text, room, "…")) == room


RIGHT, MIDDLE = Column("r", "R", 6, right=True), Column("m", "M", 6, middle=True)


@given(st.text(max_size=30), st.integers(1, 40), st.sampled_from([*COLUMNS, RIGHT, MIDDLE]))
def test_a_cell_is_exactly_as_wide_as_its_room(text: str, room: int, column: Column):
    printable = "".join(letter for letter in text if letter.isprintable())
    assert cell_len(align(printable, room, "~", column)) == room


def test_figures_stand_at_the_right():
    assert align("12 %", 6, "…", RIGHT) == "  12 %"
    assert align("123456789", 6, "…", RIGHT) == "12345…"


@pytest.mark.parametrize(
    ("text", "room", "made"),
    [
        ("linux-CentOS9ClusterNode-4-v3", 29, "linux-CentOS9ClusterNode-4-v3"),
        ("linux-CentOS9ClusterNode-4-v3", 24, "linux-CentOS9Cl…ode-4-v3"),
        ("linux-CentOS9ClusterNode-4-v3", 12, "linux-C…4-v3"),
        ("linux-CentOS9ClusterNode-4-v3", 8, "linux-C…"),
        ("日本語日本語-v2", 10, "日本語…-v2"),
        ("vm1", 9, "vm1      "),
    ],
)
def test_a_name_that_is_too_long_keeps_its_end(text: str, room: int, made: str):
    assert align(text, room, "…", MIDDLE) == made
