"""The names of the locks that changes take."""

from __future__ import annotations

import re


def owner_lock(name: str) -> str:
    """The lock of everything that changes a computer, or the domains made for it.

    `name` is the computer's or the domain's: vm1, vm1:image and vm1_image have one lock.
    """
    return f"computer-{re.split('[:_]', name, maxsplit=1)[0]}"
