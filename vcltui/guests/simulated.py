"""The sandbox's guest: nothing runs in it, but what is written in it is really on its disk."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from vcltui.errors import GuestError
from vcltui.guests.home import HomeGuest
from vcltui.guests.simulated_disk import read_home, write_home
from vcltui.models.cancel import CancelToken
from vcltui.nodes.base import Node

_POLL_SECONDS = 0.1
_IMAGE_XML = re.compile(r".*-v[0-9]+\.xml\Z", re.DOTALL)


class SimulatedGuest(HomeGuest):
    """A guest whose home folder is a document inside the domain's qcow2 disk.

    Snapshots of the disk file, captures and loads carry what was written, as with a real guest.
    It answers while `is_running()`; `disk_path()` is the disk's path on `node`, None where the
    domain has none. `macs` are its MAC addresses. Temporary files are made in `work_directory`.
    `power_off` is what its shutdown does.
    """

    def __init__(
        self,
        node: Node,
        disk_path: Callable[[], str | None],
        is_running: Callable[[], bool],
        macs: tuple[str, ...],
        work_directory: str,
        power_off: Callable[[], None],
    ) -> None:
        self._node = node
        self._disk_path = disk_path
        self._is_running = is_running
        self._macs = macs
        self._work_directory = work_directory
        self._power_off = power_off
        self._change = threading.Lock()

    def describe(self) -> str:
        """As Guest.describe."""
        return f"the simulated guest on the disk {self._disk_path() or '(none)'}"

    def is_responding(self) -> bool:
        """As Guest.is_responding."""
        return self._is_running() and self._disk_path() is not None

    def wait_for_response(self, timeout_seconds: float, cancel: CancelToken) -> None:
        """As Guest.wait_for_response; tries at least once."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            cancel.raise_if_cancelled()
            if self.is_responding():
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._silent()
            cancel.wait(min(_POLL_SECONDS, left))

    def read_file(self, name: str) -> str | None:
        """As HomeGuest.read_file. Raises GuestError while the domain is off."""
        return self._files().get(name)

    def write_file(self, name: str, text: str) -> None:
        """As HomeGuest.write_file. Raises GuestError while the domain is off."""
        with self._change:
            self._replace({**self._files(), name: text})

    def shutdown(self) -> None:
        """As Guest.shutdown; the domain is off when this returns."""
        if not self.is_responding():
            raise self._silent()
        self._power_off()

    def mac_addresses(self) -> tuple[str, ...]:
        """As Guest.mac_addresses."""
        if not self.is_responding():
            raise self._silent()
        return tuple(mac.lower() for mac in self._macs)

    def _remove_image_xml(self, but: str) -> None:
        with self._change:
            files = self._files()
            kept = {
                name: text
                for name, text in files.items()
                if name == but or not _IMAGE_XML.match(name)
            }
            if kept != files:
                self._replace(kept)

    def _files(self) -> dict[str, str]:
        return read_home(self._node, self._disk(), self._work_directory)

    def _replace(self, files: dict[str, str]) -> None:
        write_home(self._node, self._disk(), self._work_directory, files)

    def _disk(self) -> str:
        path = self._disk_path()
        if path is None or not self._is_running():
            raise self._silent()
        return path

    def _silent(self) -> GuestError:
        return GuestError(
            f"There is no answer from {self.describe()}",
            "Power its domain on, and look at its disk",
        )
