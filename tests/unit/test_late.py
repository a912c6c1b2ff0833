"""Modules that are imported when something of them is first used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "import sys\nfrom vcltui.vcldb import semaphores\n"


def told_by(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_a_module_is_imported_when_it_is_used():
    code = (
        f"{HEAD}before = 'sqlalchemy' in sys.modules\nsemaphores.RETRY_SECONDS\n"
        "print(before, 'sqlalchemy' in sys.modules)"
    )
    assert told_by(code) == "False True"


def test_what_is_set_is_set_in_the_module_itself():
    code = (
        f"{HEAD}semaphores.RETRY_SECONDS = 7\n"
        "from vcltui.vcldb.semaphores import RETRY_SECONDS\nprint(RETRY_SECONDS)"
    )
    assert told_by(code) == "7"


def test_threads_that_use_it_at_once_import_it_once():
    code = (
        f"import threading\n{HEAD}from vcltui.vcldb import tables\n"
        "found = set()\n"
        "def use():\n    found.add(id(tables.request))\n"
        "all_ = [threading.Thread(target=use) for _ in range(16)]\n"
        "[one.start() for one in all_]\n[one.join() for one in all_]\nprint(len(found))"
    )
    assert told_by(code) == "1"


def test_what_is_not_there_is_not_promised():
    with pytest.raises(ImportError):
        from vcltui.vcldb import nothing_of_this_name  # noqa: F401


def test_the_first_screen_needs_no_more_than_it_shows(tmp_path: Path):
    """A user waits for everything that is imported before it."""
    code = f"""
import asyncio, sys
from pathlib import Path
from vcltui.config import Config
from vcltui.runtime.workspace import Workspace
from vcltui.tui.app import Console

Console._start_looking = Console.exit

async def show():
    home = Path({str(tmp_path)!r})
    config = Config(
        files=(),
        management_node="mn1",
        state_directory=home,
        inventory_url=f"sqlite:///{{home / 'none.sqlite'}}",
    )
    with Workspace(config, uris=["qemu:///system"]) as workspace:
        console = Console(workspace)
        async with console.run_test():
            while console._running:
                await asyncio.sleep(0.01)
        console.end()

asyncio.run(show())
late = ("libvirt", "lxml", "sqlalchemy", "vcltui.operations", "vcltui.doctor", "vcltui.nodes.base")
print(*(name for name in late if name in sys.modules), len(sys.modules) > 100)
"""
    assert told_by(code) == "True"
