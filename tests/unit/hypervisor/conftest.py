from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hypervisor import libvirt_calls
from vcltui.hypervisor.connection import Connection, connect

_NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
RUNNING, BLOCKED, PAUSED, SHUTOFF, CRASHED, ASLEEP = 1, 2, 3, 5, 6, 7


def _uuid_of(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012d}"


def _domain_element(name: str, uuid: str, state: int = SHUTOFF, extra: str = "") -> str:
    return f"""<domain type='test' xmlns:test='{_NAMESPACE}'>
      <name>{name}</name><uuid>{uuid}</uuid><memory>524288</memory><vcpu>2</vcpu>
      <os><type>hvm</type></os>
      <devices><disk type='file'><source file='/images/{name}.qcow2'/><target dev='vda'/></disk>
      <interface type='network'><mac address='52:54:00:00:00:{int(uuid[-4:]):02x}'/>
      <source network='private'/></interface></devices>
      <test:runstate>{state}</test:runstate>{extra}</domain>"""


_NODE = f"""<node>
  {_domain_element("vm1", _uuid_of(1), RUNNING)}
  {_domain_element("vm10", _uuid_of(10))}
  {_domain_element("vm2", _uuid_of(2), PAUSED)}
  {_domain_element("crashed", _uuid_of(3), CRASHED)}
  {_domain_element("blocked", _uuid_of(4), BLOCKED)}
  {_domain_element("asleep", _uuid_of(5), ASLEEP)}
  {_domain_element("passing", _uuid_of(6), RUNNING, "<test:transient/>")}
  <network><name>private</name><bridge name='vbr1'/>
    <ip address='10.0.0.1' netmask='255.0.0.0'/></network>
  <network><name>private1</name><bridge name='vbr10'/></network>
  <interface type='ethernet' name='eth0'><mac address='aa:bb:cc:dd:ee:00'/></interface>
  <interface type='ethernet' name='eth1'><mac address='aa:bb:cc:dd:ee:01'/></interface>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>4</active><nodes>1</nodes><sockets>1</sockets>
    <cores>4</cores><threads>1</threads></cpu>
  <memory>8388608</memory>
</node>"""

NodeUri = Callable[[str], str]


@pytest.fixture
def node_uri(tmp_path: Path) -> NodeUri:
    """Makes the URI of a host of libvirt's test driver from its node XML."""

    def make(xml: str) -> str:
        path = tmp_path / "node.xml"
        path.write_text(xml, encoding="utf-8")
        return f"test://{path}"

    return make


@pytest.fixture
def node_xml() -> str:
    """A host with a domain in every state."""
    return _NODE


@pytest.fixture
def domain_element() -> Callable[..., str]:
    """Makes one domain of a node XML from its name, UUID, state and further elements."""
    return _domain_element


@pytest.fixture
def conn(node_uri: NodeUri) -> Iterator[Connection]:
    connection = connect(node_uri(_NODE), host_name="host1")
    yield connection
    connection.close()


@pytest.fixture
def count_calls() -> Callable[[], Any]:
    """Counts the calls into libvirt that would go to a host, by their C names."""
    return libvirt_calls.count_calls
