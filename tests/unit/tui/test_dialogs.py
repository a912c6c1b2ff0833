"""The dialogs by themselves: choosing, reading on, what a question warns of, columns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rich.text import Text
from textual.color import Color
from textual.containers import VerticalScroll
from textual.content import Content
from textual.pilot import Pilot
from textual.style import Style
from textual.widgets import Input, OptionList, Static

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.dialogs.columns import ChooseColumns
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.dialogs.simple import Choose
from vcltui.tui.tones import tones
from vcltui.tui.typed_ahead import TypedAheadApp
from vcltui.tui.widgets.records import Column

IMAGES = (("linux-a-1-v1", "Base"), ("linux-b-2-v1", "Office [b]"), ("win10-c-3-v1", "GIS"))


class Asking(TypedAheadApp):
    """An app with nothing but a dialog."""

    def __init__(self, dialog: Dialog[Any]) -> None:
        super().__init__()
        self.console.push_theme(tones(self.theme_variables))
        self.dialog, self.answers = dialog, []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


@asynccontextmanager
async def asking(dialog: Dialog[Any]) -> AsyncIterator[tuple[Asking, Pilot[None]]]:
    app = Asking(dialog)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        yield app, pilot


def options(app: Asking) -> list[str]:
    return [str(one.prompt) for one in app.screen.query_one(OptionList).options]


def words(app: Asking) -> str:
    return "\n".join(str(one.visual) for one in app.screen.query(Static).results(Static))


# --- choosing ---


async def test_up_and_down_choose_while_the_filter_has_the_keys():
    async with asking(Choose("Which?", IMAGES)) as (app, pilot):
        await pilot.press("down", "down", "up", "enter")
        assert app.answers == ["linux-b-2-v1"]


async def test_up_from_the_first_is_the_last_of_those_that_fit():
    async with asking(Choose("Which?", IMAGES)) as (app, pilot):
        await pilot.press(*"linux", "up", "enter")
        assert app.answers == ["linux-b-2-v1"]


async def test_the_notes_stand_in_one_column():
    async with asking(Choose("Which?", (("a", "one"), ("longer", "two")))) as (app, _):
        assert options(app) == ["a       one", "longer  two"]


async def test_the_lines_of_a_tree_stand_before_the_values():
    tree = Choose("Which?", (("one", "x"), ("two", "y")), ("└─ ", "   └─ "))
    async with asking(tree) as (app, pilot):
        assert options(app) == ["└─ one     x", "   └─ two  y"]
        await pilot.press(*"two", "enter")
        assert app.answers == ["two"]


async def test_where_nothing_fits_enter_takes_nothing():
    async with asking(Choose("Which?", IMAGES)) as (app, pilot):
        await pilot.press(*"zz", "enter", "down", "backspace", "backspace")
        assert app.answers == []
        assert len(options(app)) == len(IMAGES)
        await pilot.press("z", "z")
        assert options(app) == ["Nothing fits"]
        await pilot.press("escape")
        assert app.answers == [None]


async def test_a_click_takes_a_row():
    async with asking(Choose("Which?", IMAGES)) as (app, pilot):
        await pilot.click(OptionList, offset=(3, 2))
        assert app.answers == ["linux-b-2-v1"]


# --- reading ---

LONG = Text("\n".join(f"line {number}" for number in range(100)))


async def test_a_long_text_is_read_by_keys_as_fast_as_they_come():
    async with asking(Reader("Long", LONG)) as (app, pilot):
        scroll = app.screen.query_one(VerticalScroll)
        height = scroll.scrollable_content_region.height
        assert "up, down: read on" in words(app)
        await pilot.press("pagedown", "space")
        assert scroll.scroll_offset.y == 2 * (height - 1)
        await pilot.press("j", "down", "k", "pageup")
        assert scroll.scroll_offset.y == height
        await pilot.press("G")
        assert scroll.scroll_offset.y == 100 - height
        await pilot.press("g")
        assert scroll.scroll_offset.y == 0
        await pilot.press("enter")
        assert app.answers == [None]


async def test_of_a_short_text_nothing_is_said_to_be_more():
    async with asking(Reader("Short", Text("one"))) as (app, _):
        assert "read on" not in words(app)


# --- questions ---


async def test_a_question_says_on_top_what_would_be_lost():
    question = Confirm("Power off vm1?", LONG, warning="Its memory [b] is lost.")
    async with asking(question) as (app, pilot):
        shown = words(app).splitlines()
        assert shown[:2] == ["Power off vm1?", "Its memory [b] is lost."]
        warning = list(app.screen.query(Static).results(Static))[1].visual
        assert isinstance(warning, Content)
        (span,) = warning.spans
        assert isinstance(span.style, Style)
        assert span.style.foreground == Color.parse(app.theme_variables["warning"])
        await pilot.press("G", "y")
        assert app.answers == [True]


async def test_a_word_that_is_wrong_can_be_typed_anew():
    async with asking(Confirm("Unload vm1?", LONG, word="vm1")) as (app, pilot):
        await pilot.press("y", "enter")
        assert app.answers == []
        await pilot.press("backspace", *"vm1", "enter")
        assert app.answers == [True]


async def test_the_text_scrolls_while_a_word_is_typed():
    async with asking(Confirm("Unload vm1?", LONG, word="vm1")) as (app, pilot):
        await pilot.press(*"vm", "down", "down", "pagedown")
        assert app.screen.query_one(VerticalScroll).scroll_offset.y > 2
        assert app.screen.query_one(Input).value == "vm"


# --- columns ---

COLUMNS = (Column("a", "NAME", 4, letter="N"), Column("b", "STATE", 5), Column("c", "X", 3))


async def test_columns_are_marked_by_a_sign_and_say_how_they_sort():
    async with asking(ChooseColumns(COLUMNS, {"c"})) as (app, pilot):
        assert options(app) == ["[x] NAME   N sorts by it", "[x] STATE", "[ ] X    "]
        await pilot.press("space", "down", "space", "down", "space")
        assert options(app) == ["[x] NAME   N sorts by it", "[ ] STATE", "[x] X    "]
        await pilot.press("enter")
        assert app.answers == [frozenset({"b"})]
