"""Jobs: one change at a time for each computer, few copies at once, cancel undoes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, open_world
from vcltui.errors import ConflictError, NotFoundError, RefusedError
from vcltui.models.cancel import CancelToken
from vcltui.models.domain import PowerState
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.runtime.actions import ACTIONS, BY_ID, Subject, possible
from vcltui.runtime.job_models import Job, JobState, StepState
from vcltui.runtime.job_work import node_status, plan, work_for
from vcltui.runtime.jobs import Jobs

_PATIENCE_SECONDS = 30.0


class Told:
    """Jobs, and a wait for what they tell."""

    def __init__(self, copies_at_once: int = 2) -> None:
        self.jobs = Jobs(copies_at_once)
        self._queue: queue.Queue[Job] = queue.Queue()
        self.jobs.subscribe(self._queue.put)

    def until(self, holds: Callable[[Job], bool]) -> Job:
        """The first that is told and fits."""
        while True:
            job = self._queue.get(timeout=_PATIENCE_SECONDS)
            if holds(job):
                return job

    def end_of(self, number: int) -> Job:
        return self.until(lambda job: job.number == number and not job.state.is_active)

    def submit(self, name: str, run: Callable[[StepContext], str | None], lock: str = "vm1") -> Job:
        def work(observer: Observer, token: CancelToken) -> Operation:
            operation = Operation(
                "id", "test", lock, "h", f"Job {name}", (Step(name, f"Step {name}", run),),
                {"made": name},
            )  # fmt: skip
            runner.run(operation, lambda _action: None, observer, token)
            return operation

        return self.jobs.submit(f"Job {name}", "h", lock, f"computer-{lock}", work)


class Held:
    """A step that says when it began and goes on when it may; a cancel ends it."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()

    def __call__(self, context: StepContext) -> None:
        self.began.set()
        while not self.go_on.wait(0.01):
            context.cancel.raise_if_cancelled()


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told(copies_at_once=1)
    yield made
    made.jobs.close(cancel=True)


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
    assert first.began.wait(_PATIENCE_SECONDS)
    assert other.began.wait(_PATIENCE_SECONDS)
    assert told.jobs.get(two.number).state is JobState.QUEUED
    assert not second.began.is_set()
    first.go_on.set()
    assert told.end_of(one.number).state is JobState.DONE
    assert second.began.wait(_PATIENCE_SECONDS)
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
    assert held.began.wait(_PATIENCE_SECONDS)
    told.jobs.cancel(waiting.number)
    assert told.end_of(waiting.number).state is JobState.CANCELLED
    told.jobs.cancel(running.number)
    assert told.end_of(running.number).state is JobState.CANCELLED
    told.jobs.cancel(running.number)
    assert told.jobs.get(running.number).state is JobState.CANCELLED


def test_only_so_many_copy_at_once_and_waiting_for_it_can_be_cancelled(told: Told):
    first, second, third = Held(), Held(), Held()
    one = told.submit("copy-to-master", first, "vm1")
    assert first.began.wait(_PATIENCE_SECONDS)
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
    assert second.began.wait(_PATIENCE_SECONDS)
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
    assert held.began.wait(_PATIENCE_SECONDS)
    told.jobs.close(cancel=True)
    assert told.jobs.get(job.number).state is JobState.CANCELLED
    with pytest.raises(RefusedError):
        told.submit("late", Held())
    with pytest.raises(NotFoundError):
        told.jobs.get(99)


# --- the action table ---

ON = Subject("h", True, "vm1:img-v1", "vm1", PowerState.ON)
OFF = Subject("h", True, "vm1:img-v1", "vm1", PowerState.OFF)
PAUSED = Subject("h", True, "vm1:img-v1", "vm1", PowerState.SUSPENDED)
EMPTY = Subject("h", True, None, "vm1", None)
FOREIGN = Subject("h", True, "web", None, PowerState.ON)


