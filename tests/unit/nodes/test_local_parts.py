"""What only the local node has: the rename for poor file systems and the table of mounts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from vcltui.nodes.mounts import filesystem_of
from vcltui.nodes.no_replace import link_and_unlink

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:5 / /proc rw - proc proc rw
30 22 0:50 / /srv rw shared:5 master:1 - tmpfs tmpfs rw
31 30 0:51 / /srv/vcl rw - nfs4 store:/vcl rw,vers=4.2
32 22 0:52 / /srv/two\040words\134x rw - xfs /dev/vdb rw
33 31 0:53 / /srv/vcl rw - fuse.glusterfs store:/vcl rw
34 22 0:54 / /mnt/vm1 rw - btrfs /dev/vdc rw
a broken line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "ext4"),
        ("/proc/1/stat", "proc"),
        ("/srv", "tmpfs"),
        ("/srvx", "ext4"),
        ("/srv/vcl/images/x.qcow2", "fuse.glusterfs"),
        ("/srv/vclx", "tmpfs"),
        ("/srv/two words\\x/y", "xfs"),
        ("/mnt/vm1/x", "btrfs"),
        ("/mnt/vm10/x", "ext4"),
    ],
)
def test_the_longest_mount_point_wins(path: str, expected: str) -> None:
    assert filesystem_of(MOUNTS, path) == expected


def test_no_mounts() -> None:
    assert filesystem_of("", "/") is None


def test_link_and_unlink_renames(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    link_and_unlink(str(source), str(target))
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]
    assert target.stat().st_nlink == 1


def test_link_and_unlink_never_replaces(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    target.write_text("old")
    for name in (target, source):
        with pytest.raises(FileExistsError):
            link_and_unlink(str(source), str(name))
    assert (source.read_text(), target.read_text()) == ("new", "old")


def test_link_and_unlink_keeps_both_names_of_a_file_with_two(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    target.hardlink_to(source)
    with pytest.raises(FileExistsError):
        link_and_unlink(str(source), str(target))
    assert (source.read_text(), target.read_text()) == ("new", "new")


def test_of_many_links_to_one_name_one_wins(tmp_path: Path) -> None:
    target = tmp_path / "target"
    barrier = threading.Barrier(8)
    refused: list[int] = []

    def work(number: int) -> None:
        source = tmp_path / f"source{number}"
        source.write_text(str(number))
        barrier.wait()
        try:
            link_and_unlink(str(source), str(target))
        except FileExistsError:
            refused.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert int(target.read_text()) not in refused
