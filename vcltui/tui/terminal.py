"""Programs that take the terminal while the console waits behind them: shell, console, editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from textual.app import App, SuspendNotSupported

from vcltui.errors import CommandMissingError, UsageError
from vcltui.tui.words import plain, plain_lines


class Terminal(Protocol):
    """Runs a program in the terminal and waits for its end."""

    def run(self, argv: Sequence[str], title: str) -> int:
        """Run it; returns its exit status. Raises VcltuiError where it can't be run."""


def is_there() -> bool:
    """Whether this process has a terminal to read keys from, and it was not closed."""
    return sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()


class SuspendingTerminal:
    """Puts the console aside, as a shell does with ctrl+z, for as long as a program runs."""

    def __init__(self, app: App[None]) -> None:
        self._app = app

    def run(self, argv: Sequence[str], title: str) -> int:
        """As Terminal.run. What goes wrong is raised after the console is back.

        Textual leaves the terminal as it is when something is raised while it is aside.
        """
        status, problem = 0, None
        try:
            with self._app.suspend():
                print(f"\n{plain_lines(title)}\n{plain(shlex.join(argv))}\n", flush=True)
                try:
                    status = subprocess.run(list(argv), check=False).returncode
                except OSError as error:
                    problem = error
        except SuspendNotSupported as error:
            raise UsageError(
                "The console can't be put aside in this terminal", "Run vcltui in another one"
            ) from error
        if problem is not None:
            raise CommandMissingError(
                f"{argv[0]} can't be run: {problem.strerror}", "Install it, or look at PATH"
            ) from problem
        return status


def edit(terminal: Terminal, text: str, name: str) -> str | None:
    """Let a text be edited in $VISUAL or $EDITOR; None when it was left as it was.

    `name` ends the file's name, so that the editor knows its kind. Raises VcltuiError.
    """
    with tempfile.TemporaryDirectory(prefix="vcltui-") as directory:
        file = Path(directory) / name
        file.write_text(text, encoding="utf-8")
        argv = [*editor(), str(file)]
        status = terminal.run(argv, f"Editing {name}: save and leave the editor to go on")
        if status != 0:
            raise UsageError(
                f"The editor {argv[0]} ended with status {status}, so nothing was changed",
                "Set EDITOR to one that works here",
            )
        try:
            edited = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"What the editor left can't be read: {error}", "Save it as UTF-8 under its name"
            ) from error
    return None if edited == text else edited


def editor() -> list[str]:
    """The operator's editor and its options. Raises UsageError for one that is quoted wrongly."""
    words = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return shlex.split(words) or ["vi"]
    except ValueError as error:
        raise UsageError(f"EDITOR can't be understood: {words}", "Mend its quotes") from error
