"""Whether two documents say the same."""

from __future__ import annotations

import hashlib

from lxml import etree

from vcltui.domxml.parse import parse_xml


def same_document(one: str, other: str) -> bool:
    """Whether two XML texts differ at most in their layout and the order of attributes.

    Raises DomainXMLError for a text that can't be parsed.
    """
    return _canonical(one) == _canonical(other)


def fingerprint(xml: str) -> str:
    """A digest that two texts have in common when they are the same document.

    Raises DomainXMLError.
    """
    return hashlib.sha256(_canonical(xml)).hexdigest()


def _canonical(xml: str) -> bytes:
    root = parse_xml(xml)
    for element in root.iter():
        # Space around a text is layout, as libvirt reads it.
        element.text = (element.text or "").strip() or None
        element.tail = (element.tail or "").strip() or None
    return etree.tostring(root, method="c14n")
