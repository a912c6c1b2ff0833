"""An exclusive flock(2) on a file of another machine, held by an SSH session there."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from vcltui.errors import CommandMissingError, NodeError, NodeUnreachableError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.local_lock import holder_line
from vcltui.nodes.paths import lock_held, parent_of, shown
from vcltui.nodes.process import end_process, readable_now, start_process
from vcltui.nodes.ssh_errors import connection_error, connection_lost
from vcltui.nodes.ssh_target import SshTarget

_HELD = 75
_BEGUN = b"vcltui-begun\n"
_READY = b"vcltui-locked\n"
_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 30.0
_LET_GO_SECONDS = 10.0
_EXIT_SECONDS = 3.0

# The file is never removed: whoever waited on the removed file would hold a lock nobody sees.
# The dots make a wait end soon when this side is gone: nobody reads them any more. `cat` ends
# when this side closes its pipe or dies, and the lock goes with the script.
_LOCK_SCRIPT = """\
PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"; LC_ALL=C; export PATH LC_ALL
echo vcltui-begun
umask 077
mkdir -p -- "$2" && exec 9>>"$1" || exit 1
flock -n -E 75 9
status=$?
left=$3
while [ "$status" -eq 75 ] && [ "$left" -gt 0 ]; do
    echo . >&2
    flock -w 0.5 -E 75 9
    status=$?
    left=$((left - 1))
done
if [ "$status" -eq 75 ]; then head -c 200 -- "$1"; fi
[ "$status" -eq 0 ] || exit "$status"
printf '%s\\n' "$4" >"$1"
echo vcltui-locked
cat >/dev/null
: >"$1"
"""
_WAIT_STEP_SECONDS = 0.5


@contextmanager
def hold_remote_lock(
    target: SshTarget,
    machine: str,
    path: str,
    timeout_seconds: float,
    cancel: CancelToken | None,
) -> Iterator[None]:
    """Hold the lock while the block runs; see Node.lock for what is raised.

    Also raises NodeUnreachableError at the end of the block when the connection, and with it
    the lock, was lost meanwhile.
    """
    steps = str(math.ceil(max(timeout_seconds, 0.0) / _WAIT_STEP_SECONDS))
    script = [_LOCK_SCRIPT, "sh", path, parent_of(path), steps, holder_line(os.getpid())]
    process = start_process(target.argv(["sh", "-c", *script]))
    try:
        deadline = time.monotonic() + timeout_seconds + _CONNECT_SECONDS
        try:
            said = _read_until_ready(process, deadline, cancel or CancelToken())
        except BaseException:
            end_process(process)
            raise
        if not said.endswith(_READY):
            _raise_not_locked(process, target, machine, path, said)
        yield
        if process.poll() is not None:
            raise NodeUnreachableError(
                f"The lock {shown(path)} on {machine} was lost before the work under it was done",
                "Check the connection to that machine, and what else ran there",
            )
    finally:
        _let_go(process)


def _read_until_ready(
    process: subprocess.Popen[bytes], deadline: float, cancel: CancelToken
) -> bytes:
    """What the script wrote until it held the lock, or until it ended."""
    said = b""
    pipe = process.stdout
    if pipe is None:
        return said
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not said.endswith(_READY):
            cancel.raise_if_cancelled()
            if time.monotonic() > deadline:
                return said
            if selector.select(_POLL_SECONDS):
                data = os.read(pipe.fileno(), 4096)
                if not data:
                    break
                said += data
    return said


def _raise_not_locked(
    process: subprocess.Popen[bytes], target: SshTarget, machine: str, path: str, said: bytes
) -> NoReturn:
    try:
        process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        end_process(process)
    # Not to its end: a master connection that this ssh left behind may hold it open.
    text = readable_now(process.stderr).decode("utf-8", errors="replace")
    _greeting, begun, holder = said.partition(_BEGUN)
    if not begun:
        raise connection_error(target, "timed out" if process.returncode < 0 else text)
    if process.returncode == _HELD:
        raise lock_held(path, machine, holder.decode("utf-8", errors="replace"))
    if process.returncode == 127:
        raise CommandMissingError(
            f"The program flock is not installed on {machine}", "Install util-linux there"
        )
    if process.returncode in (255, -signal.SIGTERM, -signal.SIGKILL):
        raise connection_lost(target, "flock")
    reason = [line for line in text.splitlines() if line.strip(". ")][-1:] or ["no reason given"]
    raise NodeError(
        f"Can't lock {shown(path)} on {machine}: {shown(reason[0])}",
        "Look at the folder's permissions",
    )


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Close the script's input, which makes it release the lock, and wait for its end."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_LET_GO_SECONDS)
    except subprocess.TimeoutExpired:
        end_process(process)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
