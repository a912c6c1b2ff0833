"""Snapshots inside qcow2 files, for hypervisors that keep none in the disks themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vcltui.disks import qemuimg
from vcltui.disks.info import disk_info
from vcltui.errors import ConflictError, DiskError, NotFoundError, UsageError, VcltuiError
from vcltui.models.disk import DiskSnapshot
from vcltui.nodes.base import Node

SnapshotAction = Literal["create", "revert", "delete"]

_FLAGS = {"create": "-c", "revert": "-a", "delete": "-d"}
_MAX_NAME_BYTES = 255


def snapshot_argv(action: SnapshotAction, path: str, snapshot: str) -> list[str]:
    """`qemu-img snapshot` of one qcow2 file, which no domain may have open."""
    # This command takes no -f; with image options a comma is doubled.
    name = qemuimg.disk_path(path).replace(",", ",,")
    options = f"driver=qcow2,file.driver=file,file.filename={name}"
    return ["qemu-img", "snapshot", _FLAGS[action], snapshot, "--image-opts", options]


def create_snapshots(node: Node, paths: Sequence[str], name: str) -> None:
    """Make a snapshot of this name in every disk, or in none.

    Raises ConflictError where a disk has one of that name, DiskError for a disk that is not
    qcow2 or is in use, NotFoundError, UsageError for an impossible name.
    """
    if not name.isprintable() or not 0 < len(name.encode()) <= _MAX_NAME_BYTES:
        raise UsageError(f"{name!r} is no snapshot name", "It needs 1 to 255 printable characters")
    for path in paths:
        if _find(node, path, name) is not None:
            raise ConflictError(
                f"{path} on {node.name} has a snapshot {name!r} already", "Choose another name"
            )
    made: list[str] = []
    try:
        for path in paths:
            _snapshot(node, "create", path, name)
            made.append(path)
    except VcltuiError:
        for path in made:
            _snapshot(node, "delete", path, name)
        raise


def revert_snapshots(node: Node, paths: Sequence[str], name: str) -> None:
    """Put every disk back to its snapshot of this name.

    Raises NotFoundError, with nothing done, where a disk has none; DiskError.
    """
    # qemu-img takes an id before a name here, so the id is what can't be mistaken.
    found = [(path, _require(node, path, name).id) for path in paths]
    for path, snapshot_id in found:
        _snapshot(node, "revert", path, snapshot_id)


def delete_snapshots(node: Node, paths: Sequence[str], name: str) -> None:
    """Remove the snapshot of this name from every disk that has one. Raises DiskError."""
    for path in paths:
        if _find(node, path, name) is not None:
            _snapshot(node, "delete", path, name)


def _snapshot(node: Node, action: SnapshotAction, path: str, snapshot: str) -> None:
    argv = snapshot_argv(action, path, snapshot)
    qemuimg.run_short(node, argv, path, f"{action} the snapshot {snapshot!r} of")


def _require(node: Node, path: str, name: str) -> DiskSnapshot:
    found = _find(node, path, name)
    if found is None:
        raise NotFoundError(
            f"{path} on {node.name} has no snapshot {name!r}", "Look at the disk's snapshots"
        )
    return found


def _find(node: Node, path: str, name: str) -> DiskSnapshot | None:
    info = disk_info(node, path)
    if info.file_format != "qcow2":
        raise DiskError(
            f"{path} on {node.name} is a {info.file_format} disk, which can hold no snapshots",
            "Only qcow2 disks can",
        )
    found = [snapshot for snapshot in info.snapshots if snapshot.tag == name]
    if len(found) > 1:
        raise DiskError(
            f"{path} on {node.name} has several snapshots named {name!r}",
            "Remove all but one by qemu-img",
        )
    return found[0] if found else None
