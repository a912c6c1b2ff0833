"""How it is drawn: without colours, with ASCII alone, in every theme; other keys; read-only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.unit.tui.driving import NARROW, WIDE, Driver
from tests.unit.tui.frozen import BASE, DOMAIN_UUID, ODD, frozen_console, frozen_workspace
from tests.unit.tui.pictures import grid, picture
from vcltui.runtime.actions import ACTIONS, Danger
from vcltui.runtime.workspace import Workspace
from vcltui.tui.commands import PLACES
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.reading import Reader
from vcltui.tui.dialogs.simple import Ask, Choose
from vcltui.tui.places import Place
from vcltui.tui.themes import DARK

# What Textual draws by itself: scroll bars, the line under tabs, marks of a choice.
TEXTUAL_DRAWS = frozenset("▁▂▃▄▅▆▇█▉▊▋▌▍▎▏▔▕━╸╺╴╶▐─┃╏X⏐")


# The letters of blank cells in a picture, whatever the console has.
SVG_FOREGROUND = "#c5c8c6"


@asynccontextmanager
async def look(
    home: Path, *keys: str, size: tuple[int, int] = WIDE, readonly: bool = False, **ui: Any
) -> AsyncIterator[Driver]:
    workspace = frozen_workspace(home, **ui)
    app = frozen_console(Workspace(workspace.config, readonly=readonly))
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await driver.press(*keys)
        yield driver
    app.end()


# --- ASCII ---


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_ascii_mode_draws_nothing_of_its_own_with_other_signs(
    tmp_path: Path, size: tuple[int, int]
):
    async with look(tmp_path, size=size, ascii=True) as driver:

        async def check(what: str) -> None:
            await driver.pilot.pause()
            drawn = set("".join(grid(picture(driver.app))))
            other = {sign for sign in drawn if not sign.isascii()} - TEXTUAL_DRAWS
            assert not other, f"{what}: {other}"

        for number, name in enumerate(PLACES):
            await driver.press(str(number))
            await check(name)
        for tab in ("overview", "xml", "snapshots", "disks", "loadlog", "console"):
            driver.app.go(Place("domain", "kvm-a", DOMAIN_UUID, tab))
            await check(tab)
        driver.app.go(Place("host", "kvm-b"))
        await check("host")
        await driver.press("2", "question_mark")
        await check("help")
        await driver.press("escape", "colon")
        await check("command line")
        await driver.press("escape", "o")
        await check("columns")
        await driver.press("escape")


async def test_ascii_frames_are_around_panes_and_dialogs(tmp_path: Path):
    async with look(tmp_path, "question_mark", ascii=True) as driver:
        assert driver.app.screen.query_one(".dialog").styles.border_top[0] == "ascii"
        await driver.press("escape")
        await driver.back()
        for pane in driver.app.screen.query(".pane"):
            assert pane.styles.border_top[0] == "ascii", pane.id


# --- colours ---


async def test_no_color_draws_greys_alone_and_words_tell_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NO_COLOR", "1")
    async with look(tmp_path) as driver:
        assert driver.app.no_color
        svg = picture(driver.app)
        body = svg[svg.index('<g transform="translate') :]
        styles = re.findall(r"\.t-r\d+ \{ fill: (#[0-9a-f]{6})", svg)
        fills = [*styles, *re.findall(r'<rect fill="(#[0-9a-f]{6})"', body)]
        assert fills
        coloured = {c for c in fills if len({c[1:3], c[3:5], c[5:7]}) > 1}
        assert coloured <= {SVG_FOREGROUND}
        text = "\n".join(grid(svg))
        for words in ("✗ crashed", "✗ unreachable", "◐ suspended", "● on", "! transient"):
            assert words in text


async def test_with_colours_there_are_some(tmp_path: Path):
    async with look(tmp_path) as driver:
        styles = re.findall(r"\.t-r\d+ \{ fill: (#[0-9a-f]{6})", picture(driver.app))
        assert [c for c in styles if len({c[1:3], c[3:5], c[5:7]}) > 1]


async def test_every_theme_draws_the_screens(tmp_path: Path):
    async with look(tmp_path) as driver:
        names = sorted(driver.app.available_themes)
        assert {"vcltui-dark", "vcltui-light", "ansi-dark", "ansi-light"} <= set(names)
        for name in names:
            driver.app.theme = name
            await driver.pilot.pause()
            assert "crashed" in "\n".join(grid(picture(driver.app))), name
        driver.app.go(Place("domain", "kvm-a", DOMAIN_UUID, "xml"))
        for name in ("ansi-light", "ansi-dark", "vcltui-light"):
            driver.app.theme = name
            await driver.until(lambda: "<domain" in driver.part(), name)


async def test_a_theme_that_is_not_there_is_told_and_the_own_is_taken(tmp_path: Path):
    async with look(tmp_path, theme="nope [/x]") as driver:
        assert driver.app.theme == DARK.name
        (told,) = driver.told
        assert "There is no theme 'nope [/x]'" in told.words
        assert not told.markup


async def test_the_theme_of_the_configuration_goes_before_the_kept_one(tmp_path: Path):
    async with look(tmp_path) as driver:
        driver.app.theme = "nord"
    async with look(tmp_path, theme="vcltui-light") as driver:
        assert driver.app.theme == "vcltui-light"
    async with look(tmp_path) as driver:
        assert driver.app.theme != DARK.name


# --- keys of the configuration ---


async def test_keys_can_be_changed(tmp_path: Path):
    keys = {"copy": "f9", "help": "f1", "hosts": "f2", "sort_N": "f3", "row_down": "f4"}
    async with look(tmp_path, keys=keys) as driver:
        await driver.at("domains", "vm1")
        await driver.press("c")
        assert driver.app.clipboard == ""
        await driver.press("f9")
        assert driver.app.clipboard == "vm1"
        await driver.press("f3")
        assert driver.app.desk.kept.sorting("domains") == ("computer", False)
        before = driver.table("domains").cursor_key
        await driver.press("f4")
        assert driver.table("domains").cursor_key != before
        await driver.press("f2")
        await driver.until(lambda: not driver.app.screen.query("#details"), "the hosts")
        await driver.press("f1")
        await driver.shows(Reader)
        assert re.search(r"f9\s+Copy:", driver.words())


# --- read-only ---


async def test_read_only_hides_all_that_changes(tmp_path: Path):
    changing = [action for action in ACTIONS if action.danger is not Danger.READS]
    assert len(changing) > 15
    async with look(tmp_path, readonly=True) as driver:
        assert "READ-ONLY" in driver.words("#status")
        for key, name in (("1", "hosts"), ("2", "domains"), ("3", "images")):
            await driver.press(key)
            for row in driver.table(name).keys:
                driver.table(name).move_to(row)
                offered = [action.id for action in changing if driver.offers(action.id)]
                assert offered == [], row
                assert driver.offers("copy")
        await driver.press("2")
        await driver.at("domains", "vm1")
        await driver.press("O", "L", "U", "e", "n", "X")
        assert driver.settled
        await driver.command("power-off vm1")
        assert "read-only mode" in driver.told[-1].words
        await driver.press("ctrl+a")
        assert [action.id for action in changing if driver.offers(action.id)] == []


# --- markup in names ---


async def test_dialogs_show_names_that_look_like_markup(tmp_path: Path):
    async with look(tmp_path, "3") as driver:
        await driver.at("images", ODD)
        await driver.press("f")
        await driver.shows(Choose)
        assert ODD in driver.words()
        await driver.enter("raw")
        await driver.shows(Ask)
        line = driver.app.screen.query_one(Input)
        assert line.value == f"/data/{ODD}-converted.raw"
        await driver.press("escape")
        await driver.back()
        await driver.press("2")
        await driver.at("domains", "vm4")
        await driver.press("L")
        await driver.shows(Choose)
        assert any(ODD in one and "Odd [b]name[/b]" in one for one in driver.options())
        await driver.press("escape")
        await driver.back()
        await driver.at("domains", "stray[red]")
        await driver.press("n")
        await driver.shows(Ask)
        assert "stray[red]" in driver.words()
        await driver.press("escape")
        await driver.back()
        await driver.press("5", "g", "x")
        await driver.shows(Confirm)
        assert BASE in driver.words()


async def test_screens_show_names_that_look_like_markup(tmp_path: Path):
    async with look(tmp_path) as driver:
        await driver.at("domains", "stray[red]")
        text = "\n".join(grid(picture(driver.app)))
        assert "stray[red]" in text
        assert "no route to [host]" in text
        assert ODD in text
        assert "─ stray[red] ─" in text, "the title of the pane"
        driver.app.go(Place("domain", "kvm-a", DOMAIN_UUID, "snapshots"))
        await driver.until(lambda: driver.app.screen.query("#snapshots-list"), "the tab")
        await driver.pilot.pause()
        text = "\n".join(grid(picture(driver.app)))
        assert "[/odd]" in text
        assert "[b]bold[/b]" in text
        await driver.press("4")
        assert driver.cells("reservations", "user") == ["o[b]x", "ada"]


async def test_what_needs_attention_has_the_warning_s_colour_everywhere(tmp_path: Path):
    async with look(tmp_path) as driver:
        for name in ("vcltui-dark", "vcltui-light"):
            driver.app.theme = name
            for words in ("stuck", "unreachable", "crashed", "transient", "no\xa0route"):
                await driver.until(lambda: words in warned(driver), f"{words} in {name}")  # noqa: B023


def warned(driver: Driver) -> str:
    """What is shown in the colour of warnings."""
    svg = picture(driver.app).lower()
    color = driver.app.theme_variables["warning"].lower()
    classes = set(re.findall(rf"\.(t-r\d+) {{ fill: {color}", svg))
    coloured = re.findall(r'<text class="(t-r\d+)"[^>]*>(.*?)</text>', svg)
    return " ".join(text for one, text in coloured if one in classes)


async def test_a_line_of_the_log_is_read_whole(tmp_path: Path):
    async with look(tmp_path, "6", "enter") as driver:
        reader = await driver.shows(Reader)
        assert "The job [x] failed" in driver.words()
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is not reader, "the log")
