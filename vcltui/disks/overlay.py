"""Copy-on-write images: the disk of a domain, standing on a master that is only read."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks import qemuimg
from vcltui.disks.publish import BeforePublish, publish, remove_temporary, require_free
from vcltui.disks.safety import check_disk_is_safe
from vcltui.nodes.base import Node


def overlay_command(master: str, master_format: str, temporary: str) -> str:
    """The command line by which create_overlay would write `temporary`; for a dry run."""
    return qemuimg.command_line(qemuimg.create_overlay_argv(master, master_format, temporary))


def create_overlay(
    node: Node,
    master: str,
    overlay: str,
    *,
    temporary: str,
    allowed_directories: Sequence[str],
    before_publish: BeforePublish | None = None,
) -> None:
    """Create a qcow2 overlay on a master, by a temporary that is then renamed.

    Raises ConflictError where the overlay exists, RefusedError where the master's chain leads out
    of `allowed_directories`, DiskError, NotFoundError. Nothing is left on failure.
    """
    require_free(node, overlay, temporary)
    chain = check_disk_is_safe(node, master, allowed_directories)
    argv = qemuimg.create_overlay_argv(master, chain[0].file_format, temporary)
    try:
        qemuimg.run_short(node, argv, overlay, "create")
    except BaseException:
        remove_temporary(node, temporary)
        raise
    publish(node, temporary, overlay, before_publish)
