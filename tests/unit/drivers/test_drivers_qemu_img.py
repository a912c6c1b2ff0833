"""The disk operations of the drivers, and the steps to a domain's disk."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path

import pytest

from vcltui.disks.info import disk_info
from vcltui.disks.marks import folder_mark, remove_published
from vcltui.disks.publish import temporary_path
from vcltui.drivers.base import DefineRequest
from vcltui.drivers.test import TestDriver
from vcltui.errors import (
    CancelledError,
    ConfigError,
    ConflictError,
    DiskError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from vcltui.models.cancel import CancelToken
from vcltui.models.inventory import ImageRevision, OperatingSystem
from vcltui.operations.runner import run
from vcltui.operations.step import Operation
from vcltui.operations.undo import RemoveFile, RemovePublished, UndoAction

NAME = "linux-Base12-v1"
LINUX = OperatingSystem(1, "linux", "Linux", "linux")
WINDOWS = OperatingSystem(2, "winxp", "Windows XP", "windows")


def image(name: str = NAME, os: OperatingSystem = LINUX) -> ImageRevision:
    return ImageRevision(12, 120, 1, name, "Base", os)


class Context:
    """A StepContext that keeps what it hears."""

    def __init__(self) -> None:
        self.cancel = CancelToken()
        self.shares: list[float] = []
        self.undo: list[UndoAction] = []

    def progress(self, share: float) -> None:
        self.shares.append(share)

    def say(self, text: str) -> None: ...

    def will(self, undo: UndoAction) -> None:
        self.undo.append(undo)


def driver(host, **profile) -> TestDriver:
    return TestDriver(host.context(**profile))


def request(host, operation="op1", computer="vm1", suffix="qcow2", os=LINUX) -> DefineRequest:
    master = host.datastore / f"{NAME}.{suffix}"
    found = sorted(str(path) for path in host.repository.rglob(f"{NAME}*.*"))
    return DefineRequest(
        operation_id=operation,
        image=image(NAME, os),
        master_path=str(master),
        master_exists=master.exists(),
        repository_paths=tuple(path for path in found if not path.endswith(".xml")),
        copy_on_write_path=str(host.vmpath / f"{computer}_12-v1.{suffix}"),
    )


def run_all(steps) -> tuple[list[str | None], Context]:
    context = Context()
    return [step.run(context) for step in steps], context


def undoer(host):
    def undo(action: UndoAction) -> str | None:
        if isinstance(action, RemoveFile):
            host.node.remove_file(action.path)
        elif isinstance(action, RemovePublished):
            stat = host.node.stat(action.path)
            if stat is not None and stat.inode == action.inode:
                host.node.remove_file(action.path)
        return None

    return undo


def published(host, path: str) -> RemovePublished:
    """The undo of a file as it is now."""
    return remove_published(host.node, "host1", path, host.node.stat(path))


def test_info_and_size(host):
    path = host.disk(host.datastore / f"{NAME}.qcow2")
    assert driver(host).get_virtual_disk_file_info(path).file_format == "qcow2"
    assert driver(host).get_virtual_disk_size_bytes(path) == 8 << 20
    with pytest.raises(NotFoundError):
        driver(host).get_virtual_disk_size_bytes(path + "0")


@pytest.mark.parametrize(
    ("image_type", "disk_format"), [("qcow2", "qcow2"), ("raw", "raw"), ("vmdk", "vmdk")]
)
def test_disk_format(host, image_type, disk_format):
    found = driver(host, datastore_image_type=image_type)
    assert found.get_disk_format() == disk_format
    assert found.get_disk_file_extension() == image_type
    assert found.get_disk_driver_name() == "qemu"


def test_a_host_without_a_profile(host):
    context = host.context()
    bare = TestDriver(type(context)(
        type(context.vmhost)("bare", "test:///default"), context.capabilities, context.node
    ))  # fmt: skip
    bare.initialize()
    assert bare.get_disk_format() == "qcow2"
    with pytest.raises(ConfigError, match="bare has no VM profile"):
        bare.create_copy_on_write_image("/a", "/b")


def test_copy_flattens_a_chain_of_two(host):
    master = host.disk(host.datastore / f"{NAME}.qcow2", 1)
    found = driver(host)
    own = str(host.vmpath / "vm1_12-v1.qcow2")
    found.create_copy_on_write_image(master, own)
    second = str(host.vmpath / "vm1_12-v1.snap.qcow2")
    Path(second).write_bytes(b"")
    host.node.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", own, second])
    target = str(host.repository / "new-v2.qcow2")
    found.copy_virtual_disk([second], target, for_repository=True)
    info = disk_info(host.node, target)
    assert (info.backing_file, info.compat) == (None, "0.10")
    assert host.reads(target, 1)
    assert host.files() == [
        f"datastore/{NAME}.qcow2",
        "repository/new-v2.qcow2",
        "vms/vm1_12-v1.qcow2",
        "vms/vm1_12-v1.snap.qcow2",
    ]


def test_copy_calls_are_what_is_run(host):
    source = host.disk(host.datastore / f"{NAME}.qcow2", 1)
    target = str(host.repository / "new copy-v2.qcow2")
    (line,) = driver(host).copy_calls([source], target, for_repository=True)
    argv = shlex.split(line)
    assert argv == ["qemu-img", "convert", "-f", "qcow2", "-p", "-W", "-m", "16",
                    "-O", "qcow2", "-o", "compat=0.10", source, target]  # fmt: skip
    host.node.run(argv)
    assert host.reads(target, 1)


def test_copy_calls_of_a_source_that_is_not_there_yet(host):
    calls = driver(host).copy_calls(
        ["/d/a.raw"],
        "/r/a.qcow2",
        temporary_path="/r/.t",
        source_format="raw",
        source_is_made=True,
    )
    assert calls == (
        "qemu-img convert -f raw -p -W -m 16 -O qcow2 /d/a.raw /r/.t",
        "rename /r/.t /r/a.qcow2",
    )
    for source_format in (None, "raw"):
        with pytest.raises(NotFoundError):
            driver(host).copy_calls(["/d/a.raw"], "/r/a.qcow2", source_format=source_format)


def test_a_copy_reads_the_format_it_is_told(host):
    """The first bytes of a raw disk are its guest's to write; the name says nothing here."""
    secret = host.disk(host.datastore / f"{NAME}.qcow2", 1)
    fake = host.vmpath / "fake.qcow2"
    host.node.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", secret, str(fake)]
    )
    disk, target = host.vmpath / "disk.img", host.repository / "x.raw"
    fake.rename(disk)
    found = driver(host)
    arguments = ([str(disk)], str(target), "raw")
    (line,) = found.copy_calls(*arguments, source_format="raw")
    assert "-f raw" in line
    found.copy_virtual_disk(*arguments, source_format="raw")
    assert target.read_bytes()[: disk.stat().st_size] == disk.read_bytes()


