"""Jobs that tell what becomes of them, and steps that go on when they may."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from vcltui.models.cancel import CancelToken
from vcltui.operations import runner
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import UndoAction
from vcltui.runtime.jobs.jobs import Jobs
from vcltui.runtime.jobs.models import Job

PATIENCE_SECONDS = 60.0


class Told:
    """Jobs, and a wait for what they tell."""

    def __init__(self, copies_at_once: int = 2) -> None:
        self.jobs = Jobs(copies_at_once)
        self._queue: queue.Queue[Job] = queue.Queue()
        self.jobs.subscribe(self._queue.put)
        self.undone: list[UndoAction] = []

    def until(self, holds: Callable[[Job], bool]) -> Job:
        """The first that is told and fits."""
        while True:
            job = self._queue.get(timeout=PATIENCE_SECONDS)
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
            runner.run(operation, self.undone.append, observer, token)
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
