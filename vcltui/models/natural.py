"""The order in which people expect names: vm2 before vm10."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"(\d+)|(\D+)")


@lru_cache(maxsize=1 << 16)
def natural(name: str) -> tuple[tuple[int, int, str, str], ...]:
    """A sort key by which vm2 comes before vm10.

    Of two numbers the one with fewer digits is smaller: int() refuses thousands of them.
    """
    return tuple([_sort_key(number, word) for number, word in _WORDS.findall(name)])


def _sort_key(number: str, word: str) -> tuple[int, int, str, str]:
    digits = number.lstrip("0")
    return (0, len(digits), digits, number) if number else (1, 0, word.lower(), "")