def test_nothing_to_copy(host):
    with pytest.raises(UsageError):
        driver(host).copy_virtual_disk([], str(host.repository / "x.qcow2"))


def test_pre_define_with_the_master_there(host):
    master = host.disk(host.datastore / f"{NAME}.qcow2", 1)
    wanted = request(host)
    steps = driver(host).pre_define(wanted)
    (step,) = steps
    assert (step.name, step.early, step.load_state) == ("copy-on-write", False, "transfervm")
    own, temporary = wanted.copy_on_write_path, temporary_path(wanted.copy_on_write_path, "op1")
    assert step.calls == (
        f"qemu-img create -f qcow2 -q -F qcow2 -b {master} {temporary}",
        f"rename {temporary} {own}",
    )
    assert host.files() == [f"datastore/{NAME}.qcow2"], "planning writes nothing"
    notes, context = run_all(steps)
    assert notes == [None]
    assert context.undo == [published(host, own)]
    assert disk_info(host.node, own).backing_file == master


def test_pre_define_retrieves_the_master_first(host):
    source = host.disk(host.repository / NAME / f"{NAME}.qcow2", 3)
    (host.repository / NAME / f"{NAME}.xml").write_text("<domain/>")
    wanted = request(host)
    steps = driver(host).pre_define(wanted)
    assert [(step.name, step.early, step.load_state) for step in steps] == [
        ("retrieve-master", True, None),
        ("copy-on-write", False, "transfervm"),
    ]
    temporary = temporary_path(wanted.master_path, "op1")
    assert steps[0].calls == (
        f"qemu-img convert -f qcow2 -p -W -m 16 -O qcow2 {source} {temporary}",
        f"rename {temporary} {wanted.master_path}",
        f"copy {host.repository}/{NAME}/{NAME}.xml {host.datastore}/{NAME}.xml",
    )
    mark = folder_mark(host.node, str(host.datastore))
    assert RemoveFile("host1", temporary, mark) in steps[0].undo
    assert not any(isinstance(undo, RemovePublished) for undo in steps[0].undo)
    _, context = run_all(steps)
    assert context.shares[-1] == 1.0
    assert host.reads(wanted.master_path, 3)
    assert host.reads(wanted.copy_on_write_path, 3)
    assert (host.datastore / f"{NAME}.xml").read_text() == "<domain/>"


