"""Virtual disk files as qemu-img describes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DiskSnapshot:
    """An internal snapshot inside a qcow2 file."""

    id: str
    tag: str
    date: datetime
    vm_size_bytes: int
    vm_clock_seconds: float


@dataclass(frozen=True, slots=True)
class DiskInfo:
    """One virtual disk file (the specification's get_virtual_disk_file_info).

    `backing_file` is what the header says, `backing_file_actual_path` the path it resolves to.
    `disk_size_bytes` is what the file takes on its file system, `virtual_size_bytes` what a
    guest sees.
    """

    path: str
    file_format: str
    virtual_size_bytes: int
    disk_size_bytes: int
    cluster_size_bytes: int | None = None
    backing_file: str | None = None
    backing_file_actual_path: str | None = None
    backing_file_format: str | None = None
    data_file: str | None = None
    compat: str | None = None
    encrypted: bool = False
    corrupt: bool = False
    dirty: bool = False
    snapshots: tuple[DiskSnapshot, ...] = ()
