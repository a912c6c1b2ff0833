"""One SSH connection that many commands share: OpenSSH's master connection."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from vcltui.errors import NodeError, VcltuiError
from vcltui.nodes.process import run_process
from vcltui.nodes.ssh_target import SshTarget, literal_path

# A socket's path has at most 107 bytes, and ssh appends 17 while it makes one.
_MAX_SOCKET_PATH = 90
_PERSIST_SECONDS = 60


class SshMaster:
    """Gives a target whose commands share one connection, and ends that connection.

    The socket has a name of its own, so that ending the connection can't cut off another
    process or another object that talks to the same machine.
    """

    def __init__(self, target: SshTarget) -> None:
        directory = socket_directory()
        self._socket = f"{directory}/{secrets.token_hex(8)}"
        self.target = replace(
            target,
            options=(
                *target.options,
                "ControlMaster=auto",
                f"ControlPath={literal_path(self._socket)}",
                f"ControlPersist={_PERSIST_SECONDS}",
            ),
        )

    def close(self) -> None:
        """End the connection if there is one. The target can be used again afterwards."""
        if not Path(self._socket).exists():
            return
        argv = [*self.target.client_argv(), "-O", "exit", "--", self.target.host]
        try:
            run_process(argv, timeout_seconds=10.0)
        except VcltuiError:
            # The master ends by itself when it has been idle for _PERSIST_SECONDS.
            return


def socket_directory() -> str:
    """A directory of the user's own that nobody else can enter; made if missing.

    Raises NodeError when something else stands in its place.
    """
    name = f"vcltui-{os.getuid()}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    candidates = [f"{base}/{name}" for base in (runtime, tempfile.gettempdir()) if base]
    fitting = [path for path in candidates if len(os.fsencode(path)) + 18 <= _MAX_SOCKET_PATH]
    for path in [*fitting, f"/tmp/{name}"]:  # noqa: S108
        try:
            Path(path).mkdir(mode=0o700)
        except FileExistsError:
            pass
        except OSError:
            continue
        found = Path(path).lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            if stat.S_IMODE(found.st_mode) != 0o700:
                Path(path).chmod(0o700)
            return path
    raise NodeError(
        "There is no private folder for SSH connections",
        f"Remove what stands at /tmp/{name}, or set XDG_RUNTIME_DIR",
    )
