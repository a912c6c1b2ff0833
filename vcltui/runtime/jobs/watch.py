"""Turns what a running operation tells into the facts of its job, and keeps copies few."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vcltui.errors import CancelledError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.operations.runner import Observer, Outcome
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import UndoAction
from vcltui.runtime.jobs.models import Job, JobStep, StepState

COPYING_STEPS = frozenset({"retrieve-master", "copy-to-master", "copy-to-repository", "convert"})
"""The steps that read and write a whole disk; only so many of them run at a time."""
_LOOK_SECONDS = 0.2
_TELL_SECONDS = 0.1


class JobObserver(Observer):
    """Hears of one job's operation. `change` takes a function from the old to the new job."""

    def __init__(
        self,
        change: Callable[[Callable[[Job], Job]], None],
        cancel: CancelToken,
        copies: threading.Semaphore,
    ) -> None:
        self._change, self._cancel, self._copies = change, cancel, copies
        self._copying = False
        self._outcome: Outcome | None = None
        self._told_at = 0.0

    def was_cancelled(self, error: VcltuiError) -> bool:
        """Whether the operation ended because it was asked to."""
        return self._outcome is Outcome.CANCELLED or isinstance(error, CancelledError)

    def release(self) -> None:
        """Let others copy, if this job still held the place."""
        if self._copying:
            self._copying = False
            self._copies.release()

    def begun(self, operation: Operation) -> None:
        """As Observer.begun: the steps are known now."""
        steps = tuple(JobStep(step.name, step.title, loses=step.loses) for step in operation.steps)
        title = operation.title
        self._change(lambda job: replace(job, title=title, steps=steps))

    def step_started(self, step: Step) -> None:
        """As Observer.step_started; waits here for its turn to copy. Raises CancelledError."""
        if step.name in COPYING_STEPS:
            self._wait_to_copy()
        self._change(
            lambda job: job.with_step(step.name, state=StepState.RUNNING).with_line(step.title)
        )

    def progressed(self, step: Step, share: float) -> None:
        """As Observer.progressed; told at most ten times a second."""
        now = time.monotonic()
        if now - self._told_at >= _TELL_SECONDS or share >= 1.0:
            self._told_at = now
            self._change(lambda job: job.with_step(step.name, share=share))

    def said(self, step: Step, text: str) -> None:
        """As Observer.said."""
        self._change(lambda job: job.with_line(text))

    def step_finished(self, step: Step, note: str | None) -> None:
        """As Observer.step_finished."""
        self.release()
        words = note or ""

        def done(job: Job) -> Job:
            after = job.with_step(step.name, state=StepState.DONE, share=None, note=words)
            return after.with_line(f"{step.title}: {words}") if words else after

        self._change(done)

    def step_failed(self, step: Step, error: BaseException) -> None:
        """As Observer.step_failed."""
        self.release()
        words = str(error) or type(error).__name__
        self._change(
            lambda job: job.with_step(step.name, state=StepState.FAILED, note=words).with_line(
                f"{step.title} failed: {words}"
            )
        )

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        """As Observer.undone."""
        words = str(error) if error else note
        if words:
            self._change(lambda job: job.with_line(f"undo: {words}"))

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """As Observer.ended."""
        self._outcome = outcome

    def _wait_to_copy(self) -> None:
        if not self._copies.acquire(blocking=False):
            self._change(lambda job: replace(job, waits_for="other copies"))
            while not self._copies.acquire(timeout=_LOOK_SECONDS):
                self._cancel.raise_if_cancelled()
            self._change(lambda job: replace(job, waits_for=""))
        self._copying = True