@pytest.mark.parametrize(
    ("subject", "offered"),
    [
        (
            ON,
            "shutdown suspend power_off reset load unload capture snapshot_create "
            "snapshot_revert snapshot_delete maintenance",
        ),
        (
            OFF,
            "power_on load unload snapshot_create snapshot_revert snapshot_delete maintenance",
        ),
        (
            PAUSED,
            "resume power_off reset load unload snapshot_create snapshot_revert "
            "snapshot_delete maintenance",
        ),
        (EMPTY, "load maintenance"),
        (
            FOREIGN,
            "shutdown suspend power_off reset snapshot_create snapshot_revert snapshot_delete",
        ),
        (Subject("h", False, "vm1:img-v1", "vm1", PowerState.ON), ""),
        (Subject("h", True, "vm1:img-v1", "vm1", PowerState.ON, readonly=True), ""),
        (None, ""),
    ],
)
def test_only_what_is_possible_is_offered(subject: Subject | None, offered: str):
    found = {action.id for action in ACTIONS if possible(action, subject) is None}
    assert found == set(offered.split())


def test_no_key_does_two_things_at_once_and_what_deletes_is_a_capital():
    for subject in (ON, OFF, PAUSED, EMPTY, FOREIGN):
        keys = [action.key for action in ACTIONS if possible(action, subject) is None]
        assert len(keys) == len(set(keys))
    for action in ACTIONS:
        dangerous = action.danger.value in ("deletes", "interrupts")
        assert action.key.isupper() is dangerous, action.id


# --- on a real small world ---


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


def test_load_power_snapshots_status_and_unload_as_jobs(world: World, told: Told):
    image = world.add_image("Base System")
    workspace = world.workspace

    def do(action_id: str, subject: Subject, **arguments: str) -> Job:
        work = work_for(workspace, BY_ID[action_id], subject, arguments)
        job = told.jobs.submit(action_id, "kvm-a", "vm1", subject.lock_name, work)
        ended = told.end_of(job.number)
        assert ended.state is JobState.DONE, ended.message
        return ended

    empty = Subject("kvm-a", domain=None, computer="vm1")
    planned = plan(workspace, BY_ID["load"], empty, {"image": image})
    assert world.domains() == set()
    loaded = do("load", empty, image=image)
    assert [step.title for step in loaded.steps] == [step.title for step in planned.steps]
    on = Subject("kvm-a", domain=f"vm1:{image}", computer="vm1", power=PowerState.ON)
    assert node_status(workspace, on).state.value == "READY"
    do("suspend", on)
    do("resume", on)
    do("snapshot_create", on, snapshot="one")
    do("snapshot_revert", on, snapshot="one")
    do("snapshot_delete", on, snapshot="one")
    do("power_off", on)
    assert world.computer("vm1").power_status() is PowerState.OFF
    do("power_on", on)
    do("unload", on)
    assert world.domains() == set()
    kinds = [entry.kind for entry in workspace.journal.entries() if entry.target != image]
    assert kinds[0] == "unload"
    assert "load" in kinds


def test_a_load_that_is_cancelled_leaves_nothing(world: World, told: Told):
    image = world.add_image("Base System")
    before = world.files()
    subject = Subject("kvm-a", computer="vm1")
    work = work_for(world.workspace, BY_ID["load"], subject, {"image": image})

    def stopped(observer: Observer, token: CancelToken) -> Operation:
        class Stop(Observer):
            def step_started(self, step: Step) -> None:
                if step.name == "power-on":
                    token.cancel()

        return work(runner.Observers((observer, Stop())), token)

    job = told.jobs.submit("Load", "kvm-a", "vm1", subject.lock_name, stopped)
    ended = told.end_of(job.number)
    assert ended.state is JobState.CANCELLED
    assert world.domains() == set()
    assert world.files() == before
    assert world.workspace.journal.entries()[0].outcome == "cancelled"
    assert any(line.text.startswith("undo: ") for line in ended.log)
