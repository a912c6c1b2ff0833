"""Counts what is asked of hosts, by the names of libvirt's functions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# What libvirt answers from the object itself, without asking the host.
_LOCAL = ("GetName", "GetUUIDString", "GetUUID", "GetID", "Free", "ConnectIsAlive")


@contextmanager
def count_calls() -> Iterator[Counter[str]]:
    """Count the calls of this thread into libvirt that would go to a host."""
    calls: Counter[str] = Counter()

    def profile(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__module__", "") == "libvirtmod":
            name = function.__name__
            if not name.endswith(_LOCAL):
                calls[name] += 1

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)
