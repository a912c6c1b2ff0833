"""The images on the hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcltui.runtime.actions import Subject
from vcltui.runtime.fleet.models import HostImages, HostState
from vcltui.tui.desk import Desk
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.hosts import host_subject
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Cell, Column, Record
from vcltui.tui.words import plain, read_age, size

if TYPE_CHECKING:
    from vcltui.disks.images import StoredImage


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image as one host has it. `places` are all places on the host that hold its name."""

    host: str
    image: StoredImage
    places: tuple[str, ...]
    stale: bool = False

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return f"{self.host}:{self.image.path}"


class Images(Listing[ImageRow]):
    """The images of every host, or of the one that is looked at."""

    id = "images"
    title = "Images"
    columns = (
        Column("name", "IMAGE", 28, grow=True, middle=True, letter="N"),
        Column("where", "WHERE", 10, letter="W"),
        Column("also_in", "ALSO IN", 10, drop=5),
        Column("format", "FORMAT", 6, drop=4, letter="T"),
        Column("virtual", "VIRTUAL", 8, right=True, drop=3),
        Column("real", "REAL", 8, right=True, drop=1, letter="Z"),
        Column("users", "USERS", 5, right=True, letter="S"),
        Column("problem", "PROBLEM", 7, grow=True, drop=6, letter="F"),
        Column("host", "HOST", 6, grow=True, middle=True, drop=2, letter="H"),
        Column("path", "PATH", 12, grow=True, middle=True, drop=7, hidden=True),
    )

    def __init__(self, desk: Desk, host: str | None = None) -> None:
        super().__init__(desk)
        self.host = host
        self._kept: dict[str, tuple[HostImages, bool, list[ImageRow]]] = {}

    def items(self) -> Sequence[ImageRow]:
        """As Listing.items; asks for the images of the hosts that are meant."""
        rows: list[ImageRow] = []
        for host in self.desk.fleet.hosts():
            if self.host not in (None, host.name):
                continue
            self.desk.fleet.watch_images(host.name)
            found = self.desk.fleet.images(host.name)
            rows += self._rows(found, stale=host.state is not HostState.UP) if found else ()
        return rows

    def _rows(self, found: HostImages, *, stale: bool) -> list[ImageRow]:
        """The rows of a host; the same ones while nothing of it is another."""
        kept = self._kept.get(found.host)
        if kept is not None and kept[0] is found and kept[1] is stale:
            return kept[2]
        places: dict[str, tuple[str, ...]] = {}
        for image in found.images:
            places[image.name] = (*places.get(image.name, ()), image.location)
        rows = [ImageRow(found.host, image, places[image.name], stale) for image in found.images]
        self._kept[found.host] = found, stale, rows
        return rows

    def key(self, item: ImageRow) -> str:
        """As Listing.key."""
        return item.key

    def record(self, item: ImageRow) -> Record:
        """As Listing.record."""
        image = item.image
        other = [place for place in item.places if place != image.location]
        cells = (
            Cell(plain(image.name), "strong"),
            Cell(image.location),
            Cell(", ".join(other) or "-", "" if other else "dim"),
            Cell(image.format),
            Cell(size(image.virtual_size_bytes)),
            Cell(size(image.disk_size_bytes)),
            Cell(str(len(image.used_by)) if image.used_by else "-"),
            Cell(plain(image.problem or ""), "attention"),
            Cell(plain(item.host)),
            Cell(plain(image.path), "dim"),
        )
        return Record(item.key, cells, dim=item.stale)

    def order(self, item: ImageRow, column: str, text: str) -> object | None:
        """As Listing.order."""
        match column:
            case "virtual":
                return item.image.virtual_size_bytes
            case "real":
                return item.image.disk_size_bytes
            case "users":
                return len(item.image.used_by)
            case "problem":
                return item.image.problem is None
            case _:
                return super().order(item, column, text)

    def subject(self, item: ImageRow) -> Subject:
        """As Listing.subject."""
        return Subject(
            item.host,
            answers=not item.stale,
            readonly=self.desk.readonly,
            image=item.image.name,
            location=item.image.location,
            path=item.image.path,
            users=len(item.image.used_by),
        )

    def subject_of_all(self) -> Subject | None:
        """The host, into whose datastore an image can be imported."""
        host = self.desk.fleet.host(self.host or "")
        if host is None:
            return None
        return host_subject(host, readonly=self.desk.readonly)

    def place(self, item: ImageRow) -> Place:
        """The image's own screen."""
        return Place("image", item.host, item.image.path)

    def is_fault(self, item: ImageRow) -> bool:
        """As Listing.is_fault."""
        return item.image.problem is not None or item.stale

    def note(self) -> str:
        """The age of the oldest listing that is shown."""
        found = (
            self.desk.fleet.images(host.name)
            for host in self.desk.fleet.hosts()
            if self.host in (None, host.name)
        )
        return read_age(min((one.read_at for one in found if one and one.read_at), default=None))

    def empty(self) -> str:
        """Why there are none."""
        for host in self.desk.fleet.hosts():
            if self.host in (None, host.name):
                found = self.desk.fleet.images(host.name)
                if found is None:
                    return "Reading" + self.desk.glyphs.ellipsis
                if found.problem is not None:
                    return plain(found.problem)
        return "No images"
