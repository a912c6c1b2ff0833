"""The header of a qcow2 file, read without starting a process."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vcltui.errors import DiskError
from vcltui.nodes.base import Node

FIRST_BYTES = 4096
"""Enough of a file for every header that qemu-img writes itself."""

_FIXED = struct.Struct(">4sIQIIQIIQQIIQ")
_VERSION_3 = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")
_MAGIC = b"QFI\xfb"
_V2_LENGTH = _FIXED.size
_V3_LENGTH = _FIXED.size + _VERSION_3.size
_CLUSTER_BITS = range(9, 22)
_MAX_BACKING_NAME = 1023
_END = 0
_BACKING_FORMAT = 0xE2792ACA
_DATA_FILE = 0x44415441
_DIRTY, _CORRUPT, _EXTERNAL_DATA = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    """What the header of a qcow2 file says; names are as written, not resolved."""

    version: int
    virtual_size_bytes: int
    cluster_size_bytes: int
    backing_file: str | None = None
    backing_format: str | None = None
    data_file: str | None = None
    encrypted: bool = False
    dirty: bool = False
    corrupt: bool = False
    snapshot_count: int = 0
    incompatible_features: int = 0


class _CutOffError(DiskError):
    """The bytes at hand end within the header."""


def read_header(node: Node, path: str, first: bytes | None = None) -> Qcow2Header:
    """Read the header of a qcow2 file; `first` are its first FIRST_BYTES bytes if at hand.

    Raises DiskError when the file is cut off, damaged or no qcow2 file; NotFoundError.
    """
    data = node.read_bytes(path, FIRST_BYTES) if first is None else first
    try:
        return parse_header(data, path)
    except _CutOffError:
        if len(data) < FIRST_BYTES:
            raise
    # A header may fill its whole first cluster, though nobody's does.
    cluster_size = 1 << _FIXED.unpack_from(data)[4]
    return parse_header(node.read_bytes(path, cluster_size), path)


def parse_header(data: bytes, path: str) -> Qcow2Header:
    """The header in a qcow2 file's first bytes. Raises DiskError; `path` is for its message."""
    if not data.startswith(_MAGIC):
        raise DiskError(f"{path} is no qcow2 file", "It is damaged or of another format")
    if len(data) < _V2_LENGTH:
        raise _cut_off(path)
    (_, version, backing_offset, backing_length, cluster_bits, size, crypt, *_rest) = (
        _FIXED.unpack_from(data)
    )
    snapshots = _rest[4]
    if version not in (2, 3):
        raise DiskError(
            f"{path} is a qcow2 file of the unknown version {version}", "It is damaged or too new"
        )
    if cluster_bits not in _CLUSTER_BITS or size >= 1 << 63:
        raise _damaged(path, "its sizes are impossible")
    features, length = 0, _V2_LENGTH
    if version == 3:
        if len(data) < _V3_LENGTH:
            raise _cut_off(path)
        features, _, _, _, length = _VERSION_3.unpack_from(data, _V2_LENGTH)
    cluster_size = 1 << cluster_bits
    if length > cluster_size or (version == 3 and length < _V3_LENGTH):
        raise _damaged(path, "its header has an impossible length")
    if backing_offset > cluster_size or backing_length > _MAX_BACKING_NAME:
        raise _damaged(path, "its backing file's name is out of bounds")
    end = backing_offset or cluster_size
    extensions = _extensions(data, length, end, path)
    backing = None
    if backing_offset and backing_length:
        backing = _text(_cut(data, backing_offset, backing_length, path), path)
    return Qcow2Header(
        version=version,
        virtual_size_bytes=size,
        cluster_size_bytes=cluster_size,
        backing_file=backing,
        backing_format=_named(extensions, _BACKING_FORMAT, path) if backing else None,
        data_file=_data_file(features, extensions, path),
        encrypted=crypt != 0,
        dirty=bool(features & _DIRTY),
        corrupt=bool(features & _CORRUPT),
        snapshot_count=snapshots,
        incompatible_features=features,
    )


def _extensions(data: bytes, offset: int, end: int, path: str) -> dict[int, bytes]:
    """The header extensions between `offset` and `end`, by their magic number."""
    found: dict[int, bytes] = {}
    while offset + _EXTENSION.size <= end:
        kind, length = _EXTENSION.unpack(_cut(data, offset, _EXTENSION.size, path))
        if kind == _END:
            break
        offset += _EXTENSION.size
        if length > end - offset:
            raise _damaged(path, "a header extension is out of bounds")
        found[kind] = _cut(data, offset, length, path)
        offset += (length + 7) & ~7
    return found


def _data_file(features: int, extensions: dict[int, bytes], path: str) -> str | None:
    if not features & _EXTERNAL_DATA:
        return None
    name = _named(extensions, _DATA_FILE, path)
    if not name:
        raise _damaged(path, "it keeps its data in a file that it does not name")
    return name


def _named(extensions: dict[int, bytes], kind: int, path: str) -> str | None:
    raw = extensions.get(kind)
    return _text(raw, path) if raw is not None else None


def _cut(data: bytes, offset: int, length: int, path: str) -> bytes:
    piece = data[offset : offset + length]
    if len(piece) < length:
        raise _cut_off(path)
    return piece


def _text(raw: bytes, path: str) -> str:
    """A name in the header; one that C and Python would read differently is damage."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = ""
    if not name.isprintable() or (raw and not name):
        raise _damaged(path, "a name in its header is not readable")
    return name


def _cut_off(path: str) -> _CutOffError:
    return _CutOffError(f"{path} is cut off within its header", "Copy or restore the file again")


def _damaged(path: str, how: str) -> DiskError:
    return DiskError(f"{path} is a damaged qcow2 file: {how}", "Copy or restore the file again")
