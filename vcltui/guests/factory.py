"""Chooses the OS module for a computer's guest."""

from __future__ import annotations

from pathlib import Path

from vcltui.errors import UsageError
from vcltui.guests.linux import LinuxGuest
from vcltui.guests.ssh_guest import SshGuest
from vcltui.guests.windows import WindowsGuest
from vcltui.models.host import GuestAccess
from vcltui.nodes.ssh_target import SshTarget


def guest_for(
    access: GuestAccess,
    *,
    os_type: str,
    address: str,
    computer_name: str,
    known_hosts_directory: Path,
) -> SshGuest:
    """The guest of a computer that is reached over SSH; nothing is contacted yet.

    `os_type` is VCL's OS.type; whatever is not `windows` is taken for a Unix. Host keys are
    kept in `known_hosts_directory`, one file for each computer. Raises UsageError for another
    method than ssh and for names that ssh could misread.
    """
    if access.method != "ssh":
        raise UsageError(f"{access.method!r} is no way to reach a guest", "Use ssh or simulated")
    target = SshTarget(
        address,
        user=access.user,
        identity_file=access.identity_file,
        proxy_jump=access.proxy_jump,
        # Else the keys of an agent come first, and the server gives up before the right one.
        options=("IdentitiesOnly=yes",) if access.identity_file else (),
    )
    kind = WindowsGuest if os_type == "windows" else LinuxGuest
    return kind(
        target,
        name=computer_name,
        known_hosts_directory=known_hosts_directory,
        ports=access.ports,
    )
