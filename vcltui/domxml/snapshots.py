"""Snapshot XML: the request for a new snapshot, and what libvirt says of one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import etree

from vcltui.domxml.elements import E
from vcltui.domxml.parse import parse_xml
from vcltui.domxml.text import check_text
from vcltui.errors import DomainXMLError
from vcltui.models.domain import Snapshot

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

    Raises DomainXMLError.
    """
    root = parse_xml(xml, _WHAT)
    name, created = root.findtext("name"), (root.findtext("creationTime") or "").strip()
    if root.tag != "domainsnapshot" or not name or not created.isdecimal():
        raise DomainXMLError(f"{_WHAT} has no name or no creation time")
    storages = [element.get("snapshot") for element in root.iterfind("disks/disk")]
    memory = root.find("memory")
    if memory is not None:
        storages.append(memory.get("snapshot"))
    return Snapshot(
        name=name,
        creation_time=datetime.fromtimestamp(int(created), UTC),
        state=(root.findtext("state") or "").strip(),
        description=root.findtext("description") or "",
        parent=root.findtext("parent/name"),
        external="external" in storages,
    )
