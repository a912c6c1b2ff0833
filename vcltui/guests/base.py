"""A guest is the operating system inside a computer, as provisioning needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from vcltui.models.cancel import CancelToken
from vcltui.models.guest import CurrentImage


class Guest(ABC):
    """The OS module of one computer. Every method blocks; failures raise GuestError."""

    @abstractmethod
    def describe(self) -> str:
        """How the guest is reached, for a dry run: `ssh root@10.0.0.5`."""

    @abstractmethod
    def is_responding(self) -> bool:
        """Whether the guest answers a command now (tried once, a few seconds at most)."""

    @abstractmethod
    def wait_for_response(self, timeout_seconds: float, cancel: CancelToken) -> None:
        """Wait until the guest answers.

        Raises GuestError after `timeout_seconds`, CancelledError.
        """

    @abstractmethod
    def read_current_image(self) -> CurrentImage | None:
        """`~/currentimage.txt` parsed; None where the file is missing or empty."""

    @abstractmethod
    def write_current_image(self, current: CurrentImage) -> None:
        """Replace `~/currentimage.txt`."""

    @abstractmethod
    def set_tag(self, tag: str, value: str) -> None:
        """Set one tag line (`vcld_post_load=<time>`) in currentimage.txt, keeping the rest."""

    @abstractmethod
    def post_load(self, current: CurrentImage) -> None:
        """The tasks after a load: write `current`, run the guest's own post-load hook if it has
        one, then set the tag vcld_post_load."""

    @abstractmethod
    def pre_capture(self, cancel: CancelToken) -> None:
        """The tasks before a capture, with the guest left on: its own hook, then a clean-up of
        what must not go into an image (tags, tainted mark)."""

    @abstractmethod
    def save_domain_xml(self, image_name: str, xml: str) -> None:
        """Write `~/<image name>.xml` and remove older `~/*-v<n>.xml` of the home folder."""

    @abstractmethod
    def shutdown(self) -> None:
        """Ask the guest to shut down; returns when it has taken the request."""

    @abstractmethod
    def mac_addresses(self) -> tuple[str, ...]:
        """The MAC addresses of the guest's network interfaces, lower case with colons."""
