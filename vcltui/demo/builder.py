"""Fills a new sandbox by the provisioning core itself: images imported, computers loaded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from vcltui.demo import reservations
from vcltui.demo.files import make_disk
from vcltui.demo.plan import COMPUTERS, HOSTS, IMAGES, LabComputer, LabImage
from vcltui.demo.troubles import HOST, Troubles
from vcltui.models.inventory import ImageRevision
from vcltui.models.locks import owner_lock
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.power import plan_power
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts, images
from vcltui.vcldb.database import Database
from vcltui.vcldb.staging import Stage

_AGE_SECONDS = 86400.0

Echo = Callable[[str], None]
_Revisions = dict[tuple[str, int], str]


def build(workspace: Workspace, home: Path, echo: Echo) -> None:
    """Fill the sandbox in `home`, whose hosts and configuration are written.

    Raises what the core raises; then the sandbox is not whole and is built anew next time.
    """
    database = workspace.inventory(create=True)
    for host in HOSTS:
        hosts.add_vmhost(database, workspace.hosts()[host.name])
    names: _Revisions = {}
    for image in IMAGES:
        _import_image(workspace, home, image, names, echo)
    for computer in COMPUTERS:
        _add_computer(workspace, database, computer, names, echo)
    _let_age(home)
    _stage(workspace, database, [names[key] for key in names], home / "vcld.log")
    echo("reservations")


def _let_age(home: Path) -> None:
    """Let the images be of yesterday: the doctor tells of what was written just now."""
    then = time.time() - _AGE_SECONDS
    for pattern in ("datastore-*/*.qcow2", "repository/**/*.qcow2"):
        for image in home.glob(pattern):
            os.utime(image, (then, then))


def _stage(workspace: Workspace, database: Database, names: Sequence[str], log: Path) -> None:
    """Enter reservations and troubles; `names` are the images, two of the first one's revisions."""
    revisions = [images.get_revision(database, name) for name in names]
    made, session = Stage(database), workspace.session(HOSTS[0].name)
    overlays = Path(session.profile.copy_on_write_directory)
    stuck, reload = reservations.stage(made, database, revisions, session.node, overlays)
    base, newer = revisions[:2]
    staged = Troubles(
        database, made, workspace.session(HOST), workspace.session(HOSTS[2].name), base, newer
    )
    silent = staged.stage(Path(session.profile.datastore) / f"{base.name}.qcow2")
    reservations.write_log(made, log, stuck, reload, silent, base.name)


def _import_image(
    workspace: Workspace, home: Path, image: LabImage, names: _Revisions, echo: Echo
) -> None:
    targets = Targets(workspace)
    source = home / "incoming" / "disk.qcow2"
    for revision, data_mib in enumerate(image.revisions, start=1):
        context = targets.host(HOSTS[0].name).context
        make_disk(
            context.session.node, source, image.virtual_size_bytes, data_mib, seed=revision * 7
        )
        request = ImportRequest(
            sources=(str(source),),
            prettyname=image.prettyname,
            os_name=image.os_name,
            revision_of=names.get((image.prettyname, revision - 1)),
            min_ram_mib=image.min_ram_mib,
            min_cpus=image.min_cpus,
        )
        done = execute(context, "image-sandbox", partial(plan_import, request=request))
        name = done.details["image"]
        names[image.prettyname, revision] = name
        source.unlink()
        echo(f"image {name}")
        if image.only_in_repository:
            context = targets.host(HOSTS[0].name).context
            execute(context, "image-sandbox", partial(plan_delete_image, image_name=name))


def _add_computer(
    workspace: Workspace,
    database: Database,
    computer: LabComputer,
    names: _Revisions,
    echo: Echo,
) -> None:
    computers.add_computer(database, hostname=f"{computer.name}.lab.example", vmhost=computer.host)
    if computer.image is None:
        echo(f"computer {computer.name}")
        return
    revision: ImageRevision = images.get_revision(
        database, names[computer.image, computer.revision]
    )
    module = Targets(workspace).computer(computer.name, revision.name)
    module.load()
    if computer.power == "off":
        module.power_off()
    elif computer.power == "suspended":
        execute(
            module.context,
            owner_lock(computer.name),
            lambda context: plan_power(context, computer_domain(context), "suspend"),
        )
    echo(f"computer {computer.name} with {revision.name}")
