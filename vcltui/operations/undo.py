"""Undo as data: what a step made, so that a later process can undo it as well.

Each action checks for itself whether its thing exists and is the operation's own, so that it
can be carried out at any time and twice: after a failure, or by the next run after a kill.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields

from vcltui.errors import RefusedError


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove a file that only this operation can have made: a temporary with its id in the name.

    Where the file is not there, neither may the `folder` be that was recorded (disks.marks), such
    as one whose file system is not mounted: then nothing is known.
    """

    host: str
    path: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class RemovePublished:
    """Remove a file that was written whole under a temporary name and renamed to `path`.

    Recorded between the two, with the inode, device, size and time of the temporary: only a file
    with all of them is the operation's own, since an inode alone is given out again. `folder` as
    in RemoveFile. An image of the file's name that is live is another operation's, unless it is
    the `known_image`, which was there before. Older records have the inode alone.
    """

    host: str
    path: str
    inode: int
    device: int = 0
    size_bytes: int = 0
    mtime_us: int = 0
    folder: str = ""
    known_image: str = ""


@dataclass(frozen=True, slots=True)
class RemoveDomain:
    """Destroy and undefine the domain that has this UUID; its disks are others' business."""

    host: str
    name: str
    uuid: str


@dataclass(frozen=True, slots=True)
class StartDomain:
    """Start the domain again that the operation shut down."""

    host: str
    name: str
    uuid: str


@dataclass(frozen=True, slots=True)
class RestoreDefinition:
    """Define the domain again as it was: `xml`.

    Recorded before the change with the fingerprint of what is to be defined, and again after it
    with that of what libvirt made of it: a definition that is neither was changed once more since
    then by somebody else, or may have been, and is kept. Older records may have none.
    """

    host: str
    name: str
    uuid: str
    xml: str
    changed_to: str = ""


@dataclass(frozen=True, slots=True)
class DiscardRevision:
    """Remove the image revision rows that a capture reserved and did not finish."""

    host: str
    image_name: str
    revision_id: int


@dataclass(frozen=True, slots=True)
class RemoveEmptyDirectory:
    """Remove a folder that the operation made, if nothing else was put into it."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class KeepFinished:
    """A barrier: once this operation's image is live in the inventory, nothing before is undone.

    Recorded before the row can be live, with the row's id: an image of the same name may be
    another operation's. `created` is the row's time where the id was not kept before (an id that
    was rolled back is given out again), else "". An older record has the id 0.
    """

    host: str
    image_name: str
    revision_id: int = 0
    created: str = ""


@dataclass(frozen=True, slots=True)
class KeepPublished:
    """A barrier: once a copy stands whole at `path`, nothing recorded before is undone.

    What it was copied from may have been deleted since. Recorded before the renaming, with what
    the `temporary` is known by, as in RemovePublished; that is removed where a kill left it beside.
    """

    host: str
    path: str
    inode: int
    temporary: str
    device: int = 0
    size_bytes: int = 0
    mtime_us: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class FailBaseCapture:
    """Put the request and the computer of a base capture that did not end well into maintenance.

    What it entered stays, so that the capture can be taken up again. `lastcheck` is when vcld had
    last taken the request up, "" for never: a later time means that it is vcld's now.
    """

    host: str
    request_id: int
    image_id: int
    lastcheck: str
    note: str


@dataclass(frozen=True, slots=True)
class RenameBack:
    """Give a file that was set aside its name `path` again, where nothing has that by now.

    Recorded before the renaming, with the file's inode. `request_id` is the capture that left it,
    `state` that of its request then: in another one it was taken up or given up, or its image is
    live, and the file stays aside.
    """

    host: str
    path: str
    aside: str
    inode: int
    request_id: int
    state: str


@dataclass(frozen=True, slots=True)
class UnknownUndo:
    """What another version of vcltui wrote down and this one can't read: it is never done."""

    host: str
    record: str


UndoAction = (
    RemoveFile
    | RemovePublished
    | RemoveDomain
    | StartDomain
    | RestoreDefinition
    | DiscardRevision
    | RemoveEmptyDirectory
    | KeepFinished
    | KeepPublished
    | FailBaseCapture
    | RenameBack
    | UnknownUndo
)


BARRIERS = (KeepFinished, KeepPublished)
"""What undoes nothing itself, and stops the undo of what was recorded before."""


class UndoNotNeededError(Exception):
    """Raised where nothing recorded before may be undone any more.

    The operation had in fact reached its end, or what it made is somebody's by now; its text, if
    it has any, tells people so.
    """


class UndoHeldError(RefusedError):
    """Raised where nothing recorded before may be undone for now, as it may be in use.

    The operation stays one that left something.
    """


_KINDS: dict[str, type[UndoAction]] = {
    kind.__name__: kind
    for kind in (
        RemoveFile,
        RemovePublished,
        RemoveDomain,
        StartDomain,
        RestoreDefinition,
        DiscardRevision,
        RemoveEmptyDirectory,
        KeepFinished,
        KeepPublished,
        FailBaseCapture,
        RenameBack,
        UnknownUndo,
    )
}


def to_record(action: UndoAction) -> dict[str, str | int]:
    """The action as a flat dictionary for the journal."""
    return {"kind": type(action).__name__, **asdict(action)}


def from_record(record: dict[str, str | int]) -> UndoAction:
    """The action that `to_record` wrote, an older version's too, which wrote less of some.

    Raises ValueError for anything else.
    """
    kind = _KINDS.get(str(record.get("kind")))
    values = {key: value for key, value in record.items() if key != "kind"}
    if kind is None or not set(values) <= {field.name for field in fields(kind)}:
        raise ValueError(f"{record!r} is no undo record")
    for field in fields(kind):
        if field.name not in values and field.default is not MISSING:
            continue
        if field.name not in values:
            raise ValueError(f"{record!r} is no undo record")
        wanted = int if field.type == "int" else str
        if type(values[field.name]) is not wanted:
            raise ValueError(f"{record!r} is no undo record")
    return kind(**values)  # type: ignore[arg-type]
