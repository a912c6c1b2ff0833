"""One operation at a time on one image of one folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

from vcltui.errors import NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.models.names import check_name
from vcltui.nodes.base import Node

LOCK_DIRECTORY = ".vcltui-locks"
LOCK_TIMEOUT_SECONDS = 7200.0
"""How long VCL itself waits for an image."""


def _held() -> None:
    """A lock of the node is held until it is given back."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that is held. `note` is a sentence about it for the step that it is taken in.

    `check` raises LockedError where it was lost: called before a result is published.
    """

    note: str | None = None
    check: Callable[[], None] = _held


LockTaker = Callable[[CancelToken], AbstractContextManager[HeldLock]]
"""Takes a lock for a block; waiting for it ends early when the token is set."""


@contextmanager
def image_lock(
    node: Node,
    directory: str,
    kind: Literal["master", "repository"],
    image_name: str,
    *,
    timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    cancel: CancelToken | None = None,
    shared: bool = False,
) -> Iterator[None]:
    """Hold the lock of an image in a datastore or repository while the block runs.

    `shared` is for those who only read the image, of whom there may be several. Raises LockedError
    after `timeout_seconds`, NotFoundError where the folder is missing (it is not made: an
    unmounted datastore must not be filled), CancelledError, UsageError.
    """
    check_name("image", image_name)
    found = node.stat(directory)
    if found is None or not found.is_directory:
        raise NotFoundError(
            f"There is no folder {directory} on {node.name}", "Mount it or correct the VM profile"
        )
    path = f"{directory.rstrip('/')}/{LOCK_DIRECTORY}/{kind}-{image_name}.lock"
    with node.lock(path, timeout_seconds, cancel, shared=shared):
        yield


def image_locker(
    node: Node,
    directory: str,
    kind: Literal["master", "repository"],
    image_name: str,
    *,
    shared: bool = False,
) -> LockTaker:
    """Takes `image_lock`, as a step is given it."""

    @contextmanager
    def lock(cancel: CancelToken) -> Iterator[HeldLock]:
        with image_lock(node, directory, kind, image_name, cancel=cancel, shared=shared):
            yield HeldLock()

    return lock
