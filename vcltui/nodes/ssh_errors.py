"""Says in one sentence why an SSH client could not log in."""

from __future__ import annotations

from pathlib import Path

from vcltui.errors import NodeUnreachableError
from vcltui.models.reason import reason_of
from vcltui.nodes.ssh_target import SshTarget


class LoginError(NodeUnreachableError):
    """The machine could not be logged in to, so that nothing was run there."""


def connection_error(target: SshTarget, stderr: str) -> LoginError:
    """The error for what the ssh client wrote to `stderr` when it gave up."""
    for mark, what, hint in _causes(target):
        if mark in stderr:
            return LoginError(what, hint)
    # The other side's login shell may write there what it likes.
    reason = reason_of(stderr, "ssh gave no reason")
    return LoginError(
        f"{target} can't be logged in to: {reason}", f"Try it by hand: ssh {_as_arguments(target)}"
    )


def connection_lost(target: SshTarget, program: str) -> NodeUnreachableError:
    """The error of a connection that broke while `program` ran."""
    return NodeUnreachableError(
        f"The connection to {target} was lost while {program} ran there",
        "Look on that machine whether it still runs before trying again",
    )


def _causes(target: SshTarget) -> tuple[tuple[str, str, str], ...]:
    by_hand = f"ssh {_as_arguments(target)}"
    key = target.identity_file
    key_is_missing = key is not None and not Path(key).expanduser().exists()
    return (
        (
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            f"The host key of {target} has changed",
            "Check that the host was reinstalled, then remove the old key with "
            f"{_forget_command(target)}",
        ),
        (
            "Host key verification failed",
            f"The host key of {target} is not known here",
            f"Log in once with {by_hand} and compare the key it shows",
        ),
        (
            "Permission denied",
            f"{target} accepts no key of yours",
            f"The key file {key} does not exist; name the right one"
            if key_is_missing
            else "Add your public key to its authorized_keys, or name the right key file",
        ),
        (
            "Too many authentication failures",
            f"{target} was offered too many keys",
            "Name the right key file",
        ),
        (
            "Connection refused",
            f"{target} refuses the connection",
            "Check that its SSH server runs, and the port",
        ),
        (
            "timed out",
            f"{target} does not answer",
            "Check that it is on and that no firewall is in between",
        ),
        (
            "Could not resolve hostname",
            f"The name {target.host} is not known to this machine's name service",
            "Check its spelling",
        ),
        (
            "No route to host",
            f"There is no way through the network to {target}",
            "Check that it is on, and the routes",
        ),
        (
            "Network is unreachable",
            f"There is no way through the network to {target}",
            "Check this machine's network",
        ),
    )


def _forget_command(target: SshTarget) -> str:
    port = target.port or 22
    name = target.host if port == 22 else f"'[{target.host}]:{port}'"
    file = f" -f {target.known_hosts_file}" if target.known_hosts_file else ""
    return f"ssh-keygen -R {name}{file}"


def _as_arguments(target: SshTarget) -> str:
    port = f"-p {target.port} " if target.port else ""
    user = f"{target.user}@" if target.user else ""
    return f"{port}{user}{target.host}"
