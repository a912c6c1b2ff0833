"""The live fleet: what every host and domain does now, each host on a clock of its own."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
