"""`vcltui computer`: computers of the embedded inventory."""

from __future__ import annotations

import click

from vcltui.cli.confirm import confirm, yes_option
from vcltui.cli.names import complete_computer, complete_host
from vcltui.cli.text import printable
from vcltui.cli.workspace import pass_workspace
from vcltui.errors import HypervisorError, RefusedError
from vcltui.hypervisor.domains import list_domains
from vcltui.models.inventory import Computer
from vcltui.models.names import domain_belongs_to
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers as computer_rows


@click.group("computer")
def computer() -> None:
    """Add, remove or assign computers of the inventory."""


@computer.command("add")
@click.argument("name")
@click.option(
    "--host", metavar="HOST", shell_complete=complete_host, required=True, help="Its VM host."
)
@click.option("--mac", metavar="MAC", help="MAC address of the private interface.")
@click.option("--mac2", metavar="MAC", help="MAC address of the public interface.")
@click.option("--ip", metavar="ADDRESS", help="Private IPv4 address.")
@click.option("--public-ip", metavar="ADDRESS", help="Public IPv4 address.")
@pass_workspace
def computer_add(
    workspace: Workspace,
    name: str,
    host: str,
    mac: str | None,
    mac2: str | None,
    ip: str | None,
    public_ip: str | None,
) -> None:
    """Add the computer NAME; MAC addresses that are not given are made up."""
    added = computer_rows.add_computer(
        workspace.inventory(),
        hostname=name,
        vmhost=host,
        eth0_mac=mac,
        eth1_mac=mac2,
        private_ip=ip,
        public_ip=public_ip,
    )
    click.echo(
        printable(f"Added computer {added.name} on {host}: MAC {added.eth0_mac}, {added.eth1_mac}")
    )


@computer.command("remove")
@click.argument("name", shell_complete=complete_computer)
@yes_option
@pass_workspace
def computer_remove(workspace: Workspace, name: str, yes: bool) -> None:
    """Remove the computer NAME from the inventory; its domains and disks are left as they are.

    Asks before. Without a terminal, --yes is needed.
    """
    inventory = workspace.inventory()
    found = computer_rows.get_computer(inventory, name)
    question = f"Remove computer {found.name} from the inventory?"
    confirm(question, (), yes=yes, needs_yes=True)
    computer_rows.remove_computer(inventory, name)
    click.echo(printable(f"Removed computer {found.name}"))


@computer.command("assign")
@click.argument("name", shell_complete=complete_computer)
@click.argument("host", shell_complete=complete_host, required=False)
@click.option("--none", "unassign", is_flag=True, help="Assign it to no host.")
@click.option("-y", "--yes", is_flag=True, help="Assign it even if its old host can't be asked.")
@pass_workspace
def computer_assign(
    workspace: Workspace, name: str, host: str | None, unassign: bool, yes: bool
) -> None:
    """Assign the computer NAME to HOST, or with --none to no host.

    Refused while it has a domain on its old host, or while that can't be asked; for a host that
    is lost, --yes assigns it all the same.
    """
    if (host is None) != unassign:
        raise click.UsageError("Give either HOST or --none.")
    inventory = workspace.inventory()
    found = computer_rows.get_computer(inventory, name)
    if found.vmhost is not None and found.vmhost != host:
        _refuse_left_domains(workspace, found, found.vmhost, yes=yes)
    computer_rows.assign_vmhost(inventory, found.id, host, expected=found)
    click.echo(printable(f"Assigned computer {found.name} to {host or 'no host'}"))


def _refuse_left_domains(workspace: Workspace, found: Computer, host: str, *, yes: bool) -> None:
    try:
        there = list_domains(workspace.session(host).connection)
    except HypervisorError as error:
        if yes:
            return
        raise RefusedError(
            f"Computer {found.name} may have a domain on {host}, which can't be asked: "
            f"{error.what}",
            "Give --yes if that host is lost",
        ) from error
    left = [domain.name for domain in there if domain_belongs_to(domain.name, found.name)]
    if left:
        raise RefusedError(
            f"Computer {found.name} still has {', '.join(left)} on {host}",
            f"Delete it with `vcltui unload {found.name}`",
        )
