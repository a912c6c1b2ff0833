"""The filter of the lists, as a person types it."""

from __future__ import annotations

import pytest

from vcltui.tui.filtering import Filter, Term, parse_filter, words_of

ROW = {"host": "kvm-b", "power": "off", "computer": "vm10", "name": "vm10:linux-Base-1-v1"}
FIELDS = (*ROW, "uptime")
WORDS = words_of([*ROW.values(), ""])


def fits(text: str) -> bool:
    return Filter(text, FIELDS, ages=("uptime",)).fits(WORDS, {"uptime": "> 3 Days"}.__getitem__)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "kvm",
        "KVM-B",
        "vm10 off",
        "host:kvm-b",
        "HOST:KVM-B",
        "!on",
        "!host:kvm-a",
        "power:off !computer:vm2",
        "vm10:linux",
        "computer:vm1",
        "computer=vm10",
        "!computer=vm1",
        "host=KVM-B",
        "!",
        "host:",
        "uptime:days",
        "day kvm-b",
        "!uptime:4",
    ],
)
def test_what_fits(text: str):
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "vm2",
        "off vm2",
        "!off",
        "host:kvm-a",
        "host:off",
        "!host:kvm",
        "power:on",
        "computer=vm1",
        "!computer=vm10",
        "vm10:windows",
        "[/x]",
        "uptime=3",
        "!days",
        "uptime:off",
    ],
)
def test_what_does_not(text: str):
    assert not fits(text)


def test_the_parts_of_a_term():
    assert parse_filter("a !b host:c !host:d host=e x:f", frozenset(FIELDS)) == (
        Term("a"),
        Term("b", inverse=True),
        Term("c", "host"),
        Term("d", "host", inverse=True),
        Term("e", "host", exact=True),
        Term("x:f"),
    )


def test_a_word_is_sought_in_each_value_by_itself():
    assert not Filter("b off", ("one", "other")).fits(words_of(["a b", "c of"]))
    assert not Filter("other:b", ("one", "other")).fits(words_of(["a\nb", "c"]))


def test_what_narrows_nothing_is_false():
    assert not Filter(" ! host: ", FIELDS)
    assert Filter("!x", FIELDS)
