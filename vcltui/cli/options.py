"""The options that every command takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What stands before the command's name.

    `config` None means the places where configuration is looked for; `uris` are libvirt hosts
    used without it. `log_level` is one of LOG_LEVELS.
    """

    config: Path | None = None
    uris: tuple[str, ...] = ()
    readonly: bool = False
    log_level: str = "warning"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> GlobalOptions:
        """The options in the parameters of the root command's context, which may lack some."""
        return cls(
            config=params.get("config"),
            uris=tuple(params.get("connect") or ()),
            readonly=bool(params.get("readonly")),
            log_level=params.get("log_level") or "warning",
        )


LOG_LEVELS = ("debug", "info", "warning", "error")
