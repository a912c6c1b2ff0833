"""What VCL does in a guest's home folder, whatever way the folder is reached."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime

from vcltui.errors import GuestError
from vcltui.guests.base import Guest
from vcltui.guests.current_image import (
    FILE_NAME,
    POST_LOAD_TAG,
    parse,
    render,
    with_tag,
    without_tags,
)
from vcltui.models.cancel import CancelToken
from vcltui.models.guest import CurrentImage
from vcltui.models.names import check_name

POST_LOAD_HOOK = "vcl_post_load"
PRE_CAPTURE_HOOK = "vcl_pre_capture"


class HomeGuest(Guest):
    """A guest that keeps VCL's files in the home folder of the user who is logged in."""

    @abstractmethod
    def read_file(self, name: str) -> str | None:
        """The text of one file of the home folder; None where there is none."""

    @abstractmethod
    def write_file(self, name: str, text: str) -> None:
        """Replace one file of the home folder; it is on the disk when this returns."""

    @abstractmethod
    def _remove_image_xml(self, but: str) -> None:
        """Remove the files `*-v<n>.xml` of the home folder, except the one of this name."""

    def _run_hook(self, name: str, cancel: CancelToken | None = None) -> None:
        """Run the guest's own programs of this name, if it has any. Raises GuestError."""

    def _clean(self, cancel: CancelToken) -> None:
        """Remove what belongs to this computer and not to an image. Raises GuestError."""

    def read_current_image(self) -> CurrentImage | None:
        """As Guest.read_current_image."""
        text = self.read_file(FILE_NAME)
        return None if text is None else parse(text)

    def write_current_image(self, current: CurrentImage) -> None:
        """As Guest.write_current_image."""
        self.write_file(FILE_NAME, render(current))

    def set_tag(self, tag: str, value: str) -> None:
        """As Guest.set_tag. Raises GuestError where there is no currentimage.txt."""
        current = self.read_current_image()
        if current is None:
            raise GuestError(
                f"There is no {FILE_NAME} in the guest ({self.describe()})",
                "Load the computer, which writes it",
            )
        self.write_current_image(with_tag(current, tag, value))

    def post_load(self, current: CurrentImage) -> None:
        """As Guest.post_load. Raises GuestError when the guest's hook fails; no tag is set then."""
        self.write_current_image(current)
        self._run_hook(POST_LOAD_HOOK)
        self.set_tag(POST_LOAD_TAG, datetime.now(UTC).isoformat(timespec="seconds"))

    def pre_capture(self, cancel: CancelToken) -> None:
        """As Guest.pre_capture. Raises GuestError, CancelledError."""
        cancel.raise_if_cancelled()
        self._run_hook(PRE_CAPTURE_HOOK, cancel)
        cancel.raise_if_cancelled()
        self._clean(cancel)
        current = self.read_current_image()
        if current is not None and current.tags:
            self.write_current_image(without_tags(current))

    def save_domain_xml(self, image_name: str, xml: str) -> None:
        """As Guest.save_domain_xml."""
        name = f"{check_name('image', image_name)}.xml"
        self.write_file(name, xml)
        self._remove_image_xml(but=name)
