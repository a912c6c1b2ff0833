"""Pictures of a screen as SVG files: made without what differs from run to run, and compared.

VCLTUI_PICTURES=write makes them anew.
"""

from __future__ import annotations

import difflib
import html
import os
import re
from pathlib import Path

import pytest
from textual.app import App

FOLDER = Path(__file__).with_name("pictures")
_CELL_WIDTH, _LINE_HEIGHT = 12.2, 24.4
_MOST_LINES = 60


def picture(app: App[None]) -> str:
    """What the screen shows, as SVG without a font's address, clips and random names."""
    svg = app.export_screenshot(title="vcltui", simplify=True)
    svg = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)
    svg = re.sub(r"<clipPath id=\"[^\"]*-line-\d+\">\s*<rect[^>]*/>\s*</clipPath>\s*", "", svg)
    svg = re.sub(r" clip-path=\"[^\"]*-line-\d+\)\"", "", svg)
    svg = re.sub(r"terminal-\d+-", "t-", svg).replace("&#160;", "\u00a0")
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def grid(svg: str) -> list[str]:
    """The text of a picture, line by line."""
    rows: dict[int, list[tuple[int, str]]] = {}
    found = re.findall(r'<text class="t-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg)
    for x, y, text in found:
        row = round(float(y) / _LINE_HEIGHT)
        words = html.unescape(text).replace("\xa0", " ")
        rows.setdefault(row, []).append((round(float(x) / _CELL_WIDTH), words))
    lines: list[str] = []
    for row in range(max(rows, default=0) + 1):
        line = ""
        for column, words in sorted(rows.get(row, [])):
            line = line.ljust(column) + words
        lines.append(line.rstrip())
    return lines


def cells(svg: str) -> dict[tuple[int, int], list[str]]:
    """What each cell of a picture shows, with its style and background, however it was drawn.

    What was drawn in several parts looks as what was drawn at once.
    """
    styles = dict(re.findall(r"\.(t-r\d+) \{([^}]*)\}", svg))
    found: dict[tuple[int, int], list[str]] = {}
    for fill, x, y, width in re.findall(
        r'<rect fill="(#[0-9a-f]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', svg
    ):
        first, row = round(float(x) / _CELL_WIDTH), int(float(y) / _LINE_HEIGHT)
        for column in range(first, first + round(float(width) / _CELL_WIDTH)):
            found.setdefault((row, column), []).append(fill)
    for kind, x, y, text in re.findall(
        r'<text class="(t-r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg
    ):
        first, row = round(float(x) / _CELL_WIDTH), round(float(y) / _LINE_HEIGHT) - 1
        for column, letter in enumerate(html.unescape(text), start=first):
            if letter not in " \xa0":
                found.setdefault((row, column), []).append(letter + styles[kind])
    return found


def compare(app: App[None], name: str) -> None:
    """Compare what is shown with the kept picture; tells the lines in which they differ."""
    file, shown = FOLDER / f"{name}.svg", picture(app)
    if os.environ.get("VCLTUI_PICTURES") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
        return
    assert file.exists(), f"{file} is missing: VCLTUI_PICTURES=write makes it"
    kept = file.read_text(encoding="utf-8")
    if cells(kept) == cells(shown):
        return
    what, before, after = "text", grid(kept), grid(shown)
    if before == after:
        what, before, after = "colours", kept.splitlines(), shown.splitlines()
    lines = list(difflib.unified_diff(before, after, "kept", "shown", n=1, lineterm=""))
    pytest.fail(
        f"{name} shows other {what}; VCLTUI_PICTURES=write keeps them\n"
        + "\n".join(lines[:_MOST_LINES]),
        pytrace=False,
    )
