"""Runs vcltui's command line as an operator does, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CommandLine:
    """The command line with a configuration of its own in `folder`."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def write_config(self) -> None:
        """A configuration that keeps everything in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            'management_node = "mn1"\nstate_directory = "state"\n'
            '[inventory]\npath = "inventory.sqlite"\n'
        )

    def run(self, *words: str, status: int = 0) -> str:
        """Run a command, expect its exit status and no traceback; returns standard output."""
        done = self.start(*words)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stderr

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command with nothing at its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "vcltui", "--config", str(self.config), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
            check=False,
        )

    def json(self, *words: str) -> list[dict[str, Any]]:
        """The objects a listing prints with --json."""
        found: list[dict[str, Any]] = json.loads(self.run(*words, "--json"))
        return found
