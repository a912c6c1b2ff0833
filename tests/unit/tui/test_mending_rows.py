"""What `m` mends: the marked rows or that of the cursor; and why it does not, told before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.tui.driving import Driver, HeardConsole, lab_console
from tests.unit.tui.frozen import (
    DIAGNOSIS,
    LEFT_OVER,
    STUCK,
    FrozenExaminer,
    frozen_console,
    frozen_workspace,
)
from vcltui.demo.lab import Lab
from vcltui.doctor.findings import Finding
from vcltui.tui.commands import OWN
from vcltui.tui.dialogs.choosing import ChooseWrapped
from vcltui.tui.dialogs.command_line import CommandLine
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.help_text import help_text
from vcltui.tui.screens.doctor import DoctorScreen

OTHER = replace(STUCK, subject="reservation 71", reservation=71, computer="vm1", remedies=("C",))


def found(home: Path, *findings: Finding) -> HeardConsole:
    app = frozen_console(frozen_workspace(home))
    examiner = FrozenExaminer(replace(DIAGNOSIS, findings=findings))
    object.__setattr__(app.desk, "examiner", cast(Any, examiner))
    return app


async def test_marked_rows_are_offered_what_all_of_them_have(tmp_path: Path):
    app = found(tmp_path, STUCK, OTHER, LEFT_OVER)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("7")
        await driver.at("doctor", STUCK.subject)
        await driver.press("space", "space", "m")
        await driver.shows(ChooseWrapped)
        assert "Which remedy for 2 marked rows?" in driver.words()
        (option,) = driver.options()
        assert option.startswith("C Delete request")
        assert "reservation 72 on vm10, reservation 71 on vm1" in option
    app.end()


async def test_marked_rows_without_a_shared_remedy_are_refused(tmp_path: Path):
    app = found(tmp_path, STUCK, OTHER, LEFT_OVER)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("7")
        await driver.at("doctor", STUCK.subject)
        await driver.press("ctrl+a", "m")
        told = await driver.hears("Mend is not possible")
        assert told.words.startswith("The marked ones share no remedy: reservation 72")
        assert isinstance(driver.app.screen, DoctorScreen)
    app.end()


async def test_the_marked_reservations_are_mended_one_after_another(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.until(lambda: driver.app.desk.examiner.diagnosis, "a diagnosis")
        await driver.press("4")
        await driver.at("reservations", "vm23")
        await driver.press("space")
        await driver.at("reservations", "vm24")
        await driver.press("space", "m")
        await driver.shows(ChooseWrapped)
        assert "reservation 5 on vm23, reservation 6 on vm24" in driver.options()[0]
        await driver.choose("requeue")
        await driver.shows(Confirm)
        assert "Requeue: 2 targets?" in driver.words()
        assert driver.words().count("UPDATE request SET stateid") >= 2
        await driver.press("y")
        await driver.ended(1)
        await driver.ended(2)


async def test_what_would_be_refused_says_so_before_it_is_chosen(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.until(lambda: driver.app.desk.examiner.diagnosis, "a diagnosis")
        await driver.press("4")
        await driver.at("reservations", "vm22")
        await driver.press("m")
        await driver.shows(ChooseWrapped)
        assert "Which remedy for reservation 4 on vm22?" in driver.words()
        (requeue,) = (one for one in driver.options() if "A Requeue" in one)
        words = " ".join(requeue.split())
        assert "refused now: Reservation 4 may have left a partial master" in words
        assert "with `vcltui computer assign`" in words
        (complete,) = (one for one in driver.options() if "E Complete" in one)
        assert "refused" not in complete


async def test_a_computer_is_mended_where_it_is_seen(tmp_path: Path):
    app = found(tmp_path, STUCK)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.at("domains", "vm10")
        await driver.press("m")
        await driver.shows(ChooseWrapped)
        assert "Which remedy for vm10?" in driver.words()
    app.end()


@pytest.mark.parametrize(
    ("place", "row", "reason"),
    [
        ("2", "vm1", "The doctor found nothing wrong with it"),
        ("7", "network dmz", "What was found has no remedy that is safe"),
        ("3", "", "Nothing that the doctor looks at is chosen"),
        ("5", "", "Nothing that the doctor looks at is chosen"),
    ],
)
async def test_a_key_that_mends_nothing_says_why(tmp_path: Path, place: str, row: str, reason: str):
    nothing = replace(LEFT_OVER, subject="network dmz", remedies=())
    app = found(tmp_path, STUCK, nothing)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press(place)
        if row:
            await driver.at({"2": "domains", "7": "doctor"}[place], row)
        await driver.press("m")
        assert (await driver.hears("Mend is not possible")).words == reason
        await driver.command("mend")
        assert [one.words for one in driver.told] == [reason] * 2
    app.end()


async def test_mending_is_a_command_where_it_is_possible(tmp_path: Path):
    app = found(tmp_path, STUCK, LEFT_OVER)
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.at("domains", "vm1")
        await driver.press("colon")
        await driver.shows(CommandLine)
        await driver.type("men")
        assert not [one for one in driver.options() if one.startswith("mend")]
        await driver.press("escape", "7")
        await driver.at("doctor", STUCK.subject)
        await driver.press("colon")
        await driver.shows(CommandLine)
        await driver.type("men")
        assert [one for one in driver.options() if one.startswith("mend")]
        await driver.press("enter")
        await driver.shows(ChooseWrapped)
        await driver.press("escape")
        await driver.back()
        await driver.press("ctrl+p")
        await driver.until(lambda: app.screen.is_modal, "the palette")
        await driver.type("mend")
        await pilot.pause(0.5)
        await driver.press("enter")
        await driver.shows(ChooseWrapped)
    app.end()


@pytest.mark.parametrize(
    ("keys", "title", "words"),
    [
        (("5", "l"), "Logs is not possible", "Nothing is chosen"),
        (("5", "enter"), "Open is not possible", "Its steps and its log stand below"),
        (("7", "G", "enter"), "Open is not possible", f"{LEFT_OVER.subject}: no reserv"),
        (
            ("4", "colon", *"cancel", "enter"),
            "Cancel is not possible",
            "It is for the list of jobs",
        ),
        (("5", "G", "x"), "Cancel is not possible", "It has ended: done"),
        (("5", "colon", *"retry", "enter"), "Retry is not possible", "It did not fail"),
    ],
)
async def test_no_key_does_nothing_silently(
    frozen: HeardConsole, keys: tuple[str, ...], title: str, words: str
):
    async with frozen.run_test(size=(140, 45)) as pilot:
        driver = Driver(frozen, pilot)
        await driver.press(*keys)
        told = await driver.hears(title)
        assert told.words.startswith(words)
        assert not told.markup


def test_every_own_command_is_told_in_the_help():
    words = help_text({}).plain
    assert all(f":{name}" in words for name in OWN)
