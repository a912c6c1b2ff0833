"""Long lines: what follows stands further in than they begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from vcltui.tui.hanging import hang


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("   short", ["   short"]),
        ("", [""]),
        (
            "   qemu-img create -f qcow2 /a/path",
            ["   qemu-img create -f qcow2 ", "     /a/path"],
        ),
        (
            "   rename /one/very/long/path/that/has/no/blank",
            ["   rename /one/very/long/path/", "     that/has/no/blank"],
        ),
    ],
)
def test_what_follows_stands_further_in(line: str, lines: list[str]):
    assert hang(Text(line), 30).plain.split("\n") == lines


def test_styles_stay_where_they_are():
    text = hang(Text("1. ").append("word " * 12, "bold"), 30)
    bold = [text.plain[span.start : span.end] for span in text.spans if span.style == "bold"]
    assert "".join("".join(bold).split()) == "word" * 12


@given(st.text(st.sampled_from("ab /-日"), max_size=120), st.integers(1, 60))
def test_nothing_is_lost_and_nothing_too_wide(line: str, width: int):
    made = hang(Text(line), width).plain
    assert "".join(made.split()) == "".join(line.split())
    indent = len(line) - len(line.lstrip(" "))
    if width - indent >= 24:
        assert all(cell_len(each.rstrip()) <= width for each in made.split("\n"))
