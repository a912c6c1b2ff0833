"""Steps that put a whole file under its final name, with the undo that fits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from vcltui.disks import publish
from vcltui.disks.locks import image_lock
from vcltui.disks.source import descriptor_path
from vcltui.drivers.base import BeforePublish
from vcltui.errors import NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import FileStat, Node
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import RemoveEmptyDirectory, RemoveFile, RemovePublished
from vcltui.provisioning.context import Context

_LOCK_TIMEOUT_SECONDS = 7200.0


def recorder(context: Context, step: StepContext, path: str) -> BeforePublish:
    """A before-publish hook that records the undo of the file which is about to be at `path`."""

    def record(whole: FileStat) -> None:
        step.will(RemovePublished(context.vmhost.name, path, whole.inode))

    return record


def text_step(
    context: Context,
    operation_id: str,
    *,
    name: str,
    title: str,
    path: str,
    text: str,
    new_folder: bool = False,
) -> Step:
    """A step that writes a text file to a name that must not exist yet.

    With `new_folder` its folder is made where it is missing, inside one that is there.
    """
    node = context.session.node
    temporary = publish.temporary_path(path, operation_id)

    def write(step: StepContext) -> None:
        _prepare_folder(node, path.rsplit("/", 1)[0], new=new_folder)
        node.write_text(temporary, text)
        publish.publish(node, temporary, path, recorder(context, step, path))

    return Step(
        name=name,
        title=title,
        run=write,
        calls=(f"write {path}",),
        undo=(RemoveFile(context.vmhost.name, temporary),),
    )


def copy_step(
    context: Context,
    operation_id: str,
    *,
    name: str,
    title: str,
    sources: tuple[str, ...],
    destination: str,
    disk_format: str,
    lock: Callable[[CancelToken], AbstractContextManager[None]],
    for_repository: bool = False,
    source_format: str | None = None,
    new_folder: bool = False,
) -> Step:
    """A step that copies a disk, flattened, to a name that must not exist yet, under a lock.

    `source_format` is told for a source that an earlier step makes. With `new_folder` the
    destination's folder is made where it is missing, inside one that is there.
    """
    driver, node = context.session.driver, context.session.node
    temporary = publish.temporary_path(destination, operation_id)
    directory = destination.rsplit("/", 1)[0]

    def copy(step: StepContext) -> None:
        _prepare_folder(node, directory, new=new_folder)
        with lock(step.cancel):
            driver.copy_virtual_disk(
                sources,
                destination,
                disk_format,
                temporary_path=temporary,
                for_repository=for_repository,
                progress=step.progress,
                cancel=step.cancel,
                before_publish=recorder(context, step, destination),
            )

    made_here = (
        (RemoveEmptyDirectory(context.vmhost.name, directory),)
        if new_folder and node.stat(directory) is None
        else ()
    )
    host = context.vmhost.name
    return Step(
        name=name,
        title=title,
        run=copy,
        calls=driver.copy_calls(
            sources,
            destination,
            disk_format,
            temporary_path=temporary,
            for_repository=for_repository,
            source_format=source_format,
        ),
        undo=(
            *made_here,
            RemoveFile(host, temporary),
            RemoveFile(host, descriptor_path(temporary)),
        ),
    )


def _prepare_folder(node: Node, directory: str, *, new: bool) -> None:
    """Raise NotFoundError for a folder that should be there; with `new` it is made in its parent.

    A datastore or repository that is not mounted must not be filled on the disk below it.
    """
    home = directory.rsplit("/", 1)[0] if new else directory
    if node.stat(home) is None:
        raise NotFoundError(
            f"There is no folder {home} on {node.name}", "Mount or make it, or mend the profile"
        )
    if new:
        node.make_directory(directory)


def locker(
    context: Context, kind: str, directory: str, image_name: str
) -> Callable[[CancelToken], AbstractContextManager[None]]:
    """Takes the lock of an image in a datastore (`master`) or a repository (`repository`)."""

    def lock(cancel: CancelToken) -> AbstractContextManager[None]:
        return image_lock(
            context.session.node,
            directory,
            "master" if kind == "master" else "repository",
            image_name,
            timeout_seconds=_LOCK_TIMEOUT_SECONDS,
            cancel=cancel,
        )

    return lock
