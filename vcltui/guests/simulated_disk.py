"""The home folder of a simulated guest, kept as a document inside its real virtual disk."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from vcltui.errors import CommandError, GuestError, VcltuiError
from vcltui.nodes.base import Node

AREA_BYTES = 1 << 16
_MAGIC = "vcltui simulated guest 1\n"
_LENGTH_DIGITS = 8
_HEADER_BYTES = len(_MAGIC) + _LENGTH_DIGITS + 1
_FORMAT = "qcow2"


def encode(files: Mapping[str, str]) -> str:
    """The document as ASCII text of exactly AREA_BYTES. Raises GuestError when it does not fit."""
    document = json.dumps({"files": dict(sorted(files.items()))})
    text = f"{_MAGIC}{len(document):0{_LENGTH_DIGITS}d}\n{document}"
    if len(text) > AREA_BYTES:
        raise GuestError(
            f"The simulated guest's home folder has no room for {len(text)} bytes",
            f"It keeps {AREA_BYTES} bytes; remove something",
        )
    return text.ljust(AREA_BYTES, "\0")


def decode(data: bytes, path: str) -> dict[str, str]:
    """The files in what begins a disk; none for a blank one. Raises GuestError for a broken one."""
    if not data.startswith(_MAGIC.encode()):
        if data.strip(b"\0"):
            raise _broken(path)
        return {}
    length = data[len(_MAGIC) : _HEADER_BYTES].strip()
    try:
        document = json.loads(data[_HEADER_BYTES : _HEADER_BYTES + int(length)])
        files = document["files"]
        return {str(name): str(text) for name, text in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(path) from error


def read_home(node: Node, disk_path: str, work_directory: str) -> dict[str, str]:
    """The files by name of the guest that has this qcow2 disk. Raises GuestError."""
    copy = _temporary(work_directory)
    try:
        node.make_directory(work_directory)
        # Beside whoever has the disk open, as its running domain would.
        read = ["qemu-img", "dd", "-U", "-f", _FORMAT, "-O", "raw"]
        node.run([*read, f"bs={AREA_BYTES}", "count=1", f"if={disk_path}", f"of={copy}"])
        data = node.read_bytes(copy, AREA_BYTES)
    except VcltuiError as error:
        raise _failed("read", disk_path, error) from error
    finally:
        node.remove_file(copy)
    return decode(data, disk_path)


def write_home(node: Node, disk_path: str, work_directory: str, files: Mapping[str, str]) -> None:
    """Replace the files. Raises GuestError."""
    copy = _temporary(work_directory)
    text = encode(files)
    try:
        node.make_directory(work_directory)
        node.write_text(copy, text)
        # Into the disk that is there: what it holds after this area stays as it is.
        write = ["qemu-img", "convert", "-n", "-f", "raw", "-O", _FORMAT, "-t", "writeback"]
        node.run([*write, copy, disk_path])
        node.flush(disk_path)
    except VcltuiError as error:
        raise _failed("written", disk_path, error) from error
    finally:
        node.remove_file(copy)


def _temporary(work_directory: str) -> str:
    return f"{work_directory.rstrip('/')}/.guest-home.{secrets.token_hex(8)}.raw"


def _failed(what: str, disk_path: str, error: VcltuiError) -> GuestError:
    hint = error.hint if isinstance(error, CommandError) else "Look at the disk with qemu-img info"
    return GuestError(
        f"The simulated guest's home folder in {disk_path} can't be {what}: {error.what}", hint
    )


def _broken(path: str) -> GuestError:
    return GuestError(
        f"The disk {path} holds something else than a simulated guest",
        "Load the computer again from an image of the sandbox",
    )
