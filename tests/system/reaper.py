"""Reaps QEMU's processes that have ended.

libvirtd waits until a domain's process is gone, and a container's first process may let it wait
for seconds: each end of a domain, and each look at what QEMU can do, would take so long.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.unit.faults.running import children

_PR_SET_CHILD_SUBREAPER = 36
_PROGRAMS = ("qemu-system-x86", "qemu-system-i38")
"""As the kernel cuts their names."""
_PAUSE_SECONDS = 0.05


@contextmanager
def reaping() -> Iterator[None]:
    """Be the parent of QEMU's processes that have lost theirs, and take their end in."""
    libc, ended = ctypes.CDLL(None), threading.Event()

    def reap() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            for program in _PROGRAMS:
                with suppress(OSError):  # it went while it was looked at
                    for pid in children(program):
                        os.waitpid(pid, os.WNOHANG)

    thread = threading.Thread(target=reap, name="reaper", daemon=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
