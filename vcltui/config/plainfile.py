"""Reads a file that somebody named, if it is one that has an end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 1 << 20
"""No configuration is larger."""


def read_plain(file: Path) -> bytes:
    """What a plain file holds. A pipe or a device, which may be waited for in vain, is refused.

    Raises OSError, whose strerror says why.
    """
    # With O_NONBLOCK a pipe that nobody writes to is opened at once; of a plain file it is nothing.
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(stream.fileno())
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large")
    return data
