"""Imports disk files of a host as a new image or a new revision of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vcltui.disks.formats import require_fitting_content
from vcltui.disks.safety import check_disk_is_safe
from vcltui.disks.vmdk import part_stem
from vcltui.domxml.parse import reference_hardware
from vcltui.domxml.reference import reference_xml
from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.inventory import ImageRevision
from vcltui.models.names import (
    captured_image_name,
    check_name,
    check_pretty_name,
    file_belongs_to,
)
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import KeepFinished
from vcltui.provisioning import paths
from vcltui.provisioning.context import Context, new_operation_id
from vcltui.provisioning.image_queries import image_paths
from vcltui.provisioning.new_image import image_operation, master_size_mib
from vcltui.provisioning.storing import master_step, master_xml_step, repository_steps
from vcltui.vcldb import computers, revisions
from vcltui.vcldb import images as image_rows


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is imported. `sources` are absolute paths on the host, several for a split disk.

    `reference_xml_path` is a domain XML on the host that tells the disk bus and NIC model;
    without it they are `disk_bus` and `nic_model`. `revision_of` names the image that gets a
    new revision, of the same pretty name, OS and hardware. A `name` given is kept, and must be
    free, else it is made as for a capture. `min_ram_mib` is in MiB.
    """

    sources: tuple[str, ...]
    prettyname: str = ""
    os_name: str = "linux"
    name: str | None = None
    revision_of: str | None = None
    disk_bus: str = "virtio"
    nic_model: str = "virtio"
    reference_xml_path: str | None = None
    min_ram_mib: int = 512
    min_cpus: int = 1
    architecture: str = "x86_64"
    owner: str = "admin"
    to_repository: bool = True


def plan_import(context: Context, request: ImportRequest) -> Operation:
    """Plan an import into the datastore, the repository (where there is one) and the inventory.

    Raises UsageError, NotFoundError, ConflictError, RefusedError (unsafe disk, or named raw
    and of another format).
    """
    _check_sources(context, request)
    request, name = _named(context, request)
    _check_is_an_images_name(context, name)
    there = image_paths(context, name)
    if there:
        raise ConflictError(
            f"Files of image {name} are already on host {context.vmhost.name}: {', '.join(there)}",
            "Choose another name",
        )
    # A disk at the name of another image would be that image's master here, on which loads stand.
    image_rows.require_importable(context.inventory, name, request.prettyname)
    operation_id, profile = new_operation_id(), context.session.profile
    master = f"{profile.datastore}/{name}.{profile.datastore_image_type}"
    xml = _reference(context, request, name)
    steps = (
        master_step(context, operation_id, name, request.sources, master),
        master_xml_step(context, operation_id, name, xml),
        *(
            repository_steps(context, operation_id, name, master, xml)
            if request.to_repository
            else ()
        ),
        _register_step(context, request, name, master),
    )
    return image_operation(context, operation_id, "import", name, steps)


def _check_is_an_images_name(context: Context, name: str) -> None:
    """Raise RefusedError for a name by which a file would be taken for something else."""
    if part_stem(f"{name}.vmdk") is not None:
        raise RefusedError(
            f"{name} would be taken for a part of a split VMDK", "Give the image another name"
        )
    for computer in computers.list_computers(context.inventory):
        if file_belongs_to(name, computer.name):
            raise RefusedError(
                f"{name} would be taken for a disk of the computer {computer.name}",
                "Give the image another name",
            )


def _check_sources(context: Context, request: ImportRequest) -> None:
    node = context.session.node
    if not request.sources:
        raise UsageError("No file to import was given", "Name at least one disk file")
    for source in request.sources:
        if not source.startswith("/"):
            raise UsageError(f"{source!r} is no absolute path", "Give the whole path on the host")
        if node.stat(source) is None:
            raise NotFoundError(
                f"There is no file {source} on host {context.vmhost.name}",
                "The path is one on the VM host",
            )
        if len(request.sources) == 1:
            require_fitting_content(node, source)
            check_disk_is_safe(node, source, paths.allowed_directories(context))


def _named(context: Context, request: ImportRequest) -> tuple[ImportRequest, str]:
    """The request with what a revision takes over from its image, and the new image's name."""
    database = context.inventory
    if request.revision_of is not None:
        latest = revisions.latest_revision(database, request.revision_of)
        stem = latest.name.removesuffix(f"-v{latest.revision}")
        request = replace(
            request,
            prettyname=latest.prettyname,
            os_name=latest.os.name,
            min_ram_mib=latest.min_ram_mib,
            min_cpus=latest.min_cpus,
            architecture=latest.architecture,
            owner=latest.owner,
        )
        name = f"{stem}-v{latest.revision + 1}"
    else:
        check_pretty_name(request.prettyname)
        image_id = image_rows.next_image_id(database)
        os_row = revisions.get_operating_system(database, request.os_name)
        name = captured_image_name(os_row.name, request.prettyname, image_id, 1)
        if request.name is None:
            image_rows.require_free_name(database, name, request.prettyname)
    return request, check_name("image", request.name or name)


def _reference(context: Context, request: ImportRequest, name: str) -> str:
    if request.reference_xml_path is None:
        return reference_xml(name, request.disk_bus, request.nic_model)
    xml = context.session.node.read_text(request.reference_xml_path)
    reference_hardware(xml)
    return xml


def _register_step(context: Context, request: ImportRequest, name: str, master: str) -> Step:
    def register(step: StepContext) -> str:
        def entered(row: ImageRevision) -> None:
            # Before it is live, and with its id: the name may come to be another operation's.
            created = "" if row.created is None else row.created.isoformat()
            step.will(KeepFinished(context.vmhost.name, name, row.revision_id, created))

        row = image_rows.add_image(
            context.inventory,
            name=name,
            prettyname=request.prettyname,
            os_name=request.os_name,
            image_type=context.session.profile.datastore_image_type,
            min_ram_mib=request.min_ram_mib,
            min_cpus=request.min_cpus,
            architecture=request.architecture,
            size_mib=master_size_mib(context, master),
            owner=request.owner,
            before_commit=entered,
        )
        return f"image id {row.image_id}, revision {row.revision}"

    return Step(
        name="register-image",
        title=f"Enter {name} in the inventory",
        run=register,
        calls=(f"inventory: new image {name}",),
    )
