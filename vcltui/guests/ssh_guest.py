"""A guest that is reached over SSH."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vcltui.errors import CommandError, GuestError, NodeUnreachableError
from vcltui.guests.home import HomeGuest
from vcltui.models.cancel import CancelToken
from vcltui.models.names import check_name
from vcltui.models.reason import reason_of
from vcltui.nodes.ssh_command import RemoteOutput, run_over_ssh
from vcltui.nodes.ssh_errors import LoginError
from vcltui.nodes.ssh_target import SshTarget

DEFAULT_PORTS = (22, 24)
_OPTIONS = (
    "ConnectTimeout=5",
    "ServerAliveInterval=5",
    # A shared connection would outlive the guest it led to.
    "ControlMaster=no",
    "ControlPath=none",
    "UpdateHostKeys=no",
)
_PROBE_SECONDS = 8.0
_COMMAND_SECONDS = 60.0
_HOOK_SECONDS = 300.0
_MOST_OUTPUT_BYTES = 1 << 20
"""Of a guest, whose root is a stranger. The largest that is read of one is its domain's XML."""
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 5.0
_ABSENT = 44
# What a shell reports of a program that was ended by a signal, as a shutdown ends them all.
_FIRST_SIGNAL_STATUS = 128

# Fixed text for `sh -c`, made of what the smallest busybox has; what varies comes as its
# positional parameters.
_READ_SCRIPT = f"""\
cd || exit 1
[ -e "./$1" ] || exit {_ABSENT}
exec cat "./$1"
"""

# The length is compared so that a connection that breaks on the way leaves no cut-off file.
# `${{#text}}` counts bytes, since LC_ALL is C; the dot keeps the newlines at the end.
_WRITE_SCRIPT = """\
cd && set -C && umask 077 || exit 1
cat >"./$2" || exit 1
text=$(cat "./$2"; echo .)
if [ "${#text}" -eq "$3" ] && sync && mv -f "./$2" "./$1" && sync; then exit 0; fi
rm -f "./$2"
exit 1
"""

_REMOVE_XML_SCRIPT = """\
cd || exit 1
for file in ./*-v*.xml; do
    version=${file##*-v}
    case ${version%.xml} in
        '' | *[!0-9]*) continue ;;
    esac
    if [ -f "$file" ] && [ "$file" != "./$1" ]; then rm -f "$file" || exit 1; fi
done
sync
"""


