"""Each part of the facts fails alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from vcltui.doctor.facts import Unknown
from vcltui.errors import VcltuiError

Part = TypeVar("Part")
_log = logging.getLogger(__name__)


def part(ask: Callable[[], Part], about: str) -> Part | Unknown:
    """What `ask` answers, or why it is not known; `about` says for the log what was asked.

    Raises nothing: one host, file or guest that nobody foresaw must not hide all the others.
    """
    try:
        return ask()
    except VcltuiError as error:
        return Unknown(error.what)
    except Exception as error:  # noqa: BLE001 - what nobody foresaw is of any kind
        _log.exception("An error that nobody foresaw, when it was asked for %s", about)
        return Unknown(f"an error that nobody foresaw ({type(error).__name__}), which the log has")
