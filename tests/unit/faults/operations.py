"""Every operation that changes something, on a small world that is ready for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tests.unit.provisioning.world import World, make_disk
from vcltui.hypervisor import domains
from vcltui.models.locks import owner_lock
from vcltui.operations.runner import Observer
from vcltui.operations.step import Operation
from vcltui.provisioning import paths
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.capture import plan_capture
from vcltui.provisioning.context import Context
from vcltui.provisioning.deletion import domains_of, plan_delete_domain, plan_unload
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_copies import plan_convert, plan_copy_to_repository, plan_retrieve
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.load import plan_load
from vcltui.provisioning.maintenance import plan_post_maintenance
from vcltui.provisioning.power import plan_power
from vcltui.provisioning.redefinition import plan_redefine
from vcltui.provisioning.snapshotting import plan_create, plan_delete, plan_revert
from vcltui.vcldb import computers, images, reservations

BASE, OTHER = "Base System", "Other System"
Planner = Callable[[Context], Operation]


@dataclass(frozen=True)
class Case:
    """One operation: what must be there before, its context and plan, and whether it is done."""

    name: str
    prepare: Callable[[World], None]
    context: Callable[[World, Observer | None], Context]
    lock: Callable[[World], str]
    plan: Callable[[World, Context], Operation]
    done: Callable[[World], bool]

    def planned(self, world: World) -> Operation:
        return self.plan(world, self.context(world, None))

    def run(self, world: World, observer: Observer | None = None) -> Operation:
        context = self.context(world, observer)
        return execute(context, self.lock(world), partial(self.plan, world))


def image(world: World, pretty: str) -> str:
    return images.get_revision(world.workspace.inventory(), pretty).name


def fill(world: World) -> None:
    """Two images, in the datastore and the repository."""
    for pretty in (BASE, OTHER):
        world.add_image(pretty)


def bystander(world: World) -> None:
    """The second computer has the base image, which nothing may disturb."""
    world.computer(world.second, image(world, BASE)).load()


def _loaded(world: World, snapshots: Sequence[str] = ()) -> None:
    """The first computer has the base image and is on, with these snapshots and no others."""
    module = world.computer(world.first, image(world, BASE))
    context = module.context
    name = paths.domain_name(context.vmhost, context.computer, context.image)
    on = [each.name for each in domains_of(context, world.first) if each.power.is_active]
    if on != [name] or set(module.get_snapshot_info(name)) != set(snapshots):
        module.load()
        for snapshot in snapshots:
            module.create_snapshot(name, snapshot)


def _loaded_and_off(world: World) -> None:
    _loaded(world)
    world.computer(world.first).power_off()


def _reserved(world: World) -> None:
    """The first computer is loaded, for a request that makes an image of it."""
    _loaded(world)
    database = world.workspace.inventory()
    computer = computers.get_computer(database, world.first)
    if reservations.get_request_for_computer(database, computer.id) is None:
        now = datetime.now().replace(microsecond=0)
        reservations.add_reservation(
            database,
            computer_id=computer.id,
            revision=images.get_revision(database, BASE),
            state_name="image",
            laststate_name="inuse",
            start=now - timedelta(hours=1),
            end=now + timedelta(hours=9),
        )


def _snapshots(world: World) -> None:
    _loaded(world, ("first", "second"))


def _only_in_repository(world: World) -> None:
    """The first computer has the base image; the other must be fetched, and meets an old disk."""
    _loaded(world)
    name = image(world, OTHER)
    world.master(name).unlink()
    world.master(name).with_suffix(".xml").unlink()
    left = world.computer(world.first, name).get_copy_on_write_file_path()
    make_disk(Path(left))


def _no_repository_copy(world: World) -> None:
    folder = world.home / "repository" / image(world, OTHER)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _no_master(world: World) -> None:
    world.master(image(world, OTHER)).unlink()
    world.master(image(world, OTHER)).with_suffix(".xml").unlink()


def _incoming(world: World) -> None:
    make_disk(world.home / "new.qcow2")


def _split(world: World) -> None:
    """The other image lies in the repository as a split VMDK."""
    name = image(world, OTHER)
    folder = world.home / "repository" / name
    options = ["-o", "subformat=twoGbMaxExtentSparse"]
    target = folder / f"{name}.vmdk"
    source = folder / f"{name}.qcow2"
    subprocess.run(
        ["qemu-img", "convert", "-f", "qcow2", "-O", "vmdk", *options, source, target], check=True
    )
    source.unlink()


def _never(_world: World) -> bool:
    return False


def _nothing(world: World) -> None:
    pass


def _computer(pretty: str | None = None):
    def context(world: World, observer: Observer | None) -> Context:
        named = None if pretty is None else image(world, pretty)
        return world.computer(world.first, named, observer).context

    return context


def _host(world: World, observer: Observer | None) -> Context:
    return world.targets(observer).host(world.host_name).context


def _domain_plan(plan: Callable[..., Operation], *arguments: object, **named: object):
    def planner(world: World, context: Context) -> Operation:
        return plan(context, computer_domain(context), *arguments, **named)

    return planner


def _edit(world: World, context: Context) -> Operation:
    domain = computer_domain(context)
    xml = domains.editable_xml(context.session.connection, domain.uuid)
    changed = {">1</vcpu>": ">2</vcpu>", ">2</vcpu>": ">1</vcpu>"}
    wanted = next(xml.replace(old, new) for old, new in changed.items() if old in xml)
    return plan_redefine(context, domain, wanted, base_xml=xml)


def _case(name: str, prepare, plan, *, pretty=None, done=_never) -> Case:
    context = _computer(pretty)
    return Case(name, prepare, context, lambda world: owner_lock(world.first), plan, done)


def _image_case(name: str, prepare, plan, done=_never) -> Case:
    return Case(name, prepare, _host, lambda world: f"image-{kept_name(world)}", plan, done)


def _is_live(pretty: str):
    """Whether the inventory has an image of this name."""

    def done(world: World) -> bool:
        found = images.list_revisions(world.workspace.inventory())
        return pretty in {one.prettyname for one in found}

    return done


def _is_gone(folder: str):
    """Whether nothing of the other image is left in a folder."""

    def done(world: World) -> bool:
        found = (world.home / folder).rglob(f"{kept_name(world)}*")
        return not [path for path in found if path.is_file() and path.suffix != ".lock"]

    return done


def _named(plan: Callable[..., Operation], **named: object):
    return lambda world, context: plan(context, kept_name(world), **named)


def kept_name(world: World) -> str:
    """The other image's name, which its deletion in the inventory does not change."""
    found = images.list_revisions(world.workspace.inventory(), deleted=True)
    return next(one.name for one in found if one.prettyname == OTHER)


