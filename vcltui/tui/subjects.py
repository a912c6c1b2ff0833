"""What actions are done to, in words."""

from __future__ import annotations

from collections.abc import Sequence

from vcltui.runtime.actions import Subject
from vcltui.tui.words import count, plain


def subject_words(subjects: Sequence[Subject]) -> str:
    """The name of one, the number of several."""
    return plain(subjects[0].name) if len(subjects) == 1 else count(len(subjects), "target")
