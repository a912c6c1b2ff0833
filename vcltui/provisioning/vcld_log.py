"""What VCL's daemon logs about one reservation, as it comes."""

from __future__ import annotations

import re

from vcltui.errors import NodeError
from vcltui.nodes.base import Node

VCLD_LOG = "/var/log/vcld.log"
_CHUNK_BYTES = 1 << 20
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|(?P<pid>\d+)\|(?P<request>\d+)\|"
    r"(?P<reservation>\d+)\|(?P<rest>.*)",
    re.ASCII,
)


class VcldLog:
    """The lines about one reservation in a log on a node, from the last MiB of it on.

    A log that was rotated is read from its new beginning.
    """

    def __init__(self, node: Node, reservation_id: int, path: str = VCLD_LOG) -> None:
        self._node, self._path, self._reservation = node, path, str(reservation_id)
        found = node.stat(path)
        size = found.size_bytes if found is not None else 0
        self._offset = max(size - _CHUNK_BYTES, 0)
        self._inode = found.inode if found is not None else 0
        self._rest = b""
        self._is_ours = False

    def new_lines(self) -> tuple[str, ...]:
        """The lines that came since the last call, whole ones only; () where there is no such file.

        What follows a line of the reservation without a prefix of its own belongs to it: vcld
        writes warnings over several lines. Raises NodeError, NodeUnreachableError.
        """
        found = self._node.stat(self._path)
        if found is None:
            return ()
        if not found.is_file:  # a device, or a pipe, may have no end
            raise NodeError(
                f"{self._path} on {self._node.name} is no plain file",
                "Name vcld's log in the configuration",
            )
        if found.size_bytes < self._offset or found.inode != self._inode:
            self._offset, self._inode, self._rest = 0, found.inode, b""
        lines: list[str] = []
        while data := self._node.read_bytes(self._path, _CHUNK_BYTES, self._offset):
            self._offset += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            lines += [line.decode("utf-8", errors="replace").rstrip("\r") for line in whole]
        return tuple(line for line in lines if self._concerns(line))

    def _concerns(self, line: str) -> bool:
        match = _LINE.match(line)
        if match is not None:
            self._is_ours = match["reservation"] == self._reservation
        return self._is_ours and bool(line.strip())
