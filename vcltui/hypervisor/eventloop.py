"""libvirt's event loop, run by one thread of the process: events need it."""

from __future__ import annotations

import logging
import threading
import time

import libvirt

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_PAUSE_AFTER_ERROR_SECONDS = 1.0
_started = threading.Event()


def ensure_running() -> None:
    """Register libvirt's default event loop and run it in a daemon thread; once per process.

    It must be called before the first connection is opened, since a connection opened earlier
    never takes part in the loop.
    """
    with _lock:
        if _started.is_set():
            return
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_run, name="libvirt-events", daemon=True).start()
        _started.set()


def _run() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            _log.exception("One turn of libvirt's event loop failed")
            time.sleep(_PAUSE_AFTER_ERROR_SECONDS)
