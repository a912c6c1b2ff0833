"""The commands of `vcltui image` that change something."""

from __future__ import annotations

import click

from vcltui.cli.change import Change, dry_run_option
from vcltui.cli.confirm import confirm, step_lines, yes_option
from vcltui.cli.image_places import host_module, image_named, module_with_image
from vcltui.cli.names import complete_image, host_option
from vcltui.cli.text import printable
from vcltui.cli.workspace import pass_workspace
from vcltui.disks.formats import DISK_FORMATS
from vcltui.operations.step import Operation
from vcltui.provisioning.context import Context
from vcltui.provisioning.image_copies import plan_convert, plan_copy_to_repository, plan_retrieve
from vcltui.provisioning.image_deletion import plan_delete_image
from vcltui.provisioning.image_import import ImportRequest, plan_import
from vcltui.runtime.workspace import Workspace

_image_argument = click.argument("image", shell_complete=complete_image)


@click.command("copy")
@_image_argument
@click.option(
    "--to",
    type=click.Choice(["repository"]),
    default="repository",
    show_default=True,
    expose_value=False,
    help="Where to.",
)
@host_option
@dry_run_option
@pass_workspace
def copy(workspace: Workspace, image: str, host: str | None, dry_run: bool) -> None:
    """Copy IMAGE from the datastore to the repository."""
    change, image = Change(workspace), image_named(workspace, image, host)
    module = module_with_image(workspace, change.targets, image, host)

    def planner(context: Context) -> Operation:
        return plan_copy_to_repository(context, image)

    if dry_run:
        change.plan(module, planner)
    else:
        change.execute(module, f"image-{image}", planner)


@click.command("retrieve")
@_image_argument
@host_option
@dry_run_option
@pass_workspace
def retrieve(workspace: Workspace, image: str, host: str | None, dry_run: bool) -> None:
    """Copy IMAGE from the repository to the datastore of a host."""
    change, image = Change(workspace), image_named(workspace, image, host)
    module = host_module(change.targets, host)

    def planner(context: Context) -> Operation:
        return plan_retrieve(context, image)

    if dry_run:
        change.plan(module, planner)
    else:
        change.run(module, planner, lambda: module.retrieve_image(image))


@click.command("convert")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DEST")
@click.option(
    "--format",
    "disk_format",
    type=click.Choice(sorted(DISK_FORMATS)),
    required=True,
    help="The format of DEST.",
)
@host_option
@dry_run_option
@pass_workspace
def convert(
    workspace: Workspace,
    source: str,
    destination: str,
    disk_format: str,
    host: str | None,
    dry_run: bool,
) -> None:
    """Convert the disk file SRC of a host to the new file DEST there.

    Both are absolute paths on the host.
    """
    change = Change(workspace)
    module = host_module(change.targets, host)

    def planner(context: Context) -> Operation:
        return plan_convert(context, source, destination, disk_format)

    if dry_run:
        change.plan(module, planner)
    else:
        change.execute(module, f"convert-{destination}", planner)


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--name", "prettyname", metavar="PRETTYNAME", help="What people call the image.")
@click.option("--as", "image_name", metavar="IMAGENAME", help="Its name, if not made by rule.")
@click.option(
    "--os",
    "os_name",
    metavar="OSNAME",
    default="linux",
    show_default=True,
    help="Its operating system, as the inventory names it.",
)
@click.option(
    "--revision-of",
    metavar="IMAGE",
    shell_complete=complete_image,
    help="Make it a new revision of this image, with that one's name, OS and hardware.",
)
@click.option("--disk-bus", default="virtio", show_default=True, help="How its disk is attached.")
@click.option("--nic-model", default="virtio", show_default=True, help="Its network card.")
@click.option(
    "--xml",
    "reference_xml",
    metavar="FILE",
    help="A domain XML on the host that tells disk bus and network card.",
)
@click.option(
    "--min-ram",
    metavar="MIB",
    type=click.IntRange(1, 1 << 24),
    default=512,
    show_default=True,
    help="Memory it needs at least.",
)
@click.option(
    "--min-cpus",
    metavar="N",
    type=click.IntRange(1, 255),
    default=1,
    show_default=True,
    help="CPUs it needs at least.",
)
@host_option
@dry_run_option
@pass_workspace
def import_(
    workspace: Workspace,
    files: tuple[str, ...],
    prettyname: str | None,
    image_name: str | None,
    os_name: str,
    revision_of: str | None,
    disk_bus: str,
    nic_model: str,
    reference_xml: str | None,
    min_ram: int,
    min_cpus: int,
    host: str | None,
    dry_run: bool,
) -> None:
    """Import disk files of a host as a new image, or as a new revision of one.

    FILE is an absolute path on the host; several are the parts of one split disk, in order.
    They are copied into the datastore, and the repository where there is one.
    """
    if prettyname is None and revision_of is None:
        raise click.UsageError("Missing option '--name' or '--revision-of'.")
    request = ImportRequest(
        sources=files,
        prettyname=prettyname or "",
        os_name=os_name,
        name=image_name,
        revision_of=revision_of,
        disk_bus=disk_bus,
        nic_model=nic_model,
        reference_xml_path=reference_xml,
        min_ram_mib=min_ram,
        min_cpus=min_cpus,
    )
    change = Change(workspace)
    module = host_module(change.targets, host)

    def planner(context: Context) -> Operation:
        return plan_import(context, request)

    if dry_run:
        change.plan(module, planner)
        return
    operation = change.execute(module, f"import-{image_name or prettyname or revision_of}", planner)
    click.echo(printable(f"Image: {operation.target}"))


@click.command("delete")
@_image_argument
@click.option(
    "--from",
    "place",
    type=click.Choice(["datastore", "repository"]),
    default="datastore",
    show_default=True,
    help="Which copy to delete.",
)
@host_option
@dry_run_option
@yes_option
@pass_workspace
def delete(
    workspace: Workspace, image: str, place: str, host: str | None, dry_run: bool, yes: bool
) -> None:
    """Delete IMAGE from a host's datastore, or from its repository.

    Refused while anything stands on it, or while a host that may use it can't be asked. Asks
    before. Without a terminal, --yes is needed.
    """
    change, image = Change(workspace), image_named(workspace, image, host)
    module = module_with_image(workspace, change.targets, image, host)

    def planner(context: Context) -> Operation:
        return plan_delete_image(context, image, from_repository=place == "repository")

    if dry_run:
        change.plan(module, planner)
        return

    def ask(operation: Operation) -> None:
        question = f"{operation.title} from the {place} of {operation.host}?"
        confirm(question, step_lines(operation.steps), yes=yes, needs_yes=True)

    change.execute(module, f"image-{image}", planner, ask=ask)


COMMANDS: tuple[click.Command, ...] = (copy, convert, retrieve, import_, delete)
