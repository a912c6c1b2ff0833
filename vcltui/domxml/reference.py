"""The reference XML of an image that was not captured: only its hardware is told."""

from __future__ import annotations

from lxml import etree

from vcltui.domxml.text import check_text


def reference_xml(image_name: str, disk_bus: str, nic_model: str) -> str:
    """A domain XML that names an image's disk bus and NIC model, as a capture would.

    Raises DomainXMLError when a name can't be written in XML.
    """
    domain = etree.Element("domain", type="qemu")
    etree.SubElement(domain, "name").text = check_text("image name", image_name)
    devices = etree.SubElement(domain, "devices")
    disk = etree.SubElement(devices, "disk", type="file", device="disk")
    etree.SubElement(disk, "target", dev="vda", bus=check_text("disk bus", disk_bus))
    interface = etree.SubElement(devices, "interface", type="network")
    etree.SubElement(interface, "source", network="default")
    etree.SubElement(interface, "model", type=check_text("NIC model", nic_model))
    return etree.tostring(domain, pretty_print=True, encoding="unicode")
