"""libvirt: connections, domains, snapshots, networks, statistics and events.

The one package that imports libvirt; what leaves it are models, and errors of vcltui's tree.
"""

from typing import TYPE_CHECKING

from vcltui.late import late_modules

if not TYPE_CHECKING:
    __getattr__ = late_modules(__name__)
