"""Domain XML built and parsed; no policy, no libvirt. The one package that imports lxml."""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
