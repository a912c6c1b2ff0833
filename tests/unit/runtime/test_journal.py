"""The journal's folder: what has ended is put away, and nothing of it is lost to anybody."""

from __future__ import annotations

import fcntl
import uuid
from pathlib import Path

import pytest

from vcltui.operations.runner import run
from vcltui.operations.step import Operation, Step
from vcltui.runtime.journal import journal as journals
from vcltui.runtime.journal.entry import has_ended
from vcltui.runtime.journal.journal import Journal


def work(journal: Journal, title: str) -> None:
    operation = Operation(
        id=uuid.uuid4().hex,
        kind="test",
        target="vm1",
        host="kvm-a",
        title=title,
        steps=(Step(name="one", title="One", run=lambda _context: None),),
    )
    run(operation, lambda _action: None, journal.observer())


def titles(journal: Journal) -> list[str]:
    return [entry.title for entry in journal.entries()]


def put_away(journal: Journal) -> None:
    assert journal.unfinished() == []
    journal.put_ended_away()


def test_what_has_ended_is_put_away_and_still_told(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    put_away(journal)
    work(journal, "Second")
    assert titles(journal) == titles(Journal(tmp_path)) == ["Second", "First"]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    put_away(journal)
    assert not list(tmp_path.glob("*.jsonl"))
    assert titles(journal) == ["Second", "First"]
    assert (tmp_path / "ended").stat().st_mode & 0o777 == 0o700


def test_a_line_that_is_nested_without_end_is_passed_over_as_a_damaged_one(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    (path,) = tmp_path.glob("*.jsonl")
    deep = '{"event":"end","x":' + "[" * 100_000 + "]" * 100_000 + "}"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:1], deep, *lines[1:]]) + "\n")
    assert titles(journal) == ["First"]
    path.write_text(f"{deep}\n")
    assert titles(journal) == []
    assert not has_ended(path)


def test_what_is_put_away_while_another_looks_is_told_to_it(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    names = journal._all_names()
    put_away(Journal(tmp_path))
    assert [entry.title for entry in journal._entries_in(names)] == ["First"]


def test_what_runs_or_left_something_stays(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    (path,) = tmp_path.glob("*.jsonl")
    whole = path.read_text()
    path.write_text(whole.splitlines()[0] + "\n")  # killed before its first step
    put_away(journal)
    assert path.exists()
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        put_away(journal)
    assert path.exists()


def test_what_can_not_be_put_away_has_ended_all_the_same(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    (tmp_path / "ended").write_text("in the way")
    put_away(journal)
    put_away(journal)
    assert titles(journal) == ["First"]


def test_one_that_was_recovered_and_put_away_is_not_claimed(tmp_path: Path):
    journal = Journal(tmp_path)
    work(journal, "First")
    (entry,) = journal.entries()
    put_away(journal)
    with journal.claim(entry) as claimed:
        assert claimed is None
    assert not list(tmp_path.glob("*.jsonl"))


def test_own_operations_are_never_those_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many there were: their names are not kept for ever."""
    monkeypatch.setattr(journals, "_MOST_OWN", 3)
    journal = Journal(tmp_path)
    for number in range(4):
        work(journal, f"Own {number}")
        put_away(journal)
    work(Journal(tmp_path), "Theirs")
    assert [entry.title for entry in journal.entries_of_others(9)] == ["Theirs"]
    assert len(journal._own) == 3
