"""Real virtual disks in a temporary folder, made by qemu-img and qemu-io."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vcltui.nodes.local import LocalNode


class Disks:
    """Makes disks in one folder; every method returns the absolute path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def tool(self, *argv: str) -> str:
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
        return done.stdout

    def create(self, name: str, size: str = "10M", file_format: str = "qcow2", **options) -> str:
        extra = [item for key, value in options.items() for item in ("-o", f"{key}={value}")]
        argv = ["qemu-img", "create", "-q", "-f", file_format, *extra, self.path(name), size]
        self.tool(*argv)
        return self.path(name)

    def overlay(self, name: str, backing: str, backing_format: str | None = "qcow2") -> str:
        """An overlay whose header says exactly `backing`, which need not exist."""
        argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", backing]
        if backing_format is not None:
            argv += ["-F", backing_format]
        path = self.path(name)
        if backing_format is not None:
            self.tool(*argv, path, "10M")
            return path
        # qemu-img no longer makes overlays without a recorded format: take the record out.
        self.tool(*argv, "-F", "qcow2", path, "10M")
        data = bytearray(Path(path).read_bytes())
        at = data.index(bytes.fromhex("e2792aca"))
        data[at : at + 4] = bytes.fromhex("12345678")
        Path(path).write_bytes(data)
        return path

    def write(self, path: str, *commands: str, file_format: str = "qcow2") -> str:
        """Run qemu-io commands, such as `write -P 7 0 1M`, on a disk."""
        flags = [item for command in commands for item in ("-c", command)]
        self.tool("qemu-io", "-f", file_format, *flags, path)
        return path

    def same(self, one: str, one_format: str, other: str, other_format: str) -> bool:
        argv = ["qemu-img", "compare", "-f", one_format, "-F", other_format, one, other]
        return subprocess.run(argv, check=False, capture_output=True).returncode == 0

    @contextmanager
    def held(self, path: str) -> Iterator[None]:
        """A process that has the disk open for writing, as a domain has."""
        argv = ["qemu-io", "-f", "qcow2", path]
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            try:
                print("read 0 512", file=holder.stdin, flush=True)
                assert "read 512/512" in holder.stdout.readline()  # it has the disk open now
                yield
            finally:
                holder.communicate("quit\n")

    def names(self) -> list[str]:
        return sorted(item.name for item in self.folder.iterdir())


@pytest.fixture
def node() -> LocalNode:
    return LocalNode("node1")


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    folder = tmp_path / "store"
    folder.mkdir()
    return Disks(folder)


@pytest.fixture
def other(tmp_path: Path) -> Disks:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Disks(folder)
