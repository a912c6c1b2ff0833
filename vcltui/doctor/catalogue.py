"""The remedies by their letters, in the words shown to people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemedyName:
    """A remedy: its letter, a label of a few words, and what it does in one sentence.

    `destroys`: what it takes away can't be had back.
    """

    letter: str
    label: str
    summary: str
    destroys: bool = False


REMEDIES = {
    one.letter: one
    for one in (
        RemedyName("A", "Requeue", "Put the request back, so that vcld does it again"),
        RemedyName("B", "Unmark block request", "Take the mark away, so that vcld processes it"),
        RemedyName("C", "Delete request", "End the request as its user's delete does", True),
        RemedyName("E", "Complete", "Mark the request complete; vcld then removes it", True),
        RemedyName("F", "Make available", "Let VCL use the computer again as it is"),
        RemedyName("G", "Reload", "Ask vcld to load the computer's image again", True),
        RemedyName("H", "Restart capture", "Let vcld try the failed capture again"),
        RemedyName("I", "Remove domain", "Delete a domain that should not be, and its disk", True),
        RemedyName("J", "Delete lock", "Delete the row of a lock whose process is gone"),
        RemedyName("K", "End process", "Ask vcld's process to end, then put the request back"),
        RemedyName("L", "Put aside", "Rename a file so that nobody uses it; nothing is deleted"),
    )
}
"""By letter. VCL has no use for D."""
