"""`vcltui completion`: the script that a shell completes by."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_PROGRAM, _VARIABLE = "vcltui", "_VCLTUI_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    In bash: `source <(vcltui completion bash)`, for good in ~/.bashrc. It completes commands,
    options and the names of hosts, computers, images and domains.
    """
    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(known(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source(), nl=False)
