"""Copying a disk, flattened, to a file that appears only when it is whole."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.disks import qemuimg
from vcltui.disks.check import require_whole, require_whole_once
from vcltui.disks.flushing import flushed_along
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.publish import BeforePublish, publish, remove_temporary, require_free
from vcltui.disks.room import copy_bytes, require_room
from vcltui.disks.safety import require_unchanged
from vcltui.disks.source import Source, resolve_source
from vcltui.errors import DiskError
from vcltui.models.cancel import CancelToken, Progress, no_progress
from vcltui.nodes.base import Node


def copy_command(
    node: Node,
    sources: Sequence[str],
    destination_format: str,
    *,
    temporary: str,
    allowed_directories: Sequence[str],
    source_format: str | None = None,
    compat10: bool = False,
) -> str:
    """The command line by which copy_disk would write `temporary`; for a dry run.

    Raises as copy_disk where the sources are missing or unsafe.
    """
    source = resolve_source(
        node,
        sources,
        temporary=temporary,
        allowed_directories=allowed_directories,
        file_format=source_format,
    )
    return qemuimg.command_line(_argv(source, temporary, destination_format, compat10=compat10))


def copy_disk(
    node: Node,
    sources: Sequence[str],
    destination: str,
    destination_format: str,
    *,
    temporary: str,
    allowed_directories: Sequence[str],
    source_format: str | None = None,
    compat10: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    before_publish: BeforePublish | None = None,
) -> None:
    """Copy a disk with everything it stands on into one file that stands alone.

    Several `sources` are the parts of one split disk. The copy is written to `temporary`, must
    have the source's virtual size, is flushed, along with the writing and at its end, and renamed
    to `destination`.

    Raises ConflictError where the destination exists or a source was changed while it was read,
    NotFoundError for a missing source or folder, RefusedError for an unsafe source or too little
    room, DiskError, CancelledError. Nothing is left of a copy that failed.
    """
    require_free(node, destination, temporary)
    source = resolve_source(
        node,
        sources,
        temporary=temporary,
        allowed_directories=allowed_directories,
        file_format=source_format,
    )
    for path in source.qcow2_files[:1]:
        require_whole(node, path, cancel)
    # Masters, which were checked when the disk was made.
    for path in source.qcow2_files[1:]:
        require_whole_once(node, path, cancel)
    try:
        if source.descriptor is not None:
            node.write_text(source.read_paths[0], source.descriptor)
        _require_room(node, source, destination, destination_format)
        argv = _argv(source, temporary, destination_format, compat10=compat10)
        with flushed_along(node, temporary) as flush:

            def heard(share: float) -> None:
                progress(share)
                flush()

            qemuimg.run_convert(node, argv, destination, progress=heard, cancel=cancel)
        _require_size(node, source, temporary, destination_format, destination)
        require_unchanged(node, source.stamps)
    except BaseException:
        remove_temporary(node, temporary)
        raise
    finally:
        if source.descriptor is not None:
            remove_temporary(node, source.read_paths[0])
    publish(node, temporary, destination, before_publish)


def _argv(source: Source, temporary: str, destination_format: str, *, compat10: bool) -> list[str]:
    return qemuimg.convert_argv(
        source.read_paths, source.file_format, temporary, destination_format, compat10=compat10
    )


def _require_room(node: Node, source: Source, destination: str, destination_format: str) -> None:
    if destination_format == "raw":
        needed = source.virtual_size_bytes
    else:
        needed = sum(
            copy_bytes(node, path, source.file_format, destination_format)
            for path in source.read_paths
        )
    require_room(node, {destination: needed})


def _require_size(
    node: Node, source: Source, temporary: str, destination_format: str, destination: str
) -> None:
    written = virtual_size_bytes(node, temporary, file_format=destination_format)
    if written != source.virtual_size_bytes:
        raise DiskError(
            f"The copy {destination} on {node.name} came out with {written} bytes "
            f"instead of {source.virtual_size_bytes}",
            "It was removed; check the source",
        )
