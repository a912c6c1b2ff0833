"""Carries out undo actions on a host, in the process that failed or in a later one."""

from __future__ import annotations

from vcltui.disks import usage
from vcltui.domxml.parse import parse_domain
from vcltui.errors import InventoryError, RefusedError
from vcltui.hypervisor import domains
from vcltui.operations.undo import (
    DiscardRevision,
    KeepFinished,
    RemoveDomain,
    RemoveEmptyDirectory,
    RemoveFile,
    RemovePublished,
    StartDomain,
    UndoAction,
    UndoNotNeededError,
)
from vcltui.provisioning.session import HostSession
from vcltui.vcldb import images as image_rows
from vcltui.vcldb import revisions
from vcltui.vcldb.database import Database


class Undoer:
    """Undoes on one host; callable as the runner's undoer.

    Each action looks first whether its thing is there and is the operation's own; a call
    returns a sentence about what it did, or None when nothing was to do.
    """

    def __init__(self, session: HostSession, database: Database | None) -> None:
        self._session, self._database = session, database

    def __call__(self, action: UndoAction) -> str | None:
        """Carry out `action`. Raises VcltuiError when it could not be done."""
        match action:
            case RemoveFile(path=path):
                return f"removed {path}" if self._session.node.remove_file(path) else None
            case RemovePublished():
                return self._remove_published(action)
            case RemoveDomain():
                return self._remove_domain(action)
            case StartDomain():
                return self._start_domain(action)
            case DiscardRevision():
                return self._discard_revision(action)
            case RemoveEmptyDirectory(path=path):
                removed = self._session.node.remove_empty_directory(path)
                return f"removed the folder {path}" if removed else None
            case KeepFinished():
                self._stop_if_finished(action)
                return None

    def _remove_published(self, action: RemovePublished) -> str | None:
        node = self._session.node
        there = node.stat(action.path)
        if there is None or there.inode != action.inode:
            return None
        self._check_unused(action.path)
        return f"removed {action.path}" if node.remove_file(action.path) else None

    def _check_unused(self, path: str) -> None:
        """Raise RefusedError when a domain or another disk uses a file that would be removed.

        A file made long ago may have been taken into use by others, or its inode given to
        another file at the same path.
        """
        connection = self._session.connection
        users = [
            f"domain {domain.name}"
            for domain in domains.list_domains(connection)
            if path in _disks(domains.domain_xml(connection, domain.uuid))
        ]
        users += usage.find_users(self._session.node, (path.rsplit("/", 1)[0],), path)
        if users:
            raise RefusedError(
                f"{path} was left by an operation that did not end, and is in use by "
                f"{', '.join(users)}",
                "Find out whose it is; it was kept",
            )

    def _remove_domain(self, action: RemoveDomain) -> str | None:
        connection = self._session.connection
        if domains.find_by_uuid(connection, action.uuid) is None:
            return None
        domains.destroy(connection, action.uuid)
        domains.undefine(connection, action.uuid)
        return f"removed domain {action.name}"

    def _start_domain(self, action: StartDomain) -> str | None:
        connection = self._session.connection
        found = domains.find_by_uuid(connection, action.uuid)
        if found is None:
            return f"domain {action.name} was to be started again and is gone"
        if found.power.is_active:
            return None
        domains.start(connection, action.uuid)
        return f"started domain {action.name} again"

    def _discard_revision(self, action: DiscardRevision) -> str | None:
        database = self._inventory(action.image_name)
        if image_rows.discard_capture(database, action.revision_id, action.image_name):
            return f"removed the unfinished image {action.image_name} from the inventory"
        return None

    def _stop_if_finished(self, action: KeepFinished) -> None:
        database = self._inventory(action.image_name)
        if revisions.is_live(database, action.image_name):
            raise UndoNotNeededError

    def _inventory(self, image_name: str) -> Database:
        if self._database is None:
            raise InventoryError(
                f"Whether image {image_name} was finished is told by the inventory, which is "
                "not open"
            )
        return self._database


def _disks(domain_xml: str) -> set[str | None]:
    return {disk.source for disk in parse_domain(domain_xml).disks}
