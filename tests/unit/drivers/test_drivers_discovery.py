"""Finding drivers, also those of other packages, and choosing one for a host."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vcltui.drivers.discovery import choose_driver, discover_drivers
from vcltui.errors import ConfigError, DriverError
from vcltui.models.host import GuestCapability, HostCapabilities

GOOD = """
from vcltui.drivers.test import TestDriver

class Fourth(TestDriver):
    name = "Fourth"
    priority = {priority}

    def initialize(self):
        {initialize}
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Installs a package with a driver: a module and its dist-info on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed: list[str] = []

    def install(module: str, source: str, entry: str) -> Path:
        (folder / f"{module}.py").write_text(source)
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vcltui.drivers]\n{entry}\n")
        installed.append(module)
        return folder

    yield install
    for module in installed:
        sys.modules.pop(module, None)


def fourth(priority=25, initialize="pass") -> str:
    return GOOD.format(priority=priority, initialize=initialize)


def names() -> list[str]:
    return [kind.name for kind in discover_drivers().drivers]


def test_the_drivers_folder():
    found = discover_drivers()
    assert [(kind.name, kind.priority) for kind in found.drivers] == [
        ("KVM", 10),
        ("QEMU", 20),
        ("Test", 30),
    ]
    assert found.broken == ()


def test_an_installed_package_adds_a_driver(plugins):
    plugins("fourthdriver", fourth(), "Fourth = fourthdriver:Fourth")
    assert names() == ["KVM", "QEMU", "Fourth", "Test"]


def test_a_package_adds_a_driver_to_a_process_of_its_own(plugins):
    folder = plugins("fourthdriver", fourth(), "Fourth = fourthdriver:Fourth")
    code = "from vcltui.drivers.discovery import discover_drivers as d\n" \
           "print([kind.name for kind in d().drivers])"  # fmt: skip
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, capture_output=True, text=True, env={"PYTHONPATH": f"{folder}:{root}"},
    )  # fmt: skip
    assert done.stdout == "['KVM', 'QEMU', 'Fourth', 'Test']\n"


@pytest.mark.parametrize(
    ("source", "entry", "reason"),
    [
        ("import nothing_such", "b = broken:B", "ModuleNotFoundError: No module named 'nothing"),
        ("raise SystemExit(3)", "b = broken:B", "SystemExit: 3"),
        ("B = 1", "b = broken:B", "no driver class"),
        ("class B: pass", "b = broken:B", "no driver class"),
        ("pass", "b = broken:B", "AttributeError"),
        ("def", "b = broken:B", "SyntaxError"),
        (
            "from vcltui.drivers.base import Driver\nclass B(Driver):\n    name = 'B'",
            "b = broken:B",
            "it lacks .*initialize",
        ),
        (fourth().replace('"Fourth"', "None"), "b = broken:Fourth", "it has no name"),
        (fourth().replace('"Fourth"', '"kvm"'), "b = broken:Fourth", "name kvm is taken by"),
    ],
)
def test_a_broken_package_is_reported_and_left_out(plugins, source, entry, reason):
    plugins("broken", source, entry)
    found = discover_drivers()
    assert [kind.name for kind in found.drivers] == ["KVM", "QEMU", "Test"]
    ((name, why),) = found.broken
    assert name == "b"
    assert re.search(reason, why)


def test_the_first_that_initializes(host, plugins):
    plugins("broken", "import nothing_such", "b = broken:B")
    chosen, notices = choose_driver(host.context("TEST"))
    assert chosen.name == "Test"
    assert chosen.get_domain_type() == "test"
    assert len(notices) == 3
    assert "The driver b can't be used: ModuleNotFoundError" in notices[0]
    assert notices[1].startswith("KVM: host1 runs TEST, not QEMU")
    assert notices[2].startswith("QEMU: host1 runs TEST, not QEMU")


def test_a_plugin_in_its_order(host, plugins):
    plugins("fourthdriver", fourth(), "Fourth = fourthdriver:Fourth")
    assert choose_driver(host.context("TEST"))[0].name == "Fourth"


def test_a_plugin_that_fails_is_passed_over(host, plugins):
    plugins("fourthdriver", fourth(initialize="raise KeyError('x')"), "f = fourthdriver:Fourth")
    chosen, notices = choose_driver(host.context("TEST"))
    assert chosen.name == "Test"
    assert "Fourth: The driver Fourth failed: KeyError: 'x'" in notices


def test_none_can_be_used(host, plugins):
    plugins("broken", "import nothing_such", "b = broken:B")
    with pytest.raises(DriverError) as caught:
        choose_driver(host.context("Xen"))
    for words in ("KVM: host1 runs Xen", "QEMU: host1", "Test: host1", "driver b can't be used"):
        assert words in caught.value.what


@pytest.mark.parametrize("wanted", ["qemu", "QEMU", "Qemu"])
def test_a_named_driver_in_any_case(host, wanted):
    assert choose_driver(host.context("QEMU", driver=wanted))[0].name == "QEMU"


def test_a_named_driver_imports_no_other_package(host, plugins, tmp_path):
    mark = tmp_path / "imported"
    plugins("marking", f"open({str(mark)!r}, 'w').close()", "b = marking:B")
    chosen, notices = choose_driver(host.context("QEMU", driver="kvm"))
    assert (chosen.name, notices) == ("KVM", [])
    assert not mark.exists()
    discover_drivers()
    assert mark.exists()


@pytest.mark.parametrize("entry", ["Fourth", "something_else"])
def test_a_named_driver_of_a_package(host, plugins, entry):
    plugins("fourthdriver", fourth(99), f"{entry} = fourthdriver:Fourth")
    assert choose_driver(host.context("TEST", driver="fourth"))[0].name == "Fourth"


def test_a_named_driver_that_does_not_fit(host):
    with pytest.raises(DriverError, match="host1 runs TEST, not QEMU"):
        choose_driver(host.context("TEST", driver="KVM"))


def test_a_named_driver_that_is_broken(host, plugins):
    plugins("broken", "import nothing_such", "b = broken:B")
    with pytest.raises(DriverError, match="driver b of the host host1 can't be used: Module"):
        choose_driver(host.context("TEST", driver="B"))


@pytest.mark.parametrize("wanted", ["xen", "base", "qemu_img", "discovery", ""])
def test_an_unknown_name(host, wanted):
    with pytest.raises(ConfigError) as caught:
        choose_driver(host.context("TEST", driver=wanted))
    assert repr(wanted) in caught.value.what
    assert caught.value.hint == "There are KVM, QEMU, Test"


@pytest.mark.parametrize("wanted", ["KVM", "QEMU"])
def test_capabilities_decide(host, wanted):
    context = host.context("QEMU", driver=wanted)
    guest = GuestCapability("x86_64", "/usr/bin/qemu-system-x86_64", ("xen",))
    other = GuestCapability("aarch64", "/usr/bin/x", ("kvm", "qemu"))
    capabilities = HostCapabilities("QEMU", "x86_64", (guest, other))
    with pytest.raises(DriverError, match="libvirt offers no"):
        choose_driver(replace(context, capabilities=capabilities))


@pytest.mark.parametrize("wanted", ["KVM", "QEMU", "Test"])
def test_qemu_img_must_be_there(host, wanted, monkeypatch):
    context = host.context("TEST" if wanted == "Test" else "QEMU", driver=wanted)
    monkeypatch.setattr("vcltui.nodes.process.EXTRA_PATH", "/nowhere")
    monkeypatch.setenv("PATH", str(host.root))
    with pytest.raises(DriverError, match="qemu-img is not installed on node1"):
        choose_driver(context)
