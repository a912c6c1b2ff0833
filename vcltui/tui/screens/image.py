"""The screen of one image: backing tree both ways, reference XML, check."""

from __future__ import annotations

from rich.syntax import Syntax
from rich.text import Text

from vcltui.disks.check import CheckResult
from vcltui.disks.images import StoredImage
from vcltui.errors import VcltuiError
from vcltui.runtime.actions import Subject
from vcltui.runtime.fleet.models import HostState
from vcltui.runtime.image_details import ImageDetails, check_image, read_image_details
from vcltui.tui.desk import Desk
from vcltui.tui.image_text import check_text, image_text
from vcltui.tui.places import Place
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.words import plain, plain_lines, size


class ImageScreen(DetailScreen):
    """One image, by host and path."""

    PARTS = {  # noqa: RUF012 - as the base class declares it
        "overview": "Backing tree",
        "xml": "Reference XML",
        "check": "Check",
    }

    def __init__(self, desk: Desk, place: Place) -> None:
        self._details: ImageDetails | None = None
        self._check: CheckResult | str | None = None
        self._is_checking = False
        super().__init__(desk, place)

    @property
    def image(self) -> StoredImage | None:
        """The image as its host's listing has it; None when it is gone."""
        found = self.desk.fleet.images(self.place.host)
        for image in found.images if found else ():
            if image.path == self.place.key:
                return image
        return None

    @property
    def subject(self) -> Subject | None:
        """The image."""
        image, host = self.image, self.desk.fleet.host(self.place.host)
        if image is None:
            return None
        return Subject(
            self.place.host,
            answers=host is not None and host.state is HostState.UP,
            readonly=self.desk.readonly,
            image=image.name,
            location=image.location,
            path=image.path,
            users=len(image.used_by),
        )

    def head(self) -> Text:
        """As DetailScreen.head."""
        self.desk.fleet.watch_images(self.place.host)
        image = self.image
        text = Text(no_wrap=True, overflow="ellipsis")
        if image is None:
            return text.append(f"{plain(self.place.key)} is not on {plain(self.place.host)}")
        text.append(plain(image.name), "bold")
        text.append(f"  {image.format}  {size(image.disk_size_bytes)}")
        return text.append(f"  in the {image.location} of {plain(self.place.host)}", "dim")

    def show_part(self, name: str) -> None:
        """As DetailScreen.show_part."""
        reading = Text("Reading" + self.desk.glyphs.ellipsis, "dim")
        if name == "check":
            self.text_part(name).show(self._check_result() if self._check else reading)
        elif self._details is None:
            self.text_part(name).show(reading)
        elif name == "xml":
            self.text_part(name).show(self._xml(self._details))
        else:
            self.text_part(name).show(image_text(self._details, self.desk.glyphs))

    def _xml(self, details: ImageDetails) -> Text:
        if not details.reference_xml:
            words = "No reference XML stands beside it: it is loaded with default hardware."
            return Text(words, "dim")
        theme = "ansi_dark" if self.app.current_theme.dark else "ansi_light"
        text = Text(f"{plain(details.reference_path)}\n\n", "dim")
        xml = plain_lines(details.reference_xml.expandtabs())
        return text.append_text(Syntax("", "xml", theme=theme).highlight(xml))

    def _check_result(self) -> Text:
        if isinstance(self._check, CheckResult):
            return check_text(self._check, self.desk.glyphs)
        return Text(plain(self._check or ""), "bold")

    def open_part(self, name: str) -> None:
        """The tree is read when it is looked at, and the disk checked when that is asked for."""
        if name == "check":
            if not self._is_checking:
                self._is_checking, self._check = True, None
                self.read(self._run_check, self._take_check)
        else:
            self.read(self._read_details, self._take_details)

    def _read_details(self) -> ImageDetails | None:
        image = self.image
        if image is None:
            return None
        return read_image_details(
            self.desk.workspace, self.place.host, image.name, image.location, image.path
        )

    def _take_details(self, found: ImageDetails | None) -> None:
        self._details = found or self._details

    def _run_check(self) -> CheckResult | str:
        try:
            return check_image(self.desk.workspace, self.place.host, self.place.key)
        except VcltuiError as error:
            return str(error)

    def _take_check(self, found: CheckResult | str) -> None:
        self._is_checking, self._check = False, found

    def reread(self) -> None:
        """Read what is shown again."""
        self.open_part(self.shown)

    @property
    def copied(self) -> tuple[str, str] | None:
        """What `copy` takes instead of the name, with what it is called."""
        if self.shown == "xml" and self._details is not None and self._details.reference_xml:
            return "its reference XML", self._details.reference_xml
        return None
