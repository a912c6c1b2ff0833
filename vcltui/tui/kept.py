"""What the console keeps from one time to the next: sorting, columns, theme."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class Kept:
    """A small file of choices. One that can't be read or written is told in the log alone.

    What is lost with it is convenience, so that no choice is worth an error on the screen.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._choices: dict[str, Any] = _read(file)

    def sorting(self, listing: str) -> tuple[str, bool] | None:
        """The column that a listing is sorted by, and whether downwards; None: as it comes."""
        match self._choices.get("sorting", {}).get(listing):
            case [str(column), bool(reverse)]:
                return column, reverse
        return None

    def keep_sorting(self, listing: str, sorting: tuple[str, bool] | None) -> None:
        """Keep a listing's sorting."""
        self._keep("sorting", listing, list(sorting) if sorting else None)

    def hidden_columns(self, listing: str) -> frozenset[str] | None:
        """The columns that are left out of a listing; None: those it leaves out by itself."""
        match self._choices.get("hidden", {}).get(listing):
            case list() as columns:
                return frozenset(str(column) for column in columns)
        return None

    def keep_hidden_columns(self, listing: str, columns: Collection[str]) -> None:
        """Keep which columns are left out of a listing."""
        self._keep("hidden", listing, sorted(columns))

    @property
    def theme(self) -> str | None:
        """The theme that was chosen last."""
        match self._choices.get("ui", {}).get("theme"):
            case str(theme):
                return theme
        return None

    def keep_theme(self, theme: str) -> None:
        """Keep the theme."""
        self._keep("ui", "theme", theme)

    def _keep(self, group: str, name: str, choice: object) -> None:
        known = self._choices.setdefault(group, {})
        if known.get(name) == choice:
            return
        known[name] = choice
        beside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(beside, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(self._choices, file, indent=1)
            beside.replace(self._file)
        except OSError as error:
            _log.warning("The console's choices can't be kept in %s: %s", self._file, error)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The console's choices in %s can't be read: %s", file, error)
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, dict)}
