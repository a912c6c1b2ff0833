from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vcltui.domxml.build import build_domain_xml
from vcltui.domxml.spec import DomainSpec
from vcltui.domxml.validate import validate_domain
from vcltui.errors import DomainXMLError

GOOD = (
    "<domain type='{type}'><name>vm1</name><memory>1024</memory><os><type>hvm</type></os>"
    "{body}<devices>{devices}</devices></domain>"
)


def domain(kind: str = "test", body: str = "", devices: str = "") -> str:
    return GOOD.format(type=kind, body=body, devices=devices)


@pytest.mark.parametrize("kind", ["kvm", "qemu", "test"])
def test_the_schema_takes_our_domain_types(kind: str) -> None:
    assert validate_domain(domain(kind))


@pytest.mark.parametrize(
    ("xml", "named"),
    [
        (domain("toaster"), "domain"),
        (domain(body="<bogus>1</bogus>"), "<bogus>1</bogus>"),
        (domain(body="<vcpu>-1</vcpu>"), "<vcpu>-1</vcpu>"),
        (domain(body="<on_poweroff>sing</on_poweroff>"), "<on_poweroff>sing</on_poweroff>"),
        (domain(devices="<toaster/>"), "<toaster/>"),
        (
            domain(devices="<emulator>/e</emulator><disk><target dev='vda' bus='tram'/></disk>"),
            "<target dev='vda' bus='tram'/>".replace("'", '"'),
        ),
        ("<network><name>a</name></network>", "network"),
    ],
)
def test_nonsense_is_refused_by_name(xml: str, named: str) -> None:
    with pytest.raises(DomainXMLError, match="does not fit libvirt's schema") as caught:
        validate_domain(xml)
    assert named in str(caught.value)


def test_malformed_is_refused() -> None:
    with pytest.raises(DomainXMLError, match="malformed"):
        validate_domain("<domain")


def test_without_a_schema_nothing_was_checked(tmp_path: Path) -> None:
    assert validate_domain(domain("toaster"), [tmp_path / "none.rng"]) is False


def test_the_first_schema_there_is_counts(tmp_path: Path) -> None:
    schema = tmp_path / "domain.rng"
    schema.write_text(
        "<element name='domain' xmlns='http://relaxng.org/ns/structure/1.0'><text/></element>"
    )
    assert validate_domain("<domain>x</domain>", [tmp_path / "none.rng", schema])


def test_a_broken_schema_is_reported(tmp_path: Path) -> None:
    schema = tmp_path / "domain.rng"
    schema.write_text("<grammar>")
    with pytest.raises(DomainXMLError, match="can't be read"):
        validate_domain(domain(), [schema])


def test_many_threads_do_not_mix_their_answers(make_spec: Callable[..., DomainSpec]) -> None:
    good = build_domain_xml(make_spec())
    bad = [domain(body=f"<bogus{number}/>") for number in range(50)]

    def verdict(xml: str) -> str:
        try:
            return str(validate_domain(xml))
        except DomainXMLError as error:
            return error.what.split("refuses ")[1]

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(verdict, [xml for each in bad for xml in (each, good)]))
    assert verdicts[1::2] == ["True"] * 50
    assert verdicts[0::2] == [f"<bogus{number}/>" for number in range(50)]
