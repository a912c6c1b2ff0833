"""The thresholds of the diagnosis: VCL's own where it has them, else proposals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoctorSettings:
    """Times in seconds, shares from 0.0 to 1.0.

    VCL's own: `node_silent_seconds` (monitor_vcld.pl restarts vcld then), `hard_limit_seconds`
    (qemu-img and semaphores), the waits for SSH, `child_still_seconds` (a cluster's child without
    a change). vcltui's own: `lock_moved_seconds`, twice the time after which it moves the expiry of
    a lock on. Proposed, and for the configuration to change: the rest.
    """

    node_silent_seconds: float = 180
    pending_seconds: float = 60
    unknown_after_seconds: float = 1800
    slow_factor: float = 3
    slow_least_seconds: float = 120
    hard_limit_seconds: float = 7200
    ssh_linux_seconds: float = 605
    ssh_windows_seconds: float = 915
    child_still_seconds: float = 1800
    growing_seconds: float = 60
    just_now_seconds: float = 2
    lock_moved_seconds: float = 1200
    full_share: float = 0.95
    smaller_share: float = 0.9
    orphan_file_seconds: float = 86400
    block_seconds: float = 3600
    failures_least: int = 3
    failures_share: float = 0.5
    reload_minutes: int = 20
    log_path: str = "/var/log/vcld.log"
