from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vcltui.domxml.facts import NAMESPACE, facts_description, facts_element, read_facts
from vcltui.models.domain import VCLFacts

VCL_DESCRIPTION = """image: Windows 7 (64 bit): VM
revision: vmwarewin7-Windows764bit-1846-v3
load time: 2024-05-06 07:08:09
management node: mn1
request ID: 2145
reservation ID: 2146
"""


def domain(
    metadata: etree._Element | None = None, description: str = "", name: str = "vm1:x"
) -> etree._Element:
    root = etree.Element("domain")
    etree.SubElement(root, "name").text = name
    etree.SubElement(root, "description").text = description
    if metadata is not None:
        etree.SubElement(root, "metadata").append(metadata)
    return root


def test_metadata_round_trip(facts: VCLFacts) -> None:
    element = facts_element(facts)
    assert element.tag == "{urn:vcltui:domain:1}load"
    assert read_facts(domain(element)) == facts


def test_description_round_trip(facts: VCLFacts) -> None:
    assert read_facts(domain(description=facts_description(facts))) == facts


@pytest.mark.parametrize("written", ["metadata", "description"])
def test_work_without_a_request(written: str, facts: VCLFacts) -> None:
    manual = replace(facts, request_id=None, reservation_id=None)
    root = (
        domain(facts_element(manual))
        if written == "metadata"
        else domain(description=facts_description(manual))
    )
    assert read_facts(root) == manual


def test_the_description_names_what_vcl_names(facts: VCLFacts) -> None:
    assert facts_description(facts).splitlines() == [
        "image: linux-Base12-v3 (id 12)",
        "revision: 3 (id 40)",
        "load time: 2024-05-06T07:08:09+00:00",
        "management node: mn1.example.org",
        "computer: vm1 (id 7)",
        "request ID: 55",
        "reservation ID: 56",
    ]


def test_metadata_goes_before_the_description(facts: VCLFacts) -> None:
    other = facts_description(replace(facts, computer_name="vm10"))
    assert read_facts(domain(facts_element(facts), other)) == facts


def test_broken_metadata_gives_way_to_the_description(facts: VCLFacts) -> None:
    element = facts_element(facts)
    element.find(f"{{{NAMESPACE}}}image_id").text = "twelve"
    assert read_facts(domain(element)) is None
    assert read_facts(domain(element, facts_description(facts))) == facts


def test_foreign_metadata_is_nothing_of_ours(facts: VCLFacts) -> None:
    foreign = etree.Element("{urn:other}load")
    assert read_facts(domain(foreign)) is None


@pytest.mark.parametrize(
    ("name", "computer"),
    [
        ("vm1:vmwarewin7-x-v3", "vm1"),
        ("vm10_Windows_1846-v3", "vm10"),
        ("vclv99-197_1846-v3", "vclv99-197"),
        ("vm1", "vm1"),
    ],
)
def test_vcls_own_description(name: str, computer: str) -> None:
    facts = read_facts(domain(description=VCL_DESCRIPTION, name=name))
    assert facts is not None
    assert facts.image_name == "vmwarewin7-Windows764bit-1846-v3"
    assert (facts.image_id, facts.image_revision, facts.image_revision_id) == (1846, 3, 0)
    assert (facts.computer_name, facts.computer_id) == (computer, 0)
    assert (facts.management_node, facts.request_id, facts.reservation_id) == ("mn1", 2145, 2146)
    assert facts.load_time == datetime(2024, 5, 6, 7, 8, 9).astimezone()


def test_an_image_id_that_runs_into_the_name_is_unknown() -> None:
    text = VCL_DESCRIPTION.replace("bit-1846", "bit1846")
    facts = read_facts(domain(description=text))
    assert facts is not None
    assert (facts.image_name, facts.image_id) == ("vmwarewin7-Windows764bit1846-v3", 0)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "Alice's web server",
        "image: a\nrevision: none\nload time: 2024-05-06\nmanagement node: m",
        "image: a\nrevision: a-v1\nload time: yesterday\nmanagement node: m",
        "image: a\nrevision: a-v1\nload time: 0001-01-01 00:00:00",
    ],
)
def test_other_descriptions_hold_no_facts(description: str) -> None:
    assert read_facts(domain(description=description)) is None


def test_the_zone_of_the_load_time_is_kept(facts: VCLFacts) -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5)))
    read = read_facts(domain(facts_element(replace(facts, load_time=moment))))
    assert read is not None
    assert read.load_time == moment == moment.astimezone(UTC)


@given(st.text())
def test_no_description_breaks_the_reader(text: str) -> None:
    root = etree.Element("domain")
    description = etree.SubElement(root, "description")
    try:
        description.text = text
    except ValueError:
        description.text = "image: x"
    facts = read_facts(root)
    assert facts is None or facts.image_revision >= 0
