"""Jobs: one change at a time for each computer, few copies at once, cancel undoes."""

from __future__ import annotations

import threading

import pytest

from tests.unit.runtime.told_jobs import PATIENCE_SECONDS, Held, Told
from vcltui.errors import ConflictError, NotFoundError, RefusedError
from vcltui.operations.step import StepContext
from vcltui.operations.undo import RemoveFile
from vcltui.runtime.jobs.jobs import LANES
from vcltui.runtime.jobs.models import Job, JobState, StepState


def test_a_job_tells_its_steps_and_ends_with_its_details(told: Told):
    def run(context: StepContext) -> str:
        context.progress(1.0)
        return "all of it"

    job = told.submit("one", run)
    done = told.end_of(job.number)
    assert done.state is JobState.DONE
    assert done.share == 1.0
    assert done.details == {"made": "one"}
    (step,) = done.steps
    assert (step.title, step.state, step.note) == ("Step one", StepState.DONE, "all of it")
    assert done.elapsed_seconds(0.0) is not None
    assert [line.text for line in done.log] == ["begins", "Step one", "Step one: all of it", "done"]
    assert told.jobs.active() == []


def test_one_change_at_a_time_for_a_computer_and_vm1_is_not_vm10(told: Told):
    first, second, other = Held(), Held(), Held()
    one = told.submit("first", first, "vm1")
    two = told.submit("second", second, "vm1")
    ten = told.submit("other", other, "vm10")
    assert first.began.wait(PATIENCE_SECONDS)
    assert other.began.wait(PATIENCE_SECONDS)
    assert told.jobs.get(two.number).state is JobState.QUEUED
    assert not second.began.is_set()
    first.go_on.set()
    assert told.end_of(one.number).state is JobState.DONE
    assert second.began.wait(PATIENCE_SECONDS)
    second.go_on.set()
    other.go_on.set()
    told.end_of(two.number)
    told.jobs.close()
    assert [job.state for job in told.jobs.all()] == [JobState.DONE] * 3
    assert [job.number for job in told.jobs.all()] == [ten.number, two.number, one.number]


def test_cancel_ends_what_runs_and_what_waits(told: Told):
    held = Held()
    running = told.submit("running", held)
    waiting = told.submit("waiting", Held())
    assert held.began.wait(PATIENCE_SECONDS)
    told.jobs.cancel(waiting.number)
    assert told.end_of(waiting.number).state is JobState.CANCELLED
    told.jobs.cancel(running.number)
    assert told.end_of(running.number).state is JobState.CANCELLED
    told.jobs.cancel(running.number)
    assert told.jobs.get(running.number).state is JobState.CANCELLED


def test_only_so_many_copy_at_once_and_waiting_for_it_can_be_cancelled(told: Told):
    first, second, third = Held(), Held(), Held()
    one = told.submit("copy-to-master", first, "vm1")
    assert first.began.wait(PATIENCE_SECONDS)
    two = told.submit("copy-to-repository", second, "vm2")
    three = told.submit("retrieve-master", third, "vm3")
    for number in (two.number, three.number):
        if not told.jobs.get(number).waits_for:
            told.until(lambda job, number=number: job.number == number and bool(job.waits_for))
    told.jobs.cancel(three.number)
    assert told.end_of(three.number).state is JobState.CANCELLED
    assert not second.began.is_set()
    first.go_on.set()
    assert told.end_of(one.number).state is JobState.DONE
    assert second.began.wait(PATIENCE_SECONDS)
    assert told.jobs.get(two.number).waits_for == ""
    second.go_on.set()
    assert told.end_of(two.number).state is JobState.DONE
    assert not third.began.is_set()


def test_a_failure_has_its_reason_and_can_be_tried_again(told: Told):
    attempts: list[int] = []

    def run(_context: StepContext) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConflictError("It is taken", "Wait")

    job = told.submit("once more", run)
    failed = told.end_of(job.number)
    assert (failed.state, failed.message) == (JobState.FAILED, "It is taken. Wait.")
    assert failed.current.state is StepState.FAILED
    again = told.jobs.retry(job.number)
    assert told.end_of(again.number).state is JobState.DONE
    with pytest.raises(RefusedError, match="did not fail"):
        told.jobs.retry(again.number)


def test_what_nobody_foresaw_is_told_and_frees_the_computer(
    told: Told, caplog: pytest.LogCaptureFixture
):
    def run(_context: StepContext) -> None:
        raise ZeroDivisionError("by nothing")

    job = told.submit("bad", run)
    failed = told.end_of(job.number)
    assert failed.state is JobState.FAILED
    assert "by nothing" in failed.message
    assert "ZeroDivisionError" in caplog.text
    after = told.submit("good", lambda _context: None)
    assert told.end_of(after.number).state is JobState.DONE


def test_closing_cancels_and_begins_nothing_new(told: Told):
    held = Held()
    job = told.submit("held", held)
    assert held.began.wait(PATIENCE_SECONDS)
    told.jobs.close(cancel=True)
    assert told.jobs.get(job.number).state is JobState.CANCELLED
    with pytest.raises(RefusedError):
        told.submit("late", Held())
    with pytest.raises(NotFoundError):
        told.jobs.get(99)


def test_a_cancel_undoes_what_was_made(told: Told):
    began = threading.Event()
    made = RemoveFile("h", "/x")

    def run(context: StepContext) -> None:
        context.will(made)
        began.set()
        assert context.cancel.wait(PATIENCE_SECONDS)
        context.cancel.raise_if_cancelled()

    job = told.submit("makes", run)
    assert began.wait(PATIENCE_SECONDS)
    told.jobs.cancel(job.number)
    assert told.jobs.get(job.number).word in ("cancelling", "cancelled")
    assert told.end_of(job.number).state is JobState.CANCELLED
    assert told.undone == [made]


def test_no_more_run_at_once_than_there_are_lanes(told: Told):
    steps = [Held() for _ in range(LANES + 2)]
    numbers = [told.submit("held", step, f"vm{index}").number for index, step in enumerate(steps)]
    for step in steps[:LANES]:
        assert step.began.wait(PATIENCE_SECONDS)
    assert [told.jobs.get(number).state for number in numbers[LANES:]] == [JobState.QUEUED] * 2
    steps[0].go_on.set()
    assert steps[LANES].began.wait(PATIENCE_SECONDS)
    assert not steps[LANES + 1].began.is_set()
    for step in steps:
        step.go_on.set()
    for number in numbers:
        while told.jobs.get(number).state.is_active:
            told.until(lambda _job: True)


def test_closing_waits_for_what_runs_and_cancels_what_waits(told: Told):
    held = Held()
    running = told.submit("running", held)
    waiting = told.submit("waiting", Held())
    assert held.began.wait(PATIENCE_SECONDS)
    closing = threading.Thread(target=told.jobs.close)
    closing.start()
    assert told.end_of(waiting.number).state is JobState.CANCELLED
    assert told.jobs.get(running.number).state is JobState.RUNNING
    held.go_on.set()
    closing.join(PATIENCE_SECONDS)
    assert told.jobs.get(running.number).state is JobState.DONE


def test_a_listener_that_fails_stops_no_job(told: Told, caplog: pytest.LogCaptureFixture):
    def fails(_job: Job) -> None:
        raise ZeroDivisionError("by nothing")

    end = told.jobs.subscribe(fails)
    job = told.submit("one", lambda _context: None)
    assert told.end_of(job.number).state is JobState.DONE
    assert "ZeroDivisionError" in caplog.text
    end()
