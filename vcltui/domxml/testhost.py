"""The file that describes a host to libvirt's test driver: which domains it begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lxml import etree

from vcltui.domxml.elements import in_namespace
from vcltui.domxml.parse import parse_xml

_NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"
_T = in_namespace(_NAMESPACE, "test")
_OWN = f"{{{_NAMESPACE}}}*"


def kept_domain(xml: str, runstate: int, snapshots: Iterable[str], current: str | None) -> str:
    """A domain as such a file holds it: in libvirt's state `runstate`, with its snapshots.

    `snapshots` are the XML of each, `current` is the name of the one it stands on. Raises
    DomainXMLError.
    """
    root = parse_xml(xml)
    for element in root.findall(_OWN):
        root.remove(element)
    root.append(_T.runstate(str(runstate)))
    for snapshot in snapshots:
        element = parse_xml(snapshot, "The snapshot XML")
        element.tag = f"{{{_NAMESPACE}}}domainsnapshot"
        for active in element.findall("active"):
            element.remove(active)
        active = etree.SubElement(element, "active")
        active.text = str(int(element.findtext("name") == current))
        root.append(element)
    return etree.tostring(root, encoding="unicode")


def with_domains(host_xml: str, gone: Collection[str], domains: Iterable[str]) -> str:
    """The host's file without the domains named in `gone` and with `domains`, made by kept_domain.

    Raises DomainXMLError.
    """
    root = parse_xml(host_xml, "The host's file")
    for element in root.findall("domain"):
        if element.findtext("name") in gone:
            root.remove(element)
    root.extend(parse_xml(xml) for xml in domains)
    return etree.tostring(root, encoding="unicode") + "\n"
