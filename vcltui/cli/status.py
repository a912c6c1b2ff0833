"""`vcltui status`: the specification's node_status."""

from __future__ import annotations

import click

from vcltui.cli.names import complete_computer
from vcltui.cli.output import json_option, show
from vcltui.cli.text import printable
from vcltui.cli.workspace import pass_workspace
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace


@click.command("status")
@click.argument("computer", shell_complete=complete_computer)
@json_option
@pass_workspace
def status(workspace: Workspace, computer: str, as_json: bool) -> None:
    """Tell whether COMPUTER is READY, needs POST_LOAD or RELOAD, and why.

    Each of the three is an answer, so the exit code is 0.
    """
    module = Targets(workspace).computer(computer)
    answer = module.node_status()
    if not as_json:
        click.echo(printable(f"{answer.state.value}: {answer.reason}"))
        return
    row = {
        "computer": module.context.computer.name,
        "host": module.context.vmhost.name,
        "image": module.context.image.name,
        "state": answer.state.value,
        "reason": answer.reason,
    }
    show([row], as_json=True)
