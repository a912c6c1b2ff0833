"""What was found in files, kept until they change."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from vcltui.nodes.base import FileStat, Node

Found = TypeVar("Found")

_SETTLED_SECONDS = 2.0
"""How old a change must be, since two within a clock's tick have one time."""
_KEPT_SECONDS = 600.0
"""Images have folders of their own, which come and go: what nobody lists so long is forgotten."""


class Remembered(Generic[Found]):
    """What was found in the files of each folder of each node, as long as the node is in use.

    For what is only shown: what is about to be written or deleted is looked at itself.
    """

    def __init__(self) -> None:
        self._folders: WeakKeyDictionary[Node, dict[str, Folder[Found]]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def folder(self, node: Node, directory: str) -> Folder[Found]:
        """What is known of a folder, to be asked and told during one listing of it.

        What that listing neither asks for nor tells is forgotten with the next; so are folders
        that nobody has listed for long.
        """
        now = time.monotonic()
        with self._lock:
            folders = self._folders.setdefault(node, {})
            before = folders.pop(directory, None)
            folders[directory] = made = Folder(before.now if before is not None else {}, now)
            # In the order of their listing, of which each time a few at most are over.
            for oldest in list(itertools.islice(folders, 2)):
                if folders[oldest].listed_at < now - _KEPT_SECONDS:
                    del folders[oldest]
        return made


class Folder(Generic[Found]):
    """What is known of one folder's files, by any key: a file's name, an image's.

    `listed_at` is the monotonic time of the listing.
    """

    def __init__(
        self, before: dict[str, tuple[tuple[FileStat, ...], Found]], listed_at: float
    ) -> None:
        self._before = before
        self.listed_at = listed_at
        self.now: dict[str, tuple[tuple[FileStat, ...], Found]] = {}

    def recall(self, key: str, files: Iterable[FileStat]) -> Found | None:
        """What was kept by this key, if it was found in these files and they are as they were."""
        known = self._before.get(key)
        if known is None or known[0] != tuple(files):
            return None
        self.now[key] = known
        return known[1]

    def keep(self, key: str, files: Iterable[FileStat], found: Found) -> None:
        """Keep what was found in files, unless they may be written to this very moment."""
        they = tuple(files)
        # By this machine's clock: one that goes before the node's only keeps less.
        settled = time.time() - _SETTLED_SECONDS
        if all(file.mtime < settled for file in they):
            self.now[key] = they, found
