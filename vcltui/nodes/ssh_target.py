"""Whom to reach over SSH, and the OpenSSH command line for it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vcltui.errors import UsageError

HostKeyPolicy = Literal["strict", "accept-new"]

# A first character that is no dash keeps a name from being read as an option, and what is left
# out keeps it from being read as a token or by the shell that OpenSSH starts for a jump.
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:%-]*\Z")
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9._@\\+$-]*\Z")
_JUMP = re.compile(
    r"(?:[A-Za-z0-9_.][A-Za-z0-9._-]*@)?"
    r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z"
)
_UNSAFE_IN_PATH = re.compile(r"[\"'\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SshTarget:
    """A machine that is logged in to over SSH; what is None is left to the user's ssh_config.

    `ssh_command` is the path of OpenSSH's ssh or a program that takes its arguments. `options`
    are `-o` values (`Name=value`) that go before all others and so win. `host_key_policy` says
    what to do with an unknown host: refuse it, or learn its key; a changed key is always
    refused. `no_verify` takes any key. Raises UsageError for names that ssh could misread.
    """

    host: str
    user: str | None = None
    port: int | None = None
    identity_file: str | None = None
    ssh_command: str = "ssh"
    options: tuple[str, ...] = ()
    no_verify: bool = False
    proxy_jump: str | None = None
    known_hosts_file: str | None = None
    host_key_policy: HostKeyPolicy = "strict"

    def __post_init__(self) -> None:
        if not _HOST.match(self.host):
            raise UsageError(
                f"{self.host!r} is no host name", "Give a name or an address to log in to"
            )
        if self.user is not None and not _USER.match(self.user):
            raise UsageError(f"{self.user!r} is no user name", "Give a login name")
        if self.port is not None and not 0 < self.port < 65536:
            raise UsageError(f"{self.port} is no port", "Ports go from 1 to 65535")
        for path in (self.identity_file, self.known_hosts_file):
            if path is not None and (not path or _UNSAFE_IN_PATH.search(path)):
                raise UsageError(
                    f"{path!r} can't be given to ssh as a file",
                    "Use a path without quotes, backslashes and control characters",
                )
        if self.proxy_jump is not None:
            for jump in self.proxy_jump.split(","):
                if not _JUMP.match(jump):
                    raise UsageError(
                        f"{jump!r} is no host to jump through", "Write it as user@host:port"
                    )

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{user}{host}:{self.port}" if self.port else f"{user}{host}"

    def argv(self, remote_argv: Sequence[str]) -> list[str]:
        """The command line that runs `remote_argv`, each argument quoted, on the machine."""
        return [*self.client_argv(), "--", self.host, shlex.join(remote_argv)]

    def shell_argv(self) -> list[str]:
        """The command line of a login shell on the machine, for a person at a terminal.

        ssh may ask for a password there, and whether an unknown host's key is right.
        """
        return [*self._client_argv(interactive=True), "--", self.host]

    def client_argv(self) -> list[str]:
        """The ssh program with all its options, without host and command."""
        return self._client_argv(interactive=False)

    def _client_argv(self, *, interactive: bool) -> list[str]:
        checking = "no" if self.no_verify else _CHECKING[self.host_key_policy]
        if interactive and checking == "yes":
            checking = "ask"
        settings = [
            *self.options,
            f"BatchMode={'no' if interactive else 'yes'}",
            f"StrictHostKeyChecking={checking}",
            "ConnectTimeout=10",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
            "ClearAllForwardings=yes",
            "RemoteCommand=none",
            f"RequestTTY={'yes' if interactive else 'no'}",
        ]
        if self.identity_file is not None:
            # Not `-i`, which leaves a name with a `%` out with no more than a warning.
            settings.append(f'IdentityFile="{literal_path(self.identity_file)}"')
        if self.known_hosts_file is not None:
            settings.append(f'UserKnownHostsFile="{literal_path(self.known_hosts_file)}"')
            settings.append("GlobalKnownHostsFile=none")
        if self.proxy_jump is not None:
            settings.append(f"ProxyJump={self.proxy_jump}")
        argv = [self.ssh_command, "-a", "-x"]
        for setting in settings:
            argv += ["-o", setting]
        if self.user is not None:
            argv += ["-l", self.user]
        if self.port is not None:
            argv += ["-p", str(self.port)]
        return argv


_CHECKING: dict[HostKeyPolicy, str] = {"strict": "yes", "accept-new": "accept-new"}


def literal_path(path: str) -> str:
    """A path as ssh_config takes it: a `%` stands for itself, not for a token."""
    return path.replace("%", "%%")
