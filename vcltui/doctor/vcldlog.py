"""vcld.log: lines `time|PID|REQ|RES|state|file:sub|line|message`, and blocks of warnings.

Whatever stands in the file, reading it never fails: what is no line of vcld's is passed over or
belongs to the message above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from vcltui.errors import NodeError, NotFoundError
from vcltui.nodes.base import Node

TAIL_BYTES = 4 << 20
"""How much of a log's end is read at most."""

_MAX_LINES = 60
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|")
# Verbose logs begin every line of a block with what the process works on.
_PREFIX = re.compile(r"\|\d+(?:\|[^|\s]*){1,4}\|\s*")
# Only from where a row of dashes begins, or a long one would be tried from each of them.
_OPENING = re.compile(r"(?<!-)-{4,}\s*(WARNING|CRITICAL)\s*-{4,}\s*\Z")


@dataclass(frozen=True, slots=True)
class LogBlock:
    """A line of vcld.log, or a block of them about one warning.

    `severity` is WARNING, CRITICAL, or empty for a plain line. Ids are 0 where the line has none.
    `lines` are its words: the first is the message, at most 60 are kept.
    """

    time: datetime
    severity: str
    pid: int
    request_id: int
    reservation_id: int
    state: str
    place: str
    lines: tuple[str, ...]

    @property
    def message(self) -> str:
        """The first words of it."""
        return self.lines[0] if self.lines else ""

    def says(self, words: str) -> bool:
        """Whether these words stand in it, whatever their case."""
        wanted = words.lower()
        return any(wanted in line.lower() for line in self.lines)


def read_log(node: Node, path: str, max_bytes: int = TAIL_BYTES) -> tuple[LogBlock, ...]:
    """The lines and blocks in the end of a log file on a node, the oldest first.

    Of a file larger than `max_bytes` only the end is read, from its first whole line. Raises
    NotFoundError, NodeError.
    """
    stat = node.stat(path)
    if stat is None:
        raise NotFoundError(f"There is no log {path} on {node.name}", "Name the right file")
    if not stat.is_file:
        # A device, or a pipe, may have no end.
        raise NodeError(f"{path} on {node.name} is no plain file", "Name the right log")
    offset = max(0, stat.size_bytes - max_bytes)
    text = node.read_bytes(path, max_bytes, offset).decode("utf-8", errors="replace")
    if offset:
        text = text.partition("\n")[2]
    return tuple(parse_log(text.splitlines()))


def parse_log(lines: Iterable[str]) -> Iterator[LogBlock]:
    """The lines and blocks in a log's lines.

    A block is opened by a line `---- WARNING ----` and goes on to the next line that begins with
    a time and is not part of it: vcld writes a stack of calls below the message.
    """
    severity, current = "", None
    for raw in lines:
        line = _PREFIX.sub("", raw.rstrip(), count=1) if raw.startswith("|") else raw.rstrip()
        opening = _OPENING.search(line)
        if opening:
            if current is not None:
                yield current.done()
                current = None
            severity = opening[1]
            continue
        begun = _begin(line, severity)
        if begun is not None:
            if current is not None:
                yield current.done()
            current, severity = begun, ""
        elif current is not None and line.strip():
            current.add(line)
    if current is not None:
        yield current.done()


class _Open:
    """A block that is being read."""

    def __init__(self, time: datetime, severity: str, fields: list[str]) -> None:
        self._time, self._severity = time, severity
        self._fields = fields
        self._lines: list[str] = [fields[-1].strip()] if fields[-1].strip() else []

    def add(self, line: str) -> None:
        if len(self._lines) < _MAX_LINES:
            self._lines.append(line.strip().removeprefix("|").strip())

    def done(self) -> LogBlock:
        pid, request, reservation, state, place, line, _message = self._fields
        return LogBlock(
            self._time,
            self._severity,
            _number(pid),
            _number(request),
            _number(reservation),
            state.strip(),
            f"{place.strip()}:{line.strip()}".strip(":"),
            tuple(self._lines),
        )


def _begin(line: str, severity: str) -> _Open | None:
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    try:
        time = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    rest = line[stamp.end() :].split("|", 6)
    if len(rest) == 7:
        return _Open(time, severity, rest)
    # vcld itself has no request: `time|PID|file:sub|line|message`.
    parts = line[stamp.end() :].split("|", 3)
    if len(parts) < 4:
        return None
    pid, place, number, message = parts
    return _Open(time, severity, [pid, "", "", "", place, number, message])


def _number(text: str) -> int:
    stripped = text.strip()
    is_number = stripped.isascii() and stripped.isdigit() and len(stripped) <= 18
    return int(stripped) if is_number else 0
