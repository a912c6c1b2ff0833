"""Texts and bytes as nobody should send them, with what is dangerous in them more often."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

DANGEROUS = (
    "../", "/", "..", "-rf", "--help", "-o", "$(id)", "`id`", ";", "|", "&&", "\n", "\0", "\x1b[2J",
    "json:{}", "nbd://x", "file:", "%s", "%n", "\\", "'", '"', "\u202e", "\u2028", "\ud800", "vm1",
    "vm1:", "vm1_", "-v1", "-v10", " ", "~", "*", "?", "[a]", "{", "}", ",", "=", "#", "<", "&",
)  # fmt: skip

texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(DANGEROUS), st.text(max_size=8)), max_size=8).map("".join),
)
"""Names and lines."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=12,
)

_TAGS = (
    "domain", "name", "uuid", "memory", "vcpu", "devices", "disk", "source", "target", "driver",
    "interface", "mac", "model", "metadata", "description", "backingStore", "snapshots", "state",
    "domainsnapshot", "creationTime", "parent", "os", "nvram", "serial", "log", "capabilities",
)  # fmt: skip
_ATTRIBUTES = ("type", "file", "dev", "pool", "volume", "unit", "current", "device", "address")
_words = texts.map(lambda text: "".join(c for c in text if c.isprintable() and c not in "<>&\"'"))


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.dictionaries(st.sampled_from(_ATTRIBUTES), _words, max_size=3)
    return st.builds(_written, st.sampled_from(_TAGS), attributes, st.lists(children, max_size=5))


def _written(tag: str, attributes: dict[str, str], children: list[str]) -> str:
    named = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{tag}{named}>{''.join(children)}</{tag}>"


_trees = st.recursive(_words, _element, max_leaves=20)
xml_texts = st.one_of(
    texts,
    _trees.map(lambda body: f"<domain type='kvm'><name>x</name>{body}</domain>"),
    _trees.map(lambda body: f"<domainsnapshot><name>x</name>{body}</domainsnapshot>"),
    _trees,
    texts.map(lambda text: f"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>{text}</a>"),
)


@st.composite
def qcow2_headers(draw: st.DrawFn) -> bytes:
    """A header whose numbers are anything, often nearly right."""
    near = st.one_of(st.integers(0, 4096), st.integers(0, 2**32 - 1))
    big = st.one_of(st.integers(0, 1 << 20), st.integers(0, 2**64 - 1))
    version = draw(st.sampled_from((2, 3, 0, 4, 255)))
    name = draw(st.one_of(st.binary(max_size=40), texts.map(lambda t: t.encode(errors="replace"))))
    backing = draw(st.one_of(st.just(200), big))
    fixed = struct.pack(
        ">4sIQIIQIIQQIIQ",
        draw(st.sampled_from((b"QFI\xfb", b"QFI\xfb", b"KDMV", b"\0\0\0\0"))),
        version,
        backing,
        draw(st.one_of(st.just(len(name)), near)),
        draw(st.one_of(st.integers(9, 21), near)),
        draw(big),
        draw(near),
        draw(near),
        draw(big),
        draw(big),
        draw(near),
        draw(near),
        draw(big),
    )
    more = struct.pack(">QQQII", draw(big), draw(big), draw(big), 4, draw(st.just(104) | near))
    kinds = st.sampled_from((0xE2792ACA, 0x44415441, 0, 0x6803F857)) | near
    extensions = b"".join(
        struct.pack(">II", draw(kinds), draw(st.just(len(data)) | near)) + data
        for data in draw(st.lists(st.binary(max_size=24), max_size=3))
    )
    whole = (fixed + more + extensions).ljust(200, b"\0") + name
    whole = whole.ljust(draw(st.sampled_from((0, 512, 4096))), b"\0")
    return whole[: draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))]


@st.composite
def vmdk_descriptors(draw: st.DrawFn) -> str:
    """A descriptor whose lines are anything, often nearly right."""
    sizes = st.one_of(st.integers(0, 1 << 60).map(str), texts)
    extent = st.builds(
        lambda a, size, kind, name, tail: f'{a} {size} {kind} "{name}"{tail}',
        st.sampled_from(("RW", "RDONLY", "NOACCESS", "rw")),
        sizes,
        st.sampled_from(("SPARSE", "FLAT", "VMFS", "ZERO", "VMFSRDM")),
        texts,
        st.sampled_from(("", " 0", " 128", " x")),
    )
    other = st.builds(lambda key, value: f"{key}={value}", texts, texts)
    lines = draw(st.lists(st.one_of(extent, other, texts), max_size=8))
    return "\n".join(["# Disk DescriptorFile", *lines])
