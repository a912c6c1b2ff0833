"""Domain XML checked against libvirt's own RelaxNG schema, where this machine has it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from vcltui.domxml.parse import parse_xml
from vcltui.errors import DomainXMLError

SCHEMA_PATHS = (
    Path("/usr/share/libvirt/schemas/domain.rng"),
    Path("/usr/local/share/libvirt/schemas/domain.rng"),
)
# What libxml2 adds to every refusal and what names nothing.
_EMPTY_MESSAGES = ("failed to validate content", "Invalid sequence in interleave")

_lock = threading.Lock()
_compiled: dict[Path, etree.RelaxNG] = {}


def validate_domain(xml: str, schema_paths: Sequence[Path] = SCHEMA_PATHS) -> bool:
    """Check domain XML against the first schema there is; False where there is none.

    Raises DomainXMLError that names the element the schema refuses, also for malformed XML.
    """
    root = parse_xml(xml)
    path = _schema_path(schema_paths)
    if path is None:
        return False
    # A RelaxNG object keeps the errors of its last run, so that two runs must not meet.
    with _lock:
        schema = _schema(path)
        if schema.validate(root):
            return True
        message = _message(schema)
        culprit = _culprit(schema, root)
    raise DomainXMLError(
        f"The domain XML does not fit libvirt's schema: {culprit or message}",
        "Correct the element",
    )


def has_schema() -> bool:
    """Whether this machine has libvirt's schema, so that validate_domain checks by it."""
    return _schema_path(SCHEMA_PATHS) is not None


def _schema_path(schema_paths: Sequence[Path]) -> Path | None:
    return next((path for path in schema_paths if path.is_file()), None)


def _schema(path: Path) -> etree.RelaxNG:
    if path not in _compiled:
        try:
            _compiled[path] = etree.RelaxNG(file=str(path))
        except etree.LxmlError as error:
            raise DomainXMLError(
                f"libvirt's schema {path} can't be read: {error}", "Reinstall libvirt"
            ) from error
    return _compiled[path]


def _message(schema: etree.RelaxNG) -> str:
    messages = [str(entry.message) for entry in schema.error_log]
    telling = [text for text in messages if not any(empty in text for empty in _EMPTY_MESSAGES)]
    return (telling or messages or ["no reason given"])[0]


def _culprit(schema: etree.RelaxNG, root: etree._Element) -> str | None:
    """The one element, of the domain or its devices, without which the schema is satisfied.

    libxml2 itself says no more than "extra element devices" for whatever is wrong inside.
    """
    for parent in (*root.findall("devices"), root):
        for index, child in enumerate(list(parent)):
            parent.remove(child)
            satisfied = schema.validate(root)
            parent.insert(index, child)
            if satisfied:
                text = etree.tostring(child, encoding="unicode", with_tail=False)
                return f"it refuses {' '.join(text.split())[:200]}"
    return None
