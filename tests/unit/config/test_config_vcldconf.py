"""VCL's own vcld.conf: read as vcld reads it, and its password never told."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.mariadb import MariaDB
from vcltui.cli.main import cli
from vcltui.config import load_config
from vcltui.config.vcldconf import VcldConf, parse_vcld_conf, read_vcld_conf
from vcltui.errors import ConfigError, InventoryError
from vcltui.vcldb.database import open_database

SAMPLE = """\
# vcld's own settings
log=/var/log/vcl/vcld.log
FQDN=mn1.example.org
processname=vcld

  # the database
server=db.example.org   # the old one
DATABASE=vcl
lockerWrtUser=vcluser
wrtPass=s3#cr=t pass # word
unknown=value
no key at all
enable_mysql_ssl=no
"""
SECRET = "s3#cr=t pass # word"
NOBODY = 65534


def test_the_keys_are_read_in_any_case() -> None:
    found = parse_vcld_conf(SAMPLE)
    assert (found.server, found.database, found.user) == ("db.example.org", "vcl", "vcluser")
    assert found.password == SECRET
    assert (found.fqdn, found.log, found.process_name) == (
        "mn1.example.org",
        "/var/log/vcl/vcld.log",
        "vcld",
    )
    assert not found.ssl
    url = "mysql+pymysql://vcluser:s3%23cr%3Dt%20pass%20%23%20word@db.example.org/vcl"
    assert found.url() == url


@pytest.mark.parametrize(
    ("lines", "query"),
    [
        ("enable_mysql_ssl=yes\nmysql_ssl_cert=/etc/vcl/ca.pem", "?ssl_ca=%2Fetc%2Fvcl%2Fca.pem"),
        ("enable_mysql_ssl=YES", "?ssl_check_hostname=false"),
        ("enable_mysql_ssl=1", "?ssl_check_hostname=false"),
        ("enable_mysql_ssl=no\nmysql_ssl_cert=/etc/vcl/ca.pem", ""),
        ("mysql_ssl_cert=/etc/vcl/ca.pem", ""),
    ],
)
def test_tls_is_used_when_it_is_asked_for(lines: str, query: str) -> None:
    found = parse_vcld_conf(f"server=db\ndatabase=vcl\nLockerWrtUser=u\n{lines}")
    assert found.url() == f"mysql+pymysql://u@db/vcl{query}"


def test_localhost_is_the_servers_socket(tmp_path: Path) -> None:
    found = parse_vcld_conf("server=localhost\ndatabase=vcl\nLockerWrtUser=u")
    there = tmp_path / "mysqld.sock"
    assert found.url(sockets=(there,)) == "mysql+pymysql://u@localhost/vcl"
    there.touch()
    assert "@/vcl?unix_socket=" in found.url(sockets=(there,))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no server"),
        ("server=db", "has no database"),
        ("server=db\ndatabase=vcl\nwrtPass=hidden", "has no LockerWrtUser"),
        ("server=a b\ndatabase=vcl\nLockerWrtUser=u\nwrtPass=hidden", "no host name"),
        ("server=hidden@db\ndatabase=vcl\nLockerWrtUser=u", "no host name"),
    ],
)
def test_what_is_missing_is_told(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_vcld_conf(text).url()
    assert caught.value.hint
    assert "hidden" not in str(caught.value)


@given(
    st.text(),
    st.text(min_size=6).map(lambda text: f"Zq9{text.splitlines()[0] if text.splitlines() else ''}"),
)
def test_any_text_is_read_or_refused_and_never_told(text: str, secret: str) -> None:
    for content in (text, f"{text}\nwrtPass={secret}\n", f"wrtPass={secret}\nserver={text}"):
        try:
            found = parse_vcld_conf(content)
            assert secret not in repr(found) or secret in text
            found.url()
        except ConfigError as error:
            assert secret not in str(error)
            assert error.hint


@given(st.binary())
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("conf") / "vcld.conf"
    file.write_bytes(data)
    try:
        assert isinstance(read_vcld_conf(file), VcldConf)
    except ConfigError as error:
        assert str(file) in str(error)


# --- from the configuration ---


def configure(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return file


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    file = tmp_path / "vcld.conf"
    file.write_text(SAMPLE)
    return file


def test_it_is_used_where_nothing_else_is_configured(tmp_path: Path, conf: Path) -> None:
    config = load_config(configure(tmp_path, ""), environment={}, vcld_conf_file=conf)
    assert config.inventory_path is None
    assert "@db.example.org/vcl" in config.inventory_url
    assert config.management_node == "mn1.example.org"
    assert SECRET not in repr(config)
    assert not config.all_management_nodes


def test_the_log_of_this_management_node_is_the_one_it_names(tmp_path: Path, conf: Path) -> None:
    def log(text: str) -> str:
        config = load_config(configure(tmp_path, text), environment={}, vcld_conf_file=conf)
        return config.management_nodes["mn1.example.org"].log

    assert log("") == "/var/log/vcl/vcld.log"
    node = '[management_nodes."mn1.example.org"]\n'
    assert log(f'{node}ssh = "root@mn1"\n') == "/var/log/vcl/vcld.log"
    assert log(f'{node}log = "/mine.log"\n') == "/mine.log"


def test_what_is_configured_goes_first(tmp_path: Path, conf: Path) -> None:
    file = configure(tmp_path, '[inventory]\npath = "mine.sqlite"\n')
    config = load_config(file, environment={}, vcld_conf_file=conf)
    assert config.inventory_path == tmp_path / "mine.sqlite"
    assert config.management_node == socket.gethostname()
    text = 'management_node = "mn2"\n[inventory]\nall_management_nodes = true\n'
    config = load_config(configure(tmp_path, text), environment={}, vcld_conf_file=conf)
    assert config.management_node == "mn2"
    assert config.all_management_nodes
    assert "@db.example.org/vcl" in config.inventory_url


def test_another_file_is_named(tmp_path: Path, conf: Path) -> None:
    file = configure(tmp_path, '[inventory]\nvcld_conf = "vcld.conf"\n')
    config = load_config(file, environment={}, vcld_conf_file=tmp_path / "none")
    assert "@db.example.org/vcl" in config.inventory_url


def test_a_file_that_was_asked_for_must_be_of_use(tmp_path: Path) -> None:
    file = configure(tmp_path, '[inventory]\nvcld_conf = "vcld.conf"\n')
    with pytest.raises(ConfigError, match=r"vcld\.conf can't be read: No such file"):
        load_config(file, environment={})
    (tmp_path / "vcld.conf").write_text("wrtPass=hidden\n")
    with pytest.raises(ConfigError, match="has no server") as caught:
        load_config(file, environment={})
    assert "hidden" not in str(caught.value)
    both = configure(tmp_path, '[inventory]\nvcld_conf = "vcld.conf"\npath = "x.sqlite"\n')
    with pytest.raises(ConfigError, match="stands beside path"):
        load_config(both, environment={})


def test_a_file_that_nobody_asked_for_is_passed_over_when_it_is_of_no_use(tmp_path: Path) -> None:
    file = configure(tmp_path, "")
    for text in ("", "server=db\n", "server=a b\ndatabase=vcl\nLockerWrtUser=u\n"):
        (tmp_path / "vcld.conf").write_text(text)
        config = load_config(file, environment={}, vcld_conf_file=tmp_path / "vcld.conf")
        assert config.inventory_path is not None
    config = load_config(file, environment={}, vcld_conf_file=tmp_path)
    assert config.inventory_path is not None


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read every file."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_file_that_may_not_be_read_is_told_where_it_was_asked_for() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        conf = folder / "vcld.conf"
        conf.write_text(SAMPLE)
        conf.chmod(0)
        asked = configure(folder, '[inventory]\nvcld_conf = "vcld.conf"\n')
        with as_nobody(), pytest.raises(ConfigError, match="can't be read: Permission denied"):
            load_config(asked, environment={})
        asked = configure(folder, "")
        with as_nobody():
            config = load_config(asked, environment={}, vcld_conf_file=conf)
        assert config.inventory_path is not None


# --- with a server ---


def test_the_database_is_opened_with_it(
    mariadb: MariaDB, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    conf = parse_vcld_conf(
        f"server=localhost\ndatabase=vcl\nLockerWrtUser=vcl\nwrtPass={mariadb.password}\n"
    )
    database = open_database(conf.url(sockets=(mariadb.socket,)))
    database.close()
    assert mariadb.password not in repr(database._engine) + database.label + caplog.text
    wrong = parse_vcld_conf(
        "server=localhost\ndatabase=vcl\nLockerWrtUser=vcl\nwrtPass=wrong-secret\n"
    )
    with pytest.raises(InventoryError, match="refused the login") as caught:
        open_database(wrong.url(sockets=(mariadb.socket,)))
    assert "wrong-secret" not in f"{caught.value} {caught.value.__cause__!r} {caplog.text}"


def test_no_command_and_no_journal_tells_the_password(
    mariadb: MariaDB, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    state = tmp_path / "state"
    secret = "Zq9-wrong-secret"
    (tmp_path / "vcld.conf").write_text(
        f"server=127.0.0.1:1\ndatabase=vcl\nLockerWrtUser=vcl\nwrtPass={secret}\n"
    )
    by_file = configure(
        tmp_path, f'state_directory = "{state}"\n[inventory]\nvcld_conf = "vcld.conf"\n'
    )
    by_url = tmp_path / "url.toml"
    by_url.write_text(
        f'state_directory = "{state}"\n[inventory]\n'
        f'url = "mysql+pymysql://vcl:{secret}@/vcl?unix_socket={mariadb.socket}"\n'
    )
    for file in (by_file, by_url):
        for words in (
            ["computers", "--json"],
            ["hosts"],
            ["load", "vm1", "Base"],
            ["jobs", "--json"],
        ):
            result = CliRunner().invoke(cli, ["--config", str(file), *words])
            assert secret not in result.output + result.stderr + repr(result.exception)
            assert result.exit_code == (0 if words[0] == "jobs" else 1), (words, result.output)
    written = [path.read_text() for path in state.rglob("*") if path.is_file()]
    assert secret not in caplog.text + "".join(written)
