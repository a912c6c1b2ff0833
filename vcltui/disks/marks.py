"""By what a file that an operation made, and the folder it is in, are known again later.

A number of a file alone tells nothing later: a file system gives it out again.
"""

from __future__ import annotations

from enum import Enum, auto

from vcltui.nodes.base import FileStat, Node
from vcltui.operations.undo import KeepPublished, RemovePublished

_SAME_MICROSECONDS = 1000
"""What the times of one file may differ by, as NFS and SSH tell them."""


class Known(Enum):
    """What a file that stands at a path is to the operation that published one there."""

    OWN = auto()
    CHANGED = auto()
    """It has the number of the operation's file, and another size or time."""
    ANOTHER = auto()
    UNCERTAIN = auto()
    """It has the number of the operation's file, of which no more was recorded."""


def folder_mark(node: Node, folder: str) -> str:
    """A text that is the same as long as the same folder is mounted there; "" where none is.

    The folder's number is in it: below a mount point that lost its mount lies another folder. The
    device is not, which may get another number when the host is restarted.
    """
    found = node.stat(folder)
    return "" if found is None else f"{found.inode}:{folder}"


def folder_of_mark(mark: str) -> str:
    """The folder that `folder_mark` was given."""
    return mark.partition(":")[2]


def remove_published(
    node: Node, host: str, path: str, whole: FileStat, *, folder: str = "", known_image: str = ""
) -> RemovePublished:
    """The undo of a file that is about to be renamed to `path`, `whole` as it is before.

    `folder` is the one that has to be there for the file to be looked for, where that is not the
    file's own. `known_image` as in RemovePublished.
    """
    return RemovePublished(
        host,
        path,
        whole.inode,
        device=whole.device,
        size_bytes=whole.size_bytes,
        mtime_us=_microseconds(whole),
        folder=folder_mark(node, folder or path.rsplit("/", 1)[0]),
        known_image=known_image,
    )


def keep_published(
    node: Node, host: str, path: str, whole: FileStat, temporary: str, *, folder: str = ""
) -> KeepPublished:
    """The barrier of a file that is about to be renamed from `temporary`; as remove_published."""
    return KeepPublished(
        host,
        path,
        whole.inode,
        temporary,
        device=whole.device,
        size_bytes=whole.size_bytes,
        mtime_us=_microseconds(whole),
        folder=folder_mark(node, folder or path.rsplit("/", 1)[0]),
    )


def compare(action: RemovePublished | KeepPublished, there: FileStat) -> Known:
    """What the file at the action's path is to the operation that recorded the action."""
    if there.inode != action.inode:
        return Known.ANOTHER
    if not action.mtime_us:
        return Known.UNCERTAIN
    same_time = abs(_microseconds(there) - action.mtime_us) <= _SAME_MICROSECONDS
    if same_time and there.size_bytes == action.size_bytes:
        return Known.OWN  # whatever device: a restart may give it another number
    return Known.CHANGED if there.device == action.device else Known.ANOTHER


def _microseconds(file: FileStat) -> int:
    return round(file.mtime * 1e6)
