"""The journal of every operation that changes something."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
