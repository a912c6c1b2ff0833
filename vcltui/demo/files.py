"""The files a sandbox begins with: host definitions, configuration and disks with content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Template

from vcltui.demo.plan import MIB, LabHost
from vcltui.nodes.base import Node

_HOST_XML = Template("""<node>
  <interface type="ethernet" name="lo"><start mode="none"/></interface>
  <network>
    <name>private</name>
    <bridge name="virbr0"/>
    <ip address="10.20.0.1" netmask="255.255.0.0"><dhcp>
      <range start="10.20.1.2" end="10.20.9.254"/></dhcp></ip>
  </network>
  <network>
    <name>public</name>
    <bridge name="virbr1"/>
    <ip address="10.30.0.1" netmask="255.255.0.0"><dhcp>
      <range start="10.30.1.2" end="10.30.9.254"/></dhcp></ip>
  </network>
  <cpu>
    <mhz>2800</mhz><model>x86_64</model><active>$cpus</active>
    <nodes>1</nodes><sockets>$sockets</sockets><cores>$cores</cores>
    <threads>1</threads>
  </cpu>
  <memory>$memory_kib</memory>
</node>
""")

_CONFIG_HEAD = """# The vcltui sandbox in this folder. Nothing outside it is touched.
sandbox = true
management_node = "sandbox"
state_directory = "state"

[inventory]
path = "inventory.sqlite"

[guests]
method = "simulated"

[management_nodes.sandbox]
log = "vcld.log"
"""

_CONFIG_HOST = Template("""
[profiles.$name]
datastore = "$datastore"
vmpath = "$datastore/vms"
repository = "repository"
virtualswitch0 = "private"
virtualswitch1 = "$public"

[hosts.$name]
uri = "test://$home/hosts/$name.xml"
driver = "test"
profile = "$name"
xml_directory = "run/$name"
""")


def write_hosts(home: Path, hosts: Iterable[LabHost]) -> None:
    """Write the folders, a node definition for each host and `config.toml` into `home`."""
    hosts = tuple(hosts)
    for folder in ("hosts", "repository", "incoming"):
        (home / folder).mkdir()
    text = _CONFIG_HEAD
    for host in hosts:
        (home / host.datastore / "vms").mkdir(parents=True, exist_ok=True)
        (home / "run" / host.name).mkdir(parents=True)
        sockets, cores = host.cpus
        (home / "hosts" / f"{host.name}.xml").write_text(
            _HOST_XML.substitute(
                cpus=sockets * cores,
                sockets=sockets,
                cores=cores,
                memory_kib=host.memory_mib * 1024,
            )
        )
        text += _CONFIG_HOST.substitute(
            name=host.name, datastore=host.datastore, public=host.public, home=home
        )
    (home / "config.toml").write_text(text)


def make_disk(node: Node, path: Path, virtual_size_bytes: int, data_mib: int, seed: int) -> None:
    """Make a qcow2 disk at `path` that holds `data_mib` MiB of data, patterned by `seed`.

    The first MiB stays empty: a simulated guest keeps its files there.
    """
    node.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", str(path), str(virtual_size_bytes)],
    )
    writes = [
        word
        for index in range(data_mib)
        for word in ("-c", f"write -q -P {1 + (seed + index) % 255} {(1 + 3 * index) * MIB} {MIB}")
    ]
    node.run(["qemu-io", "-f", "qcow2", *writes, str(path)])
