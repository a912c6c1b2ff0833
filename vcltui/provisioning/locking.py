"""The locks of images: the host's own, and VCL's in its database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from vcltui.disks.locks import HeldLock, LockTaker, image_lock
from vcltui.models.cancel import CancelToken
from vcltui.provisioning.context import Context
from vcltui.vcldb import semaphore_hold, semaphores

ALONE = "without VCL's lock, which needs a reservation: vcld is not kept from this image"

ReservationId = Callable[[], int | None]


def locker(
    context: Context,
    kind: Literal["master", "repository"],
    directory: str,
    image_name: str,
    *,
    reservation: ReservationId | None = None,
    shared: bool = False,
) -> LockTaker:
    """Takes the lock of an image in a datastore (`master`) or a repository (`repository`).

    It is the host's own, which other consoles wait for, and then, for the reservation that the
    work is done for, VCL's, which vcld waits for. Work without a reservation takes the host's
    alone, where nobody holds VCL's, and says so where vcld could be at work. `reservation` tells
    it, when the lock is taken, for work whose reservation an earlier step makes. `shared` is for
    those who only read the image; VCL's own lock knows no such thing. Raises as `image_lock` and
    `hold`.
    """
    identifier = (
        semaphores.master_identifier if kind == "master" else semaphores.repository_identifier
    )(image_name)

    @contextmanager
    def lock(cancel: CancelToken) -> Iterator[HeldLock]:
        node, database = context.session.node, context.database
        reservation_id = (reservation or (lambda: _assigned(context)))()
        with image_lock(node, directory, kind, image_name, cancel=cancel, shared=shared):
            if database is None or reservation_id is None:
                if database is not None:
                    semaphores.require_free(database, identifier)
                alone = database is not None and not database.is_embedded
                yield HeldLock(ALONE if alone else None)
                return
            with semaphore_hold.hold(database, identifier, reservation_id, cancel=cancel) as held:
                yield HeldLock(check=held.check)

    return lock


def _assigned(context: Context) -> int | None:
    request = context.assignment.request if context.assignment is not None else None
    return None if request is None else request.reservation_id
