"""Makes the pictures of this folder from the sandbox: python screenshots/make.py"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from lxml import etree
from rich.cells import cell_len
from textual.pilot import Pilot

from vcltui.demo.lab import Lab, open_lab
from vcltui.tui.app import Console

HERE = Path(__file__).parent
LAB = Path("/tmp/lab")  # noqa: S108 - paths are in the pictures, so it is short and always this
WORDS = re.compile(r"[^\s\xa0]+(?:[\s\xa0][^\s\xa0]+)*")
"""Words that one blank stands between are one."""
WIDE, SMALL = (140, 45), (80, 24)


def anchored(svg: str) -> str:
    """The picture with each word at a place of its own.

    Rich draws a row's text of one style as one element, whose blanks some programs draw narrower
    than a letter or not at all where it begins: what comes after them would stand elsewhere.
    """
    root = etree.fromstring(svg.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    for element in list(root.iter("{*}text")):
        text, length = element.text or "", element.get("textLength")
        if length is None or not cell_len(text):
            continue
        cell = float(length) / cell_len(text)
        for match in reversed(list(WORDS.finditer(text))):
            word = deepcopy(element)
            word.text, word.tail = match[0], None
            word.set(
                "x", f"{float(element.get('x', '0')) + cell * cell_len(text[: match.start()]):g}"
            )
            word.set("textLength", f"{cell * cell_len(match[0]):g}")
            element.addnext(word)
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    return etree.tostring(root, encoding="unicode") + "\n"


async def until(holds: Callable[[], object]) -> None:
    """Wait for what other threads bring about."""
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the sandbox does not come to rest")


async def press(pilot: Pilot[None], keys: str) -> None:
    """Press keys, separated by blanks; `=word` types a word, `.` waits until no job runs."""
    console = pilot.app
    assert isinstance(console, Console)  # noqa: S101
    for key in keys.split():
        if key == ".":
            await until(lambda: console.jobs.all() and not console.jobs.active())
        elif key.startswith("="):
            await pilot.press(*key[1:])
        else:
            await pilot.press(key)
        await asyncio.sleep(0.6)


async def picture(lab: Lab, name: str, size: tuple[int, int], keys: str = "") -> None:
    """Save one SVG after pressing `keys`."""
    console = Console(lab.workspace)
    async with console.run_test(size=size, notifications=False) as pilot:
        await until(
            lambda: (
                console.fleet.hosts()
                and all(host.answered_at for host in console.fleet.hosts())
                and console.subject
                and console.desk.examiner.diagnosis
            )
        )
        await asyncio.sleep(3)
        await press(pilot, keys)
        await asyncio.sleep(1)
        await pilot.pause()
        (HERE / f"{name}.svg").write_text(anchored(console.export_screenshot(title="vcltui demo")))
    console.end()


PICTURES = (
    ("overview", WIDE, ""),
    ("overview-80x24", SMALL, ""),
    ("hosts", WIDE, "1"),
    ("domains", WIDE, "2"),
    ("images", WIDE, "3"),
    ("reservations", WIDE, "4"),
    ("doctor", WIDE, "7"),
    ("locks", WIDE, "8"),
    ("mend", WIDE, "4 m enter"),
    ("load-plan", WIDE, "j j j L =statistics enter"),
    ("jobs", WIDE, "j j j L =statistics enter y . C =Statistics enter y . 5"),
    ("snapshots", WIDE, "n =clean enter y . n =patched enter y . enter tab tab"),
    ("domain", WIDE, "enter"),
    ("domain-xml", WIDE, "y"),
    ("image", WIDE, "3 j j enter"),
    ("bulk", WIDE, "space space space O"),
    ("confirm-80x24", SMALL, "U"),
    ("command", WIDE, "colon =load"),
    ("log", WIDE, "n =more enter y . 6"),
    ("help", WIDE, "question_mark"),
)


async def main() -> None:
    """Make them all, on one sandbox that goes on as the pictures do."""
    LAB.mkdir()  # not on what somebody else has there
    try:
        with open_lab(LAB) as lab:
            for name, size, keys in PICTURES:
                await picture(lab, name, size, keys)
    finally:
        shutil.rmtree(LAB)


if __name__ == "__main__":
    asyncio.run(main())
