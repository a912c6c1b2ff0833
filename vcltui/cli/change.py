"""Runs what changes something on a host: clean up first, ask, do it, show it, end in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from vcltui.cli.interrupt import cancel_on_signals
from vcltui.cli.progress import progress_for_stdout
from vcltui.cli.text import printable, say
from vcltui.models.cancel import CancelToken
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.provisioning.execute import execute, plan
from vcltui.provisioning.module import ProvisioningModule
from vcltui.runtime.recovery import Recovery, recover
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace

Planner = Callable[[Context], Operation]
Confirmer = Callable[[Operation], None]

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would be done, with every call, and do nothing."
)


class Change:
    """One change that a command makes; `targets` gives the module it is made with.

    `observer` hears of the operation besides those who print and journal it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._token = CancelToken()
        self._progress = progress_for_stdout()
        self.targets = Targets(workspace, self._progress, self._token)

    def plan(self, module: ProvisioningModule, planner: Planner) -> None:
        """Print what the operation would do; nothing is changed."""
        print_plan(plan(module.context, planner))

    def run(
        self,
        module: ProvisioningModule,
        planner: Planner,
        do: Callable[[], Operation],
        *,
        ask: Confirmer | None = None,
    ) -> Operation:
        """Run an operation with `do`, after `ask` was shown what `planner` plans.

        What a killed operation left on the host is undone before. Nothing is lost that `ask` did
        not show. Returns the operation.
        """
        host = module.context.vmhost.name
        module.context.session.check_writable()
        tell_recoveries(clean_up(self.workspace, host))
        if ask is not None:
            operation = plan(module.context, planner)
            for warning in operation.warnings:
                say(f"Warning: {warning}.")
            ask(operation)
            module.context = replace(module.context, may_lose=operation.loses)
        with self._watched():
            return do()

    def execute(
        self,
        module: ProvisioningModule,
        lock_name: str,
        planner: Planner,
        *,
        ask: Confirmer | None = None,
    ) -> Operation:
        """As `run`, for what the module has no method for; `lock_name` is what is locked."""
        return self.run(
            module, planner, lambda: execute(module.context, lock_name, planner), ask=ask
        )

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            with cancel_on_signals(self._token, self._progress.is_cancelling):
                yield
        finally:
            self._progress.close()


def print_plan(operation: Operation) -> None:
    """Print an operation's title, what was checked, and its numbered steps with their calls."""
    click.echo(printable(operation.title))
    for warning in operation.warnings:
        click.echo(printable(f"Warning: {warning}"))
    for sentence in operation.checked:
        click.echo(printable(f"Checked: {sentence}"))
    for number, step in enumerate(operation.steps, 1):
        click.echo(printable(f"{number}. {step.title}"))
        for call in step.calls:
            click.echo(printable(f"   {call}"))


def clean_up(workspace: Workspace, host: str | None = None) -> list[Recovery]:
    """Undo what operations that were killed left, on one host or on all."""
    return recover(workspace, host=host)


def tell_recoveries(found: list[Recovery]) -> None:
    """Say on stderr what was cleaned up and what could not be."""
    for recovery in found:
        what = f"an earlier operation ({recovery.entry.title}, {recovery.entry.outcome})"
        if recovery.done or not recovery.left:
            done = ", ".join(recovery.done) or "nothing was left"
            say(f"Cleaned up after {what}: {done}.")
        for left in recovery.left:
            say(f"Still left by {what}: {left.rstrip('.')}.")