def _convert(world: World, context: Context) -> Operation:
    source = world.home / "repository" / image(world, OTHER) / f"{image(world, OTHER)}.qcow2"
    return plan_convert(context, str(source), str(world.home / "converted.vmdk"), "vmdk")


def _import(world: World, context: Context, **named: object) -> Operation:
    return plan_import(context, ImportRequest((str(world.home / "new.qcow2"),), **named))


def _capture(_world: World, context: Context) -> Operation:
    return plan_capture(context, "Notes")


_delete = _named(plan_delete_image)
_delete_stored = _named(plan_delete_image, from_repository=True)

CASES = {
    case.name: case
    for case in (
        _case("load", _nothing, lambda _world, c: plan_load(c), pretty=BASE),
        _case("load-over", _only_in_repository, lambda _world, c: plan_load(c), pretty=OTHER),
        _case("unload", _loaded, lambda _world, c: plan_unload(c)),
        _case("delete-domain", _loaded, _domain_plan(plan_delete_domain)),
        _case("maintenance", _loaded, lambda _world, c: plan_post_maintenance(c)),
        _case(
            "capture", _loaded, lambda _world, c: plan_capture(c, "Notes"), done=_is_live("Notes")
        ),
        _case(
            "capture-end",
            _reserved,
            lambda _world, c: plan_capture(c, "Notes"),
            done=_is_live("Notes"),
        ),
        _case("snapshot-create", _loaded, _domain_plan(plan_create, "before")),
        _case("snapshot-revert", _snapshots, _domain_plan(plan_revert, "first")),
        _case("snapshot-delete", _snapshots, _domain_plan(plan_delete, "first", children=True)),
        _case("edit", _loaded, _edit),
        _case("power-on", _loaded_and_off, _domain_plan(plan_power, "on")),
        _case("power-off", _loaded, _domain_plan(plan_power, "off")),
        _case("power-reset", _loaded, _domain_plan(plan_power, "reset")),
        _image_case(
            "to-repository",
            _no_repository_copy,
            _named(plan_copy_to_repository),
            lambda world: bool(
                list((world.home / "repository").rglob(f"{kept_name(world)}.qcow2"))
            ),
        ),
        _image_case("retrieve", _no_master, _named(plan_retrieve)),
        _image_case(
            "convert", _nothing, _convert, lambda world: (world.home / "converted.vmdk").exists()
        ),
        _image_case("import", _incoming, partial(_import, prettyname="New System")),
        _image_case("import-revision", _incoming, partial(_import, revision_of=OTHER)),
        _image_case("delete-master", _nothing, _named(plan_delete_image), _is_gone("datastore")),
        _image_case(
            "delete-last", _no_repository_copy, _named(plan_delete_image), _is_gone("datastore")
        ),
        _image_case(
            "delete-stored",
            _split,
            _named(plan_delete_image, from_repository=True),
            _is_gone("repository"),
        ),
    )
}
