"""currentimage.txt, parsed and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcltui.errors import UsageError
from vcltui.guests.current_image import parse, render, with_tag, without_tags
from vcltui.models.guest import CurrentImage

TEXT = """\
win7-Windows7Base64bitVM-1846-v10
id=1846
prettyname=Windows 7 Base (64 bit VM) = good
imagerevision_id=3081
imagerevision_datecreated=2012-03-05 10:03:22
computer_id=12
computer_hostname=vm10.example.org
vcld_post_load=success (Mon Mar  5 10:03:22 2012)
vcld_tainted=true
"""


def test_vcls_own_file() -> None:
    current = parse(TEXT)
    assert current is not None
    assert current.image_name == "win7-Windows7Base64bitVM-1846-v10"
    assert current.image_revision_id == 3081
    assert current.facts["prettyname"] == "Windows 7 Base (64 bit VM) = good"
    assert current.facts["computer_hostname"] == "vm10.example.org"
    assert current.tags == {
        "vcld_post_load": "success (Mon Mar  5 10:03:22 2012)",
        "vcld_tainted": "true",
    }
    assert current.post_load_done
    assert current.tainted
    assert render(current) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        "\n\n" + TEXT.replace("\n", "\n\n  "),
        TEXT.replace("\n", "\0\n"),
        "".join(f"{char}\0" for char in TEXT),
        "\ufeff" + TEXT,
        TEXT + "some junk\n=x\n1=2\n# id=7\n[section]\n\x07\x1b[31m\n",
        "".join(f"  {line}  \n" for line in TEXT.splitlines()),
        "id=1\n".join(TEXT.split("id=1846\n", 1)).replace("id=1\n", "id=1\nid=1846\n", 1),
        TEXT + "\n" * 100_000 + "id=9\n",
    ],
    ids=[
        "dos",
        "mac",
        "blank-lines",
        "nul",
        "utf-16",
        "byte-order-mark",
        "junk",
        "spaces",
        "key-twice",
        "huge",
    ],
)
def test_damage_does_not_matter(text: str) -> None:
    assert parse(text) == parse(TEXT)


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n", "\0\0\0", "  \t\n", "\x1b\n"])
def test_nothing_in_it(text: str) -> None:
    assert parse(text) is None


def test_only_facts() -> None:
    current = parse("id=5\nimagerevision_id=abc\n")
    assert current == CurrentImage("", {"id": "5", "imagerevision_id": "abc"})
    assert current is not None
    assert current.image_revision_id is None


def test_junk_before_the_facts_is_the_name() -> None:
    current = parse("what is this\nid=5\nno fact\n")
    assert current == CurrentImage("what is this", {"id": "5"})


def test_no_value_can_make_a_line() -> None:
    current = CurrentImage("a\nvcld_tainted=x", {"id": "1\nvcld_post_load=yes\r\0"})
    again = parse(render(current))
    assert again is not None
    assert again.tags == {}


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "1a", "ä", "a=b=c\n"])
def test_impossible_keys(key: str) -> None:
    with pytest.raises(UsageError):
        render(CurrentImage("x", {key: "1"}))


def test_tags() -> None:
    current = CurrentImage("linux-Base-1-v1", {"id": "1"}, {"vcld_tainted": "yes"})
    tagged = with_tag(current, "vcld_post_load", "now")
    assert tagged.tags == {"vcld_tainted": "yes", "vcld_post_load": "now"}
    assert current.tags == {"vcld_tainted": "yes"}
    assert without_tags(tagged) == CurrentImage("linux-Base-1-v1", {"id": "1"})
    with pytest.raises(UsageError):
        with_tag(current, "imagerevision_id", "1")


LINES = st.lists(
    st.one_of(st.text(), st.sampled_from(["id=1", "vcld_tainted=", "a = b", "x-v10", "=", "k=v=w"]))
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\0\n"]))
def test_what_is_parsed_is_stable(lines: list[str], end: str) -> None:
    current = parse(end.join(lines))
    if current is None:
        assert not any(char.isalnum() for line in lines for char in line)
        return
    text = render(current)
    assert parse(text) == current
    again = parse(text)
    assert again is not None
    assert render(again) == text
