"""lxml's E-factory with the types its stubs lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]


class Elements(Protocol):
    """Makes elements: `E.name("text", attribute="value")`, or `E("name", ...)`."""

    def __call__(self, tag: str, *children: object, **attributes: str) -> etree._Element:
        """An element from its tag, its children (elements, texts) and its attributes."""

    def __getattr__(self, tag: str) -> Callable[..., etree._Element]:
        """The maker of elements that have this tag."""


E = cast(Elements, ElementMaker())


def in_namespace(namespace: str, prefix: str) -> Elements:
    """An E-factory whose elements are in `namespace`."""
    return cast(Elements, ElementMaker(namespace=namespace, nsmap={prefix: namespace}))
