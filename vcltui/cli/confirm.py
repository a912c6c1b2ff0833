"""Asks before something is lost."""

from __future__ import annotations

from collections.abc import Sequence

import click

from vcltui.cli.terminal import is_interactive
from vcltui.cli.text import printable, say
from vcltui.errors import UsageError, VcltuiError
from vcltui.operations.step import Operation, Step

yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")

_DELETING = frozenset({"delete-domain", "delete-image"})


def confirm(question: str, lost: Sequence[str], *, yes: bool, needs_yes: bool) -> None:
    """Ask `question`, after the lines of `lost`, where there is a terminal and not `yes`.

    Where nobody can be asked: raises UsageError if the action `needs_yes`, else goes on. Raises
    VcltuiError when the answer is no.
    """
    if yes:
        return
    if not is_interactive():
        if needs_yes:
            raise UsageError(
                f"{question} Nobody can be asked, because there is no terminal",
                "Give --yes to do it without being asked",
            )
        return
    for line in lost:
        say(line)
    if not click.confirm(printable(question), err=True):
        raise VcltuiError("Nothing was done")


def confirm_interruption(
    operation: Operation, question: str, lost: Sequence[str] = (), *, yes: bool
) -> None:
    """As `confirm`, for what a script may do unasked, but not to somebody who has the computer."""
    confirm(question, lost, yes=yes, needs_yes=bool(operation.warnings))


def deleting_steps(operation: Operation) -> list[Step]:
    """The steps of an operation that delete something for good."""
    return [step for step in operation.steps if step.name in _DELETING]


def step_lines(steps: Sequence[Step]) -> list[str]:
    """What steps do, exactly, in lines for people."""
    return [line for step in steps for line in (step.title, *(f"  {call}" for call in step.calls))]
