"""The console's log: a file in the state folder that is its owner's alone."""

from __future__ import annotations

import errno
import logging
import os
import stat
from io import TextIOWrapper
from pathlib import Path

from vcltui.errors import ConfigError
from vcltui.runtime.journal.writer import make_private


def open_log(directory: Path) -> logging.Handler:
    """A handler that writes to `console.log` in a folder, which is made where it is missing.

    The log tells what is run, and where. Raises ConfigError where it can't be written, or is a
    link: what a link leads to is not ours to write to.
    """
    path = directory / "console.log"
    try:
        _close_to_others(directory)
        return _PrivateFile(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise ConfigError(
            f"The console's log {path} can't be written: {reason}",
            "Look whose it is, or set another state_directory",
        ) from error


class _PrivateFile(logging.FileHandler):
    """A log file that nobody else can read, and that is no link."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # A pipe would be waited for.
        descriptor = os.open(self.baseFilename, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, 0o600)  # it may be there from before
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)


def _close_to_others(directory: Path) -> None:
    """Make the folder private, unless it is another's or a place for all, such as /tmp."""
    if directory.is_dir():
        found = directory.stat()
        if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
            return
    make_private(directory)
