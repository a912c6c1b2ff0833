"""Nothing that comes in crashes, hangs or misleads a parser: a model, or an error in a sentence."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.bad_input.strategies import (
    json_values,
    qcow2_headers,
    texts,
    vmdk_descriptors,
    xml_texts,
)
from vcltui.config import load_config
from vcltui.disks import qemuimg
from vcltui.disks.check import _counts, _number
from vcltui.disks.formats import format_by_magic, format_by_name
from vcltui.disks.header import parse_header
from vcltui.disks.info import _parse
from vcltui.disks.publish import is_temporary, temporary_path
from vcltui.disks.references import references_of, resolve_name
from vcltui.disks.vmdk import parse_descriptor
from vcltui.domxml.compare import fingerprint, same_document
from vcltui.domxml.consoles import console_log_path
from vcltui.domxml.edit import with_name, without_uuid_and_macs
from vcltui.domxml.parse import disk_files, parse_domain, reference_hardware
from vcltui.domxml.snapshots import build_snapshot_xml, parse_snapshot
from vcltui.errors import VcltuiError
from vcltui.guests import current_image
from vcltui.models import names
from vcltui.models.guest import CurrentImage
from vcltui.models.host import VMHost
from vcltui.models.locks import owner_lock
from vcltui.nodes.local import LocalNode
from vcltui.nodes.mounts import filesystem_of
from vcltui.nodes.ssh_files import parse_listing, parse_stat
from vcltui.nodes.ssh_target import SshTarget
from vcltui.operations.undo import UnknownUndo, from_record, to_record
from vcltui.provisioning.execute import lock_path
from vcltui.runtime.journal.journal import Journal
from vcltui.runtime.plain_text import plain_text

NODE = LocalNode("here")


@contextmanager
def a_sentence_at_most() -> Iterator[None]:
    try:
        yield
    except VcltuiError as error:
        assert error.what
        assert len(str(error)) < 2000


@given(texts)
def test_names(name: str):
    for kind in ("image", "computer", "host", "operation"):
        with a_sentence_at_most():
            names.check_name(kind, name)
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,69}", name)
            assert PurePosixPath("/folder", name).parent == PurePosixPath("/folder")
            assert not name.startswith("-")


@given(texts, texts, st.integers(0, 10**9), st.integers(0, 10**6))
def test_names_of_captured_images(os_name: str, pretty: str, number: int, revision: int):
    with a_sentence_at_most():
        names.check_pretty_name(pretty)
        made = names.captured_image_name("linux", pretty, number, revision)
        assert names.check_name("image", made) == made
    with a_sentence_at_most():
        names.check_name("image", names.captured_image_name(os_name, pretty, number, revision))


@given(texts, texts)
def test_names_match_exactly(one: str, other: str):
    if names.domain_belongs_to(one, other):
        assert one[len(other) : len(other) + 1] in ("", ":", "_")
    if names.is_image_file(one, other):
        assert PurePosixPath(one).stem == other


@given(texts)
def test_locks_stay_in_their_folder(name: str):
    path = lock_path(VMHost("x", "test:///default", xml_directory="/run/x"), owner_lock(name))
    assert PurePosixPath(path).parent == PurePosixPath("/run/x/locks")
    assert PurePosixPath(path).name not in (".", "..")
    assert len(PurePosixPath(path).name) < 200


@given(texts, texts)
def test_paths_for_qemu_img(path: str, operation: str):
    with a_sentence_at_most():
        assert qemuimg.disk_path(path).startswith("/")
    with a_sentence_at_most():
        made = temporary_path(f"/folder/{path}", operation)
        assert is_temporary(PurePosixPath(made).name)
        assert PurePosixPath(made).parent == PurePosixPath(f"/folder/{path}").parent


@given(texts, texts)
def test_no_name_becomes_an_option_of_qemu_img(path: str, name: str):
    builders: tuple[Callable[[], list[str]], ...] = (
        lambda: qemuimg.info_argv(path, "qcow2"),
        lambda: qemuimg.check_argv(path, "qcow2"),
        lambda: qemuimg.create_overlay_argv(path, "qcow2", name),
        lambda: qemuimg.convert_argv([path, name], "raw", "/to", "qcow2"),
    )
    for build in builders:
        with a_sentence_at_most():
            for word in build():
                if word in (path, name) and word not in ("qcow2", "raw", "-U", "-f"):
                    assert word.startswith("/")


@given(texts, st.none() | texts, st.none() | st.integers())
def test_ssh_targets(host: str, user: str | None, port: int | None):
    with a_sentence_at_most():
        argv = SshTarget(host, user, port).argv(["true"])
        assert argv[-3:-1] == ["--", host]
        assert "StrictHostKeyChecking=yes" in argv


@given(st.lists(texts.filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_remote_arguments_arrive_as_they_are(arguments: list[str]):
    import shlex

    line = SshTarget("host").argv(arguments)[-1]
    assert shlex.split(line) == arguments


@given(xml_texts)
def test_xml(xml: str):
    readers: tuple[Callable[[str], object], ...] = (
        parse_domain,
        disk_files,
        reference_hardware,
        parse_snapshot,
        console_log_path,
        without_uuid_and_macs,
        fingerprint,
        lambda text: same_document(text, xml),
        lambda text: with_name(text, "x"),
    )
    for read in readers:
        with a_sentence_at_most():
            assert "root:x:0" not in str(read(xml))


@given(
    st.dictionaries(
        st.sampled_from(("image", "revision", "computer", "load time", "management node")),
        st.one_of(texts, st.sampled_from(("2026-01-01", " " * 200_000, "x" + " " * 200_000 + "x"))),
    )
)
def test_descriptions_of_domains(lines: dict[str, str]):
    """However long somebody made them: they are read at every look at a host."""
    known = {"load time": "2026-01-01", "management node": "m", "image": "x", "revision": "x-v1"}
    text = "\n".join(f"{label}: {value}" for label, value in {**known, **lines}.items())
    shown = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    head = "<domain><name>vm1:x-1-v1</name><uuid>11111111-0000-4000-8000-000000000001</uuid>"
    with a_sentence_at_most():
        parse_domain(f"{head}<description>{escape(shown)}</description></domain>")


@given(texts, texts)
def test_snapshot_xml(name: str, description: str):
    with a_sentence_at_most():
        assert parse_snapshot(build_snapshot_xml(name, description)).name == name


@given(qcow2_headers() | st.binary(max_size=300))
def test_qcow2_headers(data: bytes):
    format_by_magic(data)
    with a_sentence_at_most():
        header = parse_header(data, "/store/x.qcow2")
        for reference in references_of(header, "/store/x.qcow2"):
            assert reference.path.startswith("/")
            assert reference.path.isprintable()


@given(vmdk_descriptors())
def test_vmdk_descriptors(text: str):
    with a_sentence_at_most():
        for extent in parse_descriptor(text, "/store/x.vmdk"):
            assert extent.sectors >= 0
            assert '"' not in extent.name
            with a_sentence_at_most():
                resolve_name(extent.name, "/store/x.vmdk", "extent")


@given(texts, texts)
def test_references(name: str, named_by: str):
    with a_sentence_at_most():
        found = resolve_name(name, f"/{named_by}", "backing file")
        assert found.startswith("/")
        assert not name.startswith("json:")
    format_by_name(name)


_INFO = {"format": "qcow2", "virtual-size": 1, "snapshots": [], "format-specific": {"data": {}}}


@given(json_values, st.sampled_from(sorted(_INFO)), json_values)
def test_what_qemu_img_prints(whole: object, key: str, value: object):
    for answer in (whole, {**_INFO, key: value}, {**_INFO, "snapshots": [value, whole]}):
        if isinstance(answer, dict):
            with a_sentence_at_most():
                _parse(answer, "/store/x.qcow2", NODE)
        counts = _counts(json.dumps(answer))
        for name in ("corruptions", "leaks"):
            assert isinstance(_number(counts, name), int)


@given(texts)
def test_progress_and_messages_of_qemu_img(text: str):
    _counts(text)
    share = qemuimg.parse_progress(text)
    assert share is None or 0.0 <= share <= 1.0
    for verb in ("read", "write"):
        error = qemuimg.failure(NODE, "/store/x", verb, text, "nothing said")
        assert error.hint


@given(texts)
def test_currentimage(text: str):
    found = current_image.parse(text)
    if found is not None:
        again = current_image.parse(current_image.render(found))
        assert again is None or again.facts == found.facts


@given(texts, st.dictionaries(texts, texts, max_size=3))
def test_currentimage_is_written_in_lines(name: str, facts: dict[str, str]):
    with a_sentence_at_most():
        text = current_image.render(CurrentImage(name, facts, {}))
        assert text.count("\n") == 1 + len(facts)
        assert "\0" not in text


@given(st.text(max_size=200))
def test_log_lines(text: str):
    shown = plain_text(text)
    assert "\x1b" not in shown
    controls = [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert controls == []


@given(texts, st.binary(max_size=200))
def test_what_programs_on_a_host_print(text: str, data: bytes):
    filesystem_of(text, "/x")
    for read in (lambda: parse_stat("/x", text), lambda: parse_listing("/x", data)):
        with suppress(ValueError, OverflowError):
            read()


@given(
    st.dictionaries(st.sampled_from(("kind", "host", "path", "inode", "uuid", "xml")), json_values)
)
def test_undo_records(record: dict[str, object]):
    try:
        action = from_record(record)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return
    assert to_record(action)


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    return tmp_path / "20260101T000000000000-abcd.jsonl"


@given(
    events=st.lists(
        st.one_of(
            texts,
            json_values.map(json.dumps),
            st.fixed_dictionaries(
                {"event": st.sampled_from(("begin", "step", "undo", "finished", "failed", "end"))},
                optional={
                    "time": st.just("2026-01-01T00:00:00+00:00") | texts,
                    "steps": json_values,
                    "pid": json_values,
                    "details": json_values,
                    "record": json_values,
                    "name": json_values,
                    "outcome": json_values,
                    "left": json_values,
                    "error": json_values,
                },
            ).map(json.dumps),
        ),
        max_size=8,
    )
)
def test_journals(journal_file: Path, events: list[str]):
    begin = '{"event": "begin", "time": "2026-01-01T00:00:00+00:00", "host": "h"}'
    text = "\n".join([begin, *events])
    journal_file.write_text(text, encoding="utf-8", errors="replace")
    (entry,) = Journal(journal_file.parent).entries() or (None,)
    if entry is not None:
        assert all(action for action in entry.undo)
        unknown = [action for action in entry.undo if isinstance(action, UnknownUndo)]
        assert len(unknown) <= text.count('"undo"')


_TOML = st.one_of(
    texts,
    st.lists(
        st.one_of(
            texts,
            st.sampled_from(
                ("[hosts.a]", "[profiles.p]", "[guests]", "[inventory]", "[ui]", "[ui.keys]")
            ),
            st.builds(
                lambda key, value: f"{key} = {value}",
                st.sampled_from(
                    ("uri", "profile", "datastore", "vmpath", "url", "path", "ports", "user",
                     "state_directory", "driver", "theme", "identity_file", "sandbox")
                ),
                st.one_of(texts.map(json.dumps), json_values.map(json.dumps), texts),
            ),
        ),
        max_size=8,
    ).map("\n".join),
)  # fmt: skip


@given(text=_TOML)
def test_configuration(tmp_path: Path, text: str):
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    with a_sentence_at_most():
        load_config(file)
