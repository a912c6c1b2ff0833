"""How sizes, ages and names are written on the screen."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, datetime

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
FRESH_SECONDS = 30.0
"""What was read since is not worth an age."""
_MOST_LETTERS = 2000
"""Of a message; laying out some megabytes in a toast would keep the console for minutes."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    """A name as one line that can't move the cursor or turn the direction of writing."""
    if text.isprintable():
        return text
    return "".join("�" if unicodedata.category(letter) in _HIDDEN else letter for letter in text)


def plain_lines(text: str) -> str:
    """A text of several lines, each of them plain."""
    return "\n".join(plain(line) for line in text.splitlines())


def plain_message(text: str) -> str:
    """A message as plain lines, cut where it is longer than anybody reads."""
    kept = text[:_MOST_LETTERS]
    return plain_lines(kept) + (" ..." if len(kept) < len(text) else "")


def size(count: int | None) -> str:
    """Bytes with three digits at most: `512 MiB`, `1.5 GiB`, `12 GiB`."""
    if count is None:
        return "-"
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    digits = f"{value:.1f}" if value < 10 and unit > 0 else f"{value:.0f}"
    return f"{digits.removesuffix('.0')} {_UNITS[unit]}"


def share(part: int, whole: int) -> str:
    """Two sizes in the unit of the second: `4/32 GiB`."""
    unit = 1
    while whole / unit >= 1000 and unit < 1 << 50:
        unit <<= 10
    name = _UNITS[(unit.bit_length() - 1) // 10]
    digits = f"{part / unit:.1f}".removesuffix(".0")
    return f"{digits}/{whole / unit:.0f} {name}"


def duration(seconds: float) -> str:
    """`7 s`, `2 min 05 s`, `1 h 10 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def age(seconds: float) -> str:
    """`3 s`, `4 min`, `2 h`, `5 days`: how long ago, without what does not matter."""
    whole = max(0, int(seconds))
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if whole < limit:
            return f"{whole // divisor} {unit}"
    days = whole // 86400
    return "1 day" if days == 1 else f"{days} days"


def read_age(read_at: float | None) -> str:
    """`read 2 min ago`; empty for what is fresh. `read_at` is a monotonic time in seconds."""
    if read_at is None or (seconds := time.monotonic() - read_at) < FRESH_SECONDS:
        return ""
    return f"read {age(seconds)} ago"


def moment(when: datetime) -> str:
    """A time as the operator's clock shows it: `2026-03-01 14:05`."""
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


def since(when: datetime) -> str:
    """How long ago a time was."""
    return age((datetime.now(UTC) - when.astimezone(UTC)).total_seconds())


def count(number: int, noun: str) -> str:
    """`1 domain`, `3 domains`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
