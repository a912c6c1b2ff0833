"""The `:` commands and the palette, on facts that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.tui.driving import Driver, HeardConsole, until
from tests.unit.tui.frozen import BASE, JOBS, OFFICE, FrozenFleet, frozen_console, frozen_workspace
from vcltui.errors import NotFoundError, RefusedError, UsageError
from vcltui.runtime.actions import ACTIONS, BY_ID, possible
from vcltui.tui.commands import CONSOLE, PLACES, Commands, Do, GoTo, Tell, command_name
from vcltui.tui.dialogs.columns import ChooseColumns
from vcltui.tui.dialogs.command_line import CommandLine
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.places import Place
from vcltui.tui.screens.domain import DomainScreen


@pytest.fixture
def app(tmp_path: Path) -> Iterator[HeardConsole]:
    made = frozen_console(frozen_workspace(tmp_path))
    yield made
    made.end()


@pytest.fixture
def commands(app: HeardConsole) -> Commands:
    return app.commands


# --- what a line means ---


def test_places_with_and_without_a_filter(commands: Commands):
    for name in PLACES:
        assert commands.parse(name) == GoTo(Place(name))
    assert commands.parse(" domains  host:kvm-b !on ") == GoTo(
        Place("domains", filter="host:kvm-b !on")
    )
    assert commands.parse("vms") == GoTo(Place("domains"))


def test_every_action_and_every_word_to_the_console_is_understood(commands: Commands):
    for action in ACTIONS:
        assert commands.parse(command_name(action)) == Do(action)
    for name in CONSOLE:
        assert commands.parse(name) == Tell(name)
    assert commands.parse("q") == Tell("quit")
    assert commands.parse("sort cpu") == Tell("sort", "cpu")


def test_a_beginning_that_is_one_command_alone_is_enough(commands: Commands):
    assert commands.parse("reserv") == GoTo(Place("reservations"))
    assert commands.parse("them nord") == Tell("theme", "nord")
    assert commands.parse("maint") == Do(BY_ID["maintenance"])


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("nonsense", UsageError, "There is no command 'nonsense'"),
        ("s", UsageError, "may be several commands"),
        ("", UsageError, ""),
        ("load 'vm1", UsageError, "quotes"),
        ("power-off vm1 now", UsageError, "takes one name"),
        ("quit now", UsageError, ":quit takes nothing behind it, not 'now'"),
        ("mend vm1", UsageError, ":mend takes nothing behind it"),
        ("power-off vm99", NotFoundError, "nothing named 'vm99'"),
        ("power-off vm", NotFoundError, "nothing named 'vm'"),
        (f"image-info {BASE}", RefusedError, "datastore on kvm-a, repository on kvm-a"),
    ],
)
def test_what_is_not_understood_says_why(
    commands: Commands, line: str, error: type[Exception], words: str
):
    with pytest.raises(error) as found:
        commands.parse(line)
    assert words in str(found.value)


def test_targets_are_exact_names(commands: Commands):
    command = commands.parse("power-off vm1")
    assert isinstance(command, Do)
    assert command.subject is not None
    assert command.subject.domain == f"vm1:{BASE}"
    whole = commands.parse(f"power-off vm1:{BASE}")
    assert isinstance(whole, Do)
    assert whole.subject == command.subject


def test_what_stands_behind_the_target_is_told_to_the_action(commands: Commands):
    for line, key, words in (
        (f"load vm4 {OFFICE}", "image", OFFICE),
        ("capture vm1 Lab Seven", "name", "Lab Seven"),
        ("snapshot-create vm1 'before update'", "new_snapshot", "before update"),
        ("snapshot-revert vm1 clean", "snapshot", "clean"),
    ):
        command = commands.parse(line)
        assert isinstance(command, Do)
        assert command.known == {key: words}


def test_an_image_in_two_places_is_the_one_that_the_action_can_have(commands: Commands):
    command = commands.parse(f"image-to-repository {BASE}")
    assert isinstance(command, Do)
    assert command.subject is not None
    assert command.subject.location == "datastore"


# --- what may be meant ---


def suggested(commands: Commands, text: str) -> list[str]:
    return [one.line for one in commands.suggest(text, ["nord", "vcltui-dark"])]


def test_suggestions_of_names_begin_with_what_begins_so(commands: Commands):
    found = suggested(commands, "snap")
    assert found == ["snapshot-create", "snapshot-revert", "snapshot-delete"]
    assert suggested(commands, "off") == ["power-off"]
    every = suggested(commands, "")
    assert set(every) == {*PLACES, *CONSOLE, *map(command_name, ACTIONS)}


def test_suggestions_of_targets_are_those_that_are_possible(commands: Commands):
    assert suggested(commands, "resume ") == ["resume vm2"]
    assert suggested(commands, "power-off vm1") == ["power-off vm1"]
    assert sorted(suggested(commands, "power-off ")) == [
        "power-off 'stray[red]'", "power-off vm1", "power-off vm2",
    ]  # fmt: skip


def test_suggestions_of_images_and_themes(commands: Commands):
    assert suggested(commands, "load vm4 off") == [f"load vm4 {OFFICE}"]
    assert suggested(commands, "theme no") == ["theme nord"]
    assert suggested(commands, "domains host:x") == ["domains host:x"]
    assert suggested(commands, "nonsense x") == []


def test_each_suggestion_is_understood(commands: Commands):
    for action in ACTIONS:
        for line in suggested(commands, f"{command_name(action)} "):
            try:
                command = commands.parse(line)
            except RefusedError:
                assert action.id in ("describe", "copy", "image_info", "image_check",
                                     "image_convert", "load", "image_import")  # fmt: skip
                continue
            assert isinstance(command, Do)
            assert command.action is action


# --- in the console ---


async def test_typed_lines(app: HeardConsole):
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.command("domains host=kvm-b")
        assert driver.cells("domains", "computer") == ["vm3"]
        await driver.command("filter")
        assert len(driver.cells("domains", "computer")) == 6
        await driver.command("sort memory")
        assert "MEMORY" in driver.table("domains").render_line(0).text
        await driver.command("sort nothing")
        assert "There are the columns: power, computer" in driver.told[-1].words
        await driver.command("faults")
        assert sorted(driver.cells("domains", "computer")) == ["stray[red]", "vm10", "vm3"]
        await driver.command("theme nord")
        assert app.theme == "nord"
        await driver.command("theme [/x]")
        assert "vcltui-dark" in driver.told[-1].words
        assert app.theme == "nord"
        await driver.command("nonsense [/x]")
        assert "There is no command 'nonsense'" in driver.told[-1].words
        assert not driver.told[-1].markup
        await driver.command("hosts")
        assert driver.pane("hosts").table.has_focus
        await driver.command("back")
        assert driver.pane("domains").table.has_focus
        await driver.command("forward")
        await driver.command("describe vm1")
        await driver.shows(DomainScreen)
        await driver.command("sort cpu")
        assert "There is no list here" in driver.told[-1].words
        await driver.command("refresh")
        fleet = app.fleet
        assert isinstance(fleet, FrozenFleet)
        assert fleet.refreshed == [None]
        await driver.command("help")
        await driver.shows(Reader)
        await driver.press("escape")
        await driver.back()
        await driver.command("q")
        await driver.shows(Confirm)
        assert JOBS[0].title in driver.words(), "what runs is named"
        await driver.press("y")
        await until(lambda: app._exit, "the end")
    assert app.return_code == 0


async def test_the_line_completes_chooses_and_is_left(app: HeardConsole):
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("colon")
        line = await driver.shows(CommandLine)
        await driver.type("resu")
        assert driver.options()[0].startswith("resume")
        await driver.press("tab")
        assert line.query_one("Input").value == "resume "  # type: ignore[attr-defined]
        assert [one.split()[1] for one in driver.options()] == ["vm2"]
        await driver.press("escape")
        await driver.back()
        await driver.press("colon")
        await driver.shows(CommandLine)
        await driver.type("h")
        at = [one.split()[0] for one in driver.options()].index("hosts")
        await driver.press(*(["down"] * at), "enter")
        await driver.back()
        assert driver.settled.query("#hosts")
        await driver.press("colon")
        await driver.shows(CommandLine)
        await driver.enter("imag")
        await driver.until(lambda: app.screen.query("#images"), "the first that fits")


async def test_the_palette_offers_what_is_possible_on_the_row(app: HeardConsole):
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.at("domains", "vm2")
        subject = app.subject
        await driver.press("ctrl+p")
        await driver.type("vm2")
        await driver.until(lambda: any("vm2" in line for line in driver.options()), "offers")
        offers = " ".join(driver.options())
        for action in ACTIONS:
            wanted = f"{action.label}: vm2"
            assert (wanted in offers) == (possible(action, subject) is None), wanted
        assert "Resume: vm2" in offers
        assert "Suspend: vm2" not in offers
        await driver.press("escape")


async def test_the_palette_shows_names_that_look_like_markup_and_leads_to_places(
    app: HeardConsole,
):
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.at("domains", "stray[red]")
        await driver.press("ctrl+p")
        await driver.type("Copy")
        await driver.until(
            lambda: any("Copy: stray[red]" in line for line in driver.options()), "the offer"
        )
        await driver.press("escape")
        await driver.back()
        await driver.press("ctrl+p")
        await driver.until(
            lambda: any("Copy: stray[red]" in line for line in driver.options()), "all offers"
        )
        await driver.type("Reservations")
        await driver.until(driver.options, "the place")
        await driver.press("enter")
        await driver.until(lambda: app.screen.query("#reservations"), "the place")


async def test_columns_are_chosen_and_left_out(app: HeardConsole):
    async with app.run_test(size=(140, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.press("2")
        assert "UUID" not in driver.table("domains").render_line(0).text
        await driver.press("o")
        await driver.shows(ChooseColumns)
        await driver.press("space", "down", "space", "end", "space", "enter")
        await driver.back()
        head = driver.table("domains").render_line(0).text
        assert "POWER" in head, "the first column stays"
        assert "COMPUTER" not in head
        assert driver.pane("domains").hidden_columns == {"computer", "name"}
        await driver.press("o")
        await driver.shows(ChooseColumns)
        await driver.press("space", "escape")
        await driver.back()
        assert driver.pane("domains").hidden_columns == {"computer", "name"}
