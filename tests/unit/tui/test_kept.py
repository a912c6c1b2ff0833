"""What the console keeps: it survives, and a file that is wrong is no reason to fail."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from vcltui.tui.kept import Kept


def test_what_is_kept_is_there_the_next_time(tmp_path: Path):
    file = tmp_path / "new" / "console.json"
    kept = Kept(file)
    assert kept.sorting("domains") is None
    assert kept.hidden_columns("domains") is None
    assert kept.theme is None
    kept.keep_sorting("domains", ("cpu", True))
    kept.keep_hidden_columns("domains", {"uuid", "flags"})
    kept.keep_hidden_columns("hosts", ())
    kept.keep_theme("nord")
    again = Kept(file)
    assert again.sorting("domains") == ("cpu", True)
    assert again.sorting("hosts") is None
    assert again.hidden_columns("domains") == {"uuid", "flags"}
    assert again.hidden_columns("hosts") == frozenset(), "all shown is a choice too"
    assert again.theme == "nord"
    again.keep_sorting("domains", None)
    assert Kept(file).sorting("domains") is None
    assert [path.name for path in file.parent.iterdir()] == ["console.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[1, 2]",
        '{"sorting": 3, "hidden": null, "ui": "x"}',
        '{"sorting": {"domains": ["cpu"]}, "hidden": {"domains": "x"}, "ui": {"theme": 5}}',
        '{"sorting": {"domains": ["cpu", "yes"]}}',
        "\udcff",
    ],
)
def test_a_file_that_says_nothing_useful_is_as_none(tmp_path: Path, text: str):
    file = tmp_path / "console.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    kept = Kept(file)
    assert kept.sorting("domains") is None
    assert kept.hidden_columns("domains") is None
    assert kept.theme is None
    kept.keep_theme("nord")
    assert Kept(file).theme == "nord"


def test_a_folder_that_can_not_be_written_is_told_in_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    kept = Kept(blocked / "console.json")
    with caplog.at_level(logging.WARNING, logger="vcltui"):
        kept.keep_theme("nord")
    assert "can't be kept" in caplog.text
    assert kept.theme == "nord", "for as long as this console is open"
