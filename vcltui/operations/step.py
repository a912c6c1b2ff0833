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
    computerloadstate that is written when the step has ended.
    """

    name: str
    title: str
    run: StepFunction
    calls: tuple[str, ...] = ()
    undo: tuple[UndoAction, ...] = ()
    early: bool = False
    load_state: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A planned operation. `id` is unique; `target` is the computer, domain or image it is about.

    `kind` is its use case: load, unload, capture ... `host` is the VM host's name.
    """

    id: str
    kind: str
    target: str
    host: str
    title: str
    steps: tuple[Step, ...]
    details: dict[str, str] = field(default_factory=dict)
