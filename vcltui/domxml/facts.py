"""What VCL knows of a domain, kept in the domain's metadata and, for people, its description."""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

from vcltui.domxml.elements import in_namespace
from vcltui.models.domain import VCLFacts
from vcltui.models.numbers import number_in

NAMESPACE = "urn:vcltui:domain:1"
_PREFIX = "vcltui"
_ELEMENT = f"{{{NAMESPACE}}}load"

_ID = re.compile(r"\(id (?P<id>\d{1,18})\)\Z")
_IMAGE_NAME = re.compile(r".*?(?:-(?P<id>\d{1,18}))?-v(?P<revision>\d{1,18})\Z")


def facts_element(facts: VCLFacts) -> etree._Element:
    """The element that goes into a domain's <metadata>: one child for each fact that is known."""
    make = in_namespace(NAMESPACE, _PREFIX)
    values = {
        "image_name": facts.image_name,
        "image_id": facts.image_id,
        "image_revision_id": facts.image_revision_id,
        "image_revision": facts.image_revision,
        "computer_id": facts.computer_id,
        "computer_name": facts.computer_name,
        "management_node": facts.management_node,
        "load_time": _time_text(facts.load_time),
        "request_id": facts.request_id,
        "reservation_id": facts.reservation_id,
    }
    return make.load(*(make(key, str(value)) for key, value in values.items() if value is not None))


def facts_description(facts: VCLFacts) -> str:
    """The same facts as lines of `label: value`, under the labels VCL uses."""
    none = "none"
    return "\n".join(
        (
            f"image: {facts.image_name} (id {facts.image_id})",
            f"revision: {facts.image_revision} (id {facts.image_revision_id})",
            f"load time: {_time_text(facts.load_time)}",
            f"management node: {facts.management_node}",
            f"computer: {facts.computer_name} (id {facts.computer_id})",
            f"request ID: {none if facts.request_id is None else facts.request_id}",
            f"reservation ID: {none if facts.reservation_id is None else facts.reservation_id}",
        )
    )


def read_facts(domain: etree._Element) -> VCLFacts | None:
    """The facts of a <domain>: from its metadata, else from its description, else None.

    VCL's own descriptions hold no ids of image, revision and computer: those are 0 then, which
    no row of VCL's has. A time without a zone is taken to be in this machine's.
    """
    element = domain.find(f"metadata/{_ELEMENT}")
    if element is not None:
        values = {child.tag: (child.text or "").strip() for child in element.iterfind("*")}
        facts = _from_metadata({key.rpartition("}")[2]: text for key, text in values.items()})
        if facts is not None:
            return facts
    return _from_description(domain.findtext("description") or "", domain.findtext("name") or "")


def _from_metadata(values: dict[str, str]) -> VCLFacts | None:
    try:
        return VCLFacts(
            image_name=values["image_name"],
            image_id=_number(values["image_id"]),
            image_revision_id=_number(values["image_revision_id"]),
            image_revision=_number(values["image_revision"]),
            computer_id=_number(values["computer_id"]),
            computer_name=values["computer_name"],
            management_node=values["management_node"],
            load_time=_time(values["load_time"]),
            request_id=number_in(values.get("request_id")),
            reservation_id=number_in(values.get("reservation_id")),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def _from_description(text: str, domain_name: str) -> VCLFacts | None:
    values: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.strip().partition(": ")
        if colon:
            values.setdefault(label.lower(), value.strip())
    try:
        image, revision = values["image"], values["revision"]
        load_time, management_node = _time(values["load time"]), values["management node"]
    except (KeyError, ValueError, OverflowError):
        return None
    ours, number = _numbered(image), _numbered(revision)
    computer = _numbered(values.get("computer", ""))
    theirs = _IMAGE_NAME.match(revision)
    if ours and number and computer and number[0].isdecimal() and len(number[0]) <= 18:
        (image_name, image_id), (computer_name, computer_id) = ours, computer
        image_revision, revision_id = int(number[0]), number[1]
    elif theirs:
        image_name, image_id = revision, int(theirs["id"] or 0)
        image_revision, revision_id = int(theirs["revision"]), 0
        computer_name, computer_id = re.split("[:_]", domain_name, maxsplit=1)[0], 0
    else:
        return None
    return VCLFacts(
        image_name=image_name,
        image_id=image_id,
        image_revision_id=revision_id,
        image_revision=image_revision,
        computer_id=computer_id,
        computer_name=computer_name,
        management_node=management_node,
        load_time=load_time,
        request_id=number_in(values.get("request id")),
        reservation_id=number_in(values.get("reservation id")),
    )


def _numbered(text: str) -> tuple[str, int] | None:
    """The name and the id in `name (id 7)`."""
    found = _ID.search(text)
    return None if found is None else (text[: found.start()].rstrip(), int(found["id"]))


def _number(text: str) -> int:
    """A number of 18 digits at most. Raises ValueError."""
    number = number_in(text)
    if number is None:
        raise ValueError(text)
    return number


def _time_text(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.astimezone()
    return aware.isoformat(timespec="seconds")


def _time(text: str) -> datetime:
    """An ISO 8601 time, aware. Raises ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()
