"""A flock(2) on a file of another machine, held by an SSH session there."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vcltui.errors import CommandMissingError, NodeError, NodeUnreachableError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.models.reason import reason_of
from vcltui.nodes.local_lock import holder_line
from vcltui.nodes.paths import lock_held, parent_of, shown, strangers_folder
from vcltui.nodes.ssh_command import RemoteOutput
from vcltui.nodes.ssh_errors import connection_error
from vcltui.nodes.ssh_shell import RemoteShell, Shells
from vcltui.nodes.ssh_target import SshTarget

_HELD, _STRANGERS = 75, 76
_LOCKED = b"vcltui-locked\n"
_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 30.0
_LET_GO_SECONDS = 10.0

# Where everybody may make a folder, as in /tmp, it must be ours or root's.
# The file is never removed: whoever waited on the removed file would hold a lock nobody sees.
# The dots make a wait end soon when this side is gone: nobody reads them any more. `read` ends
# when this side says a line, closes its pipe or dies, and the lock goes with the script.
_LOCK_SCRIPT = """\
umask 077
folder=$2
while [ -n "$folder" ]; do
    above=${folder%/*}
    if [ -k "${above:-/}" ] && { [ -e "$folder" ] || [ -L "$folder" ]; }; then
        owner=$(stat -c %u -- "$folder")
        if [ -L "$folder" ] || { [ ! -O "$folder" ] && [ "$owner" != 0 ]; }; then
            printf '%s\\n' "$folder"
            exit 76
        fi
    fi
    folder=$above
done
mkdir -p -- "$2" && exec 9<>"$1" || exit 1
flock "$5" -n -E 75 9
status=$?
left=$3
while [ "$status" -eq 75 ] && [ "$left" -gt 0 ]; do
    echo . >&2
    flock "$5" -w 0.5 -E 75 9
    status=$?
    left=$((left - 1))
done
if [ "$status" -eq 75 ]; then head -c 200 -- "$1"; fi
[ "$status" -eq 0 ] || exit "$status"
printf '%s\\n' "$4" >"$1"
echo vcltui-locked
read -r _
[ "$(head -c 200 -- "$1")" != "$4" ] || true >"$1"
exit 0
"""
_WAIT_STEP_SECONDS = 0.5


@contextmanager
def hold_remote_lock(
    shells: Shells,
    target: SshTarget,
    machine: str,
    path: str,
    timeout_seconds: float,
    cancel: CancelToken | None,
    *,
    shared: bool = False,
) -> Iterator[None]:
    """Hold the lock while the block runs; see Node.lock for what is raised.

    Also raises NodeUnreachableError at the end of the block when the connection, and with it
    the lock, was lost meanwhile.
    """
    steps = str(math.ceil(max(timeout_seconds, 0.0) / _WAIT_STEP_SECONDS))
    kind = "-s" if shared else "-x"
    parameters = (path, parent_of(path), steps, holder_line(os.getpid()), kind)
    with shells.shell() as shell:
        shell.begin(["sh", "-c", _LOCK_SCRIPT, "sh", *parameters], keeps_input=True)
        deadline = time.monotonic() + timeout_seconds + _CONNECT_SECONDS
        failed = _wait_until_locked(shell, deadline, cancel or CancelToken())
        if failed is not None:
            raise _not_locked(failed, machine, path)
        if shell.said != _LOCKED:
            raise connection_error(target, "timed out")
        try:
            yield
        except BaseException:
            _let_go(shell)
            raise
        if not _let_go(shell):
            raise NodeUnreachableError(
                f"The lock {shown(path)} on {machine} was lost before the work under it was done",
                "Check the connection to that machine, and what else ran there",
            )


def _wait_until_locked(
    shell: RemoteShell, deadline: float, cancel: CancelToken
) -> RemoteOutput | None:
    """Wait until the lock is held, or the deadline; what the script left if it ended instead."""
    while shell.said != _LOCKED and time.monotonic() < deadline:
        cancel.raise_if_cancelled()
        shell.read(_POLL_SECONDS)
        output = shell.output()
        if output is not None:
            return output
    return None


def _not_locked(output: RemoteOutput, machine: str, path: str) -> VcltuiError:
    if output.exit_status == _HELD:
        return lock_held(path, machine, output.stdout.decode("utf-8", errors="replace"))
    if output.exit_status == _STRANGERS:
        folder = output.stdout.decode("utf-8", errors="replace").rstrip("\n")
        return strangers_folder(folder, machine)
    if output.exit_status == 127:
        return CommandMissingError(
            f"The program flock is not installed on {machine}", "Install util-linux there"
        )
    reason = reason_of(output.stderr, "no reason given", lambda line: line.strip(". "))
    return NodeError(
        f"Can't lock {shown(path)} on {machine}: {reason}",
        "Look at the folder's permissions",
    )


def _let_go(shell: RemoteShell) -> bool:
    """Have the script release the lock and end; False where it, and the lock, was gone before.

    A shell that does not answer is given up; its lock goes when the machine notices.
    """
    shell.say(b"\n")
    deadline = time.monotonic() + _LET_GO_SECONDS
    try:
        while time.monotonic() < deadline:
            shell.read(_POLL_SECONDS)
            output = shell.output()
            if output is not None:
                return output.exit_status == 0
    except NodeUnreachableError:
        return False
    return True
