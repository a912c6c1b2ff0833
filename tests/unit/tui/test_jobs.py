"""The jobs: their steps and progress, cancelling, trying again, and leaving while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.unit.tui.driving import NARROW, Driver, Slow, add_job, console, until_cancelled
from vcltui.models.cancel import CancelToken
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.runtime.jobs.models import JobState
from vcltui.tui.dialogs.confirm import Confirm
from vcltui.tui.screens.full import JobsScreen

ODD = "Load [x] onto vm1"


def detail(driver: Driver) -> str:
    return driver.words("#job-detail Static")


def offers(driver: Driver, action: str) -> bool:
    return driver.app.screen.check_action(action, ()) is True


async def test_a_running_job_is_seen_and_its_cancelling_asked_for(quick: Slow):
    async with console(quick) as driver:
        number = add_job(driver.app, until_cancelled, ODD)
        await driver.press("5")
        await driver.until(lambda: driver.cells("jobs", "steps") == ["0/2"], "its steps")
        await driver.until(lambda: "20%" in driver.cells("jobs", "progress")[0], "its progress")
        assert driver.cells("jobs", "state")[0].endswith("running")
        assert driver.cells("jobs", "title") == [ODD]
        await driver.until(lambda: "First [step]" in detail(driver), "its steps below")
        assert offers(driver, "cancel_job")
        assert not offers(driver, "retry_job")
        assert not driver.offers("power_off")
        await driver.press("x")
        await driver.shows(Confirm)
        assert ODD in driver.words()
        await driver.press("n")
        await driver.back()
        assert driver.app.jobs.get(number).state is JobState.RUNNING
        await driver.press("x")
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended(number, JobState.CANCELLED)
        await driver.until(lambda: "cancelled, on h" in detail(driver), "its end on the screen")
        assert not offers(driver, "cancel_job")


async def test_what_failed_is_tried_again_as_another_job(quick: Slow):
    attempts: list[int] = []

    def second_time(_context: StepContext) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("not yet")

    async with console(quick) as driver:
        await driver.press("5")
        assert not offers(driver, "retry_job"), "there is none yet"
        add_job(driver.app, second_time)
        await driver.ended(1, JobState.FAILED)
        await driver.until(lambda: offers(driver, "retry_job"), "the offer")
        await driver.press("r")
        await driver.ended(2)
        states = [one.split()[-1] for one in driver.cells("jobs", "state")]
        assert states == ["done", "failed"]


async def test_a_failed_job_is_told_with_its_reason_and_without_markup(quick: Slow):
    def fail(_context: StepContext) -> None:
        raise RuntimeError("no [space] left [/b]")

    async with console(quick) as driver:
        add_job(driver.app, fail, ODD)
        await driver.ended(1, JobState.FAILED)
        (told,) = driver.told
        assert told.severity == "error"
        assert told.title == f"{ODD}: failed"
        assert "no [space] left [/b]" in told.words
        assert not told.markup
        await driver.press("5")
        await driver.until(lambda: "no [space] left [/b]" in detail(driver), "the reason")
        await driver.press("6")
        await driver.until(
            lambda: any("no [space] left" in line for line in driver.cells("log", "text")),
            "it in the log",
        )


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_while_a_job_runs_asks(quick: Slow, key: str):
    async with console(quick) as driver:
        number = add_job(driver.app, until_cancelled, ODD)
        jobs = driver.app.jobs
        await driver.until(lambda: jobs.get(number).state is JobState.RUNNING, "the job")
        await driver.press(key)
        await driver.shows(Confirm)
        assert ODD in driver.words()
        await driver.press("n")
        await driver.back()
        assert jobs.get(number).state is JobState.RUNNING
        await driver.press(key)
        await driver.shows(Confirm)
        await driver.press("y")
    assert jobs.get(number).state is JobState.CANCELLED, "it is undone before the end"


async def test_leaving_without_jobs_asks_nothing(quick: Slow):
    async with console(quick) as driver:
        await driver.press("q")
        await driver.until(lambda: driver.app._exit, "the end")


async def test_jobs_stay_in_sight_wherever_one_is(quick: Slow):
    go_on = threading.Event()

    async with console(quick) as driver:
        number = add_job(driver.app, lambda _context: (go_on.wait(), None)[1], ODD)
        for key in "0123":
            await driver.press(key)
            await driver.until(lambda: ODD in driver.words("#jobs-strip"), "it below")
        go_on.set()
        await driver.ended(number)
        assert driver.told[-1].words == ODD
        assert driver.told[-1].title == "Done"
        await driver.until(lambda: "done" in driver.words("#jobs-strip"), "its end below")


async def test_a_job_that_waits_says_for_what_and_can_be_cancelled(quick: Slow):
    async with console(quick) as driver:
        first = add_job(driver.app, until_cancelled)
        await driver.until(
            lambda: driver.app.jobs.get(first).state is JobState.RUNNING, "the first"
        )
        second = add_job(driver.app, until_cancelled)
        await driver.press("5")
        await driver.until(
            lambda: (
                [one.split()[-1] for one in driver.cells("jobs", "state")] == ["waiting", "running"]
            ),
            "one of the same computer after the other",
        )
        await driver.press("g", "x")
        await driver.shows(Confirm)
        await driver.press("y")
        await driver.ended(second, JobState.CANCELLED)
        assert driver.app.jobs.get(first).state is JobState.RUNNING


async def test_the_newest_job_is_looked_at_first(quick: Slow):
    async with console(quick) as driver:
        add_job(driver.app, lambda _: None, "First")
        await driver.ended(1)
        await driver.press("5")
        await driver.until(lambda: driver.cells("jobs", "title") == ["First"], "the first")
        await driver.press("g", "0")
        add_job(driver.app, lambda _: None, "Second")
        await driver.ended(2)
        await driver.press("5")
        await driver.until(lambda: "Second" in detail(driver), "its steps")
        await driver.press("j")
        await driver.until(lambda: "First" in detail(driver), "the one that was chosen")
        await driver.press("0", "5")
        await driver.shows(JobsScreen)
        await driver.pilot.pause()
        assert "First" in detail(driver), "nothing is newer"


async def test_of_what_has_ended_no_bar_is_drawn(quick: Slow):
    async with console(quick) as driver:
        add_job(driver.app, lambda _: None)
        await driver.ended(1)
        await driver.press("5")
        await driver.until(lambda: driver.cells("jobs", "progress") == [""], "it")
        assert not driver.app.screen.query_one("#jobs-strip").display, "the list has it"


async def test_a_row_says_that_a_job_works_on_it(quick: Slow):
    async with console(quick) as driver:
        (host,) = quick.hosts()
        await driver.until(lambda: driver.cells("domains", "computer") == ["test"], "the row")
        seen, go_on = threading.Event(), threading.Event()

        def work(observer: Observer, token: CancelToken) -> Operation:
            step = Step("one", "First", lambda _: (seen.set(), go_on.wait(), None)[2])
            operation = Operation("id", "test", "test", host, "Load x", (step,))
            runner.run(operation, lambda _action: None, observer, token)
            return operation

        driver.app.jobs.submit("Load x", host, "test", "computer-test", work)
        await driver.until(lambda: "busy 0%" in driver.cells("domains", "flags")[0], "it")
        await driver.at("domains", "test")
        await driver.until(lambda: "busy 0%  First" in driver.words("#detail-text"), "it beside")
        go_on.set()
        await driver.ended(1)
        await driver.until(lambda: "busy" not in driver.cells("domains", "flags")[0], "its end")


async def test_where_it_is_narrow_the_strip_has_one_line(quick: Slow):
    async with console(quick, size=NARROW) as driver:
        for number in range(3):
            add_job(driver.app, until_cancelled, f"Load x onto vm{number} [b]")
        await driver.until(lambda: "and 2 more" in driver.words("#jobs-strip"), "their number")
        assert len(driver.words("#jobs-strip").splitlines()) == 1
        driver.app.jobs.close(cancel=True)


def ending(ends: threading.Event) -> Callable[[StepContext], None]:
    """A step that ends when it is told to."""

    def run(_context: StepContext) -> None:
        ends.wait(30)

    return run


async def test_the_question_whether_to_cancel_goes_with_its_job(quick: Slow):
    ends = threading.Event()
    async with console(quick) as driver:
        add_job(driver.app, ending(ends), ODD)
        await driver.press("5")
        await driver.until(lambda: offers(driver, "cancel_job"), "the offer")
        await driver.press("x")
        await driver.shows(Confirm)
        ends.set()
        told = await driver.hears("Nothing to answer any more")
        assert told.words == f"{ODD} has ended: done"
        await driver.back()


async def test_the_question_whether_to_leave_goes_with_the_last_job(quick: Slow):
    ends = threading.Event()
    async with console(quick) as driver:
        add_job(driver.app, ending(ends), ODD)
        await driver.press("q")
        await driver.shows(Confirm)
        assert ODD in driver.words()
        ends.set()
        told = await driver.hears("Nothing to answer any more")
        assert told.words == "The jobs have ended, and q leaves"
        await driver.back()


async def test_what_is_deleted_already_is_told_before_and_after_a_cancel(quick: Slow):
    ends = threading.Event()
    lost = "The domain that was there is deleted already and does not come back; load it again."

    def work(observer: Observer, token: CancelToken) -> Operation:
        gone = ("domain vm1 (uuid)", "/vms/a.qcow2")
        steps = (
            Step("delete-domain", "Delete it", ending(ends), loses=gone),
            Step("two", "Make another", until_cancelled),
        )
        operation = Operation("id", "load", "vm1", "h", ODD, steps)
        runner.run(operation, lambda _action: None, observer, token)
        return operation

    async with console(quick) as driver:
        number = driver.app.jobs.submit(ODD, "h", "vm1", "computer-vm1", work).number
        await driver.press("5")
        await driver.until(lambda: "Delete it" in detail(driver), "its steps")
        await driver.press("x")
        await driver.shows(Confirm)
        assert "It may be that the domain that was there is deleted already" in driver.words()
        ends.set()
        await driver.until(lambda: lost in " ".join(driver.words().split()), "what is lost")
        await driver.press("y")
        job = await driver.ended(number, JobState.CANCELLED)
        assert job.message.endswith(lost)
        assert any(lost in one.words for one in driver.told)
