"""The steps by which a domain gets its disk."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from vcltui.disks import qemuimg
from vcltui.disks.datastore import find_master
from vcltui.disks.locks import image_locker
from vcltui.disks.marks import folder_mark, remove_published
from vcltui.disks.overlay import overlay_command
from vcltui.disks.publish import temporary_path
from vcltui.disks.source import descriptor_path
from vcltui.disks.windows import merge_argv
from vcltui.errors import ConflictError
from vcltui.nodes.base import FileStat
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import RemoveFile

if TYPE_CHECKING:
    from vcltui.drivers.base import DefineRequest
    from vcltui.drivers.qemu_img import QemuImgDriver


def retrieve_step(driver: QemuImgDriver, request: DefineRequest) -> Step:
    """Copy an image from the repository to the datastore, with its domain XML.

    Undo removes a partial copy only: a whole master is worth keeping, and another load may stand
    on it by then.
    """
    node, name = driver.context.node, request.image.name
    datastore = _folder(request.master_path)
    temporary = temporary_path(request.master_path, request.operation_id)
    disk_format = driver.get_disk_format()
    source_xml = f"{_folder(request.repository_paths[0])}/{name}.xml"
    target_xml = f"{datastore}/{name}.xml"
    lock = request.lock or image_locker(node, datastore, "master", name)

    def brings_xml() -> bool:
        return node.stat(target_xml) is None and node.stat(source_xml) is not None

    def is_there() -> bool:
        # Under its own name a master is whole.
        found = find_master(node, datastore, name)
        if found is not None and found != request.master_path:
            raise ConflictError(
                f"Another master of {name} appeared on {node.name}: {found}",
                "Start the load again",
            )
        return found is not None

    def run(context: StepContext) -> str | None:
        if is_there():
            return "Copied by another load meanwhile"
        with lock(context.cancel) as held:
            if is_there():
                return "Copied by another load meanwhile"
            # Before the disk, since with the disk the image is there and may be loaded.
            if brings_xml():
                node.write_text(target_xml, node.read_text(source_xml))
            driver.copy_virtual_disk(
                request.repository_paths,
                request.master_path,
                disk_format,
                temporary_path=temporary,
                progress=context.progress,
                cancel=context.cancel,
                before_publish=lambda _whole: held.check(),
            )
        return held.note

    calls = driver.copy_calls(
        request.repository_paths, request.master_path, disk_format, temporary_path=temporary
    )
    if brings_xml():
        calls = (*calls, f"copy {source_xml} {target_xml}")
    host, mark = driver.context.vmhost.name, folder_mark(node, datastore)
    return Step(
        name="retrieve-master",
        title=f"Copy {name} from the repository",
        run=run,
        calls=calls,
        undo=(
            RemoveFile(host, temporary, mark),
            RemoveFile(host, descriptor_path(temporary), mark),
        ),
        early=True,
    )


def copy_on_write_step(driver: QemuImgDriver, request: DefineRequest, master_format: str) -> Step:
    """Make the domain's own disk: an overlay, or a full copy where that is not qcow2.

    `master_format` is the master's, or what it will have when it is retrieved. Made under the
    master's lock, so that nobody deletes the master in between; others may make theirs meanwhile.
    """
    node, name = driver.context.node, request.image.name
    disk_format = driver.get_disk_format()
    master, own = request.master_path, request.copy_on_write_path
    temporary = temporary_path(own, request.operation_id)
    host, mark = driver.context.vmhost.name, folder_mark(node, _folder(own))
    lock = request.shared_lock or image_locker(node, _folder(master), "master", name, shared=True)

    def run(context: StepContext) -> str | None:
        with lock(context.cancel) as held:

            def before_publish(whole: FileStat) -> None:
                held.check()
                context.will(remove_published(node, host, own, whole))

            if disk_format == "qcow2":
                driver.create_copy_on_write_image(
                    master, own, temporary_path=temporary, before_publish=before_publish
                )
            else:
                driver.copy_virtual_disk(
                    (master,),
                    own,
                    disk_format,
                    temporary_path=temporary,
                    progress=context.progress,
                    cancel=context.cancel,
                    before_publish=before_publish,
                )
        return held.note

    if disk_format == "qcow2":
        title = f"Create the copy-on-write disk {PurePosixPath(own).name}"
        calls: tuple[str, ...] = (
            overlay_command(master, master_format, temporary),
            f"rename {temporary} {own}",
        )
    else:
        title = f"Copy {name} to the disk {PurePosixPath(own).name}"
        calls = driver.copy_calls(
            (master,),
            own,
            disk_format,
            temporary_path=temporary,
            source_format=None if request.master_exists else disk_format,
            source_is_made=not request.master_exists,
        )
    return Step(
        name="copy-on-write",
        title=title,
        run=run,
        calls=calls,
        undo=(
            RemoveFile(host, temporary, mark),
            RemoveFile(host, descriptor_path(temporary), mark),
        ),
    )


def registry_step(driver: QemuImgDriver, request: DefineRequest) -> Step:
    """Change the registry on the domain's own disk; the disk's undo undoes this too."""
    path = request.copy_on_write_path

    def run(_context: StepContext) -> str | None:
        return driver.update_windows_image(path, request.image)

    argv = merge_argv(path, driver.get_disk_format())
    return Step(
        name="windows-registry",
        title="Disable VMware's drivers in the Windows registry",
        run=run,
        calls=(qemuimg.command_line(argv),),
    )


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)
