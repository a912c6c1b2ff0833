"""Whether KVM really runs guests: by the real emulator, and by what a bad one does."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from vcltui.drivers import kvm_probe
from vcltui.drivers.discovery import choose_driver
from vcltui.drivers.kvm_probe import probe_argv, require_kvm
from vcltui.errors import DriverError
from vcltui.models.host import GuestCapability, HostCapabilities
from vcltui.nodes.local import LocalNode

REAL = GuestCapability("x86_64", "/usr/bin/qemu-system-x86_64", ("kvm", "qemu"))
_numbers = itertools.count()


@pytest.fixture
def node() -> LocalNode:
    """A node that no verdict is remembered for."""
    return LocalNode(f"probed{next(_numbers)}")


@pytest.fixture
def emulator(tmp_path):
    """A program in the emulator's place; what it is asked to do is one line in `asked`."""

    def make(script: str) -> GuestCapability:
        path = tmp_path / "emulator"
        path.write_text(f"#!/bin/sh\necho >> {tmp_path / 'asked'}\n{script}\n")
        path.chmod(0o755)
        return GuestCapability("x86_64", str(path), ("kvm",))

    return make


def asked(tmp_path) -> int:
    return len((tmp_path / "asked").read_text().splitlines())


def test_the_guest_of_the_probe_ends_by_itself(node):
    """The same guest without KVM: the firmware runs, resets, and QEMU ends with status 0."""
    result = node.run(probe_argv(REAL, "tcg"), check=False, timeout_seconds=60)
    assert (result.exit_status, result.stderr) == (0, "")


def test_other_architectures_are_only_started(node):
    argv = probe_argv(GuestCapability("aarch64", "/usr/bin/qemu-system-x86_64", ("kvm",)), "tcg")
    assert node.run(argv, input_text="quit\n", timeout_seconds=60).exit_status == 0


def test_the_verdict_on_this_machine_is_that_of_a_guest(node, tmp_path):
    """KVM is usable exactly if a guest with the host's CPU gets through its firmware."""
    result = node.run(probe_argv(REAL), check=False, timeout_seconds=60)
    if result.exit_status == 0 or "Permission denied" in result.stderr:
        require_kvm(node, REAL, str(tmp_path))
    else:
        with pytest.raises(DriverError, match="KVM is advertised by probed"):
            require_kvm(node, REAL, str(tmp_path))


def test_a_good_verdict_is_kept_for_this_boot(node, emulator, tmp_path):
    good = emulator("exit 0")
    cache = tmp_path / "xml"
    for _ in range(2):
        require_kvm(node, good, str(cache))
    assert asked(tmp_path) == 1
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert [path.name for path in cache.iterdir()] == [f"kvm-works-{boot_id}"]
    require_kvm(LocalNode("probed-again"), good, str(cache))
    assert asked(tmp_path) == 1
    require_kvm(LocalNode("probed-elsewhere"), good, str(tmp_path / "other"))
    assert asked(tmp_path) == 2


def test_nothing_is_written_where_nothing_may_be(node, emulator, tmp_path):
    good = emulator("exit 0")
    before = sorted(tmp_path.rglob("*"))
    for _ in range(2):
        require_kvm(node, good, str(tmp_path / "xml"), remember=False)
    assert asked(tmp_path) == 1
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "asked"])


def test_a_bad_verdict_is_kept_in_this_process_only(node, emulator, tmp_path):
    bad = emulator("echo 'qemu: error: failed to set MSR 0x10a' >&2; exit 134")
    for _ in range(2):
        with pytest.raises(DriverError) as caught:
            require_kvm(node, bad, str(tmp_path / "xml"))
        assert "failed to set MSR 0x10a" in caught.value.what
        assert 'driver = "qemu"' in caught.value.hint
    assert asked(tmp_path) == 1
    assert not (tmp_path / "xml").exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "ended with status 3"),
        ("echo a warning >&2; echo fatal error >&2; exit 1", "fatal error"),
        ("echo something >&2; exit 1", "something"),
    ],
)
def test_reasons(node, emulator, tmp_path, script, reason):
    with pytest.raises(DriverError, match=reason):
        require_kvm(node, emulator(script), str(tmp_path / "xml"))


def test_a_guest_that_does_not_move(node, emulator, tmp_path, monkeypatch):
    monkeypatch.setattr(kvm_probe, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(DriverError, match=r"through its firmware within 0\.2 seconds"):
        require_kvm(node, emulator("exec sleep 60"), str(tmp_path / "xml"))


def test_a_missing_emulator(node, tmp_path):
    missing = GuestCapability("x86_64", str(tmp_path / "none"), ("kvm",))
    with pytest.raises(DriverError, match="not installed"):
        require_kvm(node, missing, str(tmp_path / "xml"))


def test_who_may_not_use_kvm_believes_libvirt(node, emulator, tmp_path):
    require_kvm(node, emulator("echo kvm: Permission denied >&2; exit 1"), str(tmp_path / "xml"))
    assert asked(tmp_path) == 1


def test_a_cache_that_can_not_be_written_is_no_failure(node, emulator, tmp_path):
    (tmp_path / "file").write_text("")
    require_kvm(node, emulator("exit 0"), str(tmp_path / "file" / "xml"))
    assert asked(tmp_path) == 1


def test_a_named_driver_is_not_tried(host, emulator):
    bad = emulator("exit 1")
    context = host.context("QEMU", driver="kvm")
    context = replace(context, capabilities=HostCapabilities("QEMU", "x86_64", (bad,)))
    assert choose_driver(context)[0].get_domain_type() == "kvm"
    assert not (Path(str(bad.emulator)).parent / "asked").exists()


@pytest.mark.parametrize(("script", "expected"), [("exit 0", "KVM"), ("exit 1", "QEMU")])
def test_an_unusable_kvm_gives_way_to_emulation(host, emulator, script, expected):
    both = replace(emulator(script), domain_types=("qemu", "kvm"))
    capabilities = HostCapabilities("QEMU", "x86_64", (both,))
    context = replace(host.context("QEMU"), capabilities=capabilities)
    chosen, notices = choose_driver(context)
    assert chosen.name == expected
    assert chosen.get_domain_type() == expected.lower()
    assert bool(notices) is (expected == "QEMU")
