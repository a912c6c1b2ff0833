"""Copying a disk, flattened, to a file that appears only when it is whole."""

from __future__ import annotations

from collections.abc import Sequence

import humanize

from vcltui.disks import qemuimg
from vcltui.disks.check import require_whole
from vcltui.disks.info import virtual_size_bytes
from vcltui.disks.publish import BeforePublish, publish, remove_temporary, require_free
from vcltui.disks.source import Source, resolve_source
from vcltui.errors import DiskError, RefusedError
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
    have the source's virtual size, is flushed and renamed to `destination`.

    Raises ConflictError where the destination exists, NotFoundError for a missing source or
    folder, RefusedError for an unsafe source or too little room, DiskError, CancelledError.
    Nothing is left of a copy that failed.
    """
    require_free(node, destination, temporary)
    source = resolve_source(
        node,
        sources,
        temporary=temporary,
        allowed_directories=allowed_directories,
        file_format=source_format,
    )
    for path in source.qcow2_files:
        require_whole(node, path, cancel)
    try:
        if source.descriptor is not None:
            node.write_text(source.read_paths[0], source.descriptor)
        _require_room(node, source, destination, destination_format)
        argv = _argv(source, temporary, destination_format, compat10=compat10)
        qemuimg.run_convert(node, argv, destination, progress=progress, cancel=cancel)
        _require_size(node, source, temporary, destination_format, destination)
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
    """A raw disk may grow to its full size; for the others qemu-img measures what is in use."""
    needed = source.virtual_size_bytes
    if destination_format != "raw":
        needed = 0
        for path in source.read_paths:
            argv = qemuimg.measure_argv(path, source.file_format, "qcow2")
            needed += int(qemuimg.run_json(node, argv, path).get("required", 0))
    free = node.free_bytes(destination)
    if needed > free:
        raise RefusedError(
            f"{destination} on {node.name} needs {_size(needed)}, but only {_size(free)} are free",
            "Make room there first",
        )


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


def _size(count: int) -> str:
    return humanize.naturalsize(count, binary=True)
