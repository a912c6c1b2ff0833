"""`vcltui capture`: what is on a computer becomes a new image."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import click

from vcltui.cli.base_questions import BaseAnswers
from vcltui.cli.capture_base import capture_base
from vcltui.cli.change import Change, dry_run_option
from vcltui.cli.confirm import confirm_interruption, yes_option
from vcltui.cli.names import complete_computer
from vcltui.cli.text import printable
from vcltui.cli.workspace import pass_workspace
from vcltui.models.basecapture import ARCHITECTURES, CaptureWay
from vcltui.operations.step import Operation
from vcltui.provisioning.capture import plan_capture
from vcltui.runtime.workspace import Workspace

_WAYS = tuple(way.value for way in CaptureWay)


@click.command("capture")
@click.argument("computer", shell_complete=complete_computer, required=False)
@click.option("--name", "prettyname", metavar="PRETTYNAME", help="What people call the image.")
@click.option("--base", is_flag=True, help="Capture a base image, which no image stands for yet.")
@click.option("--owner", metavar="USER", help="With --base: who owns the image, a login or id.")
@click.option(
    "--computer",
    "searched",
    metavar="COMPUTER",
    shell_complete=complete_computer,
    help="With --base: the computer, by host name or address.",
)
@click.option("--os", "os_name", metavar="OSNAME", help="With --base: its system, as VCL names it.")
@click.option("--architecture", type=click.Choice(ARCHITECTURES), help="With --base.")
@click.option("--sysprep/--no-sysprep", default=None, help="With --base, for Windows.")
@click.option("--way", type=click.Choice(_WAYS), help="With --base: who captures.")
@click.option(
    "--management-node",
    metavar="HOSTNAME",
    help="With --base: VCL's node for it, where there are several.",
)
@click.option(
    "--restart", metavar="REQUEST", type=int, help="With --base: take a failed capture up again."
)
@click.option("--discard", metavar="REQUEST", type=int, help="With --base: give one up.")
@dry_run_option
@yes_option
@pass_workspace
def capture(
    workspace: Workspace,
    /,
    computer: str | None,
    prettyname: str | None,
    base: bool,
    searched: str | None,
    owner: str | None,
    os_name: str | None,
    architecture: str | None,
    sysprep: bool | None,
    way: str | None,
    management_node: str | None,
    restart: int | None,
    discard: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Capture what is on COMPUTER as a new image, and print the image's name.

    The domain must be on. It is shut down, and left off; on a terminal that is asked for before.
    Without one, --yes is needed where a reservation holds the computer. A capture that fails or is
    stopped is undone, and the domain is on again.

    With --base a guest that was installed by hand becomes a base image, as with VCL's own setup.
    On a terminal, what is not given is asked for; every row that will be written is printed
    before. The capture is handed over to vcld or done by vcltui (--way), and the domain is
    deleted when the image is whole.
    """
    answers = BaseAnswers(
        computer=searched,
        owner=owner,
        os_name=os_name,
        architecture=architecture,
        sysprep=sysprep,
        way=way,
        management_node=management_node,
        restart=restart,
        discard=discard,
    )
    if base:
        if computer and searched and computer != searched:
            raise click.UsageError("Give COMPUTER or --computer, not both")
        answers = replace(answers, computer=computer or searched, prettyname=prettyname)
        capture_base(workspace, answers, dry_run=dry_run, yes=yes)
        return
    if answers != BaseAnswers():
        raise click.UsageError("Options of a base image need --base")
    if computer is None:
        raise click.UsageError("Missing argument 'COMPUTER'")
    if prettyname is None:
        raise click.UsageError("Missing option '--name'")
    _capture_loaded(workspace, computer, prettyname, dry_run=dry_run, yes=yes)


def _capture_loaded(
    workspace: Workspace, computer: str, prettyname: str, *, dry_run: bool, yes: bool
) -> None:
    change = Change(workspace)
    module = change.targets.computer(computer)
    planner = partial(plan_capture, prettyname=prettyname)
    if dry_run:
        change.plan(module, planner)
        return

    def ask(operation: Operation) -> None:
        question = f"{operation.title}, and shut its guest down?"
        confirm_interruption(operation, question, yes=yes)

    operation = change.run(module, planner, lambda: module.capture(prettyname), ask=ask)
    click.echo(printable(f"Image: {operation.details['image']}"))
