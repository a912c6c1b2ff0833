"""Runs one operation of a world in this process and kills it at a step; for test_recovery."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.unit.provisioning.world import StopAt, open_world


def main(home: str, kind: str, computer: str, argument: str, step: str, when: str) -> None:
    """Run `kind` (load or capture) on a computer and die before or after `step`."""
    world = open_world(Path(home))
    if kind == "capture":
        world.computer(computer, argument).load()

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    observer = StopAt(step, die, after=when == "after")
    module = world.computer(computer, argument, observer)
    if kind == "capture":
        module.capture("Notes")
    else:
        module.load()


if __name__ == "__main__":
    main(*sys.argv[1:])
