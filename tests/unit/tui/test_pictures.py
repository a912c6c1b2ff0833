"""How each screen looks, wide and narrow: on facts, at a time, that stay as they are."""

from __future__ import annotations

import pkgutil
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.widgets import Input

from tests.unit.tui.driving import NARROW, WIDE, Driver
from tests.unit.tui.frozen import (
    BASE,
    CHAIN,
    INVENTORY,
    MONOTONIC,
    NOW,
    frozen_console,
    frozen_workspace,
)
from tests.unit.tui.pictures import FOLDER, compare
from vcltui import tui
from vcltui.disks.check import CheckResult
from vcltui.models.domain import PowerState
from vcltui.models.reservation import LoadLogLine
from vcltui.operations.step import Operation, Step
from vcltui.runtime.domain_logs import ConsoleLog
from vcltui.runtime.image_details import ImageDetails, ImageUser
from vcltui.tui.dialogs.confirm import Confirm, plan_text
from vcltui.tui.places import Place
from vcltui.tui.screens import domain as domain_screen
from vcltui.tui.screens import image as image_screen

pytestmark = pytest.mark.slow

Show = Callable[[Driver], Awaitable[None]]
_MASTER = CHAIN[1].path


class FrozenDatetime(datetime):
    """The clock of the pictures."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOW.astimezone(tz) if tz else NOW.replace(tzinfo=None)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No clock, no time zone, no host."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for found in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        import_module(found.name)  # or its clock would run
    for name, module in list(sys.modules.items()):
        if name.startswith("vcltui.tui."):
            if getattr(module, "time", None) is time:
                monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: MONOTONIC))
            if getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", FrozenDatetime)
    log = tuple(
        LoadLogLine(NOW.replace(tzinfo=None) - timedelta(minutes=9 - number), 71, state, "", words)
        for number, (state, words) in enumerate(
            (("begin", "beginning to process"), ("transfervm", "copying [/x]"), ("booting", ""))
        )
    )
    monkeypatch.setattr(domain_screen, "read_load_log", lambda *_: log)
    console = ConsoleLog("/var/log/console.log", "Debian 12 [tty]\nlogin:\n")
    monkeypatch.setattr(domain_screen, "read_console_log", lambda *_: console)
    users = (
        ImageUser(CHAIN[0].path, _MASTER, f"vm1:{BASE}", PowerState.ON, "kvm-a"),
        ImageUser("/data/vms/left over.qcow2", _MASTER),
    )
    details = ImageDetails(
        "kvm-a", BASE, "datastore", _MASTER, CHAIN[1:], users,
        "<domain>\n  <name>reference</name>\n</domain>\n", f"/data/{BASE}.xml",
        INVENTORY.revisions[0],
    )  # fmt: skip
    monkeypatch.setattr(image_screen, "read_image_details", lambda *_: details)
    checked = CheckResult(_MASTER, True, 0, 2, 0, "Sound, but 2 clusters are lost.")
    monkeypatch.setattr(image_screen, "check_image", lambda *_: checked)
    yield
    monkeypatch.undo()
    time.tzset()


def keys(*pressed: str) -> Show:
    async def show(driver: Driver) -> None:
        for key in pressed:
            await driver.press(key)

    return show


def tab_of_domain(tab: str) -> Show:
    async def show(driver: Driver) -> None:
        uuid = next(v.domain.uuid for v in driver.app.fleet.domains() if v.name == f"vm1:{BASE}")
        driver.app.go(Place("domain", "kvm-a", uuid, tab))

    return show


def tab_of_image(tab: str) -> Show:
    async def show(driver: Driver) -> None:
        driver.app.go(Place("image", "kvm-a", _MASTER, tab))

    return show


async def overview(driver: Driver) -> None:
    await driver.at("domains", "vm1")


async def host(driver: Driver) -> None:
    driver.app.go(Place("host", "kvm-b"))


async def drift(driver: Driver) -> None:
    driver.app.go(Place("host", "kvm-a", tab="drift"))


async def failed_job(driver: Driver) -> None:
    await driver.press("5")
    await driver.at("jobs", "Capture vm2 as win10-Office-4-v1")


async def marked(driver: Driver) -> None:
    await driver.press("2")
    await driver.at("domains", "vm1")
    await driver.press("space", "space", "slash")
    await driver.enter("!host:kvm-b")


async def load(driver: Driver) -> None:
    await driver.at("domains", "vm4")
    await driver.press("L")


async def typed(driver: Driver) -> None:
    step = Step("d", "Delete the disk [1]", lambda _: None, calls=("rm -- '/data/vms/a b.qcow2'",))
    glyphs = driver.app.desk.glyphs
    operation = Operation("1", "unload", "vm1", "kvm-a", "Unload vm1", (step, step))
    driver.app.push_screen(Confirm("Unload vm1?", plan_text(operation, glyphs), word="vm1"))


async def command(driver: Driver) -> None:
    await driver.press("colon")
    await driver.type("power")


SCREENS: dict[str, Show] = {
    "overview": overview,
    "hosts": keys("1"),
    "domains": keys("2"),
    "domains-marked": marked,
    "images": keys("3"),
    "reservations": keys("4"),
    "jobs": keys("5"),
    "jobs-failed": failed_job,
    "log": keys("6"),
    "doctor": keys("7"),
    "locks": keys("8"),
    "reservation": keys("4", "enter"),
    "reservation-load": keys("4", "enter", "tab"),
    "domain-overview": tab_of_domain("overview"),
    "domain-xml": tab_of_domain("xml"),
    "domain-snapshots": tab_of_domain("snapshots"),
    "domain-disks": tab_of_domain("disks"),
    "domain-loadlog": tab_of_domain("loadlog"),
    "domain-console": tab_of_domain("console"),
    "image-overview": tab_of_image("overview"),
    "image-xml": tab_of_image("xml"),
    "image-check": tab_of_image("check"),
    "host": host,
    "host-drift": drift,
    "load": load,
    "typed-confirm": typed,
    "command-line": command,
    "help": keys("question_mark"),
}
SIZES = {"wide": WIDE, "narrow": NARROW}


async def settled(driver: Driver) -> None:
    """Everything is read and drawn, and the cursors stand still."""
    app = driver.app
    reading = [worker for worker in app.workers if worker.group == "reading"]
    if reading:
        await app.workers.wait_for_complete(reading)
    for line in app.screen.query(Input):
        line.cursor_blink = False
        line._cursor_visible = line.has_focus
    app.repainter.now()
    await driver.pilot.pause()
    await driver.pilot.pause()


async def shot(name: str, show: Show, size: tuple[int, int], home: Path, **ui: object) -> None:
    app = frozen_console(frozen_workspace(home, **ui))
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await pilot.pause()
        await show(driver)
        await pilot.pause()
        await settled(driver)
        await settled(driver)
        compare(app, name)
    app.end()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_the_screen_looks_as_it_did(name: str, size: str, tmp_path: Path):
    await shot(f"{name}-{size}", SCREENS[name], SIZES[size], tmp_path)


async def test_ascii_looks_as_it_did(tmp_path: Path):
    await shot("overview-ascii", overview, WIDE, tmp_path, ascii=True)


async def test_the_light_theme_looks_as_it_did(tmp_path: Path):
    await shot("overview-light", overview, WIDE, tmp_path, theme="vcltui-light")


def test_no_picture_is_left_over():
    wanted = {f"{name}-{size}" for name in SCREENS for size in SIZES}
    wanted |= {"overview-ascii", "overview-light"}
    assert {file.stem for file in FOLDER.glob("*.svg")} == wanted
