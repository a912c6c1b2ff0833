"""How sizes, ages and names are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vcltui.tui import words


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (512 << 20, "512 MiB"),
        (1536 << 20, "1.5 GiB"),
        (12 << 30, "12 GiB"),
        (1000 << 30, "1 TiB"),
        (5 << 60, "5120 PiB"),
    ],
)
def test_size(number: int | None, text: str):
    assert words.size(number) == text


def test_share_is_in_the_unit_of_the_whole():
    assert words.share(4 << 30, 32 << 30) == "4/32 GiB"
    assert words.share(512 << 20, 32 << 30) == "0.5/32 GiB"
    assert words.share(0, 0) == "0/0 B"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (7.9, "7 s"), (125, "2 min 05 s"), (4200, "1 h 10 min"), (90000, "25 h 00 min")],
)
def test_duration(seconds: float, text: str):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (86400, "1 day"), (432000, "5 days")],
)
def test_age(seconds: float, text: str):
    assert words.age(seconds) == text


def test_count():
    assert words.count(1, "domain") == "1 domain"
    assert words.count(0, "domain") == "0 domains"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("vm1", "vm1"),
        ("Vorlesung Übung", "Vorlesung Übung"),
        ("a\x1b[31mb", "a�[31mb"),
        ("a\nb\tc", "a�b�c"),
        ("evil\u202egnp.exe", "evil�gnp.exe"),
        ("a\u200bb\u2028c\ud800", "a�b�c�"),
        ("[b]odd[/b]", "[b]odd[/b]"),
    ],
)
def test_plain_leaves_nothing_that_moves_the_cursor(text: str, shown: str):
    assert words.plain(text) == shown


def test_a_message_is_cut_where_it_is_longer_than_anybody_reads():
    assert words.plain_message("a\x1b]0;x\x07b\nc") == "a�]0;x�b\nc"
    cut = words.plain_message("A" * 1_000_000)
    assert 1000 < len(cut) < 5000
    assert cut.endswith("A ...")


def test_moment_is_the_operators_clock(monkeypatch: pytest.MonkeyPatch):
    when = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
    assert words.moment(when) == f"{when.astimezone():%Y-%m-%d %H:%M}"
