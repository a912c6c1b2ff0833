"""The jobs that other processes did, as the journal tells of them."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from vcltui.operations.runner import Outcome, run
from vcltui.operations.step import Operation, Step
from vcltui.runtime.jobs import past as past_jobs
from vcltui.runtime.journal import journal as journals
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


def test_own_operations_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other, own = Journal(tmp_path), Journal(tmp_path)
    work(other, "Theirs")
    for number in range(5):
        work(own, f"Own {number}")
    read: list[Path] = []
    whole = journals.read_entry
    monkeypatch.setattr(journals, "read_entry", lambda path: (read.append(path), whole(path))[1])
    assert [job.title for job in past_jobs.past_jobs(own)] == ["Theirs"]
    assert len(read) == 1


def test_no_more_are_read_than_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = Journal(tmp_path)
    for number in range(6):
        work(other, f"Theirs {number}")
    monkeypatch.setattr(past_jobs, "_MOST", 2)
    read: list[Path] = []
    whole = journals.read_entry
    monkeypatch.setattr(journals, "read_entry", lambda path: (read.append(path), whole(path))[1])
    found = past_jobs.past_jobs(Journal(tmp_path))
    assert [job.title for job in found] == ["Theirs 5", "Theirs 4"]
    assert len(read) == 2


def test_they_are_told_as_they_ended(tmp_path: Path):
    work(Journal(tmp_path), "Theirs")
    (job,) = past_jobs.past_jobs(Journal(tmp_path))
    assert (job.title, job.host, job.target) == ("Theirs", "kvm-a", "vm1")
    assert job.state.value == Outcome.DONE.value
    assert job.number < 0
