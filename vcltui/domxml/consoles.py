"""Where a domain's consoles are written to."""

from __future__ import annotations

from vcltui.domxml.parse import parse_xml

_PLACES = (
    ("devices/serial/log", "file"),
    ("devices/console/log", "file"),
    ("devices/serial[@type='file']/source", "path"),
    ("devices/console[@type='file']/source", "path"),
)


def console_log_path(xml: str) -> str | None:
    """The file that a domain's serial port or console is written to; None where there is none.

    A path on the host. Raises DomainXMLError.
    """
    root = parse_xml(xml)
    for place, attribute in _PLACES:
        for element in root.iterfind(place):
            if path := element.get(attribute):
                return path
    return None
