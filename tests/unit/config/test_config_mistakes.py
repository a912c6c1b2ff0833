"""Every mistake in a configuration is one sentence with the file and the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcltui.config import load_config
from vcltui.config.document import check_tables
from vcltui.config.vcldconf import read_vcld_conf
from vcltui.errors import ConfigError

HOST = '[hosts.a]\nuri = "qemu:///system"\n'
PROFILE = '[profiles.p]\ndatastore = "/d"\n'

MISTAKES = [
    ("management_node = 5", "management_node is a whole number", "text in quotes"),
    ('management_node = "a b"', "management_node is no host name", "Letters, digits"),
    ('management_node = "$(id)"', "management_node is no host name", "Letters, digits"),
    (f'management_node = "{"m" * 300}"', "management_node is no host name", "At most 70"),
    ('state_directory = ""', "state_directory is empty", "Give a value"),
    ('state_directory = "~nobody-at-all/x"', "state_directory names a home", "absolute"),
    (f'state_directory = "/{"d" * 256}"', "state_directory is too long", "255 bytes"),
    (f'state_directory = "/{"d/" * 3000}"', "state_directory is too long", "255 bytes"),
    ('state_directory = "/a\\u0000b"', "state_directory has characters", "one line"),
    ('sandbox = "yes"', "sandbox is text", "true or false"),
    ("sandbox = 1", "sandbox is a whole number", "true or false"),
    ("sandboxed = true", "sandboxed is not known", "Did you mean 'sandbox'"),
    ("zzz = true", "zzz is not known", "Known are management_node"),
    ('"a b\\nc" = true", = 1', "is no valid TOML", "Mend"),
    ('"a b\\nc" = true', "'a b\\nc' is not known", "Known are"),
    ("inventory = 5", "inventory is a whole number", "[inventory]"),
    ('[inventory]\nPath = "x"', "inventory.Path is not known", "Did you mean 'path'"),
    ("[inventory]\npath = 2024-01-01", "inventory.path is a date or time", "text"),
    ("hosts = []", "hosts is a list", "[hosts]"),
    ('hosts.a = "qemu:///system"', "hosts.a is text", "[hosts.a]"),
    ('[hosts."a/b"]\nuri = "x"', "hosts.'a/b' is no host name", "Letters, digits"),
    ('[hosts."../a"]', "is no host name", "Letters, digits"),
    ('[hosts.""]', "is no host name", "Letters, digits"),
    ("[hosts.-a]", "hosts.-a is no host name", "Letters, digits"),
    ("[hosts.a]", "hosts.a has no uri", "libvirt URI"),
    ('[hosts.a]\nurl = "x"', "hosts.a.url is not known", "Did you mean 'uri'"),
    ("[hosts.a]\nuri = true", "hosts.a.uri is true or false", "text in quotes"),
    ('[hosts.a]\nuri = "qemu:/system x"', "hosts.a.uri is no libvirt URI", "qemu:///system"),
    ('[hosts.a]\nuri = "--help"', "hosts.a.uri is no libvirt URI", "qemu:///system"),
    ('[hosts.a]\nuri = "qemu:///a\\nb"', "hosts.a.uri has characters", "one line"),
    (HOST + 'profile = "p"', "hosts.a.profile names the profile 'p'", "no [profiles] tables"),
    (HOST + 'profile = "q"\n' + PROFILE, "which does not exist", "There are: p"),
    (HOST + 'domain_name_style = "vcl"', "domain_name_style is 'vcl'", "'seed' or 'vcl25'"),
    (HOST + "[hosts.a.guests]\nport = 22", "hosts.a.guests.port is not", "Did you mean 'ports'"),
    (HOST + "[hosts.a.guests]\nports = 22", "guests.ports is a whole number", "[22, 24]"),
    (HOST + "[hosts.a.guests]\nports = []", "guests.ports is empty", "[22, 24]"),
    (HOST + "[hosts.a.guests]\nports = [22, 22]", "names a port twice", "[22, 24]"),
    (HOST + "[hosts.a.guests]\nports = [0]", "guests.ports is out of range", "1 to 65535"),
    (HOST + "[hosts.a.guests]\nports = [true]", "guests.ports is true or false", "1 to 65535"),
    (HOST + '[hosts.a.guests]\nuser = "-oProxyCommand=x"', "guests.user is no user", "login"),
    (HOST + '[hosts.a.guests]\nproxy_jump = "-x"', "is no jump host", "ssh -J"),
    (HOST + '[hosts.a.guests]\nmethod = "telnet"', "method is 'telnet'", "'ssh' or 'simulated'"),
    (HOST + '[hosts.a.guests]\nmethod = "simulated"', "hosts.a.guests.method is 'si", "sandbox"),
    ('[guests]\nmethod = "simulated"', "guests.method is 'simulated'", "sandbox = true"),
    ("[guests]\nboot_timeout_seconds = 0", "boot_timeout_seconds is out of", "seconds"),
    ("[guests]\nboot_timeout_seconds = 1" + "0" * 400, "boot_timeout_seconds is out", "seconds"),
    ("[doctor]\npending_seconds = 1" + "0" * 400, "pending_seconds is out of", "from 1 to"),
    ("[guests]\nboot_timeout_seconds = inf", "boot_timeout_seconds is out of", "seconds"),
    ("[guests]\nboot_timeout_seconds = nan", "boot_timeout_seconds is out of", "seconds"),
    ('[guests]\nboot_timeout_seconds = "5"', "boot_timeout_seconds is text", "seconds"),
    ("[profiles.p]", "profiles.p has no datastore", "folder"),
    ('[profiles."p q"]', "profiles.'p q' is no profile name", "Letters, digits"),
    (PROFILE + 'datastore_image_type = "qcow"', "image_type is 'qcow'", "'qcow2' or 'raw'"),
    (PROFILE + "eth0_generated = 1", "eth0_generated is a whole number", "true or false"),
    (PROFILE + "virtualswitch0 = {}", "virtualswitch0 is a table", "text"),
    (PROFILE + 'datstore = "/d"', "profiles.p.datstore is not known", "Did you mean 'datastore'"),
    ("[jobs]\ncopies_at_once = 0", "jobs.copies_at_once is out of range", "1 to 64"),
    ("[jobs]\ncopies_at_once = 2.5", "jobs.copies_at_once is a number", "1 to 64"),
    ("[ui]\nkeys = 5", "ui.keys is a whole number", "[ui.keys]"),
    ('[ui.keys]\n"Power On" = "x"', "ui.keys.'Power On' is no action", "lists them"),
    ('[ui.keys]\nload = "ctrl r"', "ui.keys.load is no key", "ctrl+r"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.mark.parametrize(("text", "problem", "expected"), MISTAKES)
def test_a_mistake_is_told(file: Path, text: str, problem: str, expected: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    error = caught.value
    assert problem in error.what
    assert str(file) in error.what
    assert expected in error.hint
    assert "\n" not in str(error)
    assert len(str(error)) < 500
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a = 1\nb = = 2\n", r"no valid TOML: .*line 2, column 5"),
        (b"[hosts.a]\nuri = 'x\n", r"no valid TOML: .*line 2"),
        (b"sandbox = true\nsandbox = true\n", r"no valid TOML: .*line 2"),
        (b"sandbox = true\n# \xff\n", r"not written in UTF-8 \(line 2\)"),
        (b"x = " + b"[" * 100_000, r"nested too deeply"),
        (b"x = " + b"9" * 5000, r"no valid TOML"),
        (b"\x00", r"no valid TOML"),
        (b"a" + b".a" * 50_000 + b" = 1", r"nested too deeply"),
        (b"[hosts" + b".a" * 50_000 + b"]", r"nested too deeply"),
        (b"# " + b"x" * (1 << 20), r"can't be read: it is too large"),
    ],
)
def test_malformed_files_are_told_with_the_line(file: Path, data: bytes, problem: str) -> None:
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=problem) as caught:
        load_config(file)
    assert str(file) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_comment_may_have_any_number_of_dots(file: Path) -> None:
    file.write_text(f"  # {'.' * 1000}\nsandbox = true\n")
    assert load_config(file).sandbox


def test_what_has_no_end_is_no_configuration(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for odd in (pipe, Path("/dev/zero")):
        with pytest.raises(ConfigError, match=r"can't be read: it is no plain file"):
            load_config(odd)
        with pytest.raises(ConfigError, match=r"can't be read: it is no plain file"):
            read_vcld_conf(odd)


def test_a_mistake_names_the_file_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("VCLTUI_CONFIG", raising=False)
    (tmp_path / "vcltui").mkdir()
    system_file, user_file = tmp_path / "system.toml", tmp_path / "vcltui" / "config.toml"
    system_file.write_text(HOST + 'profile = "p"')
    user_file.write_text("sandbox = false")
    with pytest.raises(ConfigError, match=r"system\.toml, hosts\.a\.profile names"):
        load_config(system_file=system_file)
    user_file.write_text('[hosts.a]\nprofile = "q"')
    with pytest.raises(ConfigError, match=r"vcltui/config\.toml, hosts\.a\.profile names"):
        load_config(system_file=system_file)
    user_file.write_text("sandbox = 5")
    with pytest.raises(ConfigError, match=r"vcltui/config\.toml, sandbox is"):
        load_config(system_file=system_file)


KEYS = st.sampled_from(
    [
        "management_node",
        "inventory",
        "hosts",
        "profiles",
        "guests",
        "jobs",
        "ui",
        "keys",
        "a",
        "uri",
        "profile",
        "ports",
        "path",
        "url",
        "password_file",
        "datastore",
        "method",
        "user",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes()
    | st.dates()
    | st.times()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(tables=st.dictionaries(KEYS | st.text(), VALUES, max_size=5))
def test_whatever_stands_in_a_file_is_taken_or_told(tables: dict[str, object]) -> None:
    try:
        checked = check_tables(tables, Path("/etc/vcltui/config.toml"))
    except ConfigError as error:
        assert "/etc/vcltui/config.toml" in error.what
        assert str(error).isprintable()
    else:
        assert set(checked) == set(tables)


@settings(deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(MISTAKES).map(lambda one: one[0])
        | st.sampled_from([HOST, PROFILE, "[ui]", "[jobs]", "[guests]", "a", "=", '"', "[["])
        | st.text(max_size=30),
        max_size=6,
    )
)
def test_whatever_is_in_a_file_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes("\n".join(lines).encode("utf-8", errors="surrogatepass"))
    try:
        assert load_config(file).files == (file,)
    except ConfigError as error:
        assert str(file) in error.what
