"""Which texts can stand in XML on one line."""

from __future__ import annotations

import unicodedata

from vcltui.errors import DomainXMLError

# Control characters, surrogates, line and paragraph separators: XML can't hold some of them, and
# none belongs into a name or into a line of a description.
_HOSTILE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NONCHARACTERS = frozenset("\ufffe\uffff")


def check_text(kind: str, text: str) -> str:
    """Return `text` if it has at least one character and all of them can be in one XML line.

    `kind` is the word for it in the message. Raises DomainXMLError.
    """
    if not text:
        raise DomainXMLError(f"The {kind} is empty")
    if text.isascii() and text.isprintable():
        return text
    for character in text:
        if character in _NONCHARACTERS or unicodedata.category(character) in _HOSTILE_CATEGORIES:
            raise DomainXMLError(
                f"The {kind} {text[:60]!r} has the character {character!r}, "
                "which can't be part of it"
            )
    return text
