"""The rows of a base image that is captured by hand: chosen, checked, entered, ended."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
