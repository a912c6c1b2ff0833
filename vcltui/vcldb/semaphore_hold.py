"""Holds a lock of VCL's for as long as a block runs, however long that takes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vcltui.errors import InventoryError, LockedError
from vcltui.models.cancel import CancelToken
from vcltui.models.semaphore import Semaphore
from vcltui.vcldb import semaphores
from vcltui.vcldb.database import Database
from vcltui.vcldb.semaphores import EXPIRE_SECONDS, Pause

REFRESH_SECONDS = 600.0
_log = logging.getLogger(__name__)


class HeldSemaphore:
    """A lock that is held, and moved on before it expires. Made by `hold`."""

    def __init__(self, database: Database, row: Semaphore, expire_seconds: int) -> None:
        self._database = database
        self._row = row
        self._expire_seconds = expire_seconds
        self._sure_until = time.monotonic() + expire_seconds
        self._lost: LockedError | None = None
        self._turn = threading.Lock()

    @property
    def row(self) -> Semaphore:
        """The row as it is now."""
        return self._row

    def check(self) -> None:
        """Raise LockedError when somebody else has taken the lock over.

        The database is asked, and the expiry moved on. One that can't be reached is forgiven
        until the row expires, for nobody takes it before; then InventoryError is raised.
        """
        with self._turn:
            if self._lost is not None:
                raise self._lost
            begun = time.monotonic()
            try:
                self._row = semaphores.refresh(
                    self._database, self._row, expire_seconds=self._expire_seconds
                )
            except LockedError as error:
                self._lost = error
                raise
            except InventoryError as error:
                if begun >= self._sure_until:
                    raise
                _log.warning("The lock %s was not moved on: %s", self._row.identifier, error)
            else:
                self._sure_until = begun + self._expire_seconds

    def keep(self, ended: threading.Event, refresh_seconds: float) -> None:
        """Move the expiry on every `refresh_seconds` until `ended` is set or the lock is lost."""
        while not ended.wait(refresh_seconds):
            try:
                self.check()
            except LockedError as error:
                _log.error("%s", error)
                return
            except InventoryError as error:
                _log.warning("The lock %s can't be kept: %s", self._row.identifier, error)

    def give_back(self) -> None:
        """Delete the row; one that can't be deleted now expires by itself."""
        with self._turn:
            try:
                if self._lost is None:
                    semaphores.release(self._database, self._row)
            except InventoryError as error:
                _log.warning(
                    "The lock %s was not given back and runs out at %s: %s",
                    self._row.identifier,
                    self._row.expires,
                    error,
                )


@contextmanager
def hold(
    database: Database,
    identifier: str,
    reservation_id: int,
    *,
    cancel: CancelToken | None = None,
    timeout_seconds: float = EXPIRE_SECONDS,
    expire_seconds: int = EXPIRE_SECONDS,
    refresh_seconds: float = REFRESH_SECONDS,
    pause: Pause | None = None,
) -> Iterator[HeldSemaphore]:
    """Hold a lock of VCL's while the block runs. Raises what `semaphores.take` raises.

    A process that is killed leaves the row, which expires `expire_seconds` after it was last
    moved on.
    """
    row = semaphores.take(
        database,
        identifier,
        reservation_id,
        cancel=cancel,
        timeout_seconds=timeout_seconds,
        expire_seconds=expire_seconds,
        pause=pause,
    )
    held = HeldSemaphore(database, row, expire_seconds)
    ended = threading.Event()
    keeper = threading.Thread(
        target=held.keep, args=(ended, refresh_seconds), name=f"lock-{identifier}", daemon=True
    )
    keeper.start()
    try:
        yield held
    finally:
        ended.set()
        keeper.join()
        held.give_back()
