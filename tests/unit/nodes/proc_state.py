"""Looks at processes."""

from __future__ import annotations

import os
import select

_PATIENCE_MS = 10_000


def ends(pid: int) -> bool:
    """Whether a process has ended, or does so at once: a signal may still be on its way."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(_PATIENCE_MS))
    finally:
        os.close(handle)
