"""Renames a file without ever replacing another."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def rename_no_replace(source: str, target: str) -> None:
    """Rename atomically. Raises FileExistsError where `target` exists, else OSError."""
    try:
        _renameat2(source, target)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        link_and_unlink(source, target)


def link_and_unlink(source: str, target: str) -> None:
    """The same for file systems, such as NFS, that can't rename so: link, then unlink.

    A crash in between leaves the file under both names, never under none.
    """
    links = os.lstat(source).st_nlink
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        # An NFS client that had to repeat its request hears that its own link exists.
        if not (links == 1 and _are_two_names_of_one(source, target)):
            raise
    Path(source).unlink()


def _are_two_names_of_one(source: str, target: str) -> bool:
    one, other = os.lstat(source), os.lstat(target)
    return os.path.samestat(one, other) and one.st_nlink == 2


def _renameat2(source: str, target: str) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    outcome = function(
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(source)),
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_uint(_RENAME_NOREPLACE),
    )
    if outcome != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source, None, target)
