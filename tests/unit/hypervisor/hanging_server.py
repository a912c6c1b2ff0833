"""A libvirtd that hangs, as far as one who connects can tell."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path


class HangingServer:
    """A socket at which everybody is let in and nobody is answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._clients: list[socket.socket] = []
        self._closed = False
        self.called = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.path}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._server.accept()
                self._clients.append(client)
                if self._closed:
                    client.close()
                self.called.set()

    def close(self) -> None:
        """Hang up on everybody, from now on at once."""
        if self._closed:
            return
        self._closed = True
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._clients:
            client.close()
