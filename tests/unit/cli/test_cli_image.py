"""`vcltui image`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.cli_lab import STORED, V1, V10, Lab

pytestmark = pytest.mark.slow


def _names(lab: Lab, host: str) -> set[tuple[str, str]]:
    rows = lab("images", "--host", host, "--json").rows
    return {(row["location"], row["name"]) for row in rows}


def test_info_of_an_image_on_all_hosts(lab: Lab) -> None:
    done = lab.run("image", "info", V1, "--json")
    assert done.code == 0
    assert [(row["host"], row["path"]) for row in done.rows] == [
        ("kvm1", str(lab.home / f"datastore/{V1}.qcow2")),
        ("kvm2", str(lab.home / f"datastore2/{V1}.qcow2")),
    ]
    row = done.rows[0]
    assert (row["file_format"], row["virtual_size_bytes"]) == ("qcow2", 8 << 20)
    assert row["backing_file"] is None
    assert (row["corrupt"], row["encrypted"], row["snapshots"]) == (False, False, [])


def test_info_of_a_path_shows_what_it_stands_on(lab: Lab) -> None:
    overlay = str(lab.home / "datastore/vms/vm10_21-v10.qcow2")
    rows = lab("image", "info", overlay, "--host", "kvm1", "--json").rows
    assert [row["path"] for row in rows] == [overlay, str(lab.home / f"datastore/{V10}.qcow2")]
    assert rows[0]["backing_file_format"] == "qcow2"
    assert "8.0 MiB" in lab("-c", "test:///default", "image", "info", overlay).out


def test_info_tells_snapshots(lab: Lab) -> None:
    disk = str(lab.home / "foreign.qcow2")
    subprocess.run(["qemu-img", "snapshot", "-c", "first", disk], check=True)
    (row,) = lab("image", "info", disk, "--host", "kvm1", "--json").rows
    assert [one["tag"] for one in row["snapshots"]] == ["first"]


@pytest.mark.parametrize("action", ["info", "check"])
def test_what_is_no_image(lab: Lab, action: str) -> None:
    for name, code in (
        ("linux-Base-21-v", 1),
        ("linux-Base-21-v100", 1),
        ("x" * 300, 2),
        ("", 2),
        ("../etc", 2),
        ("-rf", 2),
        ("\x1b[31m", 2),
    ):
        done = lab("image", action, "--", name)
        assert done.code == code, done.err
        assert done.err.count("\n") == 1
        assert "\x1b" not in done.err
    for path in ("/nonexistent.qcow2", "/", "/dev/null", "/etc/hostname"):
        done = lab("image", action, path, "--host", "kvm1")
        assert done.code == 1, path
        assert done.err.count("\n") == 1


def test_a_pretty_name_is_taken_as_load_takes_it(lab: Lab) -> None:
    (by_name,) = lab("image", "info", STORED, "--json").rows
    (row,) = lab("image", "info", "Stored", "--json").rows
    assert row == by_name
    assert lab("image", "check", "Stored").code == 0
    plan = lab("image", "retrieve", "Stored", "--host", "kvm1", "--dry-run")
    assert STORED in plan.out
    refused = lab("image", "copy", "Stored", "--host", "kvm1")
    assert f"{STORED} is not in the datastore" in refused.err
    # Of several revisions the one that is in production is meant.
    loaded = lab("load", "vm2", "Base", "--dry-run").out
    (name,) = {Path(row["path"]).stem for row in lab("image", "info", "Base", "--json").rows}
    assert f"Load {name} onto vm2" in loaded


def test_files_of_just_that_name_come_before_a_pretty_name(lab: Lab) -> None:
    lab.disk("datastore/Stored.qcow2")
    (row,) = lab("image", "info", "Stored", "--json").rows
    assert row["path"] == str(lab.home / "datastore/Stored.qcow2")


def test_a_file_that_hosts_share_is_looked_at_once(lab: Lab) -> None:
    text = lab.config.read_text()
    lab.config.write_text(text.replace('"datastore2', '"datastore'))
    (row,) = lab("image", "info", V1, "--json").rows
    assert (row["host"], row["hosts"]) == ("kvm1", ["kvm1", "kvm2"])
    (row,) = lab("image", "check", V1, "--json").rows
    assert row["hosts"] == ["kvm1", "kvm2"]
    assert "kvm1, kvm2" in lab("image", "info", V1).out


def test_a_path_needs_one_host(lab: Lab) -> None:
    done = lab("image", "info", "/x.qcow2")
    assert done.code == 1
    assert "Name one with --host" in done.err


def test_check(lab: Lab) -> None:
    done = lab.run("image", "check", V1, "--json")
    assert done.code == 0
    assert [(row["host"], row["consistent"]) for row in done.rows] == [
        ("kvm1", True),
        ("kvm2", True),
    ]
    assert "is consistent" in lab("image", "check", V1, "--host", "kvm2").out


def test_a_damaged_image_makes_the_check_exit_1(lab: Lab) -> None:
    path = lab.home / f"datastore2/{V1}.qcow2"
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -q 0 1M", str(path)], check=True)
    data = bytearray(path.read_bytes())
    table = int.from_bytes(data[40:48], "big")
    # The first entry of the L1 table points into the refcount table.
    data[table : table + 8] = (0x8000000000010000).to_bytes(8, "big")
    path.write_bytes(data)
    done = lab("image", "check", V1, "--host", "kvm2", "--json")
    assert done.code == 1
    assert done.rows[0]["consistent"] is False


def test_copy_to_the_repository_and_delete_there(lab: Lab) -> None:
    masters = lab.mark_images()
    done = lab.run("image", "copy", V10, "--to", "repository", "--host", "kvm1")
    assert done.code == 0
    assert done.out.endswith(f"Done: Copy image {V10}\n")
    assert ("repository", V10) in _names(lab, "kvm1")
    assert ("repository", V1) not in _names(lab, "kvm1")
    again = lab("image", "copy", V10, "--host", "kvm1")
    assert again.code == 1
    assert "already in the repository" in again.err
    refused = lab("image", "delete", V10, "--from", "repository", "--host", "kvm1")
    assert refused.code == 2
    deleted = lab("image", "delete", V10, "--from", "repository", "--host", "kvm1", "--yes")
    assert deleted.code == 0
    assert ("repository", V10) not in _names(lab, "kvm1")
    assert lab.mark_images() == masters


def test_an_image_on_several_hosts_needs_host(lab: Lab) -> None:
    for arguments in (("copy", V1, "--to", "repository"), ("delete", V1, "--yes")):
        done = lab("image", *arguments)
        assert done.code == 1
        assert "on several hosts: kvm1, kvm2" in done.err


def test_retrieve(lab: Lab) -> None:
    assert lab("image", "retrieve", STORED).code == 1
    assert "Name one with --host" in lab("image", "retrieve", STORED).err
    plan = lab("image", "retrieve", STORED, "--host", "kvm1", "--dry-run")
    assert "qemu-img convert" in plan.out
    assert ("datastore", STORED) not in _names(lab, "kvm1")
    assert lab.run("image", "retrieve", STORED, "--host", "kvm1").code == 0
    assert ("datastore", STORED) in _names(lab, "kvm1")
    again = lab("image", "retrieve", STORED, "--host", "kvm1")
    assert (again.code, again.out) == (1, "")
    unknown = lab("image", "retrieve", "linux-Stored-22-v", "--host", "kvm1")
    assert unknown.code == 1


def test_convert(lab: Lab) -> None:
    source, target = str(lab.home / "foreign.qcow2"), lab.home / "new.raw"
    arguments = ("image", "convert", source, str(target), "--format", "raw", "--host", "kvm1")
    assert lab(*arguments, "--dry-run").code == 0
    assert not target.exists()
    assert lab.run(*arguments).code == 0
    assert target.stat().st_size == 8 << 20
    again = lab(*arguments)
    assert again.code == 1
    assert "exists" in again.err
    options = ("--format", "raw", "--host", "kvm1")
    assert lab("image", "convert", "foreign.qcow2", "x.raw", *options).code == 2
    assert lab("image", "convert", "/nope", f"{target}2", *options).code == 1


def test_import_a_new_image_and_a_revision(lab: Lab) -> None:
    source = str(lab.home / "foreign.qcow2")
    made = lab.run("image", "import", source, "--name", "New one", "--host", "kvm2")
    assert made.code == 0, made.err
    name = made.out.splitlines()[-1].removeprefix("Image: ")
    assert ("datastore", name) in _names(lab, "kvm2")
    second = lab("image", "import", source, "--revision-of", name, "--host", "kvm2")
    assert second.code == 0, second.err
    assert second.out.splitlines()[-1] == f"Image: {name.removesuffix('1')}2"
    assert lab("load", "vm2", name).code == 0


def test_a_dry_run_of_an_import(lab: Lab) -> None:
    before = sorted(lab.home.rglob("*"))
    source = str(lab.home / "foreign.qcow2")
    done = lab.run(
        "image", "import", source, "--name", "New", "--as", "own-name", "--host=kvm1", "--dry-run"
    )
    assert done.code == 0
    assert done.out.startswith("Import image own-name\n1. ")
    assert sorted(lab.home.rglob("*")) == before


def test_imports_that_are_refused(lab: Lab) -> None:
    source = str(lab.home / "foreign.qcow2")
    for arguments, code in (
        (("/nonexistent", "--name", "New"), 1),
        (("relative.qcow2", "--name", "New"), 2),
        ((source, "--name", "New", "--os", "nonsense"), 1),
        ((source, "--name", "New", "--as", "../x"), 2),
        ((source, "--name", "New", "--as", V1), 1),
        ((source, "--name", "x" * 300), 2),
        ((source, "--name", ""), 2),
        ((source, "--revision-of", "linux-Base-21-v100"), 1),
        ((source, "--name", "New", "--min-ram", "0"), 2),
        ((source, "--name", "New", "--xml", "/nonexistent.xml"), 1),
    ):
        before = _names(lab, "kvm1")
        done = lab("image", "import", *arguments, "--host", "kvm1")
        assert done.code == code, (arguments, done.err)
        assert done.err.count("\n") == 1
        assert _names(lab, "kvm1") == before


def test_an_image_that_is_used_is_not_deleted(lab: Lab) -> None:
    done = lab.run("image", "delete", V1, "--host", "kvm1", "--yes")
    assert done.code == 1
    assert "vm1_21-v1.qcow2" in done.err
    assert "vm10" not in done.err
    assert (lab.home / f"datastore/{V1}.qcow2").exists()


def test_delete(lab: Lab) -> None:
    source = str(lab.home / "foreign.qcow2")
    made = lab("image", "import", source, "--name", "New", "--host", "kvm2")
    name = made.out.splitlines()[-1].removeprefix("Image: ")
    plan = lab("image", "delete", name, "--dry-run")
    assert f"unlink {lab.home}/datastore2/{name}.qcow2" in plan.out
    assert ("datastore", name) in _names(lab, "kvm2")
    assert lab("image", "delete", name).code == 2
    assert lab.run("image", "delete", name, "--yes").code == 0
    assert _names(lab, "kvm2") == {("datastore", V1), ("datastore", V10)}
    assert lab("load", "vm2", name).code == 1
