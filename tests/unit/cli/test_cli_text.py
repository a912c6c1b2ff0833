"""Text made fit for a terminal, tables and JSON."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from vcltui.cli.output import show, size
from vcltui.cli.text import PrintableFormatter, printable, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("büro 計算機", "büro 計算機"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("two\nlines", "two lines"),
        ("tab\there", r"tab\there"),
        ("\udcff", r"\udcff"),
        ("\u202eright", r"\u202eright"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_logged_is_printable_line_by_line() -> None:
    record = logging.makeLogRecord({"msg": "domain %s", "args": ("vm1\x1b]0;x\x07\x9b\nnext",)})
    text = PrintableFormatter("%(message)s").format(record)
    assert text == "domain vm1\\x1b]0;x\\x07\\x9b\nnext"


@pytest.mark.parametrize(("text", "columns"), [("vm1", 3), ("計算", 4), ("e\u0301", 1), ("", 0)])
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_size_is_binary() -> None:
    assert size(3 << 29) == "1.5 GiB"


def test_a_table_is_aligned_and_takes_names_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"name": "[red]vm1[/red]", "memory_bytes": 1 << 30, "vcpus": 2, "used_by": ("a", "b")},
        {"name": "計算機", "memory_bytes": None, "vcpus": 16, "used_by": ()},
    ]
    show(rows, ("name", "memory_bytes", "vcpus", "used_by"), as_json=False, nothing="None.")
    assert capsys.readouterr().out.splitlines() == [
        "NAME             MEMORY  VCPUS  USED BY",
        "[red]vm1[/red]  1.0 GiB      2  a, b",
        "計算機                -     16  -",
    ]


def test_nothing_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show([], ("name",), as_json=False, nothing="There are no hosts.")
    assert capsys.readouterr() == ("", "There are no hosts.\n")


def test_json_is_one_array_in_any_encoding(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    row = {"name": "büro\udcff", "when": moment, "used_by": ("a",), "none": None, "up": True}
    show([row], ("name",), as_json=True, nothing="None.")
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == [
        {
            "name": "büro\udcff",
            "when": "2026-01-02T03:04:05+00:00",
            "used_by": ["a"],
            "none": None,
            "up": True,
        }
    ]
    show([], ("name",), as_json=True, nothing="None.")
    assert capsys.readouterr() == ("[]\n", "")
