"""The table by itself: the cursor and the scroll stay on their row whatever comes and goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from vcltui.tui.glyphs import ASCII
from vcltui.tui.widgets.record_table import RecordTable
from vcltui.tui.widgets.records import Cell, Column, Made, Record

COLUMNS = (
    Column("name", "NAME", 10, grow=True, letter="N"),
    Column("size", "SIZE", 6, right=True, letter="B"),
)


class Small(App[None]):
    """A table and what it tells."""

    def __init__(self) -> None:
        super().__init__()
        self.table = RecordTable(COLUMNS, ASCII)
        self.moved: list[str | None] = []
        self.chosen: list[str] = []
        self.clicked: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_record_table_moved(self, event: RecordTable.Moved) -> None:
        self.moved.append(event.key)

    def on_record_table_chosen(self, event: RecordTable.Chosen) -> None:
        self.chosen.append(event.key)

    def on_record_table_header_clicked(self, event: RecordTable.HeaderClicked) -> None:
        self.clicked.append(event.column)


def records(numbers: Iterable[int]) -> Made:
    return made((f"k{n}", f"row-{n:03}", str(n)) for n in numbers)


def made(rows: Iterable[tuple[str, str, str]]) -> Made:
    return Made(COLUMNS, [Record(key, (Cell(name), Cell(size))) for key, name, size in rows])


@asynccontextmanager
async def small(count: int = 80) -> AsyncIterator[tuple[Small, RecordTable, Pilot[None]]]:
    app = Small()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.show(records(range(count)))
        app.table.focus()
        await pilot.pause()
        yield app, app.table, pilot


def line(table: RecordTable, y: int) -> str:
    return table.render_line(y).text


def top_row(table: RecordTable) -> str:
    """The key of the first row on the screen."""
    return table.keys[table.scroll_offset.y]


async def go_to(table: RecordTable, pilot: Pilot[None], key: str) -> None:
    assert table.move_to(key)
    await pilot.pause()


async def test_keys_move_and_the_row_stays_visible():
    async with small() as (app, table, pilot):
        await pilot.press("down", "j", "up", "down")
        assert table.cursor_key == "k2"
        await pilot.press("G")
        assert table.cursor_key == "k79"
        assert table.row_region("k79") is not None
        await pilot.press("pageup", "g")
        assert table.cursor_key == "k0"
        await pilot.press("up")
        assert table.cursor_key == "k0"
        await pilot.press("pagedown", "enter")
        assert app.chosen == [table.cursor_key]
        assert table.cursor_key not in (None, "k0")


async def test_rows_that_go_above_leave_the_cursor_where_it_is_on_the_screen():
    async with small() as (_app, table, pilot):
        await go_to(table, pilot, "k45")
        await pilot.press("up", "up", "down")
        region = table.row_region("k44")
        table.show(records(each for each in range(80) if each not in (1, 2, 70)))
        await pilot.pause()
        assert table.cursor_key == "k44"
        assert table.row_region("k44") == region


async def test_rows_that_come_above_leave_it_too():
    async with small() as (_app, table, pilot):
        await go_to(table, pilot, "k45")
        region = table.row_region("k45")
        table.show(records([*range(200, 230), *range(80)]))
        await pilot.pause()
        assert table.cursor_key == "k45"
        assert table.row_region("k45") == region


async def test_when_its_row_goes_the_cursor_stays_at_the_same_place():
    async with small() as (app, table, pilot):
        await go_to(table, pilot, "k45")
        app.moved.clear()
        table.show(records(each for each in range(80) if each != 45))
        await pilot.pause()
        assert table.cursor_key == "k46"
        assert app.moved == ["k46"], "what is meant now is told"
        table.show(records(range(10)))
        await pilot.pause()
        assert table.cursor_key == "k9"
        table.show(records([]))
        await pilot.pause()
        assert table.cursor_key is None
        await pilot.press("down", "enter", "space")
        assert app.chosen == []


async def test_another_order_takes_the_cursor_along():
    async with small() as (app, table, pilot):
        await go_to(table, pilot, "k3")
        app.moved.clear()
        table.show(records(reversed(range(80))))
        await pilot.pause()
        assert table.cursor_key == "k3"
        assert table.row_region("k3") is not None
        assert app.moved == []


async def test_hundred_refreshes_of_the_same_move_nothing():
    async with small() as (app, table, pilot):
        await go_to(table, pilot, "k45")
        app.moved.clear()
        top = top_row(table)
        for turn in range(100):
            table.show(made((f"k{n}", f"row-{n:03}", str(turn)) for n in range(80)))
        await pilot.pause()
        assert (table.cursor_key, top_row(table)) == ("k45", top)
        assert app.moved == []


async def test_marks_stay_with_their_rows_and_go_with_them():
    async with small(5) as (_app, table, pilot):
        await pilot.press("space", "space")
        assert table.marked == ("k0", "k1")
        assert table.cursor_key == "k2", "it goes on to the next"
        table.show(records([4, 3, 1, 2]))
        await pilot.pause()
        assert table.marked == ("k1",)
        assert line(table, 3).startswith(ASCII.mark)
        await pilot.press("ctrl+a")
        assert len(table.marked) == 4
        await pilot.press("ctrl+a")
        assert table.marked == ()
        assert not table.clear_marks()


async def test_while_rows_come_in_nobody_is_moved_down_unless_he_chose_a_row():
    app = Small()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.focus()
        app.table.show(records([5]), filling=True)
        app.table.show(records([1, 5]), filling=True)
        await pilot.pause()
        assert app.table.cursor_key == "k1"
        await pilot.press("down")
        app.table.show(records([0, 1, 5]), filling=True)
        await pilot.pause()
        assert app.table.cursor_key == "k5"


async def test_clicks_choose_open_and_sort():
    async with small() as (app, table, pilot):
        await pilot.click(table, offset=(3, 5))
        assert table.cursor_key == "k4"
        assert app.chosen == []
        await pilot.click(table, offset=(3, 5))
        assert app.chosen == ["k4"]
        await pilot.click(table, offset=(3, 0))
        assert app.clicked == ["name"]
        left = line(table, 0).index("SIZE")
        await pilot.click(table, offset=(left, 0))
        assert app.clicked == ["name", "size"]
        table.show(records([1]))
        await pilot.pause()
        app.chosen.clear()
        await pilot.click(table, offset=(3, 9))
        assert app.chosen == [], "below the rows there is nothing to open"


async def test_cells_are_text_and_wide_letters_keep_the_columns():
    async with small() as (_app, table, pilot):
        odd = ["a[b]c", "x[/y]", "日本語の名前です", "tab\tand\x1b[31m", "e\u0301te\u0301"]
        table.show(made((name, name, "7") for name in odd), "", filling=False)
        await pilot.pause()
        lines = [line(table, y) for y in range(1, len(odd) + 1)]
        assert lines[0].split() == ["a[b]c", "7"]
        assert lines[1].split() == ["x[/y]", "7"]
        width = table.scrollable_content_region.width
        assert {table.render_line(y).cell_length for y in range(8)} == {width}
        assert "\x1b" not in "".join(lines)


async def test_the_head_tells_the_order():
    async with small() as (_app, table, _pilot):
        assert line(table, 0).split() == ["NAME", "SIZE"]
        table.show_sorted(("size", True))
        assert line(table, 0).split() == ["NAME", "SIZEv"]
        table.show_sorted(("name", False))
        assert line(table, 0).split() == ["NAME^", "SIZE"]
        table.hide_columns({"size"})
        assert line(table, 0).split() == ["NAME^"]


async def test_an_empty_table_says_why():
    async with small(0) as (_app, table, pilot):
        table.show(records([]), "Nothing [b]here[/b]")
        await pilot.pause()
        assert line(table, 1).strip() == "Nothing [b]here[/b]"


class Asked(Made):
    """Counts the records that are asked for."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        super().__init__(COLUMNS, [Record(k, (Cell(name), Cell(size))) for k, name, size in rows])
        self.asked: list[int] = []

    def __getitem__(self, row: int) -> Record:
        self.asked.append(row)
        return super().__getitem__(row)


