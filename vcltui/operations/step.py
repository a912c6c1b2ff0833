"""An operation is an ordered list of named steps, each with what undoes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vcltui.models.cancel import CancelToken, Progress
from vcltui.operations.undo import UndoAction


class StepContext(Protocol):
    """What a running step may use."""

    @property
    def cancel(self) -> CancelToken:
        """Set when the operator cancels; long work passes it on."""

    @property
    def progress(self) -> Progress:
        """Takes the step's share done, 0.0 to 1.0."""

    def say(self, text: str) -> None:
        """Tell a line about what happens meanwhile, for people; the journal keeps none of it."""

    def will(self, undo: UndoAction) -> None:
        """Record, in the journal too, what undoes a thing that is about to be made."""


StepFunction = Callable[[StepContext], str | None]
"""Does a step; may return one sentence about what came of it ("already there")."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an operation.

    `name` is stable and machine-readable, `title` is for people. `calls` are the command lines
    and libvirt calls as a dry run prints them. `undo` is recorded before the step runs and must
    check for itself whether its thing was made. `early` steps of a driver's pre_define may run
    while the computer's old domain still exists. `load_state` is the row of VCL's
    computerloadstate that is written when the step has ended. `settles`: once it has ended, what
    was made up to here may be in use by others, so that a kill after it undoes nothing. `loses`
    is what it deletes for good, in words that no other thing of the same name shares: whoever
    confirms the plan confirms that, and no more.
    """

    name: str
    title: str
    run: StepFunction
    calls: tuple[str, ...] = ()
    undo: tuple[UndoAction, ...] = ()
    early: bool = False
    load_state: str | None = None
    settles: bool = False
    loses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A planned operation. `id` is unique; `target` is the computer, domain or image it is about.

    `kind` is its use case: load, unload, capture ... `host` is the VM host's name. `checked` are
    sentences on what planning found to be so, `warnings` on whom it disturbs. `lock_name` is the
    lock that it runs under.
    """

    id: str
    kind: str
    target: str
    host: str
    title: str
    steps: tuple[Step, ...]
    details: dict[str, str] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    lock_name: str = ""

    @property
    def loses(self) -> frozenset[str]:
        """What its steps delete for good."""
        return frozenset(lost for step in self.steps for lost in step.loses)
