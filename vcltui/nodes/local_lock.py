"""A flock(2) on a file of this machine."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from vcltui.errors import NodeError
from vcltui.models.cancel import CancelToken
from vcltui.nodes.paths import lock_held, shown, strangers_folder

_FIRST_POLL_SECONDS = 0.001
_POLL_SECONDS = 0.05
_HOLDER_BYTES = 200
_MOST_LOOKS = 20
"""How often it is looked who holds the lock, until nobody is named."""


@contextmanager
def hold_lock(
    path: str,
    machine: str,
    timeout_seconds: float,
    cancel: CancelToken | None,
    *,
    shared: bool = False,
) -> Iterator[None]:
    """Hold the lock while the block runs; see Node.lock for what is raised."""
    descriptor = _open(path, machine)
    line = holder_line(os.getpid())
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        _take(descriptor, kind, path, machine, timeout_seconds, cancel or CancelToken())
        _write_holder(descriptor, line)
        try:
            yield
        finally:
            # Of several that share it, the last one to take it is named.
            if not shared or _read_holder(descriptor) == f"{line}\n":
                _write_holder(descriptor, "")
    finally:
        os.close(descriptor)


def holder_line(pid: int) -> str:
    """What the holder of a lock writes into it, for whoever finds it held."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return f"pid={pid} host={socket.gethostname()} since={now}"


def _open(path: str, machine: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        folder = Path(path).parent
        for each in (folder, *folder.parents[:-1]):
            if _is_strangers(each):
                raise strangers_folder(str(each), machine)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise NodeError(
            f"Can't open the lock {shown(path)} on {machine}: {error.strerror}",
            "Look at the folder's permissions",
        ) from error


def _is_strangers(folder: Path) -> bool:
    """Whether another user may have put a folder where everybody may make one, as in /tmp."""
    try:
        if not folder.parent.stat().st_mode & stat.S_ISVTX:
            return False
        found = folder.lstat()
    except FileNotFoundError:
        return False  # it is made by us
    return not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, os.geteuid())


def _take(
    descriptor: int,
    kind: int,
    path: str,
    machine: str,
    timeout_seconds: float,
    cancel: CancelToken,
) -> None:
    deadline = time.monotonic() + timeout_seconds
    pause, looks = _FIRST_POLL_SECONDS, _MOST_LOOKS
    while True:
        cancel.raise_if_cancelled()
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                holder = _read_holder(descriptor)
                if holder or not looks:
                    raise lock_held(path, machine, holder) from None
                looks -= 1  # who has just taken it has yet to say so
                cancel.wait(_FIRST_POLL_SECONDS)
                continue
            cancel.wait(min(pause, left))
            pause = min(2 * pause, _POLL_SECONDS)
        except OSError as error:
            raise NodeError(
                f"Can't lock {shown(path)} on {machine}: {error.strerror}",
                "The file system must support flock",
            ) from error
        else:
            return


def _write_holder(descriptor: int, text: str) -> None:
    # Only a hint to others: the lock holds on a full disk too, where the line does not fit.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{text}\n".encode() if text else b"", 0)


def _read_holder(descriptor: int) -> str:
    return os.pread(descriptor, _HOLDER_BYTES, 0).decode("utf-8", errors="replace")
