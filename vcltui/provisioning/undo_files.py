"""Undoes files that an operation made, in the process that failed or in a later one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from vcltui.disks.datastore import is_copy_on_write_name
from vcltui.disks.marks import Known, compare, folder_mark, folder_of_mark
from vcltui.disks.publish import aside_path
from vcltui.errors import RefusedError
from vcltui.operations.undo import (
    KeepPublished,
    RemoveFile,
    RemovePublished,
    UndoNotNeededError,
)
from vcltui.provisioning.disk_users import disk_users
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import revisions

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database


class FileUndoer:
    """Removes an operation's files on one host; what it is given is as for Undoer.

    A file is removed only when it is the operation's own beyond doubt, and in a `later` process
    only when nobody has taken it into use. Its methods return and raise as Undoer's call.
    """

    def __init__(
        self,
        session: HostSession,
        database: Database | None,
        others: Sequence[HostSession],
        *,
        later: bool,
    ) -> None:
        self._session, self._database, self._others = session, database, tuple(others)
        self._later = later

    def remove_file(self, action: RemoveFile) -> str | None:
        """Remove a temporary, which its name alone makes the operation's own."""
        if self._session.node.remove_file(action.path):
            return f"removed {action.path}"
        self._check_folder(action)
        return None

    def remove_published(self, action: RemovePublished) -> str | None:
        """Remove a file that stands under its final name."""
        path, there = action.path, self._session.node.stat(action.path)
        known = Known.ANOTHER if there is None else compare(action, there)
        if known is Known.UNCERTAIN:
            raise RefusedError(
                f"{path} may have been left by an operation that did not end: an older vcltui did "
                "not write down enough to tell; it was kept",
                "Find out whose it is. Remove it, or the operation's file from the journal in the "
                "state directory",
            )
        if known is Known.ANOTHER:
            self._check_folder(action)
            return None
        if known is Known.CHANGED:
            return self._changed(path)
        self._check_not_live(action)
        self._check_unused(path)
        return self._remove(path)

    def stop_if_published(self, action: KeepPublished) -> None:
        """Raise UndoNotNeededError where the copy stands, or a file that may be it."""
        node, path = self._session.node, action.path
        there = node.stat(path)
        known = Known.ANOTHER if there is None else compare(action, there)
        if known is Known.ANOTHER:
            self._check_folder(action)
            return
        node.remove_file(action.temporary)
        why = "which is whole" if known is Known.OWN else "which was changed or made anew since"
        raise UndoNotNeededError(f"kept {path}, {why}")

    def _remove(self, path: str) -> str | None:
        return f"removed {path}" if self._session.node.remove_file(path) else None

    def _changed(self, path: str) -> str | None:
        """A file with the number of the operation's own, which was written to or made since."""
        if not is_copy_on_write_name(path):
            return f"kept {path}, which was changed or made anew since"
        # A domain's own disk, which its guest may have written to.
        if not self._later:
            self._check_unused(path)
            return self._remove(path)
        if self._users(path):
            return f"kept {path}, which is in use"
        aside = self._free_name(aside_path(path, datetime.now(UTC)))
        self._session.node.rename_no_replace(path, aside)
        return f"kept {path}, which was written to, as {aside}"

    def _free_name(self, wanted: str) -> str:
        """`wanted`, or with a number where a disk was set aside in the same second."""
        names = (wanted if number == 1 else f"{wanted}-{number}" for number in itertools.count(1))
        return next(name for name in names if self._session.node.stat(name) is None)

    def _check_folder(self, action: RemoveFile | RemovePublished | KeepPublished) -> None:
        """Raise RefusedError where a file is missing because its folder is not there."""
        node = self._session.node
        folder = folder_of_mark(action.folder)
        if not folder or folder_mark(node, folder) == action.folder:
            return
        what = "is not there" if node.stat(folder) is None else "is another than it was"
        raise RefusedError(
            f"What was left in {folder} on {node.name} can't be told: the folder {what}",
            "Mount it, and run `vcltui jobs --clean`. If it is the right one, look yourself, and "
            "remove the operation's file from the journal in the state directory",
        )

    def _check_not_live(self, action: RemovePublished) -> None:
        """Raise RefusedError when an image of the file's name is live by another operation.

        Had this operation's own image become live, nothing before that would be undone.
        """
        name = PurePosixPath(action.path).stem
        if not self._later or self._database is None or name == action.known_image:
            return
        if revisions.is_live(self._database, name):
            raise RefusedError(
                f"{action.path} was left by an operation that did not end, and an image {name} "
                "came into the inventory since",
                f"See whether the file is that image's (`vcltui image check {name}`); it was kept",
            )

    def _check_unused(self, path: str) -> None:
        """Raise RefusedError when a domain or another disk uses a file that would be removed."""
        users = self._users(path)
        if users:
            raise RefusedError(
                f"{path} was left by an operation that did not end, and is in use by "
                f"{', '.join(users)}",
                "Find out whose it is; it was kept",
            )

    def _users(self, path: str) -> tuple[str, ...]:
        """Who uses a file: others may have taken into use what was made long ago.

        Hosts that are silent are asked about all but a domain's own disk.
        """
        if path.endswith(".xml"):
            return ()  # a text, on which nothing stands
        own = is_copy_on_write_name(path)
        return disk_users(self._session, self._others, path, lenient=own)
