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


def reason_of(stderr: str, otherwise: str, counts: Callable[[str], object] = str.strip) -> str:
    """The last line of a program's standard error that `counts`, quoted; `otherwise` without one.

    Only the end is looked at, however much a program wrote.
    """
    lines = [line.strip() for line in stderr[-_MOST_READ:].splitlines() if counts(line)]
    return quoted(lines[-1]) if lines else otherwise
