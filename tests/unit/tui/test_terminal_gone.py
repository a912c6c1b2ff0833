"""A console whose terminal is gone ends, instead of reading from it for ever."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_it_ends_with_its_terminal(tmp_path: Path):
    (tmp_path / "vcltui.toml").write_text('state_directory = "state"\n')
    terminal, its = pty.openpty()
    # In a session of its own, which this terminal does not control, no signal tells it.
    process = subprocess.Popen(
        [sys.executable, "-m", "vcltui", "--config", "vcltui.toml", "-c", "test:///default"],
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(its)
    try:
        written = b""
        while b"Command" not in written:
            written += os.read(terminal, 1 << 16)
        os.close(terminal)
        assert process.wait(60) == 1
    finally:
        process.kill()
        process.wait()
