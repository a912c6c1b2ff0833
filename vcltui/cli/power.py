"""`vcltui power`: the power of a computer's domain, or of any domain."""

from __future__ import annotations

import click

from vcltui.cli.change import Change
from vcltui.cli.confirm import confirm_interruption, yes_option
from vcltui.cli.names import complete_domain, host_option
from vcltui.cli.output import json_option, show
from vcltui.cli.workspace import pass_workspace
from vcltui.models.domain import Domain
from vcltui.models.locks import owner_lock
from vcltui.operations.step import Operation
from vcltui.provisioning.module import ProvisioningModule
from vcltui.provisioning.power import plan_power
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace

_name_argument = click.argument("name", shell_complete=complete_domain)


@click.group("power")
def power() -> None:
    """Power a computer or domain on, off or over again.

    NAME is a computer of the inventory, or else exactly a domain's name.
    """


@power.command("status")
@_name_argument
@host_option
@json_option
@pass_workspace
def power_status(workspace: Workspace, name: str, host: str | None, as_json: bool) -> None:
    """Print the power state: on, off, suspended, blocked, crashed or unknown."""
    _, domain = Targets(workspace).domain(name, host)
    if not as_json:
        click.echo(domain.power.value)
        return
    row = {
        "host": domain.host,
        "name": domain.name,
        "uuid": domain.uuid,
        "power": domain.power.value,
        "reason": domain.reason,
    }
    show([row], as_json=True)


@power.command("on")
@_name_argument
@host_option
@pass_workspace
def power_on(workspace: Workspace, name: str, host: str | None) -> None:
    """Power it on; one that is on already is left so."""
    _run(workspace, name, host, "on")


@power.command("off")
@_name_argument
@host_option
@yes_option
@pass_workspace
def power_off(workspace: Workspace, name: str, host: str | None, yes: bool) -> None:
    """Power it off at once, as by pulling the plug.

    Asks before on a terminal. Without one, --yes is needed where a reservation holds the computer.
    """
    _run(workspace, name, host, "off", question="Power off {}, without shutting it down?", yes=yes)


@power.command("reset")
@_name_argument
@host_option
@yes_option
@pass_workspace
def power_reset(workspace: Workspace, name: str, host: str | None, yes: bool) -> None:
    """Power it off at once and back on.

    Asks before on a terminal. Without one, --yes is needed where a reservation holds the computer.
    """
    _run(workspace, name, host, "reset", question="Reset {}, without shutting it down?", yes=yes)


@power.command("shutdown")
@_name_argument
@host_option
@yes_option
@pass_workspace
def power_shutdown(workspace: Workspace, name: str, host: str | None, yes: bool) -> None:
    """Ask the guest to shut down; does not wait until it has.

    Asks before where a reservation holds the computer.
    """
    _run(workspace, name, host, "shutdown", yes=yes)


def _run(
    workspace: Workspace,
    name: str,
    host: str | None,
    action: str,
    *,
    question: str | None = None,
    yes: bool = False,
) -> None:
    change = Change(workspace)
    module, domain = change.targets.domain(name, host)

    def ask(operation: Operation) -> None:
        if domain.power.is_active and (question is not None or operation.warnings):
            asked = (question or "Shut down {}?").format(f"{domain.name} on {domain.host}")
            confirm_interruption(operation, asked, yes=yes)

    change.execute(
        module,
        _lock_name(module, domain),
        lambda context: plan_power(context, domain, action),
        ask=ask,
    )


def _lock_name(module: ProvisioningModule, domain: Domain) -> str:
    """The lock of the computer that the domain is for."""
    assignment = module.context.assignment
    return owner_lock(assignment.computer.name if assignment else domain.name)
