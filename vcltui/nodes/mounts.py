"""Reads /proc/self/mountinfo."""

from __future__ import annotations

import re


def filesystem_of(mountinfo: str, real_path: str) -> str | None:
    """The type of the file system that `real_path` (links resolved) is on, or None.

    `mountinfo` is the text of /proc/self/mountinfo. The longest mount point wins; of several
    mounts on one point the last one hides the others.
    """
    best, found = -1, None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, tail = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _unescape(fields[4])
        if len(point) >= best and _is_under(real_path, point):
            best, found = len(point), tail[0]
    return found


def _is_under(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _unescape(text: str) -> str:
    """Undo the octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
