"""VCL's own configuration of a management node, /etc/vcl/vcld.conf: where its database is.

The file holds a password, so nothing that is said about it quotes a line of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from vcltui.config.plainfile import read_plain
from vcltui.errors import ConfigError

VCLD_CONF = Path("/etc/vcl/vcld.conf")
# Where the client library that vcld uses looks when the server is "localhost".
_SOCKETS = (Path("/run/mysqld/mysqld.sock"), Path("/var/lib/mysql/mysql.sock"))
_YES = frozenset({"1", "yes", "true", "on"})
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?\Z")


@dataclass(frozen=True, slots=True)
class VcldConf:
    """What vcld.conf says. `fqdn` is the management node's name; what it lacks is empty.

    `ssl_certificate` is the authority's certificate, with which the server's is checked.
    """

    file: Path
    server: str = ""
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    ssl: bool = False
    ssl_certificate: str = ""
    fqdn: str = ""
    log: str = ""
    process_name: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it names a database and a user of it."""
        return bool(self.server and self.database and self.user)

    def url(self, *, sockets: Sequence[Path] = _SOCKETS) -> str:
        """The database's URL, with the password in it.

        The server "localhost" is its socket, where there is one, as for vcld. Raises
        ConfigError where the file does not name a database.
        """
        for key, value in (
            ("server", self.server),
            ("database", self.database),
            ("LockerWrtUser", self.user),
        ):
            if not value:
                raise self._error(f"has no {key}", f"Add a line {key}=")
        if not _SERVER.match(self.server):
            raise self._error(
                "has a server that is no host name", "It takes a name, such as db.example.org"
            )
        query: dict[str, str] = {}
        if self.ssl:
            # Without a certificate to check against the connection is at least encrypted.
            query |= (
                {"ssl_ca": self.ssl_certificate}
                if self.ssl_certificate
                else {"ssl_check_hostname": "false"}
            )
        address = self.server
        socket = next((path for path in sockets if path.exists()), None)
        if self.server == "localhost" and socket is not None:
            address, query = "", {**query, "unix_socket": str(socket)}
        login = quote(self.user, safe="")
        if self.password:
            login += f":{quote(self.password, safe='')}"
        tail = f"?{urlencode(query)}" if query else ""
        return f"mysql+pymysql://{login}@{address}/{quote(self.database, safe='')}{tail}"

    def _error(self, problem: str, hint: str) -> ConfigError:
        return ConfigError(f"VCL's configuration {self.file} {problem}", hint)


def read_vcld_conf(file: Path) -> VcldConf:
    """Read VCL's configuration. Raises ConfigError, which never quotes the file."""
    try:
        data = read_plain(file)
    except OSError as error:
        raise ConfigError(
            f"VCL's configuration {file} can't be read: {error.strerror}",
            "Run vcltui as a user who may read it, or name the database under [inventory] url",
        ) from error
    return parse_vcld_conf(data.decode("utf-8", errors="surrogateescape"), file)


def parse_vcld_conf(text: str, file: Path = VCLD_CONF) -> VcldConf:
    """What a text says; keys are read without regard to case, unknown ones are passed over.

    Raises ConfigError for a value that can be none, without quoting it.
    """
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        word = key.strip().lower()
        if equals and word in _KEYS and not word.startswith("#"):
            # A password may have any character; elsewhere a remark may follow.
            value = value.strip() if word == "wrtpass" else re.split(r"\s#", value)[0].strip()
            if not _is_plain(value):
                raise ConfigError(
                    f"In VCL's configuration {file}, {word} has characters that can't be used",
                    "Save it as UTF-8, without control characters",
                )
            values[_KEYS[word]] = value
    is_on = values.pop("ssl", "").lower() in _YES
    return VcldConf(file=file, ssl=is_on, **values)


def find_vcld_conf(
    file: Path, *, is_readable: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK)
) -> VcldConf | None:
    """VCL's configuration where it is, may be read and names a database; else None.

    For the file that nobody asked for: one that is of no use is passed over.
    """
    if not is_readable(file):
        return None
    try:
        found = read_vcld_conf(file)
        found.url()
    except ConfigError:
        return None
    return found


_KEYS = {
    "server": "server",
    "database": "database",
    "lockerwrtuser": "user",
    "wrtpass": "password",
    "enable_mysql_ssl": "ssl",
    "mysql_ssl_cert": "ssl_certificate",
    "fqdn": "fqdn",
    "log": "log",
    "processname": "process_name",
}


def _is_plain(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return not any(ord(character) < 32 or ord(character) == 127 for character in value)
