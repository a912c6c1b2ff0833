"""What a message quotes of what a program said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcltui.models.reason import MOST_LETTERS, quoted, reason_of
from vcltui.nodes.ssh_errors import connection_error
from vcltui.nodes.ssh_target import SshTarget


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("", "none"),
        ("\n \n", "none"),
        ("one\n two \n\n", "two"),
        ("\x1b]0;x\x07", r"'\x1b]0;x\x07'"),
        ("A" * 1000, "A" * 300 + " ..."),
    ],
)
def test_the_last_line_is_quoted(stderr: str, reason: str):
    assert reason_of(stderr, "none") == reason


def test_lines_that_do_not_count_are_left_out():
    assert reason_of("why\n. . \n", "none", lambda line: line.strip(". ")) == "why"


@given(st.text())
def test_what_is_quoted_is_printable_and_short(text: str):
    for said in (quoted(text * 200), reason_of(text, "none")):
        assert said.isprintable()
        assert len(said) <= 10 * MOST_LETTERS + 10


@given(st.text(min_size=1))
def test_why_nobody_could_log_in_is_printable(text: str):
    assert connection_error(SshTarget("vm1"), text).what.isprintable()
