"""Memory that was freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import threading
from pathlib import Path
from vcltui.tui import heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

heap.keep_little()
before = resident()
mebibytes = 64

def fill():
    # Of more than 512 bytes each, so that Python asks malloc for them, and small for it.
    kept = [bytes(2000) for _ in range(mebibytes * 524)]
    pins.append(kept[-1])
    grown.append(resident() - before)

pins, grown = [], []
for _ in range(8):
    one = threading.Thread(target=fill)
    one.start()
    one.join()
heap.give_back()
print(max(grown) >> 20, (resident() - before) >> 20)
"""


def test_what_threads_have_freed_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    most, left = map(int, done.stdout.split())
    assert most > 60
    assert left < 10


BIG = """
import ctypes
from vcltui.tui import heap

class Told(ctypes.Structure):
    _fields_ = [(f"field{number}", ctypes.c_size_t) for number in range(10)]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Told
heap.keep_little()
block = bytes(8 << 20)
del block  # of what was freed malloc learns to keep blocks of this size, unless it is told not to
block = bytes(8 << 20)
print(mallinfo().field4 >> 20)  # what lies outside of the heaps
"""


def test_big_blocks_stay_outside_of_the_heaps():
    done = subprocess.run(
        [sys.executable, "-c", BIG], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout) >= 8
