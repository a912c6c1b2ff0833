from __future__ import annotations

from datetime import UTC, datetime

import libvirt
import pytest

from vcltui.domxml.capabilities import parse_capabilities
from vcltui.domxml.edit import interface_macs, with_name, without_uuid_and_macs
from vcltui.domxml.parse import parse_domain, parse_xml
from vcltui.domxml.snapshots import build_snapshot_xml, parse_snapshot
from vcltui.errors import DomainXMLError

DOMAIN = """<domain type='test' id='3'>
  <!-- kept -->
  <name>vm1</name>
  <uuid>6695eb01-f6a4-4304-b9aa-97f2502e1931</uuid>
  <memory>1024</memory>
  <metadata><x:y xmlns:x='urn:other' a='1'/></metadata>
  <devices>
    <interface type='network'><mac address='52:54:00:00:00:0A'/></interface>
    <interface type='user'/>
    <interface type='network'><mac address='52:54:00:00:00:0b'/></interface>
  </devices>
</domain>"""

CAPABILITIES = """<capabilities><host><cpu><arch>x86_64</arch></cpu></host>
<guest><os_type>hvm</os_type><arch name='i686'><emulator>/usr/bin/qemu-system-i386</emulator>
<machine>pc</machine><domain type='qemu'/></arch></guest>
<guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/usr/bin/qemu-system-x86_64</emulator>
<machine canonical='pc-i440fx-7.2'>pc</machine><machine>q35</machine>
<domain type='qemu'/><domain type='kvm'><machine>virt</machine></domain></arch></guest>
</capabilities>"""


def test_with_name_changes_the_name_alone() -> None:
    renamed = with_name(DOMAIN, "vm10<&>")
    assert parse_domain(renamed).name == "vm10<&>"
    assert with_name(renamed, "vm1") == with_name(DOMAIN, "vm1")
    assert "<!-- kept -->" in renamed
    assert "urn:other" in renamed


def test_without_uuid_and_macs() -> None:
    bare = without_uuid_and_macs(DOMAIN)
    assert parse_domain(bare).uuid is None
    assert interface_macs(bare) == ()
    assert len(parse_domain(bare).interfaces) == 3
    assert parse_domain(bare).name == "vm1"


def test_interface_macs() -> None:
    assert interface_macs(DOMAIN) == ("52:54:00:00:00:0a", "52:54:00:00:00:0b")


@pytest.mark.parametrize("xml", ["<network/>", "<domain"])
def test_only_domains_are_edited(xml: str) -> None:
    with pytest.raises(DomainXMLError):
        with_name(xml, "a")


@pytest.mark.parametrize("name", ["", "a\nb", "a\x00"])
def test_a_name_that_xml_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(DomainXMLError):
        with_name(DOMAIN, name)


def test_capabilities() -> None:
    capabilities = parse_capabilities(CAPABILITIES, hypervisor="QEMU", libvirt_version="9.0.0")
    assert (capabilities.hypervisor, capabilities.host_arch) == ("QEMU", "x86_64")
    assert capabilities.libvirt_version == "9.0.0"
    kvm = capabilities.guest("kvm")
    assert kvm is not None
    assert (kvm.arch, kvm.emulator) == ("x86_64", "/usr/bin/qemu-system-x86_64")
    assert kvm.machines == ("pc", "q35", "virt")
    assert capabilities.guest("kvm", "i686") is None
    assert capabilities.guest("qemu", "i686") == capabilities.guests[0]


def test_capabilities_of_the_test_driver() -> None:
    connection = libvirt.open("test:///default")
    try:
        xml = connection.getCapabilities()
    finally:
        connection.close()
    capabilities = parse_capabilities(xml, hypervisor="TEST")
    assert capabilities.guest("test", "i686") is not None


@pytest.mark.parametrize("xml", ["<capabilities/>", "<domain/>", "no xml"])
def test_what_is_no_capabilities_document_is_refused(xml: str) -> None:
    with pytest.raises(DomainXMLError, match="capabilities"):
        parse_capabilities(xml, hypervisor="QEMU")


@pytest.mark.parametrize("name", ["VCL snapshot", "-v1", "-v10", "a/b", "<&\">'", "é漢"])
def test_snapshot_request(name: str) -> None:
    root = parse_xml(build_snapshot_xml(name, "two\nlines <&>"))
    assert root.findtext("name") == name
    assert root.findtext("description") == "two\nlines <&>"
    assert parse_xml(build_snapshot_xml(name)).find("description") is None


@pytest.mark.parametrize(
    ("name", "description"), [("", ""), ("a\nb", ""), ("a\x1b", ""), ("a", "b\x00")]
)
def test_snapshot_request_with_hostile_text_is_refused(name: str, description: str) -> None:
    with pytest.raises(DomainXMLError):
        build_snapshot_xml(name, description)


@pytest.mark.parametrize(
    ("body", "external"),
    [
        ("", False),
        ("<memory snapshot='internal'/><disks><disk snapshot='internal'/></disks>", False),
        ("<memory snapshot='no'/><disks><disk snapshot='external'/></disks>", True),
        ("<memory snapshot='external' file='/m'/>", True),
    ],
)
def test_parse_snapshot(body: str, external: bool) -> None:
    snapshot = parse_snapshot(
        "<domainsnapshot><name>s 2</name><state>shutoff</state><description>d</description>"
        f"<creationTime>1300000000</creationTime><parent><name>s 1</name></parent>{body}"
        "</domainsnapshot>"
    )
    assert snapshot.creation_time == datetime.fromtimestamp(1300000000, UTC)
    assert (snapshot.name, snapshot.parent, snapshot.state) == ("s 2", "s 1", "shutoff")
    assert (snapshot.description, snapshot.external) == ("d", external)


@pytest.mark.parametrize(
    "xml",
    [
        "<domainsnapshot><name>a</name></domainsnapshot>",
        "<domainsnapshot><creationTime>1</creationTime></domainsnapshot>",
        "<domain/>",
    ],
)
def test_what_is_no_snapshot_is_refused(xml: str) -> None:
    with pytest.raises(DomainXMLError):
        parse_snapshot(xml)
