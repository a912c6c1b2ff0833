"""Reading configuration files: where from, what over what, and what is made of them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vcltui.config import Config, JobSettings, UISettings, default_state_directory, load_config
from vcltui.errors import ConfigError
from vcltui.models.host import GuestAccess, VMHost, VMProfile

WHOLE = """
management_node = "mn1.example.org"
state_directory = "state"
sandbox = true

[inventory]
path = "lab/inventory.sqlite"

[profiles.nfs]
datastore = "/srv/datastore"
vmpath = "/srv/../srv/vms"
repository = "repository"
datastore_image_type = "qcow2"
repository_image_type = "vmdk"
virtualswitch0 = "br0"
virtualswitch1 = "br1"
eth0_generated = true
eth1_generated = true

[guests]
user = "vcl"
ports = [24, 22]
boot_timeout_seconds = 60

[hosts.kvm1]
uri = "qemu+ssh://root@kvm1/system?no_tty=1"
driver = "kvm"
profile = "nfs"
xml_directory = "/var/tmp/vcl"
domain_name_style = "vcl25"

[hosts."kvm10.example.org"]
uri = "test:///lab/kvm10.xml"

[hosts."kvm10.example.org".guests]
method = "simulated"
identity_file = "~/.ssh/id_vcl"
proxy_jump = "admin@gate:22"
boot_timeout_seconds = 1.5
shutdown_timeout_seconds = 2

[jobs]
copies_at_once = 4

[ui]
theme = "nord"
ascii = true
keys = { "domain.power-on" = "ctrl+o" }
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    monkeypatch.delenv("VCLTUI_CONFIG", raising=False)
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    (tmp_path / "home" / "config" / "vcltui").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def system_file(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc" / "config.toml"


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_without_files_everything_has_a_default(system_file: Path) -> None:
    state = default_state_directory()
    assert load_config(system_file=system_file) == Config(
        files=(),
        management_node=socket.gethostname(),
        state_directory=state,
        inventory_url=f"sqlite:///{state}/inventory.sqlite",
    )


def test_state_is_kept_by_who_runs_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_state_directory() == Path("/var/lib/vcltui")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_state_directory() == home / "state" / "vcltui"


def test_every_key_is_read(tmp_path: Path, home: Path) -> None:
    file = write(tmp_path / "config.toml", WHOLE)
    nfs = VMProfile(
        name="nfs",
        datastore="/srv/datastore",
        vmpath="/srv/vms",
        repository=f"{tmp_path}/repository",
        repository_image_type="vmdk",
        virtualswitch0="br0",
        virtualswitch1="br1",
        eth0_generated=True,
        eth1_generated=True,
    )
    guests = GuestAccess(user="vcl", ports=(24, 22), boot_timeout_seconds=60.0)
    config = load_config(file)
    assert config == Config(
        files=(file,),
        management_node="mn1.example.org",
        state_directory=tmp_path / "state",
        inventory_url=f"sqlite:///{tmp_path}/lab/inventory.sqlite",
        sandbox=True,
        profiles={"nfs": nfs},
        hosts={
            "kvm1": VMHost(
                name="kvm1",
                uri="qemu+ssh://root@kvm1/system?no_tty=1",
                profile=nfs,
                driver="kvm",
                xml_directory="/var/tmp/vcl",
                domain_name_style="vcl25",
                guests=guests,
            ),
            "kvm10.example.org": VMHost(
                name="kvm10.example.org",
                uri="test:///lab/kvm10.xml",
                guests=GuestAccess(
                    method="simulated",
                    user="vcl",
                    identity_file=f"{home}/.ssh/id_vcl",
                    ports=(24, 22),
                    proxy_jump="admin@gate:22",
                    boot_timeout_seconds=1.5,
                    shutdown_timeout_seconds=2.0,
                ),
            ),
        },
        guests=guests,
        jobs=JobSettings(copies_at_once=4),
        ui=UISettings(theme="nord", ascii=True, keys={"domain.power-on": "ctrl+o"}),
    )
    assert config.inventory_path == tmp_path / "lab" / "inventory.sqlite"
    assert not config.inventory_exists()
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "inventory.sqlite").touch()
    assert config.inventory_exists()


def test_the_users_file_goes_over_the_systems(home: Path, system_file: Path) -> None:
    write(
        system_file,
        """
        management_node = "mn1"
        [inventory]
        url = "mysql+pymysql://vcl@db/vcl"
        [profiles.local]
        datastore = "datastore"
        virtualswitch0 = "br0"
        [hosts.kvm1]
        uri = "qemu+ssh://kvm1/system"
        profile = "local"
        guests = { user = "vcl", ports = [22] }
        [hosts.kvm10]
        uri = "qemu+ssh://kvm10/system"
        """,
    )
    user_file = write(
        home / "config" / "vcltui" / "config.toml",
        """
        [inventory]
        path = "mine.sqlite"
        [profiles.local]
        virtualswitch1 = "br1"
        [hosts.kvm1]
        guests = { user = "me" }
        [hosts.mine]
        uri = "qemu:///session"
        profile = "local"
        """,
    )
    config = load_config(system_file=system_file)
    local = VMProfile(
        name="local",
        datastore=str(system_file.parent / "datastore"),
        virtualswitch0="br0",
        virtualswitch1="br1",
    )
    assert config.files == (system_file, user_file)
    assert config.management_node == "mn1"
    assert config.inventory_path == user_file.parent / "mine.sqlite"
    assert list(config.hosts) == ["kvm1", "kvm10", "mine"]
    assert config.hosts["kvm1"].profile == config.hosts["mine"].profile == local
    assert config.hosts["kvm1"].guests == GuestAccess(user="me", ports=(22,))
    assert config.hosts["kvm10"].guests == GuestAccess()


