"""The console's log is its owner's alone, and written to no place that a link leads to."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from vcltui.cli.console_log import open_log
from vcltui.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(folder: Path, words: str) -> None:
    handler = open_log(folder)
    handler.emit(logging.makeLogRecord({"msg": words}))
    handler.close()


@pytest.fixture(autouse=True)
def _open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_log_and_its_folder_are_private_and_grow(tmp_path: Path):
    folder = tmp_path / "a" / "state"
    write(folder, "first \ud800")
    write(folder, "second")
    assert (folder / "console.log").read_text() == "first \\ud800\nsecond\n"
    assert mode(folder / "console.log") == 0o600
    assert mode(folder) == mode(folder.parent) == 0o700


def test_what_was_open_to_others_is_closed(tmp_path: Path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    (folder / "console.log").write_text("old\n")
    write(folder, "new")
    assert (folder / "console.log").read_text() == "old\nnew\n"
    assert mode(folder / "console.log") == 0o600
    assert mode(folder) == 0o700


def test_a_place_for_all_stays_one(tmp_path: Path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    write(folder, "x")
    assert mode(folder) == 0o1777
    assert mode(folder / "console.log") == 0o600


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/nowhere/x"), os.mkfifo, os.mkdir])
def test_what_is_no_plain_file_is_not_written_to(tmp_path: Path, make):
    make(tmp_path / "console.log")
    with pytest.raises(ConfigError, match=r"console\.log can't be written"):
        open_log(tmp_path)
