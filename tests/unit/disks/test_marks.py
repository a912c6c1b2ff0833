"""By what a published file and its folder are known again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vcltui.disks.marks import Known, compare, folder_mark, folder_of_mark, remove_published
from vcltui.nodes.local import LocalNode
from vcltui.operations.undo import RemovePublished


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ({}, Known.OWN),
        ({"device": 99}, Known.OWN),
        ({"inode": 99}, Known.ANOTHER),
        ({"size_bytes": 99}, Known.CHANGED),
        ({"mtime": 99.0}, Known.CHANGED),
        ({"mtime": 99.0, "device": 99}, Known.ANOTHER),
    ],
)
def test_a_restart_may_give_the_device_another_number(
    tmp_path: Path, changed: dict[str, float], known: Known
):
    node, path = LocalNode(), tmp_path / "image.qcow2"
    path.write_bytes(b"whole")
    there = node.stat(str(path))
    assert there is not None
    action = remove_published(node, "h", str(path), there)
    assert compare(action, replace(there, **changed)) is known  # type: ignore[arg-type]


def test_a_number_alone_tells_nothing(tmp_path: Path):
    there = LocalNode().stat(str(tmp_path))
    assert there is not None
    old = RemovePublished("h", str(tmp_path), there.inode)
    assert compare(old, there) is Known.UNCERTAIN


def test_a_mount_point_without_its_mount_is_another_folder(tmp_path: Path):
    node, folder = LocalNode(), tmp_path / "a:b"
    folder.mkdir()
    mark = folder_mark(node, str(folder))
    assert folder_of_mark(mark) == str(folder)
    folder.rename(tmp_path / "unmounted")
    assert folder_mark(node, str(folder)) == ""
    folder.mkdir()
    assert folder_mark(node, str(folder)) not in ("", mark)
