"""Checks of single values, each told which key of which file it looks at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from vcltui.errors import ConfigError, UsageError
from vcltui.models.names import check_name


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a configuration file, such as `hosts.kvm1.uri`; the whole file has key ""."""

    file: Path
    key: str = ""

    def below(self, key: str) -> Place:
        """The place of a key in the table that this place is."""
        shown = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else repr(key[:60])
        return Place(self.file, f"{self.key}.{shown}" if self.key else shown)

    def error(self, problem: str, expected: str) -> ConfigError:
        """The error for this key. `problem` follows the key in the sentence."""
        return ConfigError(f"In {self.file}, {self.key} {problem}", expected)


Check = Callable[[object, Place], Any]
"""Takes a value as TOML has it; returns it as the configuration has it, or raises ConfigError."""

_URI = re.compile(r"[a-z][a-z0-9]*(\+[a-z0-9]+)?://[!-~]*\Z")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\Z")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_JUMP = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.:@,\[\]-]*\Z")
_ACTION = re.compile(r"[a-z][a-z0-9_.-]*\Z")
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return _KINDS.get(type(value), "a date or time")


def text(value: object, place: Place) -> str:
    """Text on one line, not empty."""
    if not isinstance(value, str):
        raise place.error(f"is {_kind(value)}", "It takes text in quotes")
    if not value.strip():
        raise place.error("is empty", "Give a value, or leave the key out")
    if not value.isprintable():
        raise place.error("has characters that can't be printed", "It takes text on one line")
    return value


def boolean(value: object, place: Place) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise place.error(f"is {_kind(value)}", "It takes true or false, without quotes")
    return value


def whole_number(least: int, most: int) -> Check:
    """A check for whole numbers from `least` to `most`."""

    def check(value: object, place: Place) -> int:
        expected = f"It takes a whole number from {least} to {most}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise place.error(f"is {_kind(value)}", expected)
        if not least <= value <= most:
            raise place.error("is out of range", expected)
        return value

    return check


def number(least: float, most: float) -> Check:
    """A check for numbers from `least` to `most`, whole or not."""

    def check(value: object, place: Place) -> float:
        expected = f"It takes a number from {least:g} to {most:g}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.error(f"is {_kind(value)}", expected)
        if not least <= value <= most:  # neither is what is no number
            raise place.error("is out of range", expected)
        return float(value)

    return check


def seconds(value: object, place: Place) -> float:
    """A time in seconds, more than none and at most a day."""
    expected = "It takes a number of seconds, more than 0 and at most 86400"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise place.error(f"is {_kind(value)}", expected)
    if not 0 < value <= 86400:  # neither is what is no number
        raise place.error("is out of range", expected)
    return float(value)


def one_of(*choices: str) -> Check:
    """A check for one of these words."""

    def check(value: object, place: Place) -> str:
        word = text(value, place)
        if word not in choices:
            raise place.error(f"is {word[:40]!r}", f"It takes {' or '.join(map(repr, choices))}")
        return word

    return check


def _matching(pattern: re.Pattern[str], problem: str, expected: str) -> Check:
    def check(value: object, place: Place) -> str:
        word = text(value, place)
        if not pattern.match(word):
            raise place.error(f"{problem}: {word[:60]!r}", expected)
        return word

    return check


user_name = _matching(_USER, "is no user name", "It takes a login, such as root")
jump_hosts = _matching(
    _JUMP, "is no jump host", "It takes what ssh -J takes, such as admin@gate:22"
)
action_key = _matching(re.compile(r"[!-~]+\Z"), "is no key", "It takes a key, such as ctrl+r")


def libvirt_uri(value: object, place: Place) -> str:
    """A libvirt URI, or an alias that libvirt.conf explains."""
    word = text(value, place)
    if not _URI.match(word) and not _ALIAS.match(word):
        raise place.error(
            "is no libvirt URI",
            "It takes one such as qemu:///system or qemu+ssh://root@kvm1/system",
        )
    return word


def host_name(value: object, place: Place) -> str:
    """A name that can be part of paths and arguments."""
    try:
        return check_name("host", text(value, place))
    except UsageError as error:
        raise place.error("is no host name", error.hint) from error


def path(value: object, place: Place) -> str:
    """An absolute path; `~` is the home folder, and a relative one is beside the file."""
    word = text(value, place)
    try:
        whole = place.file.parent.absolute() / Path(word).expanduser()
    except RuntimeError as error:
        raise place.error(
            "names a home folder that is not known", "It takes an absolute path"
        ) from error
    if len(os.fsencode(whole)) > 4000 or any(len(os.fsencode(part)) > 255 for part in whole.parts):
        raise place.error("is too long for a path", "A folder or file name has at most 255 bytes")
    return os.path.normpath(whole)


def ports(value: object, place: Place) -> tuple[int, ...]:
    """Port numbers in the order in which they are tried."""
    expected = "It takes a list of port numbers, such as [22, 24]"
    if not isinstance(value, list):
        raise place.error(f"is {_kind(value)}", expected)
    check = whole_number(1, 65535)
    numbers = tuple(check(number, place) for number in value)
    if not numbers or len(set(numbers)) != len(numbers) or len(numbers) > 8:
        raise place.error("is empty, too long or names a port twice", expected)
    return numbers


def table(checks: Mapping[str, Check]) -> Check:
    """A check for a table that has these keys and no others, all of them optional."""

    def check(value: object, place: Place) -> dict[str, Any]:
        entries = _entries(value, place)
        for key in entries:
            if key not in checks:
                close = get_close_matches(key[:60], checks, n=1)
                raise place.below(key).error(
                    "is not known",
                    f"Did you mean {close[0]!r}" if close else f"Known are {', '.join(checks)}",
                )
        return {key: checks[key](entry, place.below(key)) for key, entry in entries.items()}

    return check


def named_tables(kind: str, check_one: Check) -> Check:
    """A check for tables by name, such as [hosts.kvm1]; `kind` is the word for the name."""

    def check(value: object, place: Place) -> dict[str, Any]:
        entries = _entries(value, place)
        for name in entries:
            try:
                check_name(kind, name)
            except UsageError as error:
                raise place.below(name).error(f"is no {kind} name", error.hint) from error
        return {name: check_one(entry, place.below(name)) for name, entry in entries.items()}

    return check


def action_keys(value: object, place: Place) -> dict[str, str]:
    """A table of action ids and the keys for them."""
    entries = _entries(value, place)
    for name in entries:
        if not _ACTION.match(name):
            raise place.below(name).error("is no action", "`?` in the console lists them")
    return {name: action_key(key, place.below(name)) for name, key in entries.items()}


def _entries(value: object, place: Place) -> dict[str, object]:
    if not isinstance(value, dict):
        raise place.error(f"is {_kind(value)}", f"It takes a table: [{place.key}]")
    return value
