"""Modules that are imported when something of them is first used.

What takes long to import, and what most commands or the first screen do not need, is imported
late: a package that sets `__getattr__ = late_modules(__name__)` gives, to whoever says
`from package import module`, a stand-in until somebody uses what is in the module.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


class _Late(ModuleType):
    """Stands for a module, which it imports for the first who asks for something of it."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._whole(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._whole(), name, value)

    def _whole(self) -> ModuleType:
        known = self.__dict__
        if "whole" not in known:
            known["whole"] = import_module(self.__name__)
        found: ModuleType = known["whole"]
        return found


def late_modules(package: str) -> Callable[[str], ModuleType]:
    """The `__getattr__` of a package: Python asks it for what is not imported yet.

    It is to be set where types are not checked only, or every name would pass for one that is
    there. It raises AttributeError for a name that no module of the package has.
    """

    def get(name: str) -> ModuleType:
        whole = f"{package}.{name}"
        if name.startswith("_") or find_spec(whole) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return _Late(whole)

    return get
