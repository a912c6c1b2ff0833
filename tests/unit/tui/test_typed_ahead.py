"""What is typed faster than the console draws is for the dialog that is on its way."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.unit.tui.driving import WIDE, Driver, FakeTerminal, HeardConsole, until
from vcltui.operations.step import Operation
from vcltui.runtime import terminal_commands
from vcltui.runtime.jobs import work as job_work
from vcltui.tui.dialogs.command_line import CommandLine
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.tui.dialogs.waiting import Waiting
from vcltui.tui.screens.overview import Overview

PLANNED = SimpleNamespace(operation=Operation("1", "x", "vm1", "kvm-a", "Do it", ()), lock_name="x")
_CHARACTERS = {"enter": "\r", "escape": None, "colon": ":", "slash": "/"}


def burst(driver: Driver, *keys: str) -> None:
    """Type keys without a pause, so that all are there before the first has done anything."""
    for key in keys:
        driver.app.post_message(Key(key, _CHARACTERS.get(key, key)))


class Held:
    """A call that waits until it is let go."""

    def __init__(self, answer: object) -> None:
        self.answer, self.begun, self.go = answer, threading.Event(), threading.Event()

    def __call__(self, *_: object) -> object:
        self.begun.set()
        self.go.wait()
        return self.answer


@pytest.fixture
async def driver(frozen: HeardConsole):
    terminal = FakeTerminal()
    frozen._views._terminal = terminal
    async with frozen.run_test(size=WIDE) as pilot:
        made = Driver(frozen, pilot)
        await made.at("domains", "vm4")
        yield made
        assert terminal.ran == []


async def test_letters_after_the_key_of_a_dialog_are_its_filter(driver: Driver):
    """`s`, `t` and `a` are keys of actions under it."""
    burst(driver, "L", *"statist")
    dialog = await driver.shows(Choose)
    line = dialog.query_one(Input)
    await driver.until(lambda: line.value == "statist", "the letters, in their order")
    assert driver.told == []


async def test_enter_among_them_chooses(driver: Driver, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job_work, "plan", lambda *_: PLANNED)
    burst(driver, "L", *"base", "enter")
    await driver.shows(Confirm)
    assert driver.told == []


async def test_letters_after_the_colon_are_the_command(driver: Driver):
    burst(driver, "colon", *"doctor", "enter")
    await driver.until(lambda: driver.app.screen.query("#doctor"), "the doctor's screen")
    assert driver.told == []


async def test_what_is_typed_after_leaving_a_dialog_is_for_what_was_under_it(driver: Driver):
    await driver.press("question_mark")
    await driver.shows(Reader)
    burst(driver, "escape", "colon", "q")
    dialog = await driver.shows(CommandLine)
    await driver.until(lambda: dialog.query_one(Input).value == "q", "the letter")


async def test_a_yes_that_was_typed_before_the_question_was_there_is_none(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
):
    held = Held(PLANNED)
    monkeypatch.setattr(job_work, "plan", held)
    await driver.at("domains", "vm1")
    burst(driver, "O")
    await asyncio.to_thread(held.begun.wait)
    burst(driver, "y", "y")
    await driver.shows(Waiting)
    held.go.set()
    question = await driver.shows(Confirm)
    await driver.pilot.pause()
    assert driver.app.screen is question
    await driver.press("n")
    await driver.shows(Overview)
    assert driver.told == []


async def test_what_lasts_is_said_and_left_by_escape(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
):
    held = Held(())
    monkeypatch.setattr(terminal_commands, "terminal_choices", held)
    await driver.at("domains", "vm1")
    burst(driver, "s")
    await asyncio.to_thread(held.begun.wait)
    waiting = await driver.shows(Waiting)
    await until(lambda: waiting.query_one(".dialog").display, "the words")
    assert "Shell: vm1" in driver.words()
    burst(driver, "x", "escape")
    await driver.shows(Overview)
    held.go.set()
    await driver.pilot.pause()
    assert driver.told == []


async def test_letters_after_the_slash_are_the_filter(driver: Driver):
    """`v`, `m` and `2` do other things where the list has the keys."""
    burst(driver, "slash", *"vm2", "enter")
    await driver.until(lambda: driver.pane("domains").filter == "vm2", "the filter")
    await driver.until(lambda: driver.table("domains").has_focus, "its end")
    assert driver.cells("domains", "computer") == ["vm2"]
    assert driver.told == []


async def test_what_is_typed_on_goes_to_the_row_that_the_filter_leaves(driver: Driver):
    burst(driver, "slash", *"vm2", "enter", "L")
    await driver.shows(Choose)
    assert "onto vm2" in driver.words()
    await driver.press("escape")
    await driver.shows(Overview)
    assert driver.pane("domains").filter == "vm2"


async def test_what_is_typed_after_a_name_is_for_the_next_question(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(job_work, "plan", lambda *_: PLANNED)
    await driver.at("domains", "vm1")
    burst(driver, "n", *"one", "enter", "y")
    await driver.shows(Confirm)
    await driver.pilot.pause()
    assert isinstance(driver.app.screen, Confirm), "the yes was typed before it was there"


async def test_a_line_that_is_not_taken_goes_on_with_what_was_typed(driver: Driver):
    await driver.at("domains", "vm1")
    burst(driver, "n", "enter", *"one")
    dialog = await driver.shows(Ask)
    await driver.until(lambda: dialog.query_one(Input).value == "one", "what was typed")


async def test_what_is_typed_after_a_place_is_for_its_list(driver: Driver):
    burst(driver, "2", "G", "k", "slash", *"vm10", "enter", "c")
    await driver.until(lambda: driver.app.clipboard == "vm10", "the name of its row")
    assert driver.pane("domains").filter == "vm10"
    assert not driver.app.screen.query("#details")
