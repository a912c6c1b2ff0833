"""VCL's own MariaDB, through PyMySQL."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, cast

import pymysql
from pymysql.constants import CR
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from vcltui.errors import InventoryError
from vcltui.vcldb import tables
from vcltui.vcldb.messages import not_an_inventory

_DRIVERS = frozenset({"mysql+pymysql", "mariadb+pymysql"})
_OPTIONS = frozenset(
    {"charset", "unix_socket", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher",
     "ssl_check_hostname"}
)  # fmt: skip
_STRICT = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 30
_IDLE_SECONDS = 1800


def make_engine(url_text: str, *, readonly: bool) -> tuple[Engine, str]:
    """An engine for a database URL, and the URL without its password.

    Connections are strict, so that the server refuses what does not fit instead of cutting it.
    Raises InventoryError for a URL that is none of VCL's database.
    """
    hint = "It should look like mysql+pymysql://user@host/vcl"
    try:
        url = make_url(url_text)
    except (ArgumentError, ValueError):
        # The error is left out on purpose: it may quote the password.
        raise InventoryError("The database URL can't be read", hint) from None
    label = URL.create(
        url.drivername, url.username, host=url.host, port=url.port, database=url.database
    ).render_as_string()
    has_address = url.host or "unix_socket" in url.query
    if url.drivername not in _DRIVERS or not has_address or not url.database:
        raise InventoryError(f"{label} is no URL of a VCL database", hint)
    unknown = sorted(set(url.query) - _OPTIONS)
    if unknown:
        raise InventoryError(
            f"The options {', '.join(map(repr, unknown))} of {label} are not known",
            f"Possible are {', '.join(sorted(_OPTIONS))}",
        )
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_recycle=_IDLE_SECONDS,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _ANSWER_SECONDS,
            "write_timeout": _ANSWER_SECONDS,
            "init_command": _STRICT,
        },
    )
    event.listen(engine, "do_connect", _connect)
    if readonly:

        @event.listens_for(engine, "connect")
        def _connected(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.close()

    return engine, label


def _connect(
    _dialect: Dialect,
    _record: ConnectionPoolEntry,
    _arguments: Sequence[Any],
    options: dict[str, Any],
) -> DBAPIConnection:
    path = options.get("unix_socket")
    if path is not None:
        return _connect_to_socket(path, options)
    try:
        return cast(DBAPIConnection, pymysql.connect(**options))
    except OSError as error:  # what the network reports is a DBAPI error already
        raise pymysql.err.OperationalError(
            CR.CR_SSL_CONNECTION_ERROR,
            f"The files for TLS can't be used: {error.strerror or type(error).__name__}",
        ) from error


def _connect_to_socket(path: str, options: dict[str, Any]) -> DBAPIConnection:
    """Connect to a socket of the file system, which PyMySQL itself leaves open where it fails."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.settimeout(_CONNECT_SECONDS)
        channel.connect(path)
        connection = pymysql.connect(**options, defer_connect=True)
        connection.connect(channel)
    except OSError as error:
        channel.close()
        raise pymysql.err.OperationalError(
            CR.CR_CONNECTION_ERROR, f"Can't connect through the socket {path}: {error.strerror}"
        ) from error
    except BaseException:
        channel.close()
        raise
    return cast(DBAPIConnection, connection)


def check(connection: Connection, label: str) -> None:
    """Raise InventoryError for a database without VCL's states."""
    found = connection.scalar(select(tables.state.c.id).where(tables.state.c.name == "available"))
    if found is None:
        raise not_an_inventory(label)
