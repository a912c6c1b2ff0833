"""The actions that only show something, and the editor."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.unit.tui.driving import FakeTerminal, editing, lab_console
from vcltui.demo.lab import Lab
from vcltui.hypervisor import domains
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.dialogs.simple import Choose
from vcltui.tui.screens.domain import DomainScreen
from vcltui.tui.screens.host import HostScreen
from vcltui.tui.screens.image import ImageScreen

pytestmark = pytest.mark.slow


def xml_of(lab: Lab, computer: str) -> str:
    connection = lab.workspace.session("kvm-a").connection
    (found,) = [
        one for one in domains.list_domains(connection) if one.name.startswith(f"{computer}:")
    ]
    return domains.editable_xml(connection, found.uuid)


@pytest.mark.parametrize(
    ("key", "tab", "words"),
    [
        ("d", "overview", "linux-Debian12Base-2-v2"),
        ("enter", "overview", "linux-Debian12Base-2-v2"),
        ("y", "xml", "<domain"),
        ("l", "loadlog", "No load log"),
    ],
)
async def test_a_key_leads_to_a_part_of_the_domain(lab: Lab, key: str, tab: str, words: str):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm1")
        await driver.press(key)
        screen = await driver.shows(DomainScreen)
        assert screen.shown == tab
        await driver.until(
            lambda: "vm1:linux-Debian12Base-2-v2" in driver.words("#head"), "its name above"
        )
        await driver.until(lambda: words in driver.part(), words)
        await driver.press("escape")
        await driver.until(lambda: driver.app.screen is not screen, "the way back")
        assert driver.table("domains").cursor_key is not None
        assert driver.app.subject is not None
        assert driver.app.subject.computer == "vm1"


async def test_describe_a_host_and_an_image(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.press("1")
        await driver.at("hosts", "kvm-b")
        await driver.press("d")
        await driver.shows(HostScreen)
        await driver.until(lambda: "datastore-1" in driver.part(), "its profile")
        await driver.press("3")
        await driver.at("images", "linux-Debian12Base-2-v2", where="kvm-c")
        await driver.press("d")
        await driver.shows(ImageScreen)
        await driver.until(lambda: "of kvm-c" in driver.words("#head"), "its host above")


async def test_describe_of_an_empty_computer_says_that_nothing_is_there(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm4")
        assert not driver.offers("xml")
        await driver.press("d")
        await driver.until(lambda: driver.told, "the reason")
        assert driver.told[0].words == "Nothing is loaded on vm4"
        assert driver.settled


async def test_copy_takes_the_name_or_the_xml_that_is_shown(lab: Lab):
    async with lab_console(lab.workspace) as driver:
        await driver.at("domains", "vm2")
        await driver.press("c")
        assert driver.app.clipboard == "vm2"
        assert driver.told[-1].words == "vm2"
        await driver.press("y")
        await driver.shows(DomainScreen)
        await driver.until(lambda: "<domain" in driver.part(), "the XML")
        await driver.press("c")
        assert driver.app.clipboard.startswith("<domain")
        assert driver.told[-1].words == "its XML of vm2"
        await driver.press("3")
        await driver.at("images", "linux-StatisticswithR-3-v1", where="kvm-a")
        await driver.press("c")
        assert driver.app.clipboard == "linux-StatisticswithR-3-v1"


async def test_shell_gives_the_terminal_an_argument_list(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHELL", "/bin/odd shell")
    terminal = FakeTerminal()
    async with lab_console(lab.workspace, terminal=terminal) as driver:
        await driver.at("domains", "vm1")
        await driver.press("s")
        await driver.shows(Choose)
        assert terminal.ran == [], "the shell is its host's: that is asked first"
        await driver.press("enter")
        await driver.until(lambda: terminal.ran, "the shell")
        assert terminal.ran == [["/bin/odd shell"]]
        assert driver.settled
        assert driver.told == []


async def test_a_shell_that_fails_is_told(lab: Lab):
    terminal = FakeTerminal(lambda _argv: 7)
    async with lab_console(lab.workspace, terminal=terminal) as driver:
        await driver.at("domains", "vm1")
        await driver.at("hosts", "kvm-a")
        await driver.press("s")
        await driver.until(lambda: driver.told, "its status")
        assert "ended with status 7" in driver.told[0].words


async def test_an_unchanged_definition_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EDITOR", "my-editor --wait")
    before = xml_of(lab, "vm1")
    terminal = editing(lambda text: text)
    async with lab_console(lab.workspace, terminal=terminal) as driver:
        await driver.at("domains", "vm1")
        await driver.press("e")
        await driver.until(lambda: driver.told, "what came of it")
        assert terminal.ran[0][:2] == ["my-editor", "--wait"]
        assert terminal.ran[0][2].endswith("/vm1.xml")
        assert driver.told[0].words == "vm1 stays as it is"
        assert driver.app.jobs.all() == []
    assert xml_of(lab, "vm1") == before
    assert not os.path.exists(terminal.ran[0][2]), "no copy is left behind"  # noqa: PTH110


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("</domain>", ""), "XML"),
        (lambda text: text.replace("<uuid>", "<uuid>0"), "uuid"),
        (lambda _text: "[/x] <nothing", "XML"),
    ],
)
async def test_a_wrong_definition_is_refused_with_the_reason(
    lab: Lab, change: Callable[[str], str], words: str
):
    before = xml_of(lab, "vm1")
    async with lab_console(lab.workspace, terminal=editing(change)) as driver:
        await driver.at("domains", "vm1")
        await driver.press("e")
        await driver.shows(Choose)
        assert words.lower() in driver.words().lower()
        await driver.enter("drop")
        await driver.until(lambda: driver.told, "what came of it")
        assert driver.told[0].words == "vm1 stays as it is"
        assert driver.app.jobs.all() == []
    assert xml_of(lab, "vm1") == before


async def test_what_was_refused_can_be_mended(lab: Lab):
    seen: list[str] = []

    def wrong_then_right(text: str) -> str:
        seen.append(text)
        if len(seen) == 1:
            return text.replace("<memory", "<broken><memory", 1)
        return text.replace("<broken>", "<title>Mended</title>")

    async with lab_console(lab.workspace, terminal=editing(wrong_then_right)) as driver:
        await driver.at("domains", "vm2")
        await driver.press("e")
        await driver.shows(Choose)
        await driver.enter("again")
        await driver.until(lambda: len(seen) == 2, "the editor once more")
        assert "<broken>" in seen[1], "what was typed is still there"
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the plan")
        await driver.press("n")


async def test_an_editor_that_fails_changes_nothing(lab: Lab):
    terminal = FakeTerminal(lambda _argv: 1)
    async with lab_console(lab.workspace, terminal=terminal) as driver:
        await driver.at("domains", "vm1")
        await driver.press("e")
        await driver.until(lambda: driver.told, "the reason")
        assert "ended with status 1" in driver.told[0].words
        assert driver.app.jobs.all() == []


async def test_a_right_definition_is_planned_asked_for_and_set(lab: Lab):
    def other_title(text: str) -> str:
        return text.replace("<memory", "<title>Lecture 5 [red]</title>\n  <memory", 1)

    async with lab_console(lab.workspace, terminal=editing(other_title)) as driver:
        await driver.at("domains", "vm3")
        await driver.press("e")
        await driver.shows(Confirm)
        assert "vm3:" in driver.words()
        assert "[red]" not in xml_of(lab, "vm3"), "it is not set before it was asked for"
        await driver.press("y")
        await driver.ended()
        assert "<title>Lecture 5 [red]</title>" in xml_of(lab, "vm3")
