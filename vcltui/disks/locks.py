"""One operation at a time on one image of one folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from vcltui.errors import NotFoundError
from vcltui.models.cancel import CancelToken
from vcltui.models.names import check_name
from vcltui.nodes.base import Node

LOCK_DIRECTORY = ".vcltui-locks"
LOCK_TIMEOUT_SECONDS = 7200.0
"""How long VCL itself waits for an image."""


@contextmanager
def image_lock(
    node: Node,
    directory: str,
    kind: Literal["master", "repository"],
    image_name: str,
    *,
    timeout_seconds: float = LOCK_TIMEOUT_SECONDS,
    cancel: CancelToken | None = None,
) -> Iterator[None]:
    """Hold the lock of an image in a datastore or repository while the block runs.

    Raises LockedError after `timeout_seconds`, NotFoundError where the folder is missing (it is
    not made: an unmounted datastore must not be filled), CancelledError, UsageError.
    """
    check_name("image", image_name)
    found = node.stat(directory)
    if found is None or not found.is_directory:
        raise NotFoundError(
            f"There is no folder {directory} on {node.name}", "Mount it or correct the VM profile"
        )
    path = f"{directory.rstrip('/')}/{LOCK_DIRECTORY}/{kind}-{image_name}.lock"
    with node.lock(path, timeout_seconds, cancel):
        yield
