"""The journal: every operation that changes something, written down before it begins.

One file of JSON lines for each operation, in the state folder. The file is locked while its
process runs, so a journal without an end and without a lock tells of a killed process. What has
ended and left nothing is put away in a folder of its own: every operation looks at the others.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from vcltui.operations.runner import Observer
from vcltui.runtime.journal.entry import Entry, entry_of, has_ended, is_running, read_entry
from vcltui.runtime.journal.writer import make_private, writer

_ENDED = "ended"
_CLAIM_SECONDS = 0.5
_CLAIM_PAUSE_SECONDS = 0.01
_MOST_OWN = 1000


class Journal:
    """The folder of journal files. Made private (0700) when first written to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ended: set[str] = set()
        self._own: dict[str, None] = {}

    def observer(self) -> Observer:
        """An observer that writes one operation down."""
        return writer(self.directory, self._made)

    def _made(self, name: str) -> None:
        self._own[name] = None
        if len(self._own) > _MOST_OWN:
            with suppress(StopIteration, KeyError, RuntimeError):  # other threads do so too
                del self._own[next(iter(self._own))]

    def entries(self, most: int | None = None) -> list[Entry]:
        """The newest `most` operations, or every one there is, the newest first."""
        return list(self._entries_in(self._all_names()[:most]))

    def find(self, operation_id: str) -> Entry | None:
        """The operation that has exactly this id; None where there is none."""
        names = [one for one in self._all_names() if one.endswith(f"-{operation_id}.jsonl")]
        found = self._entries_in(names)
        return next((entry for entry in found if entry.operation_id == operation_id), None)

    def count(self) -> int:
        """How many operations there are, without a look into their files."""
        return len(self._all_names())

    def entries_of_others(self, most: int) -> list[Entry]:
        """Of the newest `most` operations those that this journal itself was not told of.

        `most` is 1,000 at most: of more it is not kept which are its own.
        """
        newest = self._all_names()[: min(most, _MOST_OWN)]
        return list(self._entries_in(name for name in newest if name not in self._own))

    def _all_names(self) -> list[str]:
        """The names of its files, those put away too, the newest first."""
        found = {*_names(self.directory), *_names(self.directory / _ENDED)}
        return sorted(found, reverse=True)

    def _entries_in(self, names: Iterable[str]) -> Iterator[Entry]:
        for name in names:
            # It may be put away between the two looks, but never comes back.
            for folder in (self.directory, self.directory / _ENDED):
                entry = read_entry(folder / name)
                if entry is not None:
                    yield entry
                    break

    def unfinished(self) -> list[Entry]:
        """The operations that may have left something, oldest first."""
        found: list[Entry] = []
        names = sorted(_names(self.directory))
        self._ended.intersection_update(names)
        for name in names:
            # What has ended stays so, and is read but once where it can't be put away.
            if name in self._ended:
                continue
            path = self.directory / name
            if has_ended(path):
                self._ended.add(name)
            # One that runs has left nothing yet, and is not read.
            elif not is_running(path) and (entry := read_entry(path)) is not None and entry.undo:
                found.append(entry)
        return found

    def put_ended_away(self) -> None:
        """Move what `unfinished` found to have ended out of its way.

        What can't be moved stays where it is, and counts as ended there too.
        """
        folder = self.directory / _ENDED
        for name in sorted(self._ended.copy()):
            with suppress(OSError):  # or another process has moved it
                make_private(folder)
                (self.directory / name).rename(folder / name)

    @contextmanager
    def claim(self, known: Entry) -> Iterator[tuple[Entry, IO[str]] | None]:
        """Hold an unfinished entry's file for recovery, with the entry as it is now.

        None when someone else holds it, or has recovered it meanwhile.
        """
        try:
            descriptor = os.open(known.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None  # recovered, and put away
            return
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            if not _try_lock(file, _CLAIM_SECONDS):
                yield None
                return
            entry = _entry_held(known.path)
            if entry is None or not entry.undo:
                yield None
                return
            with suppress(OSError):
                os.write(file.fileno(), b"\n")  # what a kill cut off stays on a line of its own
            yield entry, file


def _entry_held(path: Path) -> Entry | None:
    with suppress(FileNotFoundError):
        return entry_of(path, running=False)
    return None  # recovered and put away before it was locked


def _names(folder: Path) -> list[str]:
    """The names of the journal files in a folder."""
    try:
        with os.scandir(folder) as files:
            return [file.name for file in files if file.name.endswith(".jsonl")]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _try_lock(file: IO[str], seconds: float) -> bool:
    """Take the lock; who only looks at it holds it for no longer than an instant."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_CLAIM_PAUSE_SECONDS)
        else:
            return True
