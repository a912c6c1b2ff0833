"""Commands and files on a VM host, this machine or another over SSH; only here start processes."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
