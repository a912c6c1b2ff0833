"""A job as people see it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum

MOST_LINES = 2000
"""How many lines of a job's log are kept."""


class JobState(Enum):
    """How far a job is; `value` is the word shown to people."""

    QUEUED = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        """Whether it has yet to end."""
        return self in (JobState.QUEUED, JobState.RUNNING)


class StepState(Enum):
    """How far a step is; `value` is the word shown to people."""

    PENDING = "to do"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStep:
    """One step of a job. `share` is how much of it is done, 0.0 to 1.0; None where unknown.

    `loses` is what it deletes for good, see Step.
    """

    name: str
    title: str
    state: StepState = StepState.PENDING
    share: float | None = None
    note: str = ""
    loses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobLine:
    """One line of a job's log."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job at one moment. Times are monotonic seconds.

    `steps` are known once it is planned. `message` is why it failed; `details` are those of the
    operation, such as the name of a captured image.
    """

    number: int
    title: str
    host: str
    target: str
    state: JobState = JobState.QUEUED
    cancelling: bool = False
    waits_for: str = ""
    steps: tuple[JobStep, ...] = ()
    began: float | None = None
    ended: float | None = None
    message: str = ""
    details: dict[str, str] = field(default_factory=dict)
    log: tuple[JobLine, ...] = ()

    @property
    def word(self) -> str:
        """Its state as people say it."""
        if self.cancelling and self.state.is_active:
            return "cancelling"
        return self.state.value

    @property
    def current(self) -> JobStep | None:
        """The step that runs or failed, else None."""
        running = (StepState.RUNNING, StepState.FAILED)
        return next((step for step in self.steps if step.state in running), None)

    @property
    def gone(self) -> str:
        """What undoing it does not bring back, in a sentence; empty while there is nothing."""
        done = [one for step in self.steps if step.state is StepState.DONE for one in step.loses]
        begun = [step for step in self.steps if step.state in (StepState.RUNNING, StepState.FAILED)]
        doubted = [one for step in begun for one in step.loses]
        if not done and not doubted:
            return ""
        lost = done or doubted
        is_domain = any(one.startswith("domain ") for one in lost)
        what = "the domain that was there" if is_domain else ", ".join(lost)
        then = "; load it again" if is_domain else ""
        if not done:
            return f"It may be that {what} is deleted already; then it does not come back{then}."
        return f"{what[:1].upper()}{what[1:]} is deleted already and does not come back{then}."

    @property
    def steps_done(self) -> int:
        """How many steps are done."""
        return sum(step.state is StepState.DONE for step in self.steps)

    @property
    def share(self) -> float:
        """How much of all its steps is done, 0.0 to 1.0."""
        if self.state is JobState.DONE:
            return 1.0
        if not self.steps:
            return 0.0
        part = next(
            (step.share or 0.0 for step in self.steps if step.state is StepState.RUNNING), 0
        )
        return (self.steps_done + part) / len(self.steps)

    def elapsed_seconds(self, now: float) -> float | None:
        """How long it has run, or ran; None before it began."""
        if self.began is None:
            return None
        return (self.ended if self.ended is not None else now) - self.began

    def with_line(self, text: str) -> Job:
        """The job with one more line in its log, of which the last ones are kept."""
        return replace(self, log=(*self.log[1 - MOST_LINES :], JobLine(datetime.now(UTC), text)))

    def with_step(self, name: str, **changes: object) -> Job:
        """The job with the first unfinished step of this name changed."""
        steps = list(self.steps)
        for index, step in enumerate(steps):
            if step.name == name and step.state in (StepState.PENDING, StepState.RUNNING):
                steps[index] = replace(step, **changes)  # type: ignore[arg-type]
                break
        return replace(self, steps=tuple(steps))

    def started_now(self) -> Job:
        """The job as it is when it begins."""
        return replace(self, state=JobState.RUNNING, began=time.monotonic()).with_line("begins")

    def ended_as(self, state: JobState, message: str = "") -> Job:
        """The job as it is when it has ended so."""
        if state in (JobState.FAILED, JobState.CANCELLED) and self.gone:
            message = f"{message} {self.gone}".strip()
        words = state.value if not message else f"{state.value}: {message}"
        ended = replace(self, state=state, message=message, ended=time.monotonic(), waits_for="")
        return ended.with_line(words)
