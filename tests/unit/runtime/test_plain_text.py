"""What a terminal was told is not told again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcltui.runtime.plain_text import plain_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext\n", "plain\n\ttext\n"),
        ("\x1b[1;31mred\x1b[0m \x1b[2J\x1b[Hclear", "red clear"),
        ("\x1b]0;title\x07a\x1b]0;title\x1b\\b", "ab"),
        ("\x1b]0;never ended\nnext", "\nnext"),
        ("\x1bPdcs\x1b\\x\x1b(By\x1bcz", "xyz"),
        ("\x9b31mc1\x9d0;t\x9c!", "c1!"),
        ("a\x1b", "a"),
        ("a\x1b[", "a"),
        ("one\r\ntwo\r\r\n", "one\ntwo\n"),
        (" 10%\r 20%\r100%", "100%"),
        ("loading\rdone", "doneing"),
        ("a\x00\x07\x08b\x7f\x0b\x0c", "ab"),
        ("gr\u00fc\u00dfe \u202egnp.exe", "gr\u00fc\u00dfe gnp.exe"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_what_is_left(text: str, shown: str):
    assert plain_text(text) == shown


@given(st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=60))
def test_nothing_that_controls_a_terminal_is_left(text: str):
    shown = plain_text(text)
    assert all(one in "\n\t" or one.isprintable() or one in "\xa0\xad" for one in shown)
    assert shown.count("\n") == text.count("\n")
