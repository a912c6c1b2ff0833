"""Carries out undo actions on a host, in the process that failed or in a later one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vcltui.domxml.compare import fingerprint, same_document
from vcltui.domxml.parse import parse_domain
from vcltui.errors import InventoryError, NotFoundError, RefusedError
from vcltui.hypervisor import domains
from vcltui.models.domain import Domain
from vcltui.operations.undo import (
    DiscardRevision,
    FailBaseCapture,
    KeepFinished,
    KeepPublished,
    RemoveDomain,
    RemoveEmptyDirectory,
    RemoveFile,
    RemovePublished,
    RenameBack,
    RestoreDefinition,
    StartDomain,
    UndoAction,
    UndoHeldError,
    UndoNotNeededError,
    UnknownUndo,
)
from vcltui.provisioning.context import Context
from vcltui.provisioning.disk_users import disk_users
from vcltui.provisioning.session import HostSession
from vcltui.provisioning.taken import may_be_in_use, taken_into_use
from vcltui.provisioning.undo_files import FileUndoer
from vcltui.vcldb import images as image_rows
from vcltui.vcldb import revisions
from vcltui.vcldb.basecapture import outcome as baseoutcome

if TYPE_CHECKING:
    from vcltui.vcldb.database import Database


class Undoer:
    """Undoes on one host; callable as the runner's undoer.

    Each action looks first whether its thing is there and is the operation's own; a call
    returns a sentence about what it did, or None when nothing was to do. A `later` process has to
    look besides whether something was taken into use meanwhile: `others` are the other hosts,
    `computer` is the context of the computer that the operation was about, where there is one.
    Without being `asked` to, before another operation, it keeps a domain that may be in use, of
    which `recorded`, all that the operation recorded, tells more.
    """

    def __init__(
        self,
        session: HostSession,
        database: Database | None,
        others: Sequence[HostSession] = (),
        computer: Context | None = None,
        *,
        later: bool = False,
        asked: bool = True,
        recorded: Sequence[UndoAction] = (),
    ) -> None:
        self._session, self._database, self._others = session, database, tuple(others)
        self._computer, self._later = computer, later
        self._asked, self._recorded = asked, tuple(recorded)
        self._files = FileUndoer(session, database, self._others, later=later)

    def __call__(self, action: UndoAction) -> str | None:
        """Carry out `action`. Raises VcltuiError when it could not be done."""
        match action:
            case RemoveFile():
                return self._files.remove_file(action)
            case RemovePublished():
                return self._files.remove_published(action)
            case RemoveDomain():
                return self._remove_domain(action)
            case StartDomain():
                return self._start_domain(action)
            case RestoreDefinition():
                return self._restore_definition(action)
            case DiscardRevision():
                return self._discard_revision(action)
            case RemoveEmptyDirectory(path=path):
                removed = self._session.node.remove_empty_directory(path)
                return f"removed the folder {path}" if removed else None
            case KeepFinished():
                self._stop_if_finished(action)
                return None
            case KeepPublished():
                self._files.stop_if_published(action)
                return None
            case FailBaseCapture():
                return self._fail_base_capture(action)
            case RenameBack():
                return self._rename_back(action)
            case UnknownUndo(record=record):
                raise RefusedError(
                    f"What another version of vcltui left is not known here: {record}",
                    "Clean up with that version",
                )

    def _remove_domain(self, action: RemoveDomain) -> str | None:
        connection = self._session.connection
        found = domains.find_by_uuid(connection, action.uuid)
        if found is None:
            return None
        if self._later:
            reason = taken_into_use(self._session, self._computer, found)
            if reason is not None:
                raise UndoNotNeededError(f"kept domain {action.name}: {reason}")
            users = self._users_of_disks(found)
            if users:
                raise UndoHeldError(
                    f"Domain {action.name} was left by an operation that did not end, and its disk "
                    f"is in use by {', '.join(users)}",
                    "Find out whose it is; it was kept",
                )
            reason = None if self._asked else may_be_in_use(self._session, found, self._recorded)
            if reason is not None:
                raise UndoHeldError(
                    f"Domain {action.name} was left by a load that did not end, and was kept, "
                    f"since {reason}",
                    "Load or unload its computer, which replaces it, or remove it with "
                    "`vcltui jobs --clean`",
                )
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
        if self._later and (reason := self._reason_to_stay_off(found)) is not None:
            return f"left domain {action.name} off: {reason}"
        domains.start(connection, action.uuid)
        return f"started domain {action.name} again"

    def _reason_to_stay_off(self, domain: Domain) -> str | None:
        """Why a domain that was shut down must not be started any more; None where it may be."""
        if self._computer is not None and self._computer.session.name != self._session.name:
            return f"its computer is on {self._computer.session.name} by now"
        users = self._users_of_disks(domain)
        return f"its disk is in use by {', '.join(users)}" if users else None

    def _users_of_disks(self, domain: Domain) -> tuple[str, ...]:
        """Who besides the domain uses the disks that it writes to."""
        xml = domains.domain_xml(self._session.connection, domain.uuid)
        disks = [disk.source for disk in parse_domain(xml).disks if not disk.readonly]
        found = [
            disk_users(
                self._session,
                self._others,
                disk,
                but_domain=domain.uuid,
                lenient=True,
            )
            for disk in disks
            if disk is not None and disk.startswith("/")
        ]
        return tuple(dict.fromkeys(user for users in found for user in users))

    def _restore_definition(self, action: RestoreDefinition) -> str | None:
        connection = self._session.connection
        found = domains.find_by_uuid(connection, action.uuid)
        if found is None or not found.persistent:
            return None
        current = domains.domain_xml(connection, action.uuid, inactive=True)
        if same_document(current, action.xml):
            return None
        if not action.changed_to or fingerprint(current) != action.changed_to:
            raise UndoNotNeededError(
                f"kept the definition of {action.name}, which is neither what it was before nor "
                "known to be what it was changed to"
            )
        # It came from this host's libvirt, whatever the schema says of it.
        domains.define(connection, action.xml, validate=False)
        return f"defined {action.name} again as it was"

    def _discard_revision(self, action: DiscardRevision) -> str | None:
        database = self._inventory(action.image_name)
        if image_rows.discard_capture(database, action.revision_id, action.image_name):
            return f"removed the unfinished image {action.image_name} from the inventory"
        return None

    def _stop_if_finished(self, action: KeepFinished) -> None:
        database, name = self._inventory(action.image_name), action.image_name
        if action.revision_id:
            if revisions.is_finished(database, action.revision_id, name, action.created):
                raise UndoNotNeededError
        elif revisions.is_live(database, name):
            raise RefusedError(
                f"Image {name} is in the inventory, and an older vcltui did not write down whether "
                "by the operation that did not end or by another; its files were kept",
                f"See whether they are the image's (`vcltui image check {name}`), then remove the "
                "operation's file from the journal in the state directory",
            )

    def _fail_base_capture(self, action: FailBaseCapture) -> str | None:
        if self._database is None:
            raise InventoryError(
                f"Request {action.request_id} can't be put into maintenance: the inventory is not "
                "open"
            )
        return baseoutcome.fail_base_capture(
            self._database, action.request_id, action.image_id, action.lastcheck, action.note
        )

    def _rename_back(self, action: RenameBack) -> str | None:
        node = self._session.node
        there = node.stat(action.aside)
        if there is None or there.inode != action.inode:
            return None
        if self._database is None:
            raise InventoryError(
                f"Whether {action.aside} may have its name {action.path} again is told by the "
                "inventory, which is not open"
            )
        try:
            found = baseoutcome.read_capture(self._database, action.request_id)
        except NotFoundError:
            return f"left {action.aside}: request {action.request_id} is over"
        if found.state != action.state or found.is_live:
            return f"left {action.aside}: request {action.request_id} went on"
        if node.stat(action.path) is not None:
            return f"left {action.aside}: there is another {action.path} by now"
        node.rename_no_replace(action.aside, action.path)
        return f"renamed {action.aside} back to {action.path}"

    def _inventory(self, image_name: str) -> Database:
        if self._database is None:
            raise InventoryError(
                f"Whether image {image_name} was finished is told by the inventory, which is "
                "not open"
            )
        return self._database
