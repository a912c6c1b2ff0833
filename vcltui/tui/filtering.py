"""The filter of a table: words, `!word`, `field:value` and `!field:value`, all must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter. `field` None: anywhere in the row."""

    text: str
    field: str | None = None
    inverse: bool = False


def parse_filter(text: str, fields: frozenset[str]) -> tuple[Term, ...]:
    """The terms of what was typed; a colon behind a word that is no field is a plain letter.

    `vm1:linux` is thus a plain word, as names of domains have colons.
    """
    terms: list[Term] = []
    for word in text.lower().split():
        bare = word.removeprefix("!")
        if not bare:
            continue
        field, colon, value = bare.partition(":")
        if colon and field in fields:
            if value:
                terms.append(Term(value, field, word != bare))
        else:
            terms.append(Term(bare, None, word != bare))
    return tuple(terms)


def matches(terms: tuple[Term, ...], values: Mapping[str, str]) -> bool:
    """Whether a row, its values by field, fits all terms; letter case does not matter."""
    return all(_holds(term, values) for term in terms)


def _holds(term: Term, values: Mapping[str, str]) -> bool:
    if term.field is not None:
        found = term.text in values.get(term.field, "").lower()
    else:
        found = any(term.text in value.lower() for value in values.values())
    return found is not term.inverse
