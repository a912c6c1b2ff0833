"""The log of this process, kept in memory for a face to show."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

KEPT_LINES = 2000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log; `number` tells it from every other."""

    number: int
    time: datetime
    level: str
    source: str
    text: str


class LogLines(logging.Handler):
    """Keeps the last lines of everything that is logged at `level` or above.

    A deque is appended to and copied without a lock, so that a thread that logs never waits for
    the face.
    """

    def __init__(self, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._numbers = itertools.count(1)

    def emit(self, record: logging.LogRecord) -> None:
        """As logging.Handler.emit."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 a wrong call of the log must not end what it tells of
            self.handleError(record)
            return
        if record.exc_info is not None and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        self._lines.append(
            LogLine(
                next(self._numbers),
                datetime.fromtimestamp(record.created, UTC),
                record.levelname.lower(),
                record.name.removeprefix("vcltui."),
                text,
            )
        )

    def lines(self) -> list[LogLine]:
        """The lines that are kept, the newest first."""
        return list(self._lines.copy())[::-1]
