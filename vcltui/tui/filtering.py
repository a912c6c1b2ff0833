"""The filter of a table: words, `field:part`, `field=whole`, `!` before each; all must hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter. `field` None: anywhere in the row. `exact`: it is the whole value."""

    text: str
    field: str | None = None
    inverse: bool = False
    exact: bool = False

    def is_in(self, value: str) -> bool:
        """Whether a value of its field fits it, whatever the letter case."""
        value = value.lower()
        return (self.text == value if self.exact else self.text in value) is not self.inverse


def parse_filter(text: str, fields: frozenset[str]) -> tuple[Term, ...]:
    """The terms of what was typed; `:` or `=` behind a word that is no field is a plain letter.

    `vm1:linux` is thus a plain word, as names of domains have colons.
    """
    terms: list[Term] = []
    for word in text.lower().split():
        bare = word.removeprefix("!")
        if not bare:
            continue
        field, sign, value = _parts(bare)
        if sign and field in fields:
            if value:
                terms.append(Term(value, field, word != bare, sign == "="))
        else:
            terms.append(Term(bare, None, word != bare))
    return tuple(terms)


def unknown_fields(text: str, fields: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """What stands before a `=` or `:` in a filter and is no field, each with that sign."""
    parts = (_parts(word.removeprefix("!")) for word in text.lower().split())
    return tuple((field, sign) for field, sign, _ in parts if sign and field not in fields)


def _parts(word: str) -> tuple[str, str, str]:
    """A word before and after its first `:` or `=`, with that between them."""
    found = re.fullmatch(r"([^:=]*)([:=])(.*)", word)
    return (found[1], found[2], found[3]) if found else (word, "", "")


def words_of(values: Sequence[str]) -> str:
    """The values of a row, in the order of its fields, as the text that filters look at."""
    words = "\n".join(values)
    if words.count("\n") >= len(values):
        words = "\n".join([value.replace("\n", " ") for value in values])
    return words.lower()


def value_of(words: str, place: int) -> str:
    """One of the values, in lower case, by its place."""
    return words.split("\n")[place]


class Filter:
    """What was typed, for rows with these fields; false where it narrows nothing.

    `ages` are fields whose values change by themselves: they are asked for when they are needed.
    """

    def __init__(self, text: str, fields: Sequence[str], ages: Collection[str] = ()) -> None:
        self.text = text
        self._terms = parse_filter(text, frozenset(fields))
        self._places = {field: place for place, field in enumerate(fields)}
        self._ages = ages

    def __bool__(self) -> bool:
        return bool(self._terms)

    def fits(self, words: str, age: Callable[[str], str] = lambda _field: "") -> bool:
        """Whether a row fits all terms, by its `words_of`; letter case does not matter."""
        return all(self._finds(term, words, age) is not term.inverse for term in self._terms)

    def _finds(self, term: Term, words: str, age: Callable[[str], str]) -> bool:
        if term.field is None:
            return term.text in words or any(term.text in age(one).lower() for one in self._ages)
        if term.field in self._ages:
            value = age(term.field).lower()
        else:
            value = value_of(words, self._places[term.field])
        return term.text == value if term.exact else term.text in value
