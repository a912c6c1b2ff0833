"""Where the inventory is: an embedded file, or VCL's database with its password."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, quote, urlsplit, urlunsplit

from vcltui.config.document import Document
from vcltui.config.model import SQLITE_PREFIX
from vcltui.config.vcldconf import VcldConf, find_vcld_conf, read_vcld_conf

_SCHEMES = ("mysql+pymysql", "mariadb+pymysql")
_EXPECTED = "It takes a URL such as mysql+pymysql://vcl@database.example.org/vcl"


def vcld_conf(document: Document, default: Path) -> VcldConf | None:
    """VCL's own configuration, where the inventory is the database that it names.

    That is so where [inventory] names the file, or where it names nothing and the `default`
    file is there for this user. Raises ConfigError for a file that was asked for.
    """
    table = document.tables.get("inventory", {})
    asked = table.get("vcld_conf")
    others = [key for key in ("path", "url", "password_file") if key in table]
    if asked is None:
        return None if others else find_vcld_conf(default)
    if others:
        raise document.place("inventory", "vcld_conf").error(
            f"stands beside {' and '.join(others)}", "Leave one of them out"
        )
    found = read_vcld_conf(Path(asked))
    found.url()
    return found


def inventory_url(document: Document, state_directory: Path, vcld: VcldConf | None = None) -> str:
    """The URL of the inventory, with the password from its file if it has one.

    `vcld` is what `vcld_conf` found. Raises ConfigError; no message quotes the URL, which may
    hold a password.
    """
    if vcld is not None:
        return vcld.url()
    table = document.tables.get("inventory", {})
    url, path, password_file = (table.get(key) for key in ("url", "path", "password_file"))
    if url is not None and path is not None:
        raise document.place("inventory").error(
            "has both a path and a url", "A path is an embedded file, a url VCL's database"
        )
    if url is None:
        if password_file is not None:
            raise document.place("inventory", "password_file").error(
                "stands without a url", "An embedded file has no password"
            )
        return f"{SQLITE_PREFIX}{path or state_directory / 'inventory.sqlite'}"
    parts = _split(document, url)
    if password_file is None:
        return str(url)
    place = document.place("inventory", "password_file")
    if parts.password is not None:
        raise place.error("stands beside a password in the url", "Leave one of them out")
    if not parts.username:
        raise place.error("stands beside a url without a user", _EXPECTED)
    password = quote(_read_password(document, Path(password_file)), safe="")
    user, _, address = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{address}"))


def _split(document: Document, url: str) -> SplitResult:
    place = document.place("inventory", "url")
    try:
        parts = urlsplit(url)
        has_address = parts.hostname or "unix_socket" in parse_qs(parts.query)
        is_complete = bool(has_address and parts.path.strip("/")) and parts.port != 0
    except ValueError:
        raise place.error("is no URL", _EXPECTED) from None
    if parts.scheme not in _SCHEMES:
        raise place.error(
            "is no URL of VCL's database", f"{_EXPECTED}; an embedded file is named by path"
        )
    if not is_complete:
        raise place.error("lacks the host or the database", _EXPECTED)
    return parts


def _read_password(document: Document, file: Path) -> str:
    place = document.place("inventory", "password_file")
    try:
        mode = file.stat().st_mode
        words = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise place.error(
            f"names {file}, which can't be read: {reason}", "It holds the password on one line"
        ) from error
    if mode & stat.S_IRWXO:
        raise place.error(
            f"names {file}, which everybody may read or change",
            f"Run `chmod o= {file}`",
        )
    if len(words) != 1 or not words[0]:
        raise place.error(f"names {file}, which is not one line", "It holds the password alone")
    return words[0]
