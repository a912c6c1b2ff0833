"""Steps that put a whole file under its final name, with the undo that fits."""

from __future__ import annotations

from vcltui.disks import publish
from vcltui.disks.locks import HeldLock, LockTaker
from vcltui.disks.marks import folder_mark, keep_published, remove_published
from vcltui.disks.source import descriptor_path
from vcltui.drivers.base import BeforePublish
from vcltui.errors import NotFoundError
from vcltui.nodes.base import FileStat, Node
from vcltui.operations.step import Step, StepContext
from vcltui.operations.undo import (
    RemoveEmptyDirectory,
    RemoveFile,
    UndoAction,
)
from vcltui.provisioning.context import Context


def recorder(
    context: Context,
    step: StepContext,
    path: str,
    held: HeldLock | None = None,
    *,
    keep: bool = False,
    last: str | None = None,
    folder: str = "",
    known_image: str = "",
) -> BeforePublish:
    """A before-publish hook that records the undo of the file which is about to be at `path`.

    It raises LockedError where the lock that the file was made under was lost meanwhile. With
    `keep` nothing is recorded: the file stays once it is whole. `last` is the temporary of a file
    with which the operation has reached its end: then nothing of it is undone. `folder` and
    `known_image` are as in marks.remove_published.
    """

    def record(whole: FileStat) -> None:
        if held is not None:
            held.check()
        node, host = context.session.node, context.vmhost.name
        if last is not None:
            step.will(keep_published(node, host, path, whole, last, folder=folder))
        elif not keep:
            step.will(
                remove_published(node, host, path, whole, folder=folder, known_image=known_image)
            )

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
    keep: bool = False,
    known_image: str = "",
) -> Step:
    """A step that writes a text file to a name that must not exist yet.

    With `new_folder` its folder is made where it is missing, inside one that is there. `keep`:
    once it is whole no failure removes it, because others may use it from then on. `known_image`
    as in RemovePublished.
    """
    node = context.session.node
    temporary = publish.temporary_path(path, operation_id)
    directory = path.rsplit("/", 1)[0]
    home = _home(directory, new=new_folder)

    def write(step: StepContext) -> None:
        _prepare_folder(node, directory, new=new_folder)
        node.write_text(temporary, text)
        record = recorder(context, step, path, keep=keep, folder=home, known_image=known_image)
        publish.publish(node, temporary, path, record)

    return Step(
        name=name,
        title=title,
        run=write,
        calls=(f"write {path}",),
        undo=(
            *_folder_undo(context, directory, new=new_folder),
            RemoveFile(context.vmhost.name, temporary, folder_mark(node, home)),
        ),
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
    lock: LockTaker,
    for_repository: bool = False,
    source_format: str | None = None,
    source_is_made: bool = False,
    new_folder: bool = False,
    keep: bool = False,
    last: bool = False,
) -> Step:
    """A step that copies a disk, flattened, to a name that must not exist yet, under a lock.

    `source_format` is that of a single source, None: told by itself; it has to be given for one
    that an earlier step makes (`source_is_made`). `new_folder` and `keep` are
    as in text_step. `last`: with the copy the operation is done, whatever comes after.
    """
    driver, node = context.session.driver, context.session.node
    temporary = publish.temporary_path(destination, operation_id)
    directory = destination.rsplit("/", 1)[0]
    home = _home(directory, new=new_folder)

    def copy(step: StepContext) -> str | None:
        _prepare_folder(node, directory, new=new_folder)
        with lock(step.cancel) as held:
            driver.copy_virtual_disk(
                sources,
                destination,
                disk_format,
                temporary_path=temporary,
                for_repository=for_repository,
                source_format=source_format,
                progress=step.progress,
                cancel=step.cancel,
                before_publish=recorder(
                    context,
                    step,
                    destination,
                    held,
                    keep=keep,
                    last=temporary if last else None,
                    folder=home,
                ),
            )
        return held.note

    host, mark = context.vmhost.name, folder_mark(node, home)
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
            source_is_made=source_is_made,
        ),
        undo=(
            *_folder_undo(context, directory, new=new_folder),
            RemoveFile(host, temporary, mark),
            RemoveFile(host, descriptor_path(temporary), mark),
        ),
    )


def _home(directory: str, *, new: bool) -> str:
    """The folder that must be there: the one above of one that is made."""
    return directory.rsplit("/", 1)[0] if new else directory


def _folder_undo(context: Context, directory: str, *, new: bool) -> tuple[UndoAction, ...]:
    if new and context.session.node.stat(directory) is None:
        return (RemoveEmptyDirectory(context.vmhost.name, directory),)
    return ()


def _prepare_folder(node: Node, directory: str, *, new: bool) -> None:
    """Raise NotFoundError for a folder that should be there; with `new` it is made in its parent.

    A datastore or repository that is not mounted must not be filled on the disk below it.
    """
    home = _home(directory, new=new)
    if node.stat(home) is None:
        raise NotFoundError(
            f"There is no folder {home} on {node.name}", "Mount or make it, or mend the profile"
        )
    if new:
        node.make_directory(directory)
