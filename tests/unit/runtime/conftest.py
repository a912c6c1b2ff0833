"""Fixtures over the small world of the provisioning tests, hosts to watch and jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World, open_world
from tests.unit.runtime.fleet_hosts import Hosts, Watched
from tests.unit.runtime.told_jobs import Told
from vcltui.runtime.fleet import host as fleet_host
from vcltui.runtime.fleet import look as fleet_look
from vcltui.runtime.fleet.fleet import Fleet


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Two hosts, kvm-a and kvm-b."""
    made = Hosts(tmp_path, "kvm-a", "kvm-b")
    yield made
    made.close()


@pytest.fixture
def watch() -> Iterator[Callable[[Fleet], Watched]]:
    """Begins to watch; every fleet is closed at the end."""
    made: list[Watched] = []

    def begin(fleet: Fleet) -> Watched:
        made.append(Watched(fleet))
        return made[-1]

    yield begin
    for watched in made:
        watched.fleet.close()


@pytest.fixture
def only_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """No poll comes within the test, so that only an event can bring a change."""
    monkeypatch.setattr(fleet_host, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(fleet_look, "LOOK_SECONDS", 3600.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Hosts kvm-a and kvm-b on one datastore; computers vm1, vm10 (kvm-a) and vm2 (kvm-b)."""
    made = open_world(tmp_path)
    yield made
    made.workspace.close()


@pytest.fixture
def image(world: World) -> str:
    """An image in the datastore and the repository."""
    return world.add_image("Base System")


@pytest.fixture
def told() -> Iterator[Told]:
    """Jobs of which one may copy at a time."""
    made = Told(copies_at_once=1)
    yield made
    made.jobs.close(cancel=True)
