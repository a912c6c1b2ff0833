"""`vcltui capture`: what is loaded on a computer becomes a new image."""

from __future__ import annotations

from functools import partial

import click

from vcltui.cli.change import Change, dry_run_option
from vcltui.cli.names import complete_computer
from vcltui.cli.text import printable
from vcltui.cli.workspace import pass_workspace
from vcltui.provisioning.capture import plan_capture
from vcltui.runtime.workspace import Workspace


@click.command("capture")
@click.argument("computer", shell_complete=complete_computer)
@click.option(
    "--name", "prettyname", metavar="PRETTYNAME", required=True, help="What people call the image."
)
@dry_run_option
@pass_workspace
def capture(workspace: Workspace, computer: str, prettyname: str, dry_run: bool) -> None:
    """Capture what is loaded on COMPUTER as a new image, and print the image's name.

    The domain must be on. It is shut down, and left off. A capture that fails or is stopped is
    undone, and the domain is on again.
    """
    change = Change(workspace)
    module = change.targets.computer(computer)
    planner = partial(plan_capture, prettyname=prettyname)
    if dry_run:
        change.plan(module, planner)
        return
    operation = change.run(module, planner, lambda: module.capture(prettyname))
    click.echo(printable(f"Image: {operation.details['image']}"))
