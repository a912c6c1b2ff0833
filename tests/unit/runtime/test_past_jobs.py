"""The jobs that other processes did, as the journal tells of them."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from vcltui.errors import NodeError
from vcltui.operations.runner import Outcome, run
from vcltui.operations.step import Operation, Step
from vcltui.runtime.jobs import past as past_jobs
from vcltui.runtime.jobs.models import StepState
from vcltui.runtime.journal import journal as journals
from vcltui.runtime.journal.journal import Journal
from vcltui.tui.glyphs import UNICODE
from vcltui.tui.job_text import job_text


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


def test_their_steps_are_told_and_the_one_that_failed(tmp_path: Path):
    def fail(_context: object) -> None:
        raise NodeError("The disk is full")

    steps = (
        Step(name="one", title="First", run=lambda _context: "made it"),
        Step(name="two", title="Second", run=fail),
        Step(name="three", title="Third", run=lambda _context: None),
    )
    operation = Operation(
        id="abc", kind="test", target="vm1", host="kvm-a", title="Theirs", steps=steps
    )
    with pytest.raises(NodeError):
        run(operation, lambda _action: None, Journal(tmp_path).observer())
    (job,) = past_jobs.past_jobs(Journal(tmp_path))
    assert [(one.title, one.state, one.note) for one in job.steps] == [
        ("First", StepState.DONE, "made it"),
        ("Second", StepState.FAILED, "The disk is full."),
        ("Third", StepState.PENDING, ""),
    ]
    assert job.current == job.steps[1]
    words = [line.text for line in job.log]
    assert words[1:4] == ["First", "First: made it", "Second"]
    shown = job_text(job, UNICODE).plain
    assert "Steps" in shown
    assert "Third  to do" in shown


def test_the_step_at_which_a_process_was_killed_has_failed(tmp_path: Path):
    begin = {"event": "begin", "operation": "abc", "host": "h", "title": "Load", "user": "root"}
    times = {"time": "2026-01-02T03:04:05+00:00"}
    # As an older version wrote it: without the titles.
    lines = [
        begin | times | {"steps": ["one", "one", "two"]},
        times | {"event": "step", "name": "one", "title": "First"},
        times | {"event": "finished", "name": "one", "note": None},
        times | {"event": "step", "name": "one", "title": "First again"},
    ]
    (tmp_path / "20260102T030405-abc.jsonl").write_text(
        "".join(f"{json.dumps(line)}\n" for line in lines)
    )
    journal = Journal(tmp_path)
    assert journal.find("abc") is not None
    assert journal.find("bc") is None
    (job,) = past_jobs.past_jobs(journal)
    assert [(one.title, one.state) for one in job.steps] == [
        ("First", StepState.DONE),
        ("First again", StepState.FAILED),
        ("two", StepState.PENDING),
    ]
