"""What is told when work in the background ends as it never should."""

from __future__ import annotations

import logging
from typing import Any

from textual.app import App
from textual.worker import Worker, WorkerState

_log = logging.getLogger(__name__)


def tell_failure(app: App[Any], event: Worker.StateChanged) -> None:
    """Log and show an error that nobody expected, instead of losing it with its worker."""
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None:
        return
    words = f"{type(error).__name__}: {error}"
    _log.error("%s", words, exc_info=error)
    app.notify(
        f"{words}. The log has it; nothing else was done",
        title="This should not have happened",
        severity="error",
        timeout=15,
        markup=False,
    )
