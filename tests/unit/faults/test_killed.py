"""Every operation, killed around every step and before every change, loses nothing.

The steps are those of the operation's own plan: a new step is tried without a change here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.faults.aftermath import After
from tests.unit.faults.killing import KILLED, run_and_kill
from tests.unit.faults.operations import CASES, Case, bystander, fill
from tests.unit.provisioning.world import open_world

pytestmark = pytest.mark.slow

_MOST_CHANGES = 60


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with its images, to be copied."""
    home = tmp_path_factory.mktemp("filled")
    world = open_world(home)
    fill(world)
    world.workspace.close()
    return home


@dataclass
class Trial:
    """Fresh worlds for one operation, each killed at another place."""

    case: Case
    folder: Path
    filled: Path
    kills: int = 0

    def world(self, name: str) -> Path:
        home = self.folder / name
        shutil.copytree(self.filled, home)
        return home

    def steps(self) -> list[str]:
        """The steps of the operation's plan."""
        world = open_world(self.world("plan"))
        try:
            bystander(world)
            self.case.prepare(world)
            return list(dict.fromkeys(step.name for step in self.case.planned(world).steps))
        finally:
            world.workspace.close()

    def kill(self, step: str, when: str | int) -> bool:
        """Kill it there and look at everything; False when it came to its end before."""
        home = self.world(f"{step}-{when}")
        status = run_and_kill(home, self.case.name, step, when)
        if status == 0:
            return False
        assert status == KILLED, f"{self.case.name} at {step} {when}: {status}"
        self.kills += 1
        world = open_world(home)
        try:
            After(self.case, world, f"{self.case.name}, {when} {step}").look()
        finally:
            world.workspace.close()
            shutil.rmtree(home)
        return True


@pytest.fixture
def trial(request: pytest.FixtureRequest, tmp_path: Path, filled: Path) -> Iterator[Trial]:
    made = Trial(CASES[request.param], tmp_path, filled)
    yield made
    print(f"{made.case.name}: {made.kills} kills survived")


@pytest.mark.parametrize("trial", CASES, indirect=True)
def test_killed_around_every_step(trial: Trial):
    for step in trial.steps():
        for when in ("before", "after"):
            assert trial.kill(step, when), f"{trial.case.name} has no {step}"


@pytest.mark.parametrize("trial", CASES, indirect=True)
def test_killed_before_every_change(trial: Trial):
    for number in range(_MOST_CHANGES):
        if not trial.kill("change", number):
            assert number > 0, f"{trial.case.name} changes nothing"
            return
    pytest.fail(f"{trial.case.name} made more than {_MOST_CHANGES} changes")
