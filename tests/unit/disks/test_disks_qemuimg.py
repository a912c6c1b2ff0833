"""Command lines of qemu-img, what it makes of odd paths, and what it is made to say."""

from __future__ import annotations

import pytest

from vcltui.disks import qemuimg
from vcltui.disks.info import disk_info
from vcltui.errors import CommandMissingError, DiskError, UsageError

ODD_NAMES = [
    "plain.qcow2",
    "file.with:colon.qcow2",
    "nbd:localhost:10809.qcow2",
    "a,b.qcow2",
    "a,file.filename=b.qcow2",
    "json:{}.qcow2",
    "-O.qcow2",
    "two words 'quoted'.qcow2",
    "äöü.qcow2",
]


def test_argv_names_every_format_and_ends_in_the_paths():
    assert qemuimg.info_argv("/d/a", "qcow2", in_use=True) == [
        "qemu-img", "info", "-U", "-f", "qcow2", "--output=json", "/d/a",
    ]  # fmt: skip
    assert qemuimg.check_argv("/d/a", "vmdk") == [
        "qemu-img", "check", "-f", "vmdk", "--output=json", "/d/a",
    ]  # fmt: skip
    assert qemuimg.create_overlay_argv("/d/m", "raw", "/d/o") == [
        "qemu-img", "create", "-f", "qcow2", "-q", "-F", "raw", "-b", "/d/m", "/d/o",
    ]  # fmt: skip
    assert qemuimg.convert_argv(["/d/a", "/d/b"], "raw", "/d/c", "qcow2", compat10=True) == [
        "qemu-img", "convert", "-f", "raw", "-p", "-W", "-m", "16", "-O", "qcow2",
        "-o", "compat=0.10", "/d/a", "/d/b", "/d/c",
    ]  # fmt: skip


def test_compat_is_only_for_qcow2():
    assert "-o" not in qemuimg.convert_argv(["/a"], "qcow2", "/b", "raw", compat10=True)


@pytest.mark.parametrize("path", ["", "a.qcow2", "-O", "json:{}", "nbd:x/y", "/a\nb", "/a\0b"])
def test_what_is_no_absolute_path_is_refused(path):
    with pytest.raises(UsageError):
        qemuimg.info_argv(path, "qcow2")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_qemu_img_takes_odd_absolute_paths_for_files(node, disks, name):
    master = disks.path(name)
    node.run(["qemu-img", "create", "-q", "-f", "qcow2", master, "3M"])
    overlay, copy = disks.path(f"o{name}"), disks.path(f"c{name}")
    node.run(qemuimg.create_overlay_argv(master, "qcow2", overlay))
    node.run(qemuimg.convert_argv([overlay], "qcow2", copy, "qcow2"))
    assert disks.names() == sorted([name, f"o{name}", f"c{name}"])
    assert disk_info(node, overlay).backing_file_actual_path == master
    assert disk_info(node, copy).virtual_size_bytes == 3 << 20


def test_command_line_can_be_typed():
    line = qemuimg.command_line(qemuimg.info_argv("/d/two words", "raw"))
    assert line == "qemu-img info -f raw --output=json '/d/two words'"


@pytest.mark.parametrize(
    ("piece", "share"),
    [
        ("    (12.34/100%)", 0.1234),
        ("    (0.00/100%)", 0.0),
        ("    (100.00/100%)", 1.0),
        ("(101.00/100%)", 1.0),
        ("Formatting", None),
        ("", None),
    ],
)
def test_progress(piece, share):
    assert qemuimg.parse_progress(piece) == share


def test_info_of_untrusted_files_is_bounded_in_memory(node):
    argv = qemuimg.limited(node, ["qemu-img", "--version"])
    assert argv[:2] == ["prlimit", f"--as={1 << 30}"]
    assert node.run(argv).exit_status == 0


def test_a_missing_qemu_img_is_named(node, disks, monkeypatch):
    path = disks.create("a.qcow2")
    monkeypatch.setenv("PATH", str(disks.folder))
    with pytest.raises(CommandMissingError, match="qemu-img is not installed on node1"):
        disk_info(node, path)


def test_a_disk_in_use_is_said_to_be(node, disks):
    path = disks.create("a.qcow2")
    with disks.held(path):
        with pytest.raises(DiskError, match="another process uses the disk"):
            disk_info(node, path)
        assert disk_info(node, path, in_use=True).virtual_size_bytes == 10 << 20
