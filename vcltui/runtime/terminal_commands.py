"""The interactive commands that lead to a guest, to its host or to its console.

Nothing is started here: who has the terminal runs them.
"""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from vcltui.errors import VcltuiError
from vcltui.guests.factory import guest_for
from vcltui.hypervisor.domains import domain_addresses
from vcltui.models.domain import PowerState
from vcltui.models.host import VMHost
from vcltui.nodes.from_uri import ssh_target_of
from vcltui.provisioning.session import HostSession
from vcltui.runtime.actions import Subject
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers

_RUNNING = (PowerState.ON, PowerState.BLOCKED, None)


@dataclass(frozen=True, slots=True)
class TerminalCommand:
    """A command for a terminal. `title` says to people where it leads: `on_host`, to the host."""

    title: str
    argv: tuple[str, ...]
    on_host: bool = False

    @property
    def command_line(self) -> str:
        """The command as a person could type it."""
        return shlex.join(self.argv)


def terminal_choices(workspace: Workspace, subject: Subject) -> tuple[TerminalCommand, ...]:
    """The terminals that are possible for a subject, the nearest to it first.

    A shell in the guest, for each port that is tried; the domain's serial console; a shell on
    its host. Blocks for the inventory; what it does not tell is left out. Raises NotFoundError
    for an unknown host.
    """
    session = workspace.session(subject.host)
    host = session.vmhost
    return (
        *_guest_shells(workspace, subject, session),
        *_console(subject, host),
        *_host_shell(host),
    )


def _guest_shells(
    workspace: Workspace, subject: Subject, session: HostSession
) -> tuple[TerminalCommand, ...]:
    host = session.vmhost
    if (
        host.guests.method != "ssh"
        or subject.computer is None
        or subject.domain is None
        or subject.power not in _RUNNING
        or shutil.which("ssh") is None
    ):
        return ()
    try:
        database = workspace.database
        if database is None:
            return ()
        computer = computers.get_computer(database, subject.computer)
        address = computer.private_ip or _leased_address(session, subject)
        if address is None:
            return ()
        guest = guest_for(
            host.guests,
            os_type="",
            address=address,
            computer_name=computer.name,
            known_hosts_directory=workspace.config.state_directory / "guest_known_hosts",
        )
    except VcltuiError:
        return ()
    return tuple(
        TerminalCommand(f"Shell in {computer.name} ({guest.describe()}, port {port})", tuple(argv))
        for port, argv in guest.shell_commands()
    )


def _leased_address(session: HostSession, subject: Subject) -> str | None:
    """An address of the domain that its host knows of, for a computer that has none noted."""
    if subject.uuid is None or not subject.answers:
        return None
    found = domain_addresses(session.connection, subject.uuid)
    every = (address for given in found.values() for address in given)
    return min(every, key=lambda address: ":" in address, default=None)


def _console(subject: Subject, host: VMHost) -> tuple[TerminalCommand, ...]:
    """The serial console; not of the test driver, where another connection has other domains."""
    # virsh takes a number for an id, which is another domain's.
    name = subject.uuid or subject.domain
    if (
        subject.domain is None
        or name is None
        or name.isdecimal()
        or urlsplit(host.uri).scheme.partition("+")[0] == "test"
        or subject.power not in _RUNNING
        or subject.readonly
        or not subject.answers
        or shutil.which("virsh") is None
    ):
        return ()
    argv = ("virsh", "-c", host.uri, "console", "--domain", name)
    return (TerminalCommand(f"Serial console of {subject.domain} (leave with ctrl+])", argv),)


def _host_shell(host: VMHost) -> tuple[TerminalCommand, ...]:
    target = ssh_target_of(host.uri)
    if target is None:
        shell = os.environ.get("SHELL") or "/bin/sh"
        return (TerminalCommand(f"Shell on {host.name} (this machine)", (shell,), on_host=True),)
    argv = tuple(target.shell_argv())
    if shutil.which(argv[0]) is None:
        return ()
    return (TerminalCommand(f"Shell on {host.name} (ssh {target})", argv, on_host=True),)
