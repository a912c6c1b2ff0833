"""Where in the console one is, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass(frozen=True, slots=True)
class Place:
    """A screen and what it is about. `name` is a full screen's, or `domain`, `image`, `host`.

    `key` tells the domain (its UUID) or the image (its path) on `host`; `tab` is the part of a
    detail screen, `filter` what a list is narrowed by.
    """

    name: str
    host: str = ""
    key: str = ""
    tab: str = ""
    filter: str | None = None

    def is_same_screen(self, other: Place) -> bool:
        """Whether both are one screen, whatever part of it is shown."""
        return (self.name, self.host, self.key) == (other.name, other.host, other.key)


class Go(Message):
    """Somebody wants to be at another place."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Back(Message):
    """Somebody wants to be where they were before."""


MOST_VISITED = 100


class History:
    """The places that were visited last, and which of them is shown."""

    def __init__(self, start: Place) -> None:
        self._places = [start]
        self._at = 0

    @property
    def here(self) -> Place:
        """The place that is shown."""
        return self._places[self._at]

    def visit(self, place: Place) -> None:
        """Go on to a place; those that lay ahead are forgotten."""
        if place == self.here:
            return
        if place.is_same_screen(self.here):
            self._places[self._at] = place
            return
        del self._places[self._at + 1 :]
        self._places.append(place)
        del self._places[:-MOST_VISITED]
        self._at = len(self._places) - 1

    def back(self) -> Place | None:
        """The place before, which is shown from now on; None at the first."""
        return self._move(-1)

    def forward(self) -> Place | None:
        """The place that `back` came from; None at the last."""
        return self._move(1)

    def _move(self, by: int) -> Place | None:
        if not 0 <= self._at + by < len(self._places):
            return None
        self._at += by
        return self.here
