"""Who sits at vcltui."""

from __future__ import annotations

import getpass
import os


def operator_name() -> str:
    """The login of the person, also behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