def test_an_xml_file_that_is_there_is_kept(host):
    host.disk(host.repository / NAME / f"{NAME}.qcow2", 3)
    (host.repository / NAME / f"{NAME}.xml").write_text("<domain/>")
    (host.datastore / f"{NAME}.xml").write_text("<mine/>")
    run_all(driver(host).pre_define(request(host)))
    assert (host.datastore / f"{NAME}.xml").read_text() == "<mine/>"


def test_pre_define_without_any_image(host):
    host.disk(host.repository / "linux-Base12-v10.qcow2")
    with pytest.raises(NotFoundError, match=f"{NAME} is neither in .*datastore nor in .*repo"):
        driver(host).pre_define(
            DefineRequest("op1", image(), "/d/x", False, (), "/d/vm1_12-v1.qcow2")
        )


@pytest.mark.parametrize("suffix", ["raw", "vmdk"])
@pytest.mark.parametrize("master_exists", [True, False])
def test_a_datastore_that_is_not_qcow2_gets_full_copies(host, suffix, master_exists):
    if master_exists:
        host.disk(host.datastore / f"{NAME}.{suffix}", 4, suffix)
    else:
        host.disk(host.repository / f"{NAME}.qcow2", 4)
    wanted = request(host, suffix=suffix)
    steps = driver(host, datastore_image_type=suffix).pre_define(wanted)
    step = steps[-1]
    temporary = temporary_path(wanted.copy_on_write_path, "op1")
    assert step.calls[0] == (
        f"qemu-img convert -f {suffix} -p -W -m 16 -O {suffix} {wanted.master_path} {temporary}"
    )
    _, context = run_all(steps)
    assert context.shares[-1] == 1.0
    assert host.reads(wanted.copy_on_write_path, 4, suffix)
    own = Path(wanted.copy_on_write_path)
    assert context.undo == [published(host, str(own))]
    assert disk_info(host.node, str(own)).backing_file is None


def test_a_split_master_is_retrieved_as_one_disk(host):
    flat = host.disk(host.root / "flat.raw", 6, "raw")
    folder = host.repository / NAME
    folder.mkdir()
    descriptor = folder / f"{NAME}.vmdk"
    host.node.run(["qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o",
                   "subformat=twoGbMaxExtentSparse", flat, str(descriptor)])  # fmt: skip
    descriptor.unlink()
    run_all(driver(host).pre_define(request(host)))
    assert host.reads(host.datastore / f"{NAME}.qcow2", 6)
    assert [name for name in host.files() if "vcltui" in name] == []


def test_two_loads_of_one_image_copy_it_once(host):
    host.disk(host.repository / f"{NAME}.qcow2", 5)
    plans = [
        driver(host).pre_define(request(host, f"op{number}", f"vm{number}")) for number in (1, 10)
    ]
    start = threading.Barrier(2)
    notes: list[list[str | None]] = []

    def load(steps):
        start.wait()
        notes.append(run_all(steps)[0])

    threads = [threading.Thread(target=load, args=(steps,)) for steps in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(note[0]) for note in notes) == ["Copied by another load meanwhile", "None"]
    assert host.files() == [
        f"datastore/{NAME}.qcow2",
        f"repository/{NAME}.qcow2",
        "vms/vm10_12-v1.qcow2",
        "vms/vm1_12-v1.qcow2",
    ]
    assert host.reads(host.vmpath / "vm10_12-v1.qcow2", 5)


def test_another_master_that_appeared_meanwhile(host):
    host.disk(host.repository / f"{NAME}.qcow2", 5)
    steps = driver(host).pre_define(request(host))
    host.disk(host.datastore / f"{NAME}.vmdk", file_format="vmdk")
    with pytest.raises(ConflictError, match="Another master"):
        steps[0].run(Context())
    assert not (host.datastore / f"{NAME}.qcow2").exists()


def test_cancel_in_mid_copy_leaves_nothing(host):
    source = host.datastore / "big.raw"
    host.node.run(["qemu-img", "create", "-q", "-f", "raw", str(source), "160M"])
    host.node.run(["qemu-io", "-f", "raw", "-c", "write -P 1 0 160M", str(source)])
    source.rename(host.repository / f"{NAME}.raw")
    before = host.files()
    steps = driver(host).pre_define(request(host))
    context = Context()
    context.progress = lambda _share: context.cancel.cancel()
    with pytest.raises(CancelledError):
        steps[0].run(context)
    assert host.files() == before


@pytest.mark.parametrize("where", ["datastore", "repository"])
def test_an_image_that_leads_out_of_the_datastore(host, where):
    secret = host.disk(host.root / "secret.qcow2")
    path = getattr(host, where) / f"{NAME}.qcow2"
    host.node.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", secret,
                   str(path)])  # fmt: skip
    with pytest.raises(RefusedError, match=r"refers to .*secret\.qcow2"):
        run_all(driver(host).pre_define(request(host)))
    assert not (host.vmpath / "vm1_12-v1.qcow2").exists()