def test_a_named_file_is_read_alone(
    tmp_path: Path, home: Path, system_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(system_file, "this is no TOML")
    write(home / "config" / "vcltui" / "config.toml", "nor is this")
    first = write(tmp_path / "first.toml", 'management_node = "first"')
    second = write(tmp_path / "second.toml", 'management_node = "second"')
    assert load_config(first, system_file=system_file).management_node == "first"
    monkeypatch.setenv("VCLTUI_CONFIG", str(second))
    assert load_config(system_file=system_file).files == (second,)
    assert load_config(first, system_file=system_file).files == (first,)
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("first.toml")).files == (first,)
    monkeypatch.setenv("VCLTUI_CONFIG", "")
    with pytest.raises(ConfigError, match=r"etc/config\.toml is no valid TOML"):
        load_config(system_file=system_file)


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing.toml"
    with pytest.raises(ConfigError, match=r"missing\.toml can't be read: No such file"):
        load_config(missing)
    with pytest.raises(ConfigError, match=r"can't be read: Is a directory"):
        load_config(tmp_path)
    with pytest.raises(ConfigError, match=r"can't be read: File name too long"):
        load_config(tmp_path / ("x" * 300))
    monkeypatch.setenv("VCLTUI_CONFIG", str(missing))
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        load_config()


def test_an_unreadable_default_file_is_told(system_file: Path) -> None:
    system_file.mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(system_file=system_file)


def test_the_default_uri_is_the_environments(
    system_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu:///session")
    assert load_config(system_file=system_file).default_uri == "qemu:///session"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "")
    assert load_config(system_file=system_file).default_uri is None


# --- VCL's database ---


def inventory(tmp_path: Path, text: str) -> Config:
    return load_config(write(tmp_path / "config.toml", f"[inventory]\n{text}"))


def test_a_password_comes_from_its_file_and_is_not_shown(tmp_path: Path) -> None:
    password = write(tmp_path / "password", "p@ss/w:rd%ü\n")
    password.chmod(0o640)
    config = inventory(
        tmp_path,
        'url = "mysql+pymysql://vcl@db.example.org:3307/vcl?ssl_ca=/etc/ca.pem"\n'
        'password_file = "password"',
    )
    assert config.inventory_url == (
        "mysql+pymysql://vcl:p%40ss%2Fw%3Ard%25%C3%BC@db.example.org:3307/vcl?ssl_ca=/etc/ca.pem"
    )
    assert "p%40ss" not in repr(config)
    assert config.inventory_path is None
    assert config.inventory_exists()


@pytest.mark.parametrize("mode", [0o644, 0o642, 0o601])
def test_a_password_that_everybody_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "password", "secret").chmod(mode)
    with pytest.raises(ConfigError, match=r"password_file names .*password, which everybody") as e:
        inventory(tmp_path, 'url = "mysql+pymysql://vcl@db/vcl"\npassword_file = "password"')
    assert "secret" not in str(e.value)
    assert "chmod o=" in e.value.hint


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe"])
def test_a_password_file_holds_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    (tmp_path / "password").chmod(0o600)
    with pytest.raises(ConfigError, match=r"inventory\.password_file names"):
        inventory(tmp_path, 'url = "mysql+pymysql://vcl@db/vcl"\npassword_file = "password"')


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('url = "mysql+pymysql://vcl:secret@db/vcl"\npath = "x"', "inventory has both"),
        ('password_file = "x"', "password_file stands without a url"),
        ('url = "mysql+pymysql://vcl:secret@db/vcl"\npassword_file = "x"', "beside a password"),
        ('url = "mysql+pymysql://db/vcl"\npassword_file = "x"', "without a user"),
        ('url = "mysql+pymysql://vcl@db/vcl"\npassword_file = "x"', "can't be read: No such file"),
        ('url = "postgresql://vcl:secret@db/vcl"', "inventory.url is no URL of VCL's"),
        ('url = "sqlite:////x"', "inventory.url is no URL of VCL's"),
        ('url = "vcl:secret@db"', "inventory.url is no URL of VCL's"),
        ('url = "mysql+pymysql://vcl:secret@db"', "lacks the host or the database"),
        ('url = "mysql+pymysql://vcl:secret@/vcl"', "lacks the host or the database"),
        ('url = "mysql+pymysql://vcl:secret@db:x/vcl"', "inventory.url is no URL"),
        ('url = "mysql+pymysql://vcl:secret@[db/vcl"', "inventory.url is no URL"),
    ],
)
def test_a_wrong_inventory_is_told_without_the_password(
    tmp_path: Path, text: str, key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        inventory(tmp_path, text)
    message = str(caught.value)
    assert key in message
    assert str(tmp_path / "config.toml") in message
    assert "secret" not in message


def test_the_doctors_thresholds_that_vcl_does_not_fix(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[doctor]\nslow_factor = 5\nfull_share = 0.8\nfailures_least = 9\n")
    found = load_config(file, environment={}).doctor
    assert (found.slow_factor, found.full_share, found.failures_least) == (5.0, 0.8, 9)
    assert found.pending_seconds == 60
    for wrong in ("hard_limit_seconds = 1", "full_share = 1.5", "slow_factor = nan", "x = 1"):
        file.write_text(f"[doctor]\n{wrong}\n")
        with pytest.raises(ConfigError, match=r"doctor\."):
            load_config(file, environment={})
