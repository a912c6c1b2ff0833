"""The dialogs by themselves: choosing, reading on, what a question warns of, columns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.segment import Segment
from rich.text import Text
from textual.color import Color
from textual.containers import VerticalScroll
from textual.content import Content
from textual.pilot import Pilot
from textual.strip import Strip
from textual.style import Style
from textual.widgets import Input, OptionList, Static

from vcltui.tui.dialogs.base import Dialog
from vcltui.tui.dialogs.columns import ChooseColumns
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.dialogs.simple import Ask, Choose
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


async def test_an_empty_answer_is_told_to_be_none():
    async with asking(Ask("Name of the snapshot of vm1:")) as (app, pilot):
        await pilot.press("enter")
        shown = [str(one.visual) for one in app.screen.query(Static)]
        assert "Nothing is typed yet" in shown
        await pilot.press("x")
        assert "Nothing is typed yet" not in [str(one.visual) for one in app.screen.query(Static)]
        await pilot.press("enter")
        assert app.answers == ["x"]


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


# --- what is hostile ---

EVIL = "vm1\x1b]0;OWNED\x07\x9b31m\u202e"


def drawn(app: Asking) -> str:
    """All that is given to the terminal, in the order of the lines."""
    strips = app.screen._compositor.render_strips()
    return "".join(segment.text for strip in strips for segment in strip if not segment.control)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Confirm(f"Unload {EVIL}?", Text(EVIL), warning=f"{EVIL} is lost", word=EVIL),
        lambda: Ask(EVIL, value=EVIL, explanation=EVIL, preview=lambda text: f"{text}{EVIL}"),
        lambda: Choose(EVIL, ((EVIL, EVIL),), (EVIL,)),
        lambda: Reader(EVIL, Text(f"{EVIL} and\nmore")),
    ],
    ids=["confirm", "ask", "choose", "reader"],
)
async def test_no_dialog_draws_what_moves_the_cursor(make: Callable[[], Dialog[Any]]):
    async with asking(Reader("Short", Text("one"))) as (app, pilot):
        await app.push_screen(make())
        await pilot.pause()
        text = drawn(app)
        assert "OWNED" in text
        assert not set("\x1b\x07\x9b\u202e") & set(text)


async def test_a_widget_that_forgot_it_draws_nothing_that_moves_the_cursor():
    class Careless(Static):
        def render_line(self, y: int) -> Strip:
            return Strip([Segment("a\x1b[2Jb\xa0\u4e2d\x9bc")])

    app = Asking(Reader("Long", LONG))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        careless = Careless()
        careless.border_title = "x\x1b]0;y"
        careless.styles.border = ("round", "white")
        await app.screen.query_one(VerticalScroll).mount(careless, before=0)
        await pilot.pause()
        assert "a[2Jb\xa0\u4e2dc" in drawn(app)
        assert "\x1b" not in drawn(app)


async def test_what_is_told_is_plain_and_short():
    app = Asking(Reader("Short", Text("one")))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.screen.notify(f"it says:\n{EVIL}" + "A" * 10_000, title=EVIL, markup=False)
        await pilot.pause()
        (told,) = app._notifications
        assert told.message.startswith("it says:\nvm1�]0;OWNED��31m�AAA")
        assert len(told.message) < 3000
        assert told.title == "vm1�]0;OWNED��31m�"
        assert not set("\x1b\x07\x9b\u202e") & set(drawn(app))


# --- columns ---

COLUMNS = (Column("a", "NAME", 4, letter="N"), Column("b", "STATE", 5), Column("c", "X", 3))


async def test_columns_are_marked_by_a_sign_and_say_how_they_sort():
    async with asking(ChooseColumns(COLUMNS, {"c"})) as (app, pilot):
        assert options(app) == ["[x] NAME   N sorts by it", "[x] STATE", "[ ] X    "]
        await pilot.press("space", "down", "space", "down", "space")
        assert options(app) == ["[x] NAME   N sorts by it", "[ ] STATE", "[x] X    "]
        await pilot.press("enter")
        assert app.answers == [frozenset({"b"})]
