"""A MariaDB of the tests' own: on a socket in a temporary folder, with VCL's schema in it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

SCHEMA = Path(__file__).with_name("data") / "vcl-2.5.1.sql"
PROGRAMS = ("mariadb-install-db", "mariadbd")
START_SECONDS = 120
# The data is thrown away, so nothing is made durable and everything is small.
OPTIONS = (
    "--skip-networking",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-lock-wait-timeout=2",
)


def is_installed() -> bool:
    return all(shutil.which(program, path=_path()) for program in PROGRAMS)


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


class MariaDB:
    """A server that is started as a child and stopped by its own process id."""

    user, password = "vcl", "s3cr@t/pa:ss word"

    def __init__(self) -> None:
        # In memory where that can be, since the schema's 600 changes are flushed one by one;
        # not in pytest's own folders, which may be too long for a socket's path.
        memory = Path("/dev/shm")
        folder = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
        self.home = Path(tempfile.mkdtemp(prefix="vcltui-db-", dir=folder))
        self.socket = self.home / "socket"
        self.extra: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []
        self._as_root = [f"--user={_user()}"]

    def install(self) -> None:
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.home / 'data'}",
                f"--tmpdir={self.home}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                *self._as_root,
                *OPTIONS,
            ],
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
            env={**os.environ, "PATH": _path()},
        )
        self.start()
        self.run("CREATE DATABASE vcl CHARACTER SET latin1")
        self.run("CREATE DATABASE clean CHARACTER SET latin1")
        self.run(SCHEMA.read_text(), database="vcl")
        with closing(self.connect("vcl")) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER %s@localhost IDENTIFIED BY %s", (self.user, self.password))
            cursor.execute("GRANT ALL ON vcl.* TO %s@localhost", (self.user,))
            cursor.execute("SHOW TABLES")
            self.tables = [name for (name,) in cursor.fetchall()]
            cursor.execute(
                "SELECT TABLE_NAME FROM information_schema.COLUMNS"
                " WHERE TABLE_SCHEMA='vcl' AND EXTRA='auto_increment'"
            )
            self.counted = [name for (name,) in cursor.fetchall()]
            self.filled = []
            for table in self.tables:
                cursor.execute(f"CREATE TABLE clean.`{table}` SELECT * FROM vcl.`{table}`")  # noqa: S608 - its own name
                if cursor.rowcount:
                    self.filled.append(table)
            # The embedded inventory's own table, so that its writes can be tried here as well.
            cursor.execute(_OWN_TABLE)

    def start(self) -> None:
        """Returns when it takes connections."""
        ready = threading.Event()
        process = subprocess.Popen(
            [
                "mariadbd",
                "--no-defaults",
                f"--datadir={self.home / 'data'}",
                f"--tmpdir={self.home}",
                f"--socket={self.socket}",
                f"--pid-file={self.home / 'pid'}",
                *self._as_root,
                *OPTIONS,
                *self.extra,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, "PATH": _path()},
        )
        self._process = process

        def listen() -> None:
            assert process.stderr is not None
            with process.stderr:
                for line in process.stderr:
                    self._said.append(line)
                    if "ready for connections" in line:
                        ready.set()
            ready.set()

        threading.Thread(target=listen, daemon=True).start()
        if not ready.wait(START_SECONDS) or process.poll() is not None:
            self.stop()
            raise RuntimeError(f"mariadbd did not start: {''.join(self._said[-20:])}")

    def ensure_running(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def connect(self, database: str | None = None) -> pymysql.Connection[Cursor]:
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            database=database,
            autocommit=True,
            charset="utf8mb4",
            client_flag=CLIENT.MULTI_STATEMENTS,
        )

    def run(self, sql: str, database: str | None = None) -> None:
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            while cursor.nextset():
                pass

    def reset(self) -> None:
        """Everything as VCL's schema leaves it."""
        sql = ["SET FOREIGN_KEY_CHECKS=0, sql_mode='NO_AUTO_VALUE_ON_ZERO'", "BEGIN"]
        sql += [f"DELETE FROM `{table}`" for table in (*self.tables, "vcltui_host")]  # noqa: S608
        sql += [f"INSERT INTO `{table}` SELECT * FROM clean.`{table}`" for table in self.filled]  # noqa: S608
        sql += ["COMMIT"]
        sql += [f"ALTER TABLE `{table}` AUTO_INCREMENT=1" for table in self.counted]
        self.run("; ".join(sql), database="vcl")

    @property
    def url(self) -> str:
        password = quote(self.password, safe="")
        return f"mysql+pymysql://{self.user}:{password}@/vcl?unix_socket={self.socket}"


_OWN_TABLE = """
CREATE TABLE vcltui_host (
  vmhostid smallint unsigned NOT NULL PRIMARY KEY,
  uri varchar(1024) NOT NULL,
  driver varchar(64),
  xml_directory varchar(1024) NOT NULL,
  domain_name_style varchar(16) NOT NULL,
  guest_method varchar(16) NOT NULL,
  guest_user varchar(64) NOT NULL,
  guest_identity_file varchar(1024),
  guest_ports varchar(128) NOT NULL,
  guest_proxy_jump varchar(256),
  guest_boot_timeout_seconds double NOT NULL,
  guest_shutdown_timeout_seconds double NOT NULL,
  FOREIGN KEY (vmhostid) REFERENCES vmhost (id) ON DELETE CASCADE
) ENGINE=InnoDB
"""


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name
