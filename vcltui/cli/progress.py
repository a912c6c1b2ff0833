"""Shows a running operation step by step, as plain lines."""

from __future__ import annotations

import sys

import click

from vcltui.cli.text import give_up_stdout, printable
from vcltui.errors import CancelledError, VcltuiError
from vcltui.operations.runner import Observer, Outcome
from vcltui.operations.step import Operation, Step
from vcltui.operations.undo import UndoAction

_QUARTERS = (0.25, 0.5, 0.75)


class PlainProgress(Observer):
    """Prints one line for each step when it has ended, and what was undone.

    Long steps have lines at 25, 50 and 75 %. When nobody reads stdout any more, it goes on
    silently: the operation must not fail halfway because of its onlooker.
    """

    def __init__(self) -> None:
        self._number = 0
        self._total = 0
        self._share = 0.0
        self._undone = False
        self._is_heard = True

    def close(self) -> None:
        """Leave the terminal as it was."""

    def print_line(self, text: str) -> None:
        """Print one line about the operation."""
        click.echo(printable(text))

    def begun(self, operation: Operation) -> None:
        """As Observer.begun."""
        self._number, self._total, self._undone = 0, len(operation.steps), False
        self._operation = operation

    def step_started(self, step: Step) -> None:
        """As Observer.step_started; prints nothing."""
        self._number += 1
        self._share = 0.0

    def progressed(self, step: Step, share: float) -> None:
        """As Observer.progressed; prints a line at each quarter."""
        passed = [quarter for quarter in _QUARTERS if self._share < quarter <= share]
        self._share = max(self._share, share)
        if passed and share < 1.0:
            self._step_line(step, f"{passed[-1]:.0%}")

    def said(self, step: Step, text: str) -> None:
        """As Observer.said."""
        self._line(text)

    def step_finished(self, step: Step, note: str | None) -> None:
        """As Observer.step_finished."""
        self._step_line(step, note or "done")

    def step_failed(self, step: Step, error: BaseException) -> None:
        """As Observer.step_failed; the error itself is told at the end."""
        cancelled = isinstance(error, CancelledError | KeyboardInterrupt)
        self._step_line(step, "cancelled" if cancelled else "failed")

    def undone(self, action: UndoAction, note: str | None, error: VcltuiError | None) -> None:
        """As Observer.undone."""
        if error is not None:
            self._line(f"Not undone: {error}")
        elif note:
            self._line(f"Undone: {note}")
        self._undone = self._undone or bool(error or note)

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """As Observer.ended."""
        if outcome is Outcome.DONE:
            self._line(f"Done: {self._operation.title}")
        elif not self._undone:
            self._line("Nothing was left that had to be undone")

    def is_cancelling(self) -> None:
        """The operator asked for a stop."""
        self._line("Stopping, and undoing what was done; ctrl-c again ends at once")

    def _step_line(self, step: Step, outcome: str) -> None:
        self._line(f"[{self._number}/{self._total}] {step.title} ... {outcome}")

    def _line(self, text: str) -> None:
        if not self._is_heard:
            return
        try:
            self.print_line(text)
        except OSError:
            self._is_heard = False
            give_up_stdout()


def progress_for_stdout() -> PlainProgress:
    """A live display where stdout is a terminal, else plain lines."""
    if not sys.stdout.isatty():
        return PlainProgress()
    # Only here: rich takes longer to import than a command without a terminal takes to run.
    from vcltui.cli.live import LiveProgress  # noqa: PLC0415

    return LiveProgress()
