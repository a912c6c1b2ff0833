"""What the C library's malloc is told, so that memory which was freed goes back to the system.

glibc has a heap for each few threads and keeps what was freed in them; a console that is left open
for days would seem to grow. Another C library has no such calls, and none of this is needed there.
"""

from __future__ import annotations

import ctypes

_MOST_ARENAS = (-8, 2)  # M_ARENA_MAX; of Python's threads one allocates at a time
_MMAP_THRESHOLD = (-3, 256 << 10)  # M_MMAP_THRESHOLD, in bytes, which else grows by itself


def keep_little() -> None:
    """Few heaps for all threads, and big blocks outside of them; to be asked for early."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option in (_MOST_ARENAS, _MMAP_THRESHOLD):
            mallopt(*option)


def give_back() -> None:
    """Give the system back what was freed."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
