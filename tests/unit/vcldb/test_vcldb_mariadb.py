"""VCL's own database on a real server: reached by its socket, and as VCL's schema makes it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Table, inspect, select, text

from tests.mariadb import MariaDB
from vcltui.config import load_config
from vcltui.config.vcldconf import parse_vcld_conf
from vcltui.errors import InventoryError, RefusedError
from vcltui.vcldb import computers, hosts, images, tables
from vcltui.vcldb.columntypes import Unsigned, VCLDateTime
from vcltui.vcldb.database import Database, open_database

VCLS = [table for table in tables.metadata.tables.values() if table.name != "vcltui_host"]


def test_the_socket_and_the_password_file_of_the_configuration(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(mariadb.password + "\n")
    secret.chmod(0o600)
    file = tmp_path / "config.toml"
    file.write_text(
        "[inventory]\n"
        f'url = "mysql+pymysql://vcl@/vcl?unix_socket={mariadb.socket}"\n'
        f'password_file = "{secret}"\n'
    )
    config = load_config(file, environment={})
    database = open_database(config.inventory_url)
    assert images.list_revisions(database) == []
    assert database.label == "mysql+pymysql://vcl@/vcl"
    database.close()


def test_a_refused_login_is_told_without_the_password(mariadb: MariaDB) -> None:
    with pytest.raises(InventoryError, match="refused the login") as caught:
        open_database(f"mysql+pymysql://vcl:hidden@/vcl?unix_socket={mariadb.socket}")
    assert "hidden" not in str(caught.value)


def test_another_programs_database_is_no_inventory(mariadb: MariaDB) -> None:
    mariadb.run("CREATE OR REPLACE DATABASE other; GRANT ALL ON other.* TO vcl@localhost")
    with pytest.raises(InventoryError, match="does not hold VCL's tables"):
        open_database(mariadb.url.replace("/vcl?", "/other?"))


def test_read_only_mode_is_kept_by_the_server(mariadb: MariaDB) -> None:
    database = open_database(mariadb.url, readonly=True)
    with pytest.raises(RefusedError), database.write():
        raise AssertionError("not reached")
    with pytest.raises(InventoryError), database.read() as connection:
        connection.execute(tables.computer.update().values(deleted=1))
    database.close()


def test_what_vcls_web_pages_do_is_refused(vcl: Database) -> None:
    with pytest.raises(RefusedError, match="VCL's own database"):
        computers.add_computer(vcl, hostname="vm1", vmhost=None)
    with pytest.raises(RefusedError, match="VCL's own database"):
        hosts.remove_vmhost(vcl, "kvm1")


@pytest.mark.parametrize("table", VCLS, ids=lambda table: table.name)
def test_the_server_has_every_column_as_it_is_mapped(mariadb: MariaDB, table: Table) -> None:
    with closing(mariadb.connect("information_schema")) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT,"
            " CHARACTER_MAXIMUM_LENGTH, EXTRA FROM COLUMNS"
            " WHERE TABLE_SCHEMA='vcl' AND TABLE_NAME=%s",
            (table.name,),
        )
        facts = {row[0]: row[1:] for row in cursor.fetchall()}
    for column in table.columns:
        kind, declared, nullable, default, length, extra = facts[column.name]
        assert _fits(column, kind, declared, length), (column, declared)
        assert column.nullable == (nullable == "YES"), column
        if "auto_increment" not in extra:
            assert _default(column) == (None if default in (None, "NULL") else default.strip("'"))
    obliged = {
        name
        for name, (_, _, nullable, default, _, extra) in facts.items()
        if nullable == "NO" and default is None and "auto_increment" not in extra
    }
    assert obliged <= set(table.columns.keys())


def test_no_password_or_private_key_of_vcls_is_mapped() -> None:
    names = {column.name for table in VCLS for column in table.columns}
    assert not names & {"password", "pw", "dsa", "rsa", "rsakey", "encryptedpasswd", "passwd"}


def test_the_keys_are_vcls(vcl: Database) -> None:
    with vcl.read() as connection:
        inspector = inspect(connection)
        for table in VCLS:
            keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
            if table.name != "userpriv":
                assert [column.name for column in table.primary_key] == keys, table.name
        assert connection.execute(select(tables.state)).all()


_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32}


def _fits(column: Column[object], kind: str, declared: str, length: int | None) -> bool:
    if isinstance(column.type, Unsigned):
        return _BITS.get(kind) == column.type.bits and declared.endswith("unsigned")
    if isinstance(column.type, VCLDateTime):
        return kind in ("datetime", "timestamp")
    if kind in ("text", "longtext"):
        return column.type.length is None  # type: ignore[attr-defined]
    if kind not in ("varchar", "enum"):
        return False
    return bool(column.type.length == length)  # type: ignore[attr-defined]


def _default(column: Column[object]) -> str | None:
    default = column.server_default
    return None if default is None else str(default.arg)  # type: ignore[attr-defined]


def make_certificates(home: Path) -> None:
    """An authority, and a certificate of its for localhost."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=home, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Lab CA")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (home / "names").write_text("subjectAltName=DNS:localhost\n")
    sign = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *sign, "-extfile", "names")


@pytest.fixture
def tls(mariadb: MariaDB, tmp_path: Path) -> Iterator[Path]:
    """The authority's certificate of a server that takes encrypted connections alone."""
    make_certificates(tmp_path)
    mariadb.stop()
    mariadb.extra = [
        f"--ssl-ca={tmp_path / 'ca.pem'}",
        f"--ssl-cert={tmp_path / 'server.pem'}",
        f"--ssl-key={tmp_path / 'server.key'}",
    ]
    mariadb.start()
    yield tmp_path / "ca.pem"
    mariadb.stop()
    mariadb.extra = []
    mariadb.start()


def test_tls_is_spoken_as_vcld_conf_asks(mariadb: MariaDB, tls: Path, tmp_path: Path) -> None:
    login = f"server=localhost\ndatabase=vcl\nLockerWrtUser=vcl\nwrtPass={mariadb.password}\n"
    other = tmp_path / "other"
    other.mkdir()
    make_certificates(other)
    for lines in (
        f"enable_mysql_ssl=yes\nmysql_ssl_cert={tls}\n",
        "enable_mysql_ssl=yes\n",
    ):
        conf = parse_vcld_conf(login + lines)
        database = open_database(conf.url(sockets=(mariadb.socket,)))
        with database.read() as connection:
            row = connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
        assert row[1]
        database.close()
    wrong = parse_vcld_conf(f"{login}enable_mysql_ssl=yes\nmysql_ssl_cert={other / 'ca.pem'}\n")
    with pytest.raises(InventoryError, match="can't be reached.*certificate verify failed"):
        open_database(wrong.url(sockets=(mariadb.socket,)))
