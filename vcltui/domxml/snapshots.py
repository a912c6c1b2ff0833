"""Snapshot XML: the request for a new snapshot, and what libvirt says of one."""

from __future__ import annotations

import re

from lxml import etree

from vcltui.domxml.elements import E
from vcltui.domxml.parse import parse_xml
from vcltui.domxml.text import check_text
from vcltui.errors import DomainXMLError
from vcltui.models.domain import Snapshot
from vcltui.models.numbers import moment_of, number_in

_WHAT = "The snapshot XML"


def build_snapshot_xml(name: str, description: str = "") -> str:
    """The <domainsnapshot> document that asks for a snapshot; raises DomainXMLError."""
    root = E.domainsnapshot(E.name(check_text("snapshot name", name)))
    if description:
        for line in re.split(r"\r\n|\n", description):
            check_text("snapshot description", line or " ")
        root.append(E.description(description))
    return etree.tostring(root, encoding="unicode")


def parse_snapshot(xml: str) -> Snapshot:
    """A snapshot as its own XML tells it: without `is_current` and `children`.

    A time that no clock shows is taken for 1970: who redefines one snapshot so must not hide the
    others. Raises DomainXMLError.
    """
    root = parse_xml(xml, _WHAT)
    name, created = root.findtext("name"), (root.findtext("creationTime") or "").strip()
    if root.tag != "domainsnapshot" or not name or not (created.isascii() and created.isdigit()):
        raise DomainXMLError(f"{_WHAT} has no name or no creation time")
    storages = [element.get("snapshot") for element in root.iterfind("disks/disk")]
    memory = root.find("memory")
    if memory is not None:
        storages.append(memory.get("snapshot"))
    return Snapshot(
        name=name,
        creation_time=moment_of(number_in(created) or 0),
        state=(root.findtext("state") or "").strip(),
        description=root.findtext("description") or "",
        parent=root.findtext("parent/name"),
        external="external" in storages,
    )
