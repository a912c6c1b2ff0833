"""What was found in files, kept until they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from vcltui.nodes.base import FileStat, Node

Found = TypeVar("Found")

_SETTLED_SECONDS = 2.0
"""How old a change must be, since two within a clock's tick have one time."""
_MOST_FOLDERS = 4096
"""Of one node: images have folders of their own, which come and go."""


class Remembered(Generic[Found]):
    """What was found in the files of each folder of each node, as long as the node is in use.

    For what is only shown: what is about to be written or deleted is looked at itself.
    """

    def __init__(self) -> None:
        self._folders: WeakKeyDictionary[Node, dict[str, Folder[Found]]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def folder(self, node: Node, directory: str) -> Folder[Found]:
        """What is known of a folder, to be asked and told during one listing of it.

        What that listing neither asks for nor tells is forgotten with the next; so are the folders
        that were listed longest ago, where there are very many.
        """
        with self._lock:
            folders = self._folders.setdefault(node, {})
            before = folders.pop(directory, None)
            folders[directory] = now = Folder(before.now if before is not None else {})
            if len(folders) > _MOST_FOLDERS:
                del folders[next(iter(folders))]
        return now


class Folder(Generic[Found]):
    """What is known of one folder's files, by any key: a file's name, an image's."""

    def __init__(self, before: dict[str, tuple[tuple[FileStat, ...], Found]]) -> None:
        self._before = before
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
