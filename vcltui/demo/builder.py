"""Fills a new sandbox by the provisioning core itself: images imported, computers loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from vcltui.demo.files import make_disk
from vcltui.demo.plan import COMPUTERS, HOSTS, IMAGES, LabComputer, LabImage
from vcltui.models.inventory import ImageRevision
from vcltui.provisioning.active import computer_domain
from vcltui.provisioning.execute import execute
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.provisioning.power import plan_power
from vcltui.runtime.targets import Targets
from vcltui.runtime.workspace import Workspace
from vcltui.vcldb import computers, hosts, images
from vcltui.vcldb.database import Database

FORMAT = "vcltui sandbox 1\n"
"""What a finished sandbox's marker says; changes when older ones must be built anew."""

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
            f"computer-{computer.name}",
            lambda context: plan_power(context, computer_domain(context), "suspend"),
        )
    echo(f"computer {computer.name} with {revision.name}")