class SshGuest(HomeGuest):
    """A guest with a POSIX shell behind an SSH server.

    `target` says whom to log in as and how; its port, known_hosts file and host key policy are
    set here. `ports` are tried in order, and the one that answered is used from then on. Each
    computer (`name`) has its known_hosts file in `known_hosts_directory`, since a load gives it
    a new host key: the first key seen after forget_host_key() is learned and then insisted on.
    """

    def __init__(
        self,
        target: SshTarget,
        *,
        name: str,
        known_hosts_directory: Path,
        ports: Sequence[int] = DEFAULT_PORTS,
    ) -> None:
        self._name = name
        self._known_hosts = known_hosts_directory / check_name("computer", name, limit=255)
        self._ports = tuple(ports)
        self._answering: int | None = None
        self._target = replace(
            target,
            options=(*target.options, *_OPTIONS),
            known_hosts_file=str(self._known_hosts),
            host_key_policy="accept-new",
        )

    def describe(self) -> str:
        """As Guest.describe."""
        return f"ssh {replace(self._target, port=None)}"

    def shell_commands(self) -> tuple[tuple[int, list[str]], ...]:
        """For each port, the command line of a shell in the guest for a person at a terminal."""
        return tuple((port, replace(self._target, port=port).shell_argv()) for port in self._ports)

    def forget_host_key(self) -> None:
        """Forget the host key that was learned; the next contact learns the new one.

        Raises GuestError when the file it is kept in can't be written.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            self._known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._known_hosts, flags, 0o600))
        except OSError as error:
            raise GuestError(
                f"The host keys of {self._name} can't be kept in {self._known_hosts}: "
                f"{error.strerror}",
                "Look at the folder's permissions",
            ) from error

    def is_responding(self) -> bool:
        """As Guest.is_responding."""
        try:
            self._probe(None)
        except GuestError:
            return False
        return True

    def wait_for_response(self, timeout_seconds: float, cancel: CancelToken) -> None:
        """As Guest.wait_for_response; tries at least once."""
        deadline = time.monotonic() + timeout_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            cancel.raise_if_cancelled()
            try:
                return self._probe(cancel)
            except GuestError as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise GuestError(
                        f"Computer {self._name} did not answer within {timeout_seconds:.0f} "
                        f"seconds: {error.what}",
                        error.hint,
                    ) from error
            cancel.wait(min(pause, left))
            pause = min(pause + 1.0, _LONGEST_PAUSE_SECONDS)

    def read_file(self, name: str) -> str | None:
        """As HomeGuest.read_file."""
        output = self._script(_READ_SCRIPT, name)
        if output.exit_status == _ABSENT:
            return None
        self._check(output, f"read ~/{name}")
        return output.stdout.decode("utf-8", errors="replace")

    def write_file(self, name: str, text: str) -> None:
        """As HomeGuest.write_file."""
        data = text.encode("utf-8", errors="replace")
        temporary = f".{name}.{secrets.token_hex(8)}.tmp"
        length = str(len(data) + 1)
        output = self._script(_WRITE_SCRIPT, name, temporary, length, input_bytes=data)
        self._check(output, f"write ~/{name}")

    def _remove_image_xml(self, but: str) -> None:
        self._check(self._script(_REMOVE_XML_SCRIPT, but), "remove older domain XML")

    def _run_hook_script(self, script: str, name: str, cancel: CancelToken | None) -> None:
        """Run a script that runs the hooks called `name`; their output goes to `~/<name>.log`."""
        output = self._script(script, name, cancel=cancel, timeout_seconds=_HOOK_SECONDS)
        self._check(output, f"run {name}", f"Look at {name}.log in the guest's home folder")

    def _shut_down_with(self, script: str) -> None:
        """Run a script that shuts the guest down, which may cut off the connection."""
        output = self._script(script, loss_is_fine=True)
        if not output.connection_lost and output.exit_status < _FIRST_SIGNAL_STATUS:
            self._check(output, "shut down")

    def _probe(self, cancel: CancelToken | None) -> None:
        output = self._script(":", cancel=cancel, timeout_seconds=_PROBE_SECONDS)
        self._check(output, "run a shell")

    def _script(
        self,
        script: str,
        *parameters: str,
        input_bytes: bytes | None = None,
        cancel: CancelToken | None = None,
        timeout_seconds: float = _COMMAND_SECONDS,
        loss_is_fine: bool = False,
    ) -> RemoteOutput:
        """Run a script at the first port that answers. Raises GuestError, CancelledError."""
        if not self._known_hosts.exists():
            self.forget_host_key()
        reasons: list[LoginError] = []
        for port in self._ports if self._answering is None else (self._answering,):
            try:
                output = run_over_ssh(
                    replace(self._target, port=port),
                    ["sh", "-c", script, "sh", *parameters],
                    input_bytes=input_bytes,
                    timeout_seconds=timeout_seconds,
                    cancel=cancel,
                    max_output_bytes=_MOST_OUTPUT_BYTES,
                )
            except LoginError as error:
                reasons.append(error)
            except (CommandError, NodeUnreachableError) as error:
                raise GuestError(f"Computer {self._name}: {error.what}", error.hint) from error
            else:
                self._answering = port
                if output.connection_lost and not loss_is_fine:
                    raise GuestError(
                        f"The connection to computer {self._name} was lost at work",
                        "Look at its console whether it still runs",
                    )
                return output
        self._answering = None
        raise GuestError(
            f"Computer {self._name} can't be logged in to: "
            + "; ".join(dict.fromkeys(error.what for error in reasons)),
            reasons[0].hint if reasons else "Configure a port for its SSH server",
        )

    def _check(self, output: RemoteOutput, what: str, hint: str = "") -> None:
        """Raise GuestError, with the last line of standard error, unless the script succeeded."""
        if output.exit_status == 0:
            return
        reason = reason_of(output.stderr, f"status {output.exit_status}")
        raise GuestError(
            f"Computer {self._name} could not {what}: {reason}",
            hint or f"Log in with {self.describe()} and look",
        )
