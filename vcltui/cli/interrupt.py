"""Lets ctrl-c end a running operation in order: cancelled and undone, at the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from vcltui.models.cancel import CancelToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancel_on_signals(token: CancelToken, told: Callable[[], None]) -> Iterator[None]:
    """While the block runs, a first ctrl-c, SIGTERM or SIGHUP sets `token` and calls `told`.

    The next one raises KeyboardInterrupt. `told` is called from another thread. For the main
    thread only.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    # The token is set by a thread that reads the pipe: a handler runs in the middle of the main
    # thread, which may just then hold the very lock that setting the token takes.
    watcher = threading.Thread(
        target=_watch, args=(read_end, token, told), name="signals", daemon=True
    )
    watcher.start()
    old_descriptor = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    handler = _second_raises()
    old_handlers = {
        number: signal.signal(number, handler)
        for number in _SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, old in old_handlers.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(old_descriptor)
        os.close(write_end)
        watcher.join()
        os.close(read_end)


def _second_raises() -> Callable[[int, FrameType | None], None]:
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt

    return handle


def _watch(read_end: int, token: CancelToken, told: Callable[[], None]) -> None:
    while numbers := os.read(read_end, 64):
        if token.is_cancelled or not any(number in _SIGNALS for number in numbers):
            continue
        token.cancel()
        told()
