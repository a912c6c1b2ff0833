"""Finding the hypervisor drivers and choosing the one for a host (specification: initialize)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points

import vcltui.drivers as drivers_folder
from vcltui.drivers.base import Driver, DriverContext
from vcltui.errors import ConfigError, DriverError, NodeUnreachableError, VcltuiError

ENTRY_POINT_GROUP = "vcltui.drivers"


@dataclass(frozen=True, slots=True)
class Discovery:
    """The drivers in the order they are tried, and those that can't be used: (name, reason)."""

    drivers: tuple[type[Driver], ...]
    broken: tuple[tuple[str, str], ...] = ()


def discover_drivers() -> Discovery:
    """Every driver in the drivers folder and of installed packages, by priority and name.

    A driver that can't be imported is reported as broken; it disturbs no other.
    """
    return _collect(*_sources(None))


def choose_driver(context: DriverContext) -> tuple[Driver, list[str]]:
    """The initialized driver for a host, and notices about drivers that were left out.

    It is the one that the host's configuration names, in any case, else the first that
    initializes. Raises ConfigError for a name that no driver has, DriverError with each
    driver's reason when none can be used, NodeUnreachableError.
    """
    wanted = context.vmhost.driver
    if wanted is not None:
        driver = _named_driver(wanted, context.vmhost.name)(context)
        _initialize(driver)
        return driver, []
    found = discover_drivers()
    notices = [f"The driver {name} can't be used: {reason}" for name, reason in found.broken]
    reasons: list[str] = []
    for kind in found.drivers:
        try:
            driver = kind(context)
            _initialize(driver)
        except NodeUnreachableError:
            raise
        except VcltuiError as error:
            reasons.append(f"{kind.name}: {error.what}")
        else:
            return driver, [*notices, *reasons]
    raise DriverError(
        f"No driver can be used on {context.vmhost.name}: {'; '.join([*reasons, *notices])}",
        "Mend one of these, or name the host's driver in the configuration",
    )


def drivers_instead_of(wanted: str) -> tuple[str, ...]:
    """The names of the drivers there are, where none is named `wanted`; else none of them.

    Whether that one can be used is not looked at, so that mostly nothing is imported.
    """
    if any(_sources(wanted)):
        return ()
    found = discover_drivers()
    is_broken = any(name.lower() == wanted.lower() for name, _ in found.broken)
    if is_broken or _by_name(found, wanted) is not None:
        return ()
    return tuple(kind.name for kind in found.drivers)


def _initialize(driver: Driver) -> None:
    """Initialize a driver; whatever a plugin raises becomes a DriverError."""
    try:
        driver.initialize()
    except VcltuiError:
        raise
    except Exception as error:
        raise DriverError(
            f"The driver {driver.name} failed: {_say(error)}", "Report it to the driver's author"
        ) from error


def _named_driver(wanted: str, host: str) -> type[Driver]:
    """The driver of a name; nothing else is imported where a module or package is named so."""
    likely = _collect(*_sources(wanted))
    everything = Discovery(())
    found = _by_name(likely, wanted)
    if found is None:
        everything = discover_drivers()
        found = _by_name(everything, wanted)
    if found is not None:
        return found
    for name, reason in (*likely.broken, *everything.broken):
        if name.lower() == wanted.lower():
            raise DriverError(
                f"The driver {name} of the host {host} can't be used: {reason}",
                "Mend or reinstall it",
            )
    names = ", ".join(kind.name for kind in everything.drivers)
    raise ConfigError(f"The host {host} names the unknown driver {wanted!r}", f"There are {names}")


def _by_name(found: Discovery, wanted: str) -> type[Driver] | None:
    for kind in found.drivers:
        if kind.name.lower() == wanted.lower():
            return kind
    return None


def _sources(wanted: str | None) -> tuple[list[str], list[EntryPoint]]:
    """Modules of the drivers folder and entry points; only those named `wanted`, if given."""
    modules = [info.name for info in pkgutil.iter_modules(drivers_folder.__path__)]
    points = list(entry_points(group=ENTRY_POINT_GROUP))
    if wanted is not None:
        modules = [name for name in modules if name.lower() == wanted.lower()]
        points = [point for point in points if point.name.lower() == wanted.lower()]
    return sorted(modules), sorted(points, key=lambda point: (point.name, point.value))


def _collect(modules: Iterable[str], points: Iterable[EntryPoint]) -> Discovery:
    found: dict[str, type[Driver]] = {}
    broken: list[tuple[str, str]] = []

    def add(source: str, load: Callable[[], Iterable[type[Driver]]]) -> None:
        try:
            for kind in load():
                rival = found.setdefault(kind.name.lower(), kind)
                if rival is not kind:
                    where = f"{rival.__module__}.{rival.__qualname__}"
                    broken.append((source, f"its name {kind.name} is taken by {where}"))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            broken.append((source, _say(error)))

    for name in modules:
        add(name, partial(_drivers_in, f"vcltui.drivers.{name}"))
    for point in points:
        add(point.name, partial(_driver_of, point))
    ordered = sorted(found.values(), key=lambda kind: (kind.priority, kind.name))
    return Discovery(tuple(ordered), tuple(broken))


def _drivers_in(module_name: str) -> list[type[Driver]]:
    """The drivers that a module defines itself; base classes are none."""
    module = importlib.import_module(module_name)
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Driver)
        and kind.__module__ == module.__name__
        and not inspect.isabstract(kind)
    ]


def _driver_of(point: EntryPoint) -> list[type[Driver]]:
    """The driver that an entry point names. Raises TypeError where it is none."""
    kind = point.load()
    if not inspect.isclass(kind) or not issubclass(kind, Driver):
        raise TypeError("it is no driver class")
    if inspect.isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        raise TypeError(f"it lacks {missing}")
    if not isinstance(getattr(kind, "name", None), str):
        raise TypeError("it has no name")
    return [kind]


def _say(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
