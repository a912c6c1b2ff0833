"""Keeps the details of an error that nobody foresaw in a file, out of people's sight."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from vcltui import __version__
from vcltui.config import default_state_directory, load_config


def unforeseen_sentence(error: BaseException, config_file: Path | None) -> str:
    """Write the traceback to the state folder; returns what to tell about it."""
    kind = type(error).__name__
    directory = _state_directory(config_file)
    try:
        path = _write_details(error, directory)
    except OSError as reason:
        return (
            f"vcltui met an error that it does not know ({kind}), and its details could not be "
            f"written to {directory}: {reason.strerror}. Try again with a state_directory in the "
            "configuration that can be written to."
        )
    return (
        f"vcltui met an error that it does not know ({kind}). "
        f"Report it with its details, which are in {path}."
    )


def _state_directory(config_file: Path | None) -> Path:
    try:
        return load_config(config_file).state_directory
    except Exception:  # noqa: BLE001 - what broke may be what reads the configuration
        # What is told is the first error, not that the configuration is wrong as well.
        return default_state_directory()


def _write_details(error: BaseException, directory: Path) -> Path:
    """Write the traceback to a new file that only its owner can read."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"vcltui {__version__}\n")
        file.write("".join(traceback.format_exception(error)))
    return path
