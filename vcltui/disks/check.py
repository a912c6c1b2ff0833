"""The consistency of a disk, as `qemu-img check` sees it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

from vcltui.disks import qemuimg
from vcltui.disks.formats import format_of, require_plain_file
from vcltui.disks.header import read_header
from vcltui.disks.info import refuse_odd_parts
from vcltui.errors import CommandError, DiskError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import Node

_CLEAN, _CORRUPT, _LEAKS, _NOT_SUPPORTED = 0, 2, 3, 63

_passed: set[tuple[str, str, int, int, int, float]] = set()
_passed_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. `summary` is one sentence for people.

    `consistent` does not prove that the disk is whole: what a killed qemu-img convert leaves
    passes as well, since its tables never say what was still to come.
    `leaks` are clusters that are lost but harm nothing.
    """

    path: str
    consistent: bool
    corruptions: int
    leaks: int
    errors: int
    summary: str


def check_disk(
    node: Node,
    path: str,
    *,
    file_format: str | None = None,
    in_use: bool = False,
    cancel: CancelToken | None = None,
) -> CheckResult:
    """Check a disk's own tables; nothing is repaired, no backing file is looked at.

    Raises NotFoundError, DiskError when the check can't be done (damaged header, a format that
    has no check), RefusedError for a data file or extent that is no plain file,
    CommandMissingError, CancelledError.
    """
    size = require_plain_file(node, path).size_bytes
    known = file_format or format_of(node, path)
    refuse_odd_parts(node, path, known)
    argv = qemuimg.check_argv(path, known, in_use=in_use)
    argv = qemuimg.limited(node, argv, qemuimg.WORK_MEMORY_BYTES)
    try:
        result = node.run(
            argv, check=False, timeout_seconds=qemuimg.CHECK_TIMEOUT_SECONDS, cancel=cancel
        )
    except CommandError as error:
        raise qemuimg.disk_error(node, path, "check", error) from error
    if result.exit_status == _NOT_SUPPORTED:
        raise DiskError(
            f"{path} can't be checked: a {known} disk has no tables", "Only its content tells"
        )
    if result.exit_status not in (_CLEAN, _CORRUPT, _LEAKS):
        raise qemuimg.failure(node, path, "check", result.stderr, "qemu-img gave no reason")
    counts = _counts(result.stdout)
    # What is allocated last may be written in part, but never end a whole cluster short.
    cluster = read_header(node, path).cluster_size_bytes if known == "qcow2" else 0
    cut_off = bool(cluster) and _number(counts, "image-end-offset") - size >= cluster
    return _result(path, result.exit_status, counts, cut_off=cut_off)


def require_whole(
    node: Node, path: str, cancel: CancelToken | None = None, *, in_use: bool = False
) -> None:
    """Raise DiskError for a qcow2 file that is corrupt or cut off, as far as that can be told.

    qemu-img copies such a file without complaint, with zeros for what is missing.
    """
    found = check_disk(node, path, file_format="qcow2", in_use=in_use, cancel=cancel)
    if not found.consistent:
        raise DiskError(found.summary, "Restore the file from where it came")


def require_whole_once(node: Node, path: str, cancel: CancelToken | None = None) -> bool:
    """As require_whole, but a file that passed and did not change since is not checked again.

    Returns whether it was checked now. For masters, which are loaded over and over.
    """
    stat = require_plain_file(node, path)
    key = (node.name, path, stat.device, stat.inode, stat.size_bytes, stat.mtime)
    with _passed_lock:
        if key in _passed:
            return False
    require_whole(node, path, cancel, in_use=True)
    with _passed_lock:
        _passed.add(key)
    return True


def _counts(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _number(counts: dict[str, Any], key: str) -> int:
    value = counts.get(key, 0)
    return value if isinstance(value, int) else 0


def _result(path: str, exit_status: int, counts: dict[str, Any], *, cut_off: bool) -> CheckResult:
    corruptions = _number(counts, "corruptions")
    leaks = _number(counts, "leaks")
    if cut_off:
        summary = f"{path} is cut off: the end of the file is missing"
    elif exit_status == _CORRUPT:
        summary = f"{path} is corrupt or cut off: {corruptions} of its entries are wrong"
    elif exit_status == _LEAKS:
        summary = f"{path} is usable; {leaks} clusters are lost in it, which harms nothing"
    else:
        summary = f"{path} is consistent, which does not prove that its copy was whole"
    consistent = exit_status != _CORRUPT and not cut_off
    return CheckResult(
        path, consistent, corruptions, leaks, _number(counts, "check-errors"), summary
    )
