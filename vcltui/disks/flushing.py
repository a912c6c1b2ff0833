"""Flushing a file to disk while another program still writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

from vcltui.errors import NotFoundError
from vcltui.nodes.base import Node


@contextmanager
def flushed_along(node: Node, path: str) -> Iterator[Callable[[], None]]:
    """Gives a function that starts a flush of a file, unless one is under way; it never waits.

    Without it what was written stays in memory until the flush at the end, which takes as long
    as the writing and tells no progress. The file need not be there yet.

    The function, or the end of the block, raises NodeError where a flush failed: the system
    tells that a file could not be written to whoever flushes it first, and to nobody later. So
    the writing has failed then, whatever the flush at the end says.
    """
    running: Future[None] | None = None

    def start() -> None:
        nonlocal running
        if running is not None:
            if not running.done():
                return
            running.result()
        running = pool.submit(flush)

    def flush() -> None:
        with suppress(NotFoundError):
            node.flush(path, entry=False)

    with ThreadPoolExecutor(1, "flush") as pool:
        yield start
        if running is not None:
            running.result()
