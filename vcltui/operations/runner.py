"""Runs an operation's steps in order; a failure or a cancel undoes what was made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from vcltui.errors import CancelledError, OperationFailedError, VcltuiError
from vcltui.models.cancel import CancelToken, Progress
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import (
    BARRIERS,
    UndoAction,
    UndoHeldError,
    UndoNotNeededError,
)

_log = logging.getLogger(__name__)

Undoer = Callable[[UndoAction], str | None]
"""Carries out one undo action; returns a sentence about it, or None when nothing was to do."""


class Outcome(Enum):
    """How an operation ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Observer:
    """Hears of everything a running operation does. Every method does nothing by default."""

    def begun(self, operation: Operation) -> None:
        """The operation is about to run its first step."""

    def step_started(self, step: Step) -> None:
        """A step begins."""

    def undo_recorded(self, action: UndoAction) -> None:
        """Something is about to be made that `action` would undo."""

    def progressed(self, step: Step, share: float) -> None:
        """`share` (0.0 to 1.0) of the step is done."""

    def said(self, step: Step, text: str) -> None:
        """A line about what happens while the step runs."""

    def step_finished(self, step: Step, note: str | None) -> None:
        """A step ended well; `note` is one sentence about it."""

    def step_failed(self, step: Step, error: BaseException) -> None:
        """A step failed; undo follows."""

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        """An undo action was carried out, or failed with `error`."""

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """The operation is over, undo included."""


class Observers(Observer):
    """Passes everything on to several observers, in order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)

    def begun(self, operation: Operation) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.begun(operation)

    def step_started(self, step: Step) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.step_started(step)

    def undo_recorded(self, action: UndoAction) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.undo_recorded(action)

    def progressed(self, step: Step, share: float) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.progressed(step, share)

    def said(self, step: Step, text: str) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.said(step, text)

    def step_finished(self, step: Step, note: str | None) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.step_finished(step, note)

    def step_failed(self, step: Step, error: BaseException) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.step_failed(step, error)

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.undone(action, note, error)

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.ended(outcome, error)


class _Context:
    """The StepContext of one running step."""

    def __init__(
        self, step: Step, cancel: CancelToken, observer: Observer, undo: list[UndoAction]
    ) -> None:
        self._step, self._cancel, self._observer, self._undo = step, cancel, observer, undo

    @property
    def cancel(self) -> CancelToken:
        return self._cancel

    @property
    def progress(self) -> Progress:
        return lambda share: self._observer.progressed(self._step, share)

    def say(self, text: str) -> None:
        self._observer.said(self._step, text)

    def will(self, undo: UndoAction) -> None:
        self._observer.undo_recorded(undo)
        self._undo.append(undo)


def run(
    operation: Operation,
    undoer: Undoer,
    observer: Observer | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Run all steps of `operation`.

    Raises the error of the step that failed, after undo; CancelledError when `cancel` was set
    (looked at before every step and by the steps themselves); OperationFailedError when undo
    could not put everything back, naming what is left.
    """
    watcher = observer or Observer()
    token = cancel or CancelToken()
    undo: list[UndoAction] = []
    watcher.begun(operation)
    try:
        for step in operation.steps:
            token.raise_if_cancelled()
            _run_step(step, token, watcher, undo)
    except BaseException as error:
        left = undo_all(undo, undoer, watcher)
        cancelled = isinstance(error, CancelledError | KeyboardInterrupt)
        outcome = Outcome.CANCELLED if cancelled else Outcome.FAILED
        if left and isinstance(error, Exception):
            failure = OperationFailedError(
                f"{str(error).rstrip('.')}; and undoing it left: {'; '.join(left)}",
                "Run `vcltui jobs --clean` when the cause is mended",
            )
            _tell(watcher.ended, outcome, failure)
            raise failure from error
        _tell(watcher.ended, outcome, error)
        raise
    _tell(watcher.ended, Outcome.DONE, None)


def _run_step(step: Step, cancel: CancelToken, observer: Observer, undo: list[UndoAction]) -> None:
    observer.step_started(step)
    context = _Context(step, cancel, observer, undo)
    try:
        for action in step.undo:
            context.will(action)
        note = step.run(context)
    except BaseException as error:
        _tell(observer.step_failed, step, error)
        raise
    observer.step_finished(step, note)


def undo_all(undo: Sequence[UndoAction], undoer: Undoer, observer: Observer) -> list[str]:
    """Undo in reverse order, each on its own; returns why what was not undone could not be.

    What several have in common, such as a host that is silent, is told once.
    A barrier that says the operation had reached its end stops the undo; so does one that can't
    be asked, for then nothing may be removed, and what must be kept for now.
    """
    left: list[str] = []
    for action in reversed(undo):
        try:
            note = undoer(action)
        except UndoNotNeededError as kept:
            if str(kept):
                _tell(observer.undone, action, str(kept), None)
            break
        except Exception as error:  # noqa: BLE001 - one that fails must not end the others' undo
            known = error if isinstance(error, VcltuiError) else _unforeseen(action, error)
            _tell(observer.undone, action, None, known)
            left.append(str(known).rstrip("."))
            if isinstance(action, BARRIERS) or isinstance(error, UndoHeldError):
                break
        else:
            _tell(observer.undone, action, note, None)
    return list(dict.fromkeys(left))


def _unforeseen(action: UndoAction, error: Exception) -> OperationFailedError:
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return OperationFailedError(f"{type(action).__name__} failed in a way not foreseen ({words})")


def _tell(hear: Callable[..., None], *what: object) -> None:
    """Tell an observer while undoing, whether it fails (a closed pipe, a full disk) or not."""
    try:
        hear(*what)
    except Exception:  # noqa: BLE001 - nothing may end an undo half-way
        _log.exception("An observer failed while an operation was undone")
