"""What may stand in a configuration file, and how several files become one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vcltui.config import values
from vcltui.config.plainfile import read_plain
from vcltui.config.values import Place
from vcltui.errors import ConfigError

_GUESTS: dict[str, values.Check] = {
    "method": values.one_of("ssh", "simulated"),
    "user": values.user_name,
    "identity_file": values.path,
    "ports": values.ports,
    "proxy_jump": values.jump_hosts,
    "boot_timeout_seconds": values.seconds,
    "shutdown_timeout_seconds": values.seconds,
}
_PROFILE: dict[str, values.Check] = {
    "datastore": values.path,
    "vmpath": values.path,
    "repository": values.path,
    "datastore_image_type": values.one_of("qcow2", "raw", "vmdk", "vdi"),
    "repository_image_type": values.one_of("qcow2", "raw", "vmdk", "vdi"),
    "virtualswitch0": values.text,
    "virtualswitch1": values.text,
    "eth0_generated": values.boolean,
    "eth1_generated": values.boolean,
}
_HOST: dict[str, values.Check] = {
    "uri": values.libvirt_uri,
    "driver": values.text,
    "profile": values.text,
    "xml_directory": values.path,
    "domain_name_style": values.one_of("seed", "vcl25"),
    "guests": values.table(_GUESTS),
}
_YEAR_SECONDS = 365 * 86400
# What VCL itself does not fix. Its own limits are not for anybody to change here.
_DOCTOR: dict[str, values.Check] = {
    "pending_seconds": values.number(1, 86400),
    "unknown_after_seconds": values.number(1, 86400),
    "slow_factor": values.number(1, 1000),
    "slow_least_seconds": values.number(1, 86400),
    "growing_seconds": values.number(1, 86400),
    "full_share": values.number(0.01, 1),
    "smaller_share": values.number(0, 1),
    "orphan_file_seconds": values.number(60, _YEAR_SECONDS),
    "block_seconds": values.number(60, _YEAR_SECONDS),
    "failures_least": values.whole_number(1, 1000),
    "failures_share": values.number(0.01, 1),
}
_DOCUMENT = values.table(
    {
        "management_node": values.host_name,
        "state_directory": values.path,
        "sandbox": values.boolean,
        "inventory": values.table(
            {
                "path": values.path,
                "url": values.text,
                "password_file": values.path,
                "vcld_conf": values.path,
                "all_management_nodes": values.boolean,
            }
        ),
        "profiles": values.named_tables("profile", values.table(_PROFILE)),
        "hosts": values.named_tables("host", values.table(_HOST)),
        "guests": values.table(_GUESTS),
        "management_nodes": values.named_tables(
            "management node", values.table({"ssh": values.jump_hosts, "log": values.path})
        ),
        "doctor": values.table(_DOCTOR),
        "jobs": values.table({"copies_at_once": values.whole_number(1, 64)}),
        "ui": values.table(
            {"theme": values.text, "ascii": values.boolean, "keys": values.action_keys}
        ),
    }
)
# These name one thing together, so a later file's table takes the place of an earlier one's.
_WHOLE_TABLES = frozenset({"inventory"})
_MOST_DOTS = 200
"""In a line. Of a key with thousands of parts tomllib takes the square of their number."""


class Document:
    """Checked tables and, for each key, the file that it comes from (`places`)."""

    def __init__(
        self, file: Path, tables: Mapping[str, Any], places: Mapping[str, Path] | None = None
    ) -> None:
        self.file = file
        self.tables = dict(tables)
        self.places = dict(places) if places is not None else _places(tables, "", file)

    def place(self, *keys: str) -> Place:
        """Where a key stands, or the last file where it stands in none."""
        key = ".".join(keys)
        return Place(self.places.get(key, self.file), key)

    def overlaid(self, later: Document) -> Document:
        """What this document says, with what a later one says in addition or instead."""
        tables = _overlay(self.tables, later.tables, _WHOLE_TABLES)
        return Document(later.file, tables, self.places | later.places)


def read_documents(files: Sequence[Path]) -> Document:
    """Read and check files, later ones over earlier ones. Raises ConfigError."""
    documents = [_read(file) for file in files]
    whole = documents[0]
    for later in documents[1:]:
        whole = whole.overlaid(later)
    return whole


def _read(file: Path) -> Document:
    return Document(file, check_tables(_parse(file), file))


def check_tables(tables: object, file: Path) -> dict[str, Any]:
    """Check what TOML made of a file. Raises ConfigError naming the file and the key."""
    checked: dict[str, Any] = _DOCUMENT(tables, Place(file))
    return checked


def _parse(file: Path) -> dict[str, Any]:
    try:
        data = read_plain(file)
    except OSError as error:
        raise ConfigError(
            f"The configuration {file} can't be read: {error.strerror}",
            "Name another file with --config, or mend its permissions",
        ) from error
    if any(line.count(b".") > _MOST_DOTS for line in data.splitlines() if _is_read(line)):
        raise _too_deep(file)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"The configuration {file} is not written in UTF-8 (line {line})", "Save it as UTF-8"
        ) from error
    except ValueError as error:  # TOMLDecodeError, and int() of a number with too many digits
        end = f"at line {len(data.splitlines())}, the end"
        problem = str(error).replace("at end of document", end)
        raise ConfigError(
            f"The configuration {file} is no valid TOML: {problem}", "Mend that line"
        ) from error
    except RecursionError as error:
        raise _too_deep(file) from error


def _is_read(line: bytes) -> bool:
    """Whether a line is more than a comment."""
    return not line.lstrip().startswith(b"#")


def _too_deep(file: Path) -> ConfigError:
    return ConfigError(
        f"The configuration {file} is nested too deeply", "No list or table in it needs so many"
    )


def _overlay(
    earlier: Mapping[str, Any], later: Mapping[str, Any], whole: frozenset[str] = frozenset()
) -> dict[str, Any]:
    merged = dict(earlier)
    for key, value in later.items():
        known = merged.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and key not in whole:
            merged[key] = _overlay(known, value)
        else:
            merged[key] = value
    return merged


def _places(tables: Mapping[str, Any], prefix: str, file: Path) -> dict[str, Path]:
    places: dict[str, Path] = {}
    for key, value in tables.items():
        places[prefix + key] = file
        if isinstance(value, dict):
            places |= _places(value, f"{prefix}{key}.", file)
    return places
