"""Real inventories, and the hosts and images that most tests need.

A test that asks for `db` runs twice: on an embedded file, and on MariaDB with VCL's own schema,
which is told there to be ours, so that hosts and computers can be added. A test that asks for
the file's `path` too runs on the file alone, one that asks for `mariadb` on the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.models.inventory import ImageRevision
from vcltui.vcldb import hosts, images
from vcltui.vcldb.database import Database, open_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.sqlite"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "db" in metafunc.fixturenames:
        kinds = []
        if "mariadb" not in metafunc.fixturenames:
            kinds.append(pytest.param("sqlite"))
        if "path" not in metafunc.fixturenames:
            kinds.append(pytest.param("mariadb", marks=pytest.mark.mariadb))
        metafunc.parametrize("db", kinds, indirect=True)


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("path")
        database = open_database(path, create=True, management_node="mn1")
    else:
        server: MariaDB = request.getfixturevalue("mariadb")
        server.run(
            "INSERT INTO managementnode (hostname, stateid, availablenetworks)"
            " VALUES ('mn1', 2, ''); DELETE FROM vmprofile; DELETE FROM resource WHERE id=8;"
            " INSERT INTO imagetype (id, name) VALUES (9, 'raw')",
            database="vcl",
        )
        vcl = open_database(server.url)
        database = Database(vcl._engine, label="MariaDB", is_embedded=True)
    yield database
    database.close()


@pytest.fixture
def kvm1(db: Database) -> VMHost:
    host = VMHost(
        name="kvm1",
        uri="qemu+ssh://root@kvm1/system",
        profile=VMProfile(name="local", datastore="/var/lib/libvirt/images"),
        guests=GuestAccess(ports=(22,)),
    )
    return hosts.add_vmhost(db, host)


@pytest.fixture
def base(db: Database) -> ImageRevision:
    """linux-Base-12-v1, in production; beside it is revision 10 of the same image."""
    first = _add_linux(db, "linux-Base-12-v1", "Base")
    _add_linux(db, "linux-Base-12-v10", "Base")
    return first


def _add_linux(db: Database, name: str, prettyname: str) -> ImageRevision:
    return images.add_image(
        db,
        name=name,
        prettyname=prettyname,
        os_name="vmwarelinux",
        image_type="qcow2",
        min_ram_mib=1024,
        min_cpus=2,
        size_mib=700,
    )
