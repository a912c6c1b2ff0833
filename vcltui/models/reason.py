"""The reason that a program gave, as a message may quote it."""

from __future__ import annotations

from collections.abc import Callable

MOST_LETTERS = 300
"""Of what is quoted. A guest or a host may say megabytes, which no screen or journal wants."""
_MOST_READ = 1 << 16


def quoted(text: str) -> str:
    """`text` for a message: cut where it is long, escaped where it has unprintable characters."""
    kept = text[:MOST_LETTERS]
    safe = kept if kept.isprintable() else repr(kept)
    return f"{safe} ..." if len(kept) < len(text) else safe


def last_line(stderr: str, counts: Callable[[str], object] = str.strip) -> str:
    """The last line of a program's standard error that `counts`, as it is; "" where none does.

    Only the end is looked at, however much a program wrote.
    """
    lines = stderr[-_MOST_READ:].splitlines()
    return next((line.strip() for line in reversed(lines) if counts(line)), "")


def reason_of(stderr: str, otherwise: str, counts: Callable[[str], object] = str.strip) -> str:
    """The last line of a program's standard error that `counts`, quoted; `otherwise` for none."""
    return quoted(last_line(stderr, counts)) or otherwise