def many(**sizes: str) -> Asked:
    return Asked((f"k{n}", f"row-{n:05}", sizes.get(f"k{n}", "7")) for n in range(10_000))


async def test_of_ten_thousand_rows_those_in_sight_are_asked_for():
    async with small() as (_app, table, pilot):
        rows = many()
        table.show(rows)
        await pilot.pause()
        assert table.cursor_key == "k0"
        assert sorted(rows.asked) == list(range(19)), "each once"
        rows.asked.clear()
        await pilot.press("down", "up", "j")
        assert rows.asked == []
        await pilot.press("G")
        assert sorted(rows.asked) == list(range(9981, 10_000))


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> list[Region | None]:
    """What of a table is drawn again; None for all of it."""
    found: list[Region | None] = []
    refresh = RecordTable.refresh

    def note(self: RecordTable, *regions: Region, **more: bool) -> RecordTable:
        found.extend(regions or (None,))
        return refresh(self, *regions, **more)

    monkeypatch.setattr(RecordTable, "refresh", note)
    return found


async def test_a_refresh_draws_the_cells_that_are_others(regions: list[Region | None]):
    async with small() as (_app, table, pilot):
        table.show(many())
        await pilot.pause()
        regions.clear()
        table.show(many())
        assert regions == []
        table.show(many(k3="8", k9000="9"))
        left = line(table, 0).index("SIZE") + 4 - COLUMNS[1].width
        assert regions == [Region(left, 4, COLUMNS[1].width, 1)]
        regions.clear()
        await pilot.press("down")
        assert [region.y for region in regions if region] == [1, 2], "the cursor's two lines"
        assert None not in regions


async def test_a_wider_column_draws_everything(regions: list[Region | None]):
    async with small(3) as (_app, table, pilot):
        await pilot.pause()
        regions.clear()
        table.show(made([("k0", "a much wider row", "0"), ("k1", "b", "1"), ("k2", "c", "2")]))
        assert None in regions
        await pilot.pause()
        assert line(table, 1).split() == ["a", "much", "wider", "row", "0"]
