"""Steps that put a whole file under its final name, with the undo that fits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from vcltui.disks import publish
from vcltui.disks.locks import image_lock
from vcltui.drivers.base import BeforePublish
from vcltui.errors import ConflictError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import FileStat
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
    context: Context, operation_id: str, *, name: str, title: str, path: str, text: str
) -> Step:
    """A step that writes a text file to a name that must not exist yet."""
    node = context.session.node
    temporary = publish.temporary_path(path, operation_id)

    def write(step: StepContext) -> None:
        node.make_directory(path.rsplit("/", 1)[0])
        node.write_text(temporary, text)
        whole = node.stat(temporary)
        if whole is None:
            raise ConflictError(f"The file {temporary} that was just written is gone")
        recorder(context, step, path)(whole)
        publish.publish(node, temporary, path)

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
) -> Step:
    """A step that copies a disk, flattened, to a name that must not exist yet, under a lock.

    `source_format` is told for a source that an earlier step makes.
    """
    driver, node = context.session.driver, context.session.node
    temporary = publish.temporary_path(destination, operation_id)
    directory = destination.rsplit("/", 1)[0]

    def copy(step: StepContext) -> None:
        node.make_directory(directory)
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
        if node.stat(directory) is None
        else ()
    )
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
        undo=(*made_here, RemoveFile(context.vmhost.name, temporary)),
    )


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
