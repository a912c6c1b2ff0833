"""Runs one command on another machine by the OpenSSH client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vcltui.errors import CommandError, CommandMissingError, NodeUnreachableError, VcltuiError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import OutputLine
from vcltui.nodes.process import EXTRA_PATH, MAX_OUTPUT_BYTES, run_process
from vcltui.nodes.ssh_errors import connection_error, connection_lost
from vcltui.nodes.ssh_target import SshTarget

_SSH_FAILED = 255
_END_TIMEOUT_SECONDS = 20.0
_GREETING_BYTES = 1 << 16

ENVIRONMENT = f'PATH="$PATH:{EXTRA_PATH}"; LC_ALL=C; export PATH LC_ALL'
"""Script that makes programs be found that only root has on the PATH, and messages English."""

# The command says its process id first: that tells a failed login from a failed command, lets
# it be ended, since a program that loses its SSH connection may well run on, and marks where
# its output begins, since a login shell may have greeted before. It says so on standard output,
# because only within one stream does SSH keep the order. ssh ends with 255 when it fails: a
# program that does so too is told apart by the line at the end.
_RUN_SCRIPT = f"""\
{ENVIRONMENT}
sh -c 'echo "vcltui-pid $$"; exec "$@"' sh "$@"
status=$?
[ "$status" -ne {_SSH_FAILED} ] || echo vcltui-own-status >&2
exit "$status"
"""
_OWN_STATUS = "vcltui-own-status\n"
_PID_LINE = re.compile(rb"^vcltui-pid ([0-9]+)\n", re.MULTILINE)

# Its input comes to an end when this side dies or the connection is lost: then it kills the
# program, which else would go on (qemu-img ignores that nobody reads its output any more).
_TIED_SCRIPT = """\
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{ read -r _ <&3; kill -KILL "$program"; } >/dev/null 2>&1 &
watcher=$!
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
"""

# Ends a process and all that come from it. Not its process group: some SSH servers run commands
# in their own. A system without /proc, if there is one, leaves the children to themselves.
_END_SCRIPT = """\
pids=$1
add_children() {
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        rest=${line##*) }
        rest=${rest#* }
        if [ "${rest%% *}" = "$1" ]; then
            child=${stat#/proc/}
            child=${child%/stat}
            pids="$pids $child"
            add_children "$child"
        fi
    done
}
signal_all() {
    left=
    for pid in $pids; do
        if kill "$1" "$pid" 2>/dev/null; then left="$left $pid"; fi
    done
}
add_children "$1"
signal_all -TERM
rounds=0
while [ -n "$left" ]; do
    if [ "$rounds" -ge 50 ]; then
        signal_all -KILL
        break
    fi
    sleep 0.1
    rounds=$((rounds + 1))
    signal_all -0
done
"""


@dataclass(frozen=True, slots=True)
class RemoteOutput:
    """What a command on another machine left. `connection_lost`: it was cut off meanwhile."""

    exit_status: int
    stdout: bytes
    stderr: str
    connection_lost: bool = False


def run_over_ssh(
    target: SshTarget,
    argv: Sequence[str],
    *,
    input_bytes: bytes | None = None,
    timeout_seconds: float | None = 60.0,
    on_output: OutputLine | None = None,
    cancel: CancelToken | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    tied: bool = False,
) -> RemoteOutput:
    """Run a program with its arguments on the target and wait for it.

    Whatever its exit status, its output is returned. `tied` is as in Node.run. Raises LoginError
    when it could not be started there, CommandMissingError when this machine has no ssh,
    CommandError and CancelledError as run_process; on these the program is ended on the target
    too, and NodeUnreachableError takes their place when that could not be done.
    """
    program = argv[0].rsplit("/", 1)[-1]
    command = ["sh", "-c", _TIED_SCRIPT, "sh", *argv] if tied else argv
    started = False

    def end_remote(stdout: bytes) -> None:
        nonlocal started
        found = _PID_LINE.search(stdout)
        started = found is not None
        if found is not None:
            end_on_target(target, found[1].decode(), program)

    try:
        output = run_process(
            target.argv(["sh", "-c", _RUN_SCRIPT, "sh", *command]),
            input_bytes=input_bytes,
            timeout_seconds=timeout_seconds,
            on_output=None if on_output is None else _after_greeting(on_output),
            cancel=cancel,
            max_output_bytes=max_output_bytes + _GREETING_BYTES,
            before_end=end_remote,
            program=program,
            hold_input=tied,
        )
    except CommandMissingError:
        raise
    except CommandError as error:
        if started:
            raise
        raise connection_error(target, "timed out") from error
    stderr = output.stderr.decode("utf-8", errors="replace")
    marked = _PID_LINE.search(output.stdout, 0, _GREETING_BYTES)
    if marked is None:
        raise connection_error(target, stderr)
    ssh_failed = output.exit_status == _SSH_FAILED or output.exit_status < 0
    lost = ssh_failed and not stderr.endswith(_OWN_STATUS)
    stderr = stderr.removesuffix(_OWN_STATUS)
    return RemoteOutput(output.exit_status, output.stdout[marked.end() :], stderr, lost)


def run_on_target(
    target: SshTarget,
    argv: Sequence[str],
    *,
    input_bytes: bytes | None = None,
    timeout_seconds: float | None = 60.0,
    on_output: OutputLine | None = None,
    cancel: CancelToken | None = None,
    max_output_bytes: int = MAX_OUTPUT_BYTES,
    tied: bool = False,
) -> RemoteOutput:
    """As run_over_ssh, for commands that must be seen to their end.

    Also raises NodeUnreachableError when the connection broke meanwhile, CommandMissingError
    when the target has no such program.
    """
    output = run_over_ssh(
        target,
        argv,
        input_bytes=input_bytes,
        timeout_seconds=timeout_seconds,
        on_output=on_output,
        cancel=cancel,
        max_output_bytes=max_output_bytes,
        tied=tied,
    )
    if output.connection_lost:
        raise connection_lost(target, argv[0])
    check_installed(target, argv[0], output)
    return output


def check_installed(target: SshTarget, program: str, output: RemoteOutput) -> None:
    """Raise CommandMissingError when `output` says that the target has no such program."""
    if output.exit_status == 127 and "not found" in output.stderr:
        raise CommandMissingError(
            f"The program {program} is not installed on {target}",
            "Install it there, or put it on the PATH",
            exit_status=127,
            stderr=output.stderr,
        )


def _after_greeting(on_output: OutputLine) -> OutputLine:
    """Passes on what comes after the line with the process id."""
    begun = False

    def take(piece: str) -> None:
        nonlocal begun
        if begun:
            on_output(piece)
        else:
            begun = _PID_LINE.fullmatch(piece.encode() + b"\n") is not None

    return take


def end_on_target(target: SshTarget, pid: str, program: str) -> None:
    """End the command that said its process id, and wait for its end.

    Raises NodeUnreachableError where that can't be done.
    """
    try:
        run_process(
            target.argv(["sh", "-c", _END_SCRIPT, "sh", pid]),
            timeout_seconds=_END_TIMEOUT_SECONDS,
        )
    except VcltuiError as error:
        raise NodeUnreachableError(
            f"{program} was to be stopped on {target}, which no longer answers",
            "Look on that machine whether it still runs",
        ) from error
