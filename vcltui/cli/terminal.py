"""Whether somebody sits at a terminal."""

from __future__ import annotations

import sys

from vcltui.errors import UsageError


def is_interactive() -> bool:
    """Whether somebody can be asked: input and messages are on a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def check_terminal(instead: str) -> None:
    """Raise UsageError where there is no terminal for the console; `instead` works without."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The console needs a terminal, and there is none here", instead)
