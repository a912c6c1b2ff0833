"""Numbers and times in texts that anybody may have written."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"[0-9]{1,18}")
"""What fits every column of a database. int() alone refuses, or takes, thousands of digits."""
_EARLIEST, _LATEST = -float(1 << 34), float(1 << 37)
"""In the years 1425 and 6325: what is far beyond can't be shown in every zone."""


def number_in(text: str | None) -> int | None:
    """The number that a text is: 1 to 18 plain digits, no sign; else None."""
    return int(text) if text and _NUMBER.fullmatch(text) else None


def moment_of(seconds: float) -> datetime:
    """A time in Unix seconds, in UTC; what no clock shows is taken for the beginning, 1970."""
    # NaN is in no range either.
    return datetime.fromtimestamp(seconds if _EARLIEST < seconds < _LATEST else 0, UTC)
