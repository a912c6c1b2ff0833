"""The one table of what can be done.

Bindings, footer, palette, `:` commands and help are made from it, so that they can't drift apart.
"""

from vcltui.runtime.actions.model import (
    BASE_XML,
    Action,
    Arguments,
    Change,
    Danger,
    Input,
    Noun,
    Subject,
    possible,
)
from vcltui.runtime.actions.table import ACTIONS, BY_ID

__all__ = [
    "ACTIONS",
    "BASE_XML",
    "BY_ID",
    "Action",
    "Arguments",
    "Change",
    "Danger",
    "Input",
    "Noun",
    "Subject",
    "possible",
]