def test_a_cut_off_image_in_the_repository_never_becomes_a_master(host):
    path = Path(host.disk(host.repository / f"{NAME}.qcow2", 1))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(DiskError, match="cut off"):
        run_all(driver(host).pre_define(request(host)))
    assert host.files() == [f"repository/{NAME}.qcow2"]


def operation(steps) -> Operation:
    return Operation("op1", "load", "vm1", "host1", "Load", tuple(steps))


def test_undo_keeps_a_whole_master_and_others_disks(host):
    host.disk(host.repository / f"{NAME}.qcow2", 1)
    wanted = request(host)
    steps = driver(host).pre_define(wanted)
    theirs = Path(wanted.copy_on_write_path)
    theirs.write_text("precious")
    with pytest.raises(ConflictError, match="exists already"):
        run(operation(steps), undoer(host))
    assert theirs.read_text() == "precious"
    assert host.reads(wanted.master_path, 1)


def test_undo_removes_the_domains_disk(host):
    host.disk(host.datastore / f"{NAME}.qcow2", 1)
    steps = driver(host).pre_define(request(host))

    def fail(_context):
        raise DiskError("A later step failed")

    later = type(steps[0])(name="later", title="Later", run=fail)
    with pytest.raises(DiskError, match="A later step failed"):
        run(operation([*steps, later]), undoer(host))
    assert host.files() == [f"datastore/{NAME}.qcow2"]


def windows_tool(host, monkeypatch) -> Path:
    """A program in virt-win-reg's place: a Windows system to change can't be had here."""
    folder = host.root / "bin"
    folder.mkdir()
    program, seen = folder / "virt-win-reg", host.root / "seen"
    program.write_text(f'#!/bin/sh\necho "$@" > {seen}\ncat > /dev/null\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return seen


def test_windows_gets_its_registry_changed_on_its_own_disk(host, monkeypatch):
    seen = windows_tool(host, monkeypatch)
    host.disk(host.datastore / f"{NAME}.qcow2", 1)
    wanted = request(host, os=WINDOWS)
    steps = driver(host).pre_define(wanted)
    assert [(step.name, step.load_state) for step in steps] == [
        ("copy-on-write", None),
        ("windows-registry", "transfervm"),
    ]
    own = wanted.copy_on_write_path
    assert steps[1].calls == (f"virt-win-reg --format=qcow2 --merge {own}",)
    run_all(steps)
    assert seen.read_text() == f"--format=qcow2 --merge {own}\n"


def test_a_missing_registry_tool_is_a_note(host, monkeypatch):
    monkeypatch.setattr("vcltui.nodes.process.EXTRA_PATH", "/nowhere")
    host.disk(host.datastore / f"{NAME}.qcow2", 1)
    steps = driver(host).pre_define(request(host, os=WINDOWS))
    steps[0].run(Context())
    folder = host.root / "empty"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    assert "virt-win-reg is not installed" in str(steps[1].run(Context()))


@pytest.mark.parametrize("where", ["master", "master beside", "elsewhere", "datastore"])
def test_the_registry_of_a_master_is_never_touched(host, monkeypatch, where):
    seen = windows_tool(host, monkeypatch)
    path = {
        "master": host.datastore / f"{NAME}.qcow2",
        "master beside": host.vmpath / f"{NAME}.qcow2",
        "elsewhere": host.root / "vm1_12-v1.qcow2",
        "datastore": host.datastore / "vm1_12-v1.qcow2",
    }[where]
    host.disk(path, 1)
    with pytest.raises(RefusedError, match="no domain's own disk"):
        driver(host).update_windows_image(str(path), image(os=WINDOWS))
    assert not seen.exists()


def test_other_systems_have_no_registry(host, monkeypatch):
    seen = windows_tool(host, monkeypatch)
    path = host.disk(host.vmpath / "vm1_12-v1.qcow2")
    assert driver(host).update_windows_image(path, image()) is None
    assert not seen.exists()


def test_snapshots_of_the_test_hypervisor_are_in_the_disks(host):
    path = host.disk(host.vmpath / "vm1_12-v1.qcow2", 1)
    found = driver(host)
    found.snapshot_disks("create", [path], "before")
    host.write(path, 2)
    found.snapshot_disks("revert", [path], "before")
    assert host.reads(path, 1)
    found.snapshot_disks("delete", [path], "before")
    assert found.get_virtual_disk_file_info(path).snapshots == ()
