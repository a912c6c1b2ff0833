"""What other files a disk file refers to, by its own header; nothing is followed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from vcltui.disks.formats import DISK_FORMATS
from vcltui.disks.header import Qcow2Header, read_header
from vcltui.disks.vmdk import (
    MAX_DESCRIPTOR_BYTES,
    has_embedded_descriptor,
    is_sparse,
    parse_sparse_capacity,
    read_descriptor,
)
from vcltui.errors import RefusedError
from vcltui.nodes.base import Node

_FIRST_BYTES = 512
_QUOTED = re.compile(r'"([^"\n]{1,4096})"')


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a disk refers to.

    `role` is "backing file", "data file" or "extent"; `path` is absolute, as QEMU would open it;
    `file_format` is what the header records, None where it records none.
    """

    role: str
    path: str
    file_format: str | None


def read_references(node: Node, path: str, file_format: str) -> tuple[Reference, ...]:
    """The files that the disk at `path` refers to, each a plain absolute path.

    Raises RefusedError for a reference that is no plain file name (`json:`, `nbd:` ...),
    DiskError for a damaged file, NotFoundError.
    """
    if file_format == "qcow2":
        return references_of(read_header(node, path), path)
    if file_format == "vmdk":
        return _of_vmdk(node, path)
    return ()


def resolve_name(name: str, named_by: str, role: str) -> str:
    """The absolute path that QEMU makes of a `name` found in the file `named_by`.

    Raises RefusedError where that is no plain file.
    """
    if name.startswith("json:") or ":" in name.partition("/")[0]:
        raise RefusedError(
            f"{named_by} refers to {name[:120]!r}, which is no plain file",
            f"Its {role} must be a file in the datastore",
        )
    if name.startswith("/"):
        return name
    return str(PurePosixPath(named_by).parent / name)


def references_of(header: Qcow2Header, path: str) -> tuple[Reference, ...]:
    """The files that a qcow2 header refers to. Raises RefusedError as read_references."""
    found: list[Reference] = []
    if header.data_file is not None:
        if not header.data_file.startswith("/"):
            # QEMU looks for a relative data file in its own working directory, wherever that is.
            raise RefusedError(
                f"{path} refers to {header.data_file!r}, which is no plain file",
                "Its data file must be named by an absolute path in the datastore",
            )
        found.append(Reference("data file", header.data_file, "raw"))
    if header.backing_file is not None:
        recorded = header.backing_format
        if recorded is not None and recorded not in DISK_FORMATS:
            raise RefusedError(
                f"{path} refers to {header.backing_file!r} as a disk of the format {recorded!r}",
                f"Possible are {', '.join(sorted(DISK_FORMATS))}",
            )
        target = resolve_name(header.backing_file, path, "backing file")
        found.append(Reference("backing file", target, recorded))
    return tuple(found)


def _of_vmdk(node: Node, path: str) -> tuple[Reference, ...]:
    first = node.read_bytes(path, _FIRST_BYTES)
    if is_sparse(first):
        parse_sparse_capacity(first, path)
        has_embedded_descriptor(node, path)
        return ()
    # QEMU reads whatever is not sparse as a descriptor, even without a descriptor's first line.
    return tuple(
        Reference("extent", resolve_name(extent.name, path, "extent"), "raw")
        for extent in read_descriptor(node, path)
    )


def loose_references(node: Node, path: str) -> tuple[Reference, ...]:
    """Every file that a VMDK which can't be read as one may refer to: all names in quotes.

    Raises NotFoundError, NodeError.
    """
    text = node.read_text(path, MAX_DESCRIPTOR_BYTES)
    names = dict.fromkeys(name for name in _QUOTED.findall(text) if name.isprintable())
    folder = PurePosixPath(path).parent
    return tuple(Reference("extent", str(folder / name), None) for name in names)
