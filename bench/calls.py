"""Counts what this process asks of libvirt, in all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import libvirtmod

ASKING = ("virConnect", "virDomain", "virNode", "virNetwork", "virInterface", "virStorage")
# What libvirt answers from the object itself, without asking the host.
LOCAL = ("GetName", "GetUUIDString", "GetUUID", "GetID", "Free", "Ref", "IsAlive", "GetConnect")


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count the calls that would go to a host, by the names of libvirt's functions."""
    calls: Counter[str] = Counter()
    lock = threading.Lock()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the function takes
            with lock:
                calls[name] += 1
            return function(*arguments)

        return call

    before = {
        name: function
        for name, function in vars(libvirtmod).items()
        if name.startswith(ASKING) and not name.endswith(LOCAL) and callable(function)
    }
    for name, function in before.items():
        setattr(libvirtmod, name, counting(name, function))
    try:
        yield calls
    finally:
        for name, function in before.items():
            setattr(libvirtmod, name, function)
