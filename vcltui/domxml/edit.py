"""Small changes to domain XML that keep everything else as it is."""

from __future__ import annotations

from lxml import etree

from vcltui.domxml.parse import parse_domain, parse_xml
from vcltui.domxml.text import check_text
from vcltui.errors import DomainXMLError


def with_name(xml: str, name: str) -> str:
    """The domain XML under another name. Raises DomainXMLError."""
    root = _domain(xml)
    _set_child(root, "name", check_text("domain name", name))
    return _to_text(root)


def without_uuid_and_macs(xml: str) -> str:
    """The domain XML without UUID and MAC addresses, so that libvirt makes new ones.

    Raises DomainXMLError.
    """
    root = _domain(xml)
    for path in ("uuid", "devices/interface/mac"):
        for element in root.findall(path):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
    return _to_text(root)


def interface_macs(xml: str) -> tuple[str, ...]:
    """The MAC addresses of a domain's interfaces, lower case, in order. Raises DomainXMLError."""
    return tuple(nic.mac for nic in parse_domain(xml).interfaces if nic.mac)


def _domain(xml: str) -> etree._Element:
    root = parse_xml(xml)
    if root.tag != "domain":
        raise DomainXMLError(f"The XML is no domain: it is <{root.tag}>")
    return root


def _set_child(root: etree._Element, tag: str, text: str) -> None:
    element = root.find(tag)
    if element is None:
        element = etree.SubElement(root, tag)
    element.text = text


def _to_text(root: etree._Element) -> str:
    return etree.tostring(root, encoding="unicode") + "\n"
