"""What happens on a host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class EventKind(Enum):
    """What an event is about; `value` is the word shown to people."""

    DEFINED = "defined"
    UNDEFINED = "undefined"
    STARTED = "started"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    STOPPED = "stopped"
    SHUTDOWN = "shutting down"
    PM_SUSPENDED = "asleep"
    CRASHED = "crashed"
    REBOOTED = "rebooted"
    IO_ERROR = "I/O error"
    CONNECTION_LOST = "connection lost"


@dataclass(frozen=True, slots=True)
class HostEvent:
    """One event on a host. `uuid` and `name` are empty for an event of the host itself.

    `detail` is libvirt's reason in words, empty where it gives none.
    """

    kind: EventKind
    uuid: str = ""
    name: str = ""
    detail: str = ""
