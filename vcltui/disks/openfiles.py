"""Whether somebody has a disk file open, asked before it is moved."""

from __future__ import annotations

import re

from vcltui.disks import qemuimg
from vcltui.errors import CommandError, CommandMissingError, RefusedError
from vcltui.nodes.base import Node

_PROCESS = re.compile(r"/proc/(?P<pid>\d+)/fd/")
_FIND_SECONDS = 60.0


def require_not_open(node: Node, path: str) -> None:
    """Raise RefusedError where a program has the file at `path` open.

    QEMU's programs tell by their lock, also on another machine that shares the folder. Others
    are found by the node's list of open files, as far as its user may see them.
    """
    if _is_locked(node, path):
        raise RefusedError(f"Another process uses {path} on {node.name}", "Wait until it has ended")
    pids = _openers(node, path)
    if pids:
        raise RefusedError(
            f"{path} is open on {node.name} in the process {', '.join(pids)}",
            "Wait until it has ended",
        )


def _is_locked(node: Node, path: str) -> bool:
    """Whether QEMU's lock is held. The lock is looked at before the content, whatever that is."""
    argv = qemuimg.limited(node, qemuimg.info_argv(path, "qcow2"))
    try:
        node.run(argv)
    except CommandMissingError:
        raise
    except CommandError as error:
        return qemuimg.says_in_use(error.stderr)
    return False


def _openers(node: Node, path: str) -> list[str]:
    real = re.sub(r"([\\*?\[\]])", r"\\\1", node.real_path(path))
    # Processes come and go while it looks, which makes find complain; what it found counts.
    argv = ["find", "/proc", "-maxdepth", "3", "-path", "/proc/[0-9]*/fd/*", "-lname", real]
    output = node.run(argv, check=False, timeout_seconds=_FIND_SECONDS).stdout
    return sorted({match["pid"] for match in _PROCESS.finditer(output)}, key=int)
