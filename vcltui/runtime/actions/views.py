"""The actions that change nothing: what they show is the face's part."""

from __future__ import annotations

from collections.abc import Callable

from vcltui.runtime.actions import when
from vcltui.runtime.actions.model import Action, Danger, Noun, Subject


def view(
    id_: str,
    key: str,
    label: str,
    summary: str,
    refusal: Callable[[Subject], str | None],
    *,
    noun: Noun = Noun.DOMAIN,
    needs_answer: bool = False,
    needs_host: bool = True,
    bulk: bool = False,
    in_footer: bool = False,
) -> Action:
    """An action that changes nothing and has no use case."""
    return Action(
        id_,
        key,
        label,
        summary,
        noun,
        Danger.READS,
        refusal,
        needs_answer=needs_answer,
        needs_host=needs_host,
        bulk=bulk,
        in_footer=in_footer,
    )


DOMAIN_VIEWS = (
    view("describe", "d", "Describe", "All there is to know of it", when.is_named),
    view(
        "status",
        "t",
        "Status",
        "Whether the computer is READY, needs POST_LOAD or RELOAD, and why (node_status)",
        when.has_computer,
        needs_answer=True,
    ),
    view("xml", "y", "XML", "The domain's XML", when.has_domain),
    view("logs", "l", "Logs", "The computer's load log, and the domain's own", when.has_domain),
    view(
        "shell",
        "s",
        "Shell",
        "A shell in the guest or on the host, or the domain's serial console",
        when.has_host,
    ),
    view("copy", "c", "Copy", "Copy the name to the clipboard", when.is_named, needs_host=False),
)
"""What shows a domain, a computer or a host."""
