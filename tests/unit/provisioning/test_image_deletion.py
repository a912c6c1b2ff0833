"""An image is marked deleted with its last copy only, wherever that is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.provisioning.world import World
from vcltui.errors import NotFoundError, UsageError
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.vcldb import images, revisions


def delete(world: World, image: str, *, from_repository: bool = False) -> list[str]:
    planner = partial(plan_delete_image, image_name=image, from_repository=from_repository)
    operation = execute(world.host("kvm-a").context, f"image-{image}", planner)
    return [step.name for step in operation.steps]


@pytest.fixture
def elsewhere(world: World, image: str) -> Path:
    """kvm-b gets a datastore of its own with a copy of the image."""
    datastore = world.home / "datastore-b"
    datastore.mkdir()
    shutil.copy(world.master(image), datastore)
    session = world.workspace.session("kvm-b")
    profile = replace(session.profile, datastore=str(datastore), vmpath=str(datastore))
    session.vmhost = replace(session.vmhost, profile=profile)
    return datastore


def test_the_last_copy_takes_the_row_along(world: World, image: str):
    assert delete(world, image) == ["delete-image"]
    assert revisions.is_live(world.workspace.inventory(), image)
    assert delete(world, image, from_repository=True) == ["update-inventory", "delete-image"]
    assert not revisions.is_live(world.workspace.inventory(), image)
    assert not (world.home / "repository" / image).exists()
    with pytest.raises(NotFoundError):
        images.get_revision(world.workspace.inventory(), image)


def test_a_copy_in_another_hosts_datastore_keeps_the_row(world: World, image: str, elsewhere: Path):
    delete(world, image, from_repository=True)
    assert delete(world, image) == ["delete-image"]
    assert revisions.is_live(world.workspace.inventory(), image)
    assert (elsewhere / f"{image}.qcow2").exists()


def test_revision_1_is_not_revision_10(world: World, image: str):
    ten = image.removesuffix("-v1") + "-v10"
    shutil.copy(world.master(image), world.master(ten))
    delete(world, image)
    assert world.master(ten).exists()


@pytest.mark.parametrize("name", ["../x", "a b", "-rf", "$(id)", "x" * 300])
def test_bad_names(world: World, name: str):
    with pytest.raises(UsageError):
        delete(world, name)
