"""Enters what VCL's own programs would have entered: for the sandbox, in an embedded inventory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from vcltui.errors import InventoryError
from vcltui.models.inventory import ImageRevision
from vcltui.vcldb import tables as t
from vcltui.vcldb.columntypes import now
from vcltui.vcldb.database import Database
from vcltui.vcldb.lookup import require_embedded, state_id, user_id
from vcltui.vcldb.rows import insert_row


class Stage:
    """Enters rows at times that lie so many minutes ago; negative ones are to come.

    Raises RefusedError for a database that is VCL's own.
    """

    def __init__(self, database: Database) -> None:
        require_embedded(database, "Reservations are staged")
        self._database = database
        self._now = now().replace(microsecond=0)
        with database.read() as connection:
            node = connection.scalar(select(t.managementnode.c.id).order_by(t.managementnode.c.id))
        if node is None:
            raise InventoryError("The inventory has no management node", "Make a new inventory")
        self._node_id = node

    def ago(self, minutes: float) -> datetime:
        """The time so many minutes ago."""
        return self._now - timedelta(minutes=minutes)

    def check_in(self, minutes: float) -> None:
        """When the management node's vcld checked in last."""
        with self._database.write() as connection:
            connection.execute(
                update(t.managementnode)
                .where(t.managementnode.c.id == self._node_id)
                .values(lastcheckin=self.ago(minutes), stateid=state_id(connection, "available"))
            )

    def silent_node(self, hostname: str, minutes: float) -> int:
        """Enter another management node, whose vcld checked in last so long ago; its id."""
        with self._database.write() as connection:
            return insert_row(
                connection,
                t.managementnode,
                {
                    "hostname": hostname,
                    "stateid": state_id(connection, "available"),
                    "lastcheckin": self.ago(minutes),
                    "availablenetworks": "",
                },
            )

    def request(
        self,
        states: str,
        computer_ids: Sequence[int],
        revision: ImageRevision,
        *,
        began: float,
        ends: float = -120.0,
        seen: float | None = None,
        user: str = "admin",
        node_id: int | None = None,
    ) -> list[int]:
        """Enter a request with a reservation for each computer; returns the reservations' ids.

        `states` are both of the request's, as in `pending/new`. `began`, `ends` and `seen` (its
        last check) are minutes ago. `node_id`: of another management node than the first.
        """
        state, laststate = states.split("/")
        with self._database.write() as connection:
            request_id = insert_row(
                connection,
                t.request,
                {
                    "stateid": state_id(connection, state),
                    "laststateid": state_id(connection, laststate),
                    "userid": user_id(connection, user),
                    "start": self.ago(began),
                    "end": self.ago(ends),
                    "daterequested": self.ago(began),
                },
            )
            return [
                insert_row(
                    connection,
                    t.reservation,
                    {
                        "requestid": request_id,
                        "computerid": computer_id,
                        "imageid": revision.image_id,
                        "imagerevisionid": revision.revision_id,
                        "managementnodeid": node_id or self._node_id,
                        "lastcheck": None if seen is None else self.ago(seen),
                    },
                )
                for computer_id in computer_ids
            ]

    def step(self, reservation_id: int, name: str, minutes: float, info: str = "") -> None:
        """Enter a row of the load log."""
        with self._database.write() as connection:
            states, rows = t.computerloadstate.c, t.reservation.c
            insert_row(
                connection,
                t.computerloadlog,
                {
                    "reservationid": reservation_id,
                    "computerid": connection.scalar(
                        select(rows.computerid).where(rows.id == reservation_id)
                    ),
                    "loadstateid": connection.scalar(
                        select(states.id).where(states.loadstatename == name)
                    ),
                    "timestamp": self.ago(minutes),
                    "additionalinfo": info,
                },
            )

    def lock(self, identifier: str, reservation_id: int, pid: int, expires: float) -> None:
        """Enter a lock of a vcld process; `expires` is minutes ago."""
        with self._database.write() as connection:
            connection.execute(
                insert(t.vcldsemaphore).values(
                    identifier=identifier,
                    reservationid=reservation_id,
                    pid=pid,
                    expires=self.ago(expires),
                )
            )

    def computer(self, computer_id: int, state: str, notes: str = "") -> None:
        """Set a computer's state and notes."""
        with self._database.write() as connection:
            connection.execute(
                update(t.computer)
                .where(t.computer.c.id == computer_id)
                .values(stateid=state_id(connection, state), notes=notes)
            )

    def loaded(self, computer_id: int, revision: ImageRevision) -> None:
        """Note what a computer should be loaded with."""
        with self._database.write() as connection:
            connection.execute(
                update(t.computer)
                .where(t.computer.c.id == computer_id)
                .values(currentimageid=revision.image_id, imagerevisionid=revision.revision_id)
            )

    def hide(self, revision: ImageRevision) -> None:
        """Make an image one whose capture has not ended."""
        with self._database.write() as connection:
            for table, id_ in (
                (t.image, revision.image_id),
                (t.imagerevision, revision.revision_id),
            ):
                connection.execute(update(table).where(table.c.id == id_).values(deleted=1))

    def failure(self, computer_id: int, revision: ImageRevision, minutes: float) -> None:
        """Enter in VCL's log that a reservation failed."""
        with self._database.write() as connection:
            log_id = insert_row(
                connection,
                t.log,
                {
                    "userid": user_id(connection, "admin"),
                    "start": self.ago(minutes + 60),
                    "initialend": self.ago(minutes),
                    "finalend": self.ago(minutes),
                    "ending": "failed",
                    "imageid": revision.image_id,
                },
            )
            insert_row(
                connection,
                t.sublog,
                {
                    "logid": log_id,
                    "imageid": revision.image_id,
                    "imagerevisionid": revision.revision_id,
                    "computerid": computer_id,
                    "managementnodeid": self._node_id,
                },
            )

    def block(self, name: str, revision: ImageRevision, began: float) -> None:
        """Enter a block request that is marked as being processed, with a time that has begun."""
        with self._database.write() as connection:
            block_id = insert_row(
                connection,
                t.block_request,
                {
                    "name": name,
                    "imageid": revision.image_id,
                    "numMachines": 4,
                    "ownerid": user_id(connection, "admin"),
                    "managementnodeid": self._node_id,
                    "expireTime": self.ago(-60 * 24 * 30),
                    "processing": 1,
                },
            )
            connection.execute(
                insert(t.block_times).values(
                    blockRequestid=block_id, start=self.ago(began), end=self.ago(began - 180)
                )
            )
