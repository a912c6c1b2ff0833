"""The lines of the log that a face shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from vcltui.runtime.log_lines import KEPT_LINES, LogLines


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, LogLines]]:
    made, lines = logging.getLogger("vcltui.some.part"), LogLines()
    made.setLevel(logging.DEBUG)
    made.addHandler(lines)
    yield made, lines
    made.removeHandler(lines)
    made.setLevel(logging.NOTSET)


def test_the_newest_comes_first_with_its_source_and_level(logger: tuple[logging.Logger, LogLines]):
    made, lines = logger
    made.info("one %s", 1)
    made.warning("two")
    made.debug("too small")
    assert [(one.text, one.level, one.source) for one in lines.lines()] == [
        ("two", "warning", "some.part"),
        ("one 1", "info", "some.part"),
    ]
    assert lines.lines()[0].number > lines.lines()[1].number


def test_an_error_says_what_was_raised(logger: tuple[logging.Logger, LogLines]):
    made, lines = logger
    try:
        raise RuntimeError("no space left")
    except RuntimeError:
        made.exception("The job failed")
    assert lines.lines()[0].text == "The job failed: RuntimeError('no space left')"


def test_no_more_than_so_many_are_kept(logger: tuple[logging.Logger, LogLines]):
    made, lines = logger
    for number in range(KEPT_LINES + 5):
        made.info("%d", number)
    assert len(lines.lines()) == KEPT_LINES
    assert lines.lines()[-1].text == "5"
