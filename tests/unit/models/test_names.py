"""VCL's naming rules."""

from __future__ import annotations

import pytest

from vcltui.errors import UsageError
from vcltui.models import names
from vcltui.models.host import VMProfile
from vcltui.models.inventory import Computer, ImageRevision, OperatingSystem

LINUX = OperatingSystem(36, "vmwarelinux", "Generic Linux", "linux")


def image(
    image_id=1846, revision=3, prettyname="Windows 7 (64 bit)", name="win7-Windows764bit1846-v3"
):
    return ImageRevision(image_id, 9, revision, name, prettyname, LINUX)


def test_seed_name():
    computer = Computer(5, "vclv99-197.example.edu")
    assert names.seed_domain_name(computer, image()) == "vclv99-197:win7-Windows764bit1846-v3"


@pytest.mark.parametrize(
    ("hostname", "pretty", "expected"),
    [
        ("vm4-22", "CentOS 7 Base (64-bit) VM", "vm4-22_CentOS7Base64bitVM_3081-v5"),
        ("c" * 30, "CentOS 7 Base", "c" * 30 + "_CentOS7Ba_3081-v5"),
        ("c" * 33, "CentOS 7 Base", "c" * 33 + "_CentOS_3081-v5"),
        ("c" * 34, "CentOS 7 Base", "c" * 34 + "_CentO_3081-v5"),
        ("c" * 35, "CentOS 7 Base", "c" * 35 + "_3081-v5"),
        ("c" * 40, "CentOS", "c" * 40 + "_3081-v5"),
        ("c" * 41, "CentOS", "c" * 41),
        ("c" * 48, "CentOS", "c" * 48),
        ("c" * 49, "CentOS", "77"),
        ("vm1", "---", "vm1_3081-v5"),
    ],
)
def test_vcl25_name(hostname, pretty, expected):
    name = names.vcl25_domain_name(Computer(77, hostname), image(3081, 5, pretty))
    assert name == expected
    assert len(name) <= names.MAX_DOMAIN_NAME


def test_file_base_name_and_paths():
    computer = Computer(5, "vclv99-37")
    profile = VMProfile("p", "/images", vmpath="/vms")
    assert names.file_base_name(computer, image(234, 23)) == "vclv99-37_234-v23"
    path = names.copy_on_write_path(profile, computer, image(234, 23))
    assert path == "/vms/vclv99-37_234-v23.qcow2"
    plain = VMProfile("p", "/images", datastore_image_type="vmdk")
    path = names.copy_on_write_path(plain, computer, image(234, 23))
    assert path == "/images/vclv99-37_234-v23.vmdk"


@pytest.mark.parametrize(
    ("domain", "belongs"),
    [
        ("vm1:linux-x-1-v1", True),
        ("vm1_Base_1-v1", True),
        ("vm1", True),
        ("vm10:linux-x-1-v1", False),
        ("vm10_1-v1", False),
        ("vm1-2:x", False),
        ("avm1:x", False),
        ("vm", False),
        ("VM1:x", False),
    ],
)
def test_domain_belongs_to_vm1(domain, belongs):
    assert names.domain_belongs_to(domain, "vm1") is belongs


@pytest.mark.parametrize(
    ("path", "belongs"),
    [
        ("/d/vm1_1-v1.qcow2", True),
        ("/d/vm10_1-v1.qcow2", False),
        ("/vm1_/x.qcow2", False),
        ("/d/vm1.qcow2", False),
    ],
)
def test_file_belongs_to_vm1(path, belongs):
    assert names.file_belongs_to(path, "vm1") is belongs


@pytest.mark.parametrize(
    ("file", "is_master"),
    [
        ("win-1-v1.qcow2", True),
        ("win-1-v1.vmdk", True),
        ("win-1-v1.xml", False),
        ("win-1-v1.reference", False),
        ("win-1-v10.qcow2", False),
        ("win-1-v1", False),
        ("win-1-v1.qcow2.partial-20260101T000000Z", False),
        (".win-1-v1.qcow2.vcltui-ab.part", False),
    ],
)
def test_is_image_file(file, is_master):
    assert names.is_image_file(file, "win-1-v1") is is_master


@pytest.mark.parametrize(
    ("os_name", "pretty", "expected"),
    [
        ("vmwarewin7", "Windows 7 Base (64 bit, VM)", "win7-Windows7Base64bitVM-1846-v3"),
        ("centos7image", "Base_System", "centos7-BaseSystem-1846-v3"),
        ("linux", "Größe", "linux-Gre-1846-v3"),
    ],
)
def test_captured_image_name(os_name, pretty, expected):
    assert names.captured_image_name(os_name, pretty, 1846, 3) == expected


def test_a_captured_name_is_cut_to_what_vcl_can_keep():
    name = names.captured_image_name("linux", "x" * 80, 123456, 1)
    assert len(name) == names.MAX_IMAGE_NAME
    assert name.endswith("-123456-v1")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "$(reboot)",
        "a'b",
        'a"b',
        "a\nb",
        "../a",
        "a/b",
        "-rf",
        "a..b",
        ".a",
        "a" * 300,
    ],
)
def test_names_that_could_be_more_than_a_name_are_refused(name):
    with pytest.raises(UsageError):
        names.check_name("image", name)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 81, "---", "\x1b[31m"])
def test_pretty_names_that_are_refused(name):
    with pytest.raises(UsageError):
        names.check_pretty_name(name)
