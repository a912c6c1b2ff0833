"""Sizes as VCL counts them."""

from __future__ import annotations

_MIB = 1 << 20


def size_mib(size_bytes: int) -> int:
    """Whole MiB in `size_bytes`, at least 1 for a file that has anything in it."""
    return max(size_bytes // _MIB, 1 if size_bytes else 0)
