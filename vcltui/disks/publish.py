"""A file appears under its final name only when it is whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import PurePosixPath

from vcltui.errors import ConflictError, NodeError, NotFoundError, UsageError
from vcltui.models.names import check_name
from vcltui.nodes.base import FileStat, Node

BeforePublish = Callable[[FileStat], None]
"""Is given the whole temporary file just before it is renamed, to record what undoes that."""

_MARK = ".vcltui-"
_END = ".part"


def temporary_path(path: str, operation_id: str) -> str:
    """Where an operation writes what will become `path`: beside it, under a hidden name.

    The operation's id is in the name, so that only that operation can have made the file.
    Raises UsageError for a path that is not absolute.
    """
    check_name("operation", operation_id)
    pure = PurePosixPath(path)
    if not pure.is_absolute() or not pure.name:
        raise UsageError(f"{path!r} is no file's absolute path", "Give an absolute path")
    return str(pure.with_name(f".{pure.name}{_MARK}{operation_id}{_END}"))


def aside_path(path: str, at: datetime) -> str:
    """Where a file is set aside at a time in UTC: beside itself, as `<path>.partial-<UTC>`."""
    return f"{path}.partial-{at:%Y%m%dT%H%M%SZ}"


def is_temporary(file_name: str) -> bool:
    """Whether a file name was made by `temporary_path`, or from one by adding to it."""
    return file_name.startswith(".") and _MARK in file_name


def require_free(node: Node, path: str, temporary: str) -> None:
    """Raise ConflictError where `path` or its temporary exists, NotFoundError without a folder.

    The folder is not made here, since an unmounted datastore must not be filled.
    """
    folder = str(PurePosixPath(path).parent)
    found = node.stat(folder)
    if found is None or not found.is_directory:
        raise NotFoundError(
            f"There is no folder {folder} on {node.name}", "Mount it or correct the VM profile"
        )
    for taken in (path, temporary):
        if node.stat(taken) is not None:
            raise ConflictError(
                f"{taken} exists already on {node.name}",
                "Look whose file it is before removing it",
            )


def publish(
    node: Node, temporary: str, path: str, before_publish: BeforePublish | None = None
) -> None:
    """Flush a file that its writer has finished with status 0, and rename it to `path`.

    That order is the only proof that a disk is whole: nothing that looks at a file afterwards can
    tell a whole one from a partial one. Raises ConflictError, with the temporary removed, where
    `path` exists.
    """
    try:
        node.flush(temporary, entry=False)
        if before_publish is not None:
            stat = node.stat(temporary)
            if stat is None:
                raise NotFoundError(f"{temporary} has vanished from {node.name}", "Try it again")
            before_publish(stat)
        node.rename_no_replace(temporary, path)
    except BaseException:
        remove_temporary(node, temporary)
        raise


def remove_temporary(node: Node, path: str) -> None:
    """Remove what a failed operation wrote.

    A node that can't be reached keeps the file: the error that led here is the one to report,
    and the file's name says that it is no image and whose it was.
    """
    with suppress(NodeError):
        node.remove_file(path)
