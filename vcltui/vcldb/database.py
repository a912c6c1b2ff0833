"""A connection to VCL's MariaDB or to the embedded SQLite file, one transaction at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from vcltui.errors import InventoryError, NotFoundError, RefusedError
from vcltui.vcldb import server
from vcltui.vcldb.embedded import engine as embedded
from vcltui.vcldb.embedded import upgrade
from vcltui.vcldb.messages import inventory_error

_SQLITE_PREFIX = "sqlite:///"


class Database:
    """An open inventory. `label` names it to people and never holds a password.

    `is_embedded` tells our own SQLite file from VCL's database.
    """

    def __init__(
        self, engine: Engine, *, label: str, is_embedded: bool, readonly: bool = False
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{embedded.WRITE_OPTION: True})
        self.label = label
        self.is_embedded = is_embedded
        self.readonly = readonly
        self._reading = threading.local()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in one transaction, which sees one state of the database.

        Raises InventoryError for whatever the database reports inside; InventoryBusyError where
        the same may be tried again.
        """
        outer: Connection | None = getattr(self._reading, "connection", None)
        if outer is not None:
            with self._told():
                yield outer
            return
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def read_at_once(self) -> Iterator[None]:
        """What this thread reads inside, by however many functions, it reads in one transaction.

        So all of it is of one state. Nothing may be written inside: an embedded file that is read
        can't be. Raises InventoryError as `read` does.
        """
        with self.read() as connection:
            before = getattr(self._reading, "connection", None)
            self._reading.connection = connection
            try:
                yield
            finally:
                self._reading.connection = before

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """As `read`, committed at the end and rolled back when anything is raised inside.

        The embedded file is locked for other writers from the start, so that what is read
        inside still holds when it is written. Raises RefusedError in read-only mode.
        """
        if self.readonly:
            raise RefusedError(
                f"The inventory {self.label} was opened read-only", "Leave out --readonly"
            )
        with self._transaction(self._writing) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._told(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise inventory_error(self.label, error) from error


def open_database(
    url_or_path: str | Path,
    *,
    create: bool = False,
    readonly: bool = False,
    management_node: str | None = None,
) -> Database:
    """Open an inventory and look at one of its tables.

    `url_or_path` is the path of an embedded file (or `sqlite:///` and the path), or the URL of
    VCL's database: `mysql+pymysql://user:password@host/vcl`. With `create` an embedded file that
    is missing is made, readable by its owner alone, with VCL's fixed rows and this machine
    (`management_node`, default its host name) as the management node.

    Raises NotFoundError where there is no such file, InventoryError where it can't be opened,
    reached or is no inventory, RefusedError for `create` together with `readonly`.
    """
    text = str(url_or_path)
    if "://" in text and not text.startswith(_SQLITE_PREFIX):
        engine, label = server.make_engine(text, readonly=readonly)
        database = Database(engine, label=label, is_embedded=False, readonly=readonly)
        check = server.check
    else:
        path = Path(text.removeprefix(_SQLITE_PREFIX)).absolute()
        _prepare_file(path, create=create, readonly=readonly)
        engine = embedded.make_engine(path, readonly=readonly)
        database = Database(engine, label=str(path), is_embedded=True, readonly=readonly)
        check = embedded.check
    try:
        if create and database.is_embedded:
            with database.write() as connection:
                embedded.fill_if_empty(
                    connection, database.label, management_node or socket.gethostname()
                )
        if database.is_embedded and not readonly:
            _bring_up_to_date(database)
        with database.read() as connection:
            check(connection, database.label)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database) -> None:
    with database.read() as connection:
        is_old = upgrade.read_version(connection) in upgrade.OLD_VERSIONS
    if is_old:
        with database.write() as connection:
            upgrade.bring_up_to_date(connection)


def _prepare_file(path: Path, *, create: bool, readonly: bool) -> None:
    if create and readonly:
        raise RefusedError(
            f"The inventory {path} can't be made in read-only mode", "Leave out --readonly"
        )
    if create:
        embedded.make_file(path)
        return
    try:
        path.stat()
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no inventory {path}",
            "`vcltui host add` makes it, or name the right one under [inventory] in config.toml",
        ) from error
    except OSError as error:
        raise InventoryError(
            f"The inventory {path} can't be looked at: {error.strerror}",
            "Check the permissions of its folders",
        ) from error
