"""`vcltui load`, `unload` and `maintenance`: what is on a computer."""

from __future__ import annotations

import click

from vcltui.cli.change import Change, dry_run_option
from vcltui.cli.confirm import (
    confirm,
    confirm_interruption,
    deleting_steps,
    step_lines,
    yes_option,
)
from vcltui.cli.names import complete_computer, complete_image
from vcltui.cli.workspace import pass_workspace
from vcltui.operations.step import Operation
from vcltui.provisioning.deletion import plan_unload
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.maintenance import plan_post_maintenance
from vcltui.runtime.workspace import Workspace


@click.command("load")
@click.argument("computer", shell_complete=complete_computer)
@click.argument("image", shell_complete=complete_image)
@dry_run_option
@yes_option
@pass_workspace
def load(workspace: Workspace, computer: str, image: str, dry_run: bool, yes: bool) -> None:
    """Load IMAGE onto COMPUTER.

    Domains that the computer has are deleted with their disks; on a terminal that is asked for
    before. Without one, --yes is needed where a reservation holds the computer. A load that fails
    or is stopped is undone.
    """
    change = Change(workspace)
    module = change.targets.computer(computer, image)
    if dry_run:
        change.plan(module, plan_load)
        return

    def ask(operation: Operation) -> None:
        lost = deleting_steps(operation)
        if lost or operation.warnings:
            what = ", and delete what is on it now" if lost else ""
            question = f"{operation.title}{what}?"
            confirm_interruption(operation, question, step_lines(lost), yes=yes)

    change.run(module, plan_load, module.load, ask=ask)


@click.command("unload")
@click.argument("computer", shell_complete=complete_computer)
@dry_run_option
@yes_option
@pass_workspace
def unload(workspace: Workspace, computer: str, dry_run: bool, yes: bool) -> None:
    """Delete every domain of COMPUTER, with the disks that are its own.

    Asks before. Without a terminal, --yes is needed.
    """
    change = Change(workspace)
    module = change.targets.computer(computer)
    if dry_run:
        change.plan(module, plan_unload)
        return

    def ask(operation: Operation) -> None:
        question = f"{operation.title} on {operation.host}?"
        confirm(question, step_lines(operation.steps), yes=yes, needs_yes=True)

    change.run(module, plan_unload, module.unload, ask=ask)


@click.command("maintenance")
@click.argument("computer", shell_complete=complete_computer)
@dry_run_option
@yes_option
@pass_workspace
def maintenance(workspace: Workspace, computer: str, dry_run: bool, yes: bool) -> None:
    """Take COMPUTER off its host: delete its domains, note that it has no image, unassign it.

    Asks before. Without a terminal, --yes is needed.
    """
    change = Change(workspace)
    module = change.targets.computer(computer)
    if dry_run:
        change.plan(module, plan_post_maintenance)
        return

    def ask(operation: Operation) -> None:
        confirm(f"{operation.title}?", step_lines(operation.steps), yes=yes, needs_yes=True)

    change.run(module, plan_post_maintenance, module.post_maintenance_action, ask=ask)
