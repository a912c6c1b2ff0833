"""Room is counted for each file system, and measured on what a domain is writing to."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcltui.disks.room import copy_bytes, require_room
from vcltui.errors import DiskError, RefusedError
from vcltui.nodes.local import LocalNode

MIB = 1 << 20


class Small(LocalNode):
    """A node with 10 MiB free on each file system."""

    def free_bytes(self, path: str) -> int:
        return 10 * MIB


def test_files_on_one_file_system_share_what_is_free(tmp_path: Path):
    node = Small("node1")
    first, second = str(tmp_path / "a" / "x.qcow2"), str(tmp_path / "b" / "c" / "y.qcow2")
    require_room(node, {})
    require_room(node, {first: 10 * MIB})
    require_room(node, {first: 5 * MIB, second: 5 * MIB})
    with pytest.raises(RefusedError, match=r"x.qcow2 on node1 needs 10.0 MiB, but only 10.0 MiB"):
        require_room(node, {first: 10 * MIB + 1})
    with pytest.raises(RefusedError, match=r"y.qcow2 on node1 together need 12.0 MiB, but only"):
        require_room(node, {first: 6 * MIB, second: 6 * MIB})


def test_files_on_two_file_systems_do_not(tmp_path: Path):
    other = Path("/proc")  # is one of its own wherever these tests run
    assert other.stat().st_dev != tmp_path.stat().st_dev
    require_room(
        Small("node1"), {str(tmp_path / "x"): 6 * MIB, str(other / "vcltui" / "y"): 6 * MIB}
    )


def test_a_copy_takes_what_the_whole_chain_holds(node, disks):
    base = disks.write(disks.create("base.qcow2"), "write -P 1 0 4M")
    top = disks.write(disks.overlay("top.qcow2", base), "write -P 2 4M 2M")
    assert 6 * MIB <= copy_bytes(node, top, "qcow2", "qcow2") < 7 * MIB
    assert copy_bytes(node, top, "qcow2", "raw") == 10 * MIB
    with disks.held(top):
        with pytest.raises(DiskError, match="another process uses the disk"):
            copy_bytes(node, top, "qcow2", "qcow2")
        assert 6 * MIB <= copy_bytes(node, top, "qcow2", "qcow2", in_use=True) < 7 * MIB
