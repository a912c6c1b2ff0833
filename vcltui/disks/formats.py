"""Which format a disk file has: by its name where that says raw, else by its own first bytes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from vcltui.errors import ConfigError, DiskError, NotFoundError, RefusedError
from vcltui.nodes.base import FileStat, Node

DISK_FORMATS = frozenset({"qcow2", "raw", "vmdk", "vdi", "vhdx", "vpc"})
"""qemu-img's names of the formats that vcltui reads and writes."""

MAGIC_BYTES = 68
"""How many of a file's first bytes `format_by_magic` looks at."""

_IMAGE_TYPES = {
    "qcow2": "qcow2",
    "raw": "raw",
    "img": "raw",
    "vmdk": "vmdk",
    "vdi": "vdi",
    "vhdx": "vhdx",
    "vhd": "vpc",
    "vpc": "vpc",
}
_VDI_MAGIC = b"\x7f\x10\xda\xbe"
_FLAT_EXTENT = re.compile(r"-(?:flat|f\d{3,})\.vmdk\Z")


def format_of_type(image_type: str) -> str:
    """The disk format of one of VCL's image types (`qcow2`, `vmdk`, `raw`, `vhd` ...).

    Raises ConfigError for a type that is no virtual disk.
    """
    found = _IMAGE_TYPES.get(image_type.lower())
    if found is None:
        raise ConfigError(
            f"The image type {image_type!r} is no virtual disk format",
            f"Possible are {', '.join(sorted(_IMAGE_TYPES))}",
        )
    return found


def format_by_magic(data: bytes) -> str | None:
    """The format that a file's first MAGIC_BYTES bytes show, or None."""
    if data.startswith(b"QFI\xfb"):
        return "qcow2"
    if data.startswith((b"KDMV", b"# Disk DescriptorFile")):
        return "vmdk"
    if data.startswith(b"vhdxfile"):
        return "vhdx"
    if data.startswith(b"conectix"):
        return "vpc"
    if data[64:68] == _VDI_MAGIC:
        return "vdi"
    return None


def format_by_name(path: str) -> str | None:
    """`raw` where a file's name says so (`.raw`, a flat extent of a VMDK), else None.

    A name goes before the content here: what a guest wrote at the start of its raw disk must not
    turn the file into something else.
    """
    if PurePosixPath(path).suffix == ".raw" or _FLAT_EXTENT.search(path):
        return "raw"
    return None


def format_of(node: Node, path: str) -> str:
    """The format of a disk file. Raises NotFoundError, DiskError when it can't be told."""
    found = format_by_name(path)
    if found is None:
        found = format_by_magic(node.read_bytes(path, MAGIC_BYTES))
    if found is None:
        raise DiskError(
            f"{path} on {node.name} is no virtual disk of a format that can be told",
            "It is damaged, or a raw disk whose name must end in .raw",
        )
    return found


def format_of_driver(node: Node, path: str, driver_type: str | None) -> str:
    """The format in which a domain's disk is read, by the driver type that its XML names.

    What the guest wrote, and the file's name, say nothing against it. Where none is named libvirt
    reads raw, which is taken for true as long as the file itself shows no other format.

    Raises RefusedError where that can't be told, or for a format that is not read here;
    NotFoundError.
    """
    if driver_type in DISK_FORMATS:
        return driver_type
    if driver_type is not None:
        raise RefusedError(
            f"{path} on {node.name} is the disk of a domain as {driver_type!r}, which is not read "
            f"here, only {', '.join(sorted(DISK_FORMATS))}",
            "Convert the disk by qemu-img, and change the domain's definition with it",
        )
    require_plain_file(node, path)
    shown = format_by_magic(node.read_bytes(path, MAGIC_BYTES))
    if shown is not None:
        raise RefusedError(
            f"{path} on {node.name} begins as a {shown} disk, but its domain's XML names no format "
            "(<driver type>), so it may be raw with that written into it by the guest",
            "Name the format in the domain's definition, shut the domain down and start it",
        )
    return "raw"


def guess_format(node: Node, path: str) -> str:
    """The format QEMU assumes for a backing file whose overlay records none.

    It goes by the first bytes, and takes what it can't tell for raw. Raises NotFoundError.
    """
    return format_by_magic(node.read_bytes(path, MAGIC_BYTES)) or "raw"


def require_fitting_name(path: str, file_format: str) -> None:
    """Raise RefusedError for a name under which a new disk would be taken for another format.

    A name that says raw goes before the content when the disk is read again, and one that says
    nothing leaves a raw disk to what its guest writes at its start.
    """
    suffix = PurePosixPath(path).suffix
    says = format_by_name(path) or (_IMAGE_TYPES.get(suffix[1:]) if suffix != ".img" else None)
    if says is not None and says != file_format:
        raise RefusedError(
            f"{path} would be a {file_format} disk under the name of a {says} one",
            f"Give it a name that ends in .{file_format}, or choose the format {says}",
        )
    if says is None and file_format == "raw":
        raise RefusedError(
            f"{path} would be a raw disk, which is known by its name alone",
            "Give it a name that ends in .raw",
        )


def require_fitting_content(node: Node, path: str) -> None:
    """Raise RefusedError for a disk that is named raw and begins as a disk of another format.

    It may be either: a raw disk into which its guest wrote that, or one with the wrong name.
    Raises NotFoundError.
    """
    if format_by_name(path) != "raw":
        return
    require_plain_file(node, path)
    shown = format_by_magic(node.read_bytes(path, MAGIC_BYTES))
    if shown is not None:
        raise RefusedError(
            f"{path} on {node.name} is named as a raw disk and begins as a {shown} one",
            f"Rename it to end in .{shown} if it is that; if it is raw, convert it by "
            "`qemu-img convert -f raw`",
        )


def require_plain_file(node: Node, path: str) -> FileStat:
    """What `path` is. Raises NotFoundError where it is missing, RefusedError where no plain file.

    Looked at before a file is opened: opening a pipe or a device can block or do harm.
    """
    found = node.stat(path)
    if found is None:
        raise NotFoundError(
            f"There is no disk file {path} on {node.name}", "Look at the path and what is mounted"
        )
    if not found.is_file:
        raise RefusedError(f"{path} on {node.name} is no plain file", "Name a virtual disk file")
    return found
