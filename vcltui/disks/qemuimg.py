"""qemu-img: its command lines, and running them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from vcltui.errors import CommandError, CommandMissingError, DiskError, UsageError
from vcltui.models.cancel import CancelToken, Progress
from vcltui.models.reason import last_line, quoted
from vcltui.nodes.base import Node

INFO_TIMEOUT_SECONDS = 30.0
CHECK_TIMEOUT_SECONDS = 3600.0
INFO_MEMORY_BYTES = 1 << 30
"""Address space that qemu-img may take to look at a header that anybody may have written."""
WORK_MEMORY_BYTES = 4 << 30
"""The same for copying and checking, whose tables grow with the disk."""

_has_prlimit: WeakKeyDictionary[Node, bool] = WeakKeyDictionary()
_PROGRESS = re.compile(r"\(\s*(\d+(?:\.\d+)?)/100%\)")
_IN_USE = re.compile(r"Failed to (?:get|lock)|Is another process using")


def disk_path(path: str) -> str:
    """Return `path` if qemu-img takes it for a file and nothing else, else raise UsageError.

    An absolute path can be no option, and qemu looks for a protocol (`nbd:`, `json:`) only before
    the first slash: colons and commas further on are plain characters.
    """
    if not path.startswith("/") or not path.isprintable():
        raise UsageError(f"{path!r} is no disk file's path", "Give an absolute path")
    return path


def info_argv(path: str, file_format: str, *, in_use: bool = False) -> list[str]:
    """`qemu-img info` of one file; `in_use` reads it beside a running domain."""
    return [*_begin("info", file_format, in_use=in_use), "--output=json", disk_path(path)]


def check_argv(path: str, file_format: str, *, in_use: bool = False) -> list[str]:
    """`qemu-img check` of one file, which repairs nothing.

    By its name alone qemu-img would open what a qcow2 file stands on as well, be it a device or
    a server on the network.
    """
    if file_format != "qcow2":
        return [*_begin("check", file_format, in_use=in_use), "--output=json", disk_path(path)]
    file = {"driver": "file", "filename": disk_path(path)}
    alone = {"driver": "qcow2", "file": file, "backing": None}
    force = ["-U"] if in_use else []
    name = f"json:{json.dumps(alone, ensure_ascii=False)}"
    return ["qemu-img", "check", *force, "--output=json", name]


def measure_argv(
    path: str, file_format: str, output_format: str, *, in_use: bool = False
) -> list[str]:
    """`qemu-img measure`: the bytes a copy in `output_format` (qcow2, raw) would take."""
    begin = _begin("measure", file_format, in_use=in_use)
    return [*begin, "-O", output_format, "--output=json", disk_path(path)]


def create_overlay_argv(master: str, master_format: str, overlay: str) -> list[str]:
    """`qemu-img create` of a qcow2 file that stands on `master`."""
    begin = _begin("create", "qcow2")
    return [*begin, "-q", "-F", master_format, "-b", disk_path(master), disk_path(overlay)]


def convert_argv(
    sources: Sequence[str],
    source_format: str,
    destination: str,
    destination_format: str,
    *,
    compat10: bool = False,
) -> list[str]:
    """`qemu-img convert` of one disk, or of several read one after the other, into a new file.

    `compat10` writes a qcow2 file that every QEMU reads. -W lets what was read first be written
    first: who publishes the file only when it is whole does not mind the order. As much is under
    way as can be (-m), since a disk that is read from afar answers late. Without -U on purpose: a
    disk that somebody writes to can't be copied consistently, and qemu-img then refuses.
    """
    options = ["-o", "compat=0.10"] if compat10 and destination_format == "qcow2" else []
    begin = _begin("convert", source_format)
    files = [disk_path(path) for path in (*sources, destination)]
    return [*begin, "-p", "-W", "-m", "16", "-O", destination_format, *options, *files]


def command_line(argv: Sequence[str]) -> str:
    """A command as a person could type it."""
    return shlex.join(argv)


def parse_progress(piece: str) -> float | None:
    """The share done, 0.0 to 1.0, in a piece of `-p` output such as `    (12.34/100%)`."""
    found = _PROGRESS.search(piece)
    return min(float(found.group(1)) / 100, 1.0) if found else None


def limited(node: Node, argv: Sequence[str], memory_bytes: int = INFO_MEMORY_BYTES) -> list[str]:
    """The command with a bound on its memory, where the node has prlimit."""
    if node not in _has_prlimit:
        _has_prlimit[node] = node.has_program("prlimit")
    return ["prlimit", f"--as={memory_bytes}", *argv] if _has_prlimit[node] else list(argv)


def run_json(
    node: Node,
    argv: Sequence[str],
    path: str,
    *,
    timeout_seconds: float = INFO_TIMEOUT_SECONDS,
    memory_bytes: int = INFO_MEMORY_BYTES,
) -> dict[str, Any]:
    """Run a command and return the JSON object it prints. `path` is the file it is about.

    Raises DiskError in qemu-img's own words, CommandMissingError.
    """
    try:
        result = node.run(limited(node, argv, memory_bytes), timeout_seconds=timeout_seconds)
    except CommandError as error:
        raise disk_error(node, path, "read", error) from error
    try:
        answer = json.loads(result.stdout)
    except (ValueError, RecursionError) as error:
        raise DiskError(
            f"qemu-img on {node.name} gave no readable answer about {path}",
            "Look at the version of qemu-img on the host",
        ) from error
    if not isinstance(answer, dict):
        raise DiskError(
            f"qemu-img on {node.name} gave an unexpected answer about {path}",
            "Look at the version of qemu-img on the host",
        )
    return answer


def run_short(node: Node, argv: Sequence[str], path: str, verb: str) -> None:
    """Run a command that changes `path` in no time; `verb` says what it does, for the message.

    Raises DiskError, CommandMissingError.
    """
    try:
        node.run(limited(node, argv, WORK_MEMORY_BYTES))
    except CommandError as error:
        raise disk_error(node, path, verb, error) from error


def run_convert(
    node: Node,
    argv: Sequence[str],
    path: str,
    *,
    progress: Progress,
    cancel: CancelToken | None = None,
) -> None:
    """Run a convert that writes `path`, however long it takes.

    Raises DiskError, CommandMissingError, CancelledError; what it wrote is then left to the
    caller.
    """

    def heard(piece: str) -> None:
        share = parse_progress(piece)
        if share is not None:
            progress(share)

    try:
        bound = limited(node, argv, WORK_MEMORY_BYTES)
        node.run(bound, timeout_seconds=None, on_output=heard, cancel=cancel, tied=True)
    except CommandError as error:
        raise disk_error(node, path, "write", error) from error


def disk_error(node: Node, path: str, verb: str, error: CommandError) -> CommandError | DiskError:
    """What a failed qemu-img says about `path`, as one sentence; a missing one is named."""
    # prlimit says so too, in its own words.
    if isinstance(error, CommandMissingError) or "failed to execute qemu-img" in error.stderr:
        return CommandMissingError(
            f"qemu-img is not installed on {node.name}", "Install the package qemu-utils"
        )
    otherwise = re.sub(r"^prlimit\b", "qemu-img", error.what)  # which it has become
    return failure(node, path, verb, error.stderr, otherwise)


def says_in_use(stderr: str) -> bool:
    """Whether a qemu-img that wrote `stderr` failed at the lock of another process."""
    return _IN_USE.search(stderr) is not None


def failure(node: Node, path: str, verb: str, stderr: str, otherwise: str) -> DiskError:
    """The error of a qemu-img that wrote `stderr`; `otherwise` is said where that is empty."""
    reason = last_line(stderr).removeprefix("qemu-img: ") or otherwise
    reason = re.sub(r"^Could not open '.*?': (?=.)", "", reason)  # the path stands before it
    reason = quoted(reason)
    hint = "The file may be damaged, cut off or of another format"
    if verb == "write":
        hint = "Look at its folder's file system, and at what is copied"
    if says_in_use(stderr):
        reason, hint = "another process uses the disk", "Shut down the domain that uses it first"
    elif "No space left on device" in stderr:
        reason, hint = "no space is left on the device", "Make room there, then do it again"
    return DiskError(f"Can't {verb} {path} on {node.name}: {reason}", hint)


def _begin(verb: str, file_format: str, *, in_use: bool = False) -> list[str]:
    return ["qemu-img", verb, *(["-U"] if in_use else []), "-f", file_format]
