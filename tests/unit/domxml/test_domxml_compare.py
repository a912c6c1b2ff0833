"""When two documents are the same."""

from __future__ import annotations

import pytest

from vcltui.domxml.compare import fingerprint, same_document
from vcltui.errors import DomainXMLError

ONE = "<domain type='test' id='1'><name>vm1</name><description>a  b</description></domain>"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE, True),
        (ONE.replace("type='test' id='1'", 'id="1"\n  type="test"'), True),
        (ONE.replace("><", ">\n  <") + "\n", True),
        (ONE.replace("vm1", "\n vm1 "), True),
        (ONE.replace("vm1", "vm10"), False),
        (ONE.replace("id='1'", "id='2'"), False),
        (ONE.replace("a  b", "a b"), False),
        (ONE.replace("<name>", "<!-- x --><name>"), False),
        (ONE.replace("<name>vm1</name>", ""), False),
    ],
)
def test_layout_is_no_difference(other: str, same: bool):
    assert same_document(ONE, other) is same
    assert (fingerprint(ONE) == fingerprint(other)) is same


def test_what_is_no_xml_is_not_compared():
    with pytest.raises(DomainXMLError):
        same_document(ONE, "<domain>")
