"""Tells VCL how far a load for a reservation has come, so that its web page shows it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from vcltui.errors import VcltuiError
from vcltui.operations.runner import Observer, Observers
from vcltui.operations.step import Operation, Step
from vcltui.provisioning.context import Context
from vcltui.vcldb import loadlog

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database

FAILED_STATE = "loadimagefailed"
_log = logging.getLogger(__name__)


def with_load_log(context: Context, operation: Operation) -> Observer:
    """The context's observer; for a load for a reservation one that keeps VCL's load log too."""
    assignment = context.assignment
    if (
        operation.kind != "load"
        or context.database is None
        or assignment is None
        or assignment.request is None
    ):
        return context.observer
    return LoadLog(
        context.observer,
        context.database,
        reservation_id=assignment.request.reservation_id,
        computer_id=assignment.computer.id,
    )


class LoadLog(Observers):
    """Writes the rows that vcld writes around a load, one when a step ends that VCL knows, and
    one when a step fails.

    VCL's web page takes the step after the last row for the one that runs now. A row that can't
    be written stops nothing: the step's note, and so the journal, tells it.
    """

    def __init__(
        self, inner: Observer, database: Database, *, reservation_id: int, computer_id: int
    ) -> None:
        super().__init__((inner,))
        self._database = database
        self._reservation_id, self._computer_id = reservation_id, computer_id

    def begun(self, operation: Operation) -> None:
        """Write what the plan looked at already, after everybody else has heard of it."""
        super().begun(operation)
        image = operation.details.get("image", "its image")
        self._write("statuscheck", "checking status of node")
        self._write("loadimageblade", f"{operation.target} must be reloaded with {image}")
        self._write("doesimageexists", "confirmed image exists")

    def step_finished(self, step: Step, note: str | None) -> None:
        """Write the step's row, then pass it on with what came of that."""
        problem = None
        if step.load_state is not None:
            problem = self._write(step.load_state, note or step.title)
        parts = [part for part in (note, problem) if part]
        super().step_finished(step, "; ".join(parts) or None)

    def step_failed(self, step: Step, error: BaseException) -> None:
        """Write the row of a failed load, then pass it on."""
        reason = error.what if isinstance(error, VcltuiError) else type(error).__name__
        self._write(FAILED_STATE, f"{step.title}: {reason}")
        super().step_failed(step, error)

    def _write(self, state: str, text: str) -> str | None:
        try:
            loadlog.insert_load_log(
                self._database, self._reservation_id, self._computer_id, state, text
            )
        except VcltuiError as error:
            _log.warning(
                "VCL's load log has no %s for reservation %s: %s",
                state,
                self._reservation_id,
                error,
            )
            return f"VCL's load log was not told: {error.what}"
        return None
