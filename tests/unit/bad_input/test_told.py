"""What hosts, vcld and its files say, read by parsers that neither crash, hang nor tell secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml.etree import Element, SubElement

from tests.unit.bad_input.strategies import texts, xml_texts
from tests.unit.bad_input.test_parsers import a_sentence_at_most
from vcltui.config.uris import host_from_uri
from vcltui.config.vcldconf import parse_vcld_conf
from vcltui.disks.vmdk import parse_descriptor
from vcltui.doctor.gather_hosts import read_processes
from vcltui.doctor.gather_nodes import node_facts
from vcltui.doctor.naming import loaded_by_name, own_file
from vcltui.doctor.remedies.processes import kill_argv
from vcltui.doctor.vcldlog import parse_log
from vcltui.domxml.capabilities import parse_capabilities
from vcltui.domxml.edit import interface_macs
from vcltui.domxml.facts import facts_element, read_facts
from vcltui.domxml.snapshots import parse_snapshot
from vcltui.guests.windows import parse_ipconfig
from vcltui.models.basenames import check_base_name, final_image_name
from vcltui.models.domain import VCLFacts
from vcltui.models.guest import CurrentImage
from vcltui.models.names import check_name
from vcltui.models.numbers import moment_of, number_in
from vcltui.nodes.base import CommandResult
from vcltui.nodes.from_uri import ssh_target_of
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.vcld_log import VcldLog
from vcltui.runtime.fleet.rows import natural

FACTS = VCLFacts("linux-a-1-v1", 1, 1, 1, 1, "vm1", "mn1", datetime(2026, 1, 1, tzinfo=UTC))
SECRET = "s3cr3t-p\u00e4ss"


class Says(LocalNode):
    """A machine on which every program prints the same."""

    def __init__(self, text: str) -> None:
        super().__init__("here")
        self._text = text

    def run(self, argv: Sequence[str], **_how: object) -> CommandResult:
        return CommandResult(tuple(argv), 0, self._text, "")


_conf_keys = st.sampled_from(
    ("server", "database", "LockerWrtUser", "wrtPass", "enable_mysql_ssl", "mysql_ssl_cert",
     "FQDN", "log", "processname", "#server", "xmlrpc_pass", " SERVER ")
)  # fmt: skip
_confs = st.lists(
    st.one_of(texts, st.builds(lambda key, value: f"{key}={value}", _conf_keys, texts)), max_size=9
).map("\n".join)


@given(_confs, _confs, st.text(alphabet="\x00\x07=# \t", max_size=3))
def test_vcld_conf(before: str, after: str, odd: str):
    text = f"{before}\nwrtPass={SECRET}{odd}\n{after.replace('wrtPass', 'other')}"
    with a_sentence_at_most():
        try:
            conf = parse_vcld_conf(text)
            assert SECRET not in f"{conf!r} {conf}"
            conf.url()
        except Exception as error:
            assert SECRET not in f"{error!r} {error}"
            raise


_log_lines = st.lists(
    st.one_of(
        texts,
        st.builds(
            lambda head, time, rest: f"{head}{time}|{rest}",
            st.sampled_from(("", "|", "|1|2|3|new| ", "---- WARNING ---- ")),
            st.sampled_from(("2026-01-01 00:00:00", "2026-99-99 99:99:99", "0000-00-00 00:00:00")),
            st.lists(st.one_of(texts, st.integers().map(str)), max_size=8).map("|".join),
        ),
        st.sampled_from(("---- CRITICAL ----", "-" * 50_000, "|" * 50_000, "|1" * 25_000)),
    ),
    max_size=12,
)


@given(_log_lines)
def test_lines_of_vcld_log(lines: list[str]):
    for block in parse_log(lines):
        assert len(block.lines) <= 60
        assert block.severity in ("", "WARNING", "CRITICAL")
        assert block.pid >= 0


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "vcld.log"


@given(lines=_log_lines, cut=st.integers(0, 40))
def test_a_log_that_is_followed(log_file: Path, lines: list[str], cut: int):
    data = "\n".join(lines).encode(errors="replace")
    log_file.write_bytes(b"")
    log = VcldLog(LocalNode(), 3, str(log_file))
    log_file.write_bytes(data[:cut])
    seen = log.new_lines()
    log_file.write_bytes(data)
    assert len(seen) + len(log.new_lines()) <= data.count(b"\n") + 1


_numbers = st.one_of(st.integers(0, 12), st.integers())
_ps = st.lists(
    st.one_of(
        texts,
        st.lists(_numbers, min_size=3, max_size=3).map(lambda row: " ".join(map(str, row))),
        st.builds(
            lambda pid, row: f"{pid} vcld |{'|'.join(map(str, row))}|new| vm1>kvm1 image user",
            _numbers,
            st.lists(_numbers, min_size=3, max_size=3),
        ),
        texts.map(lambda text: f"7 vclblock {text}"),
    ),
    max_size=10,
).map("\n".join)


@given(_ps)
def test_lines_of_ps(text: str):
    node = Says(text)
    facts = node_facts(read_processes(node))
    assert all(pid >= 0 for pid in facts.pids)
    with a_sentence_at_most():
        argv = kill_argv(node, 5)
        assert argv[:3] == ["kill", "-TERM", "--"]
        assert argv[3:] == ["-5"] or "5" in argv[3:]
        assert len(argv) == len(set(argv))


_digits = st.builds(
    lambda digit, many: digit * many, st.sampled_from("0179\u0663"), st.integers(1, 9000)
)


@given(_digits, texts)
def test_numbers_with_thousands_of_digits(digits: str, text: str):
    """int() refuses them and a database would; whoever reads one says what it is, or None."""
    number = number_in(digits)
    assert number is None or number < 10**18
    assert CurrentImage("x", {"imagerevision_id": digits}).image_revision_id == number
    loaded = loaded_by_name(f"{text}-{digits}-v{digits}")
    assert loaded is None or loaded == (number, number)
    own_file(f"vm1_{digits}-v{digits}.qcow2")
    loaded_by_name(digits)
    assert sorted([f"vm{digits}9", "vm5", f"vm{digits}{text}"], key=natural)
    snapshot = "<domainsnapshot><name>a</name><creationTime>{}</creationTime></domainsnapshot>"
    with a_sentence_at_most():
        made = parse_snapshot(snapshot.format(digits)).creation_time
        assert made.astimezone().year < 7000
    with a_sentence_at_most():
        parse_descriptor(f'RW {digits} FLAT "a-flat.vmdk" {digits}\n', "/x.vmdk")
    domain = Element("domain")
    metadata = SubElement(domain, "metadata")
    metadata.append(facts_element(replace(FACTS, image_id=1)))
    metadata[0][1].text = digits
    facts = read_facts(domain)
    assert facts is None or facts.image_id < 10**18


@given(st.floats() | st.integers())
@example(-62_135_596_801)
@example(1e11)
def test_times_that_no_clock_shows(seconds: float):
    assert 0 < moment_of(seconds).astimezone().year < 7000


@given(xml_texts)
def test_capabilities(xml: str):
    with a_sentence_at_most():
        parse_capabilities(xml, hypervisor="QEMU")
    with a_sentence_at_most():
        interface_macs(xml)


@given(texts, texts, texts)
def test_uris(scheme: str, host: str, query: str):
    for uri in (f"{scheme}://{host}/system?{query}", f"qemu+ssh://{host}/system?{query}", host):
        with a_sentence_at_most():
            target = ssh_target_of(uri)
            assert target is None or target.argv(["true"])[-2] == target.host
        with a_sentence_at_most():
            check_name("host", host_from_uri(uri).name)


@given(texts, texts, st.integers(0, 10**6))
def test_names_of_base_images_and_files(pretty: str, system: str, number: int):
    readers: tuple[Callable[[], object], ...] = (
        lambda: check_base_name(pretty, system),
        lambda: check_name("image", final_image_name(system, pretty, number)),
        lambda: own_file(pretty),
        lambda: loaded_by_name(pretty),
        lambda: parse_ipconfig(pretty),
    )
    for read in readers:
        with a_sentence_at_most():
            read()
