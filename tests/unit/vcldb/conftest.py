"""A real inventory in a SQLite file, and the hosts and images that most tests need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vcltui.models.host import GuestAccess, VMHost, VMProfile
from vcltui.models.inventory import ImageRevision
from vcltui.vcldb import hosts, images
from vcltui.vcldb.database import Database, open_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.sqlite"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    database = open_database(path, create=True, management_node="mn1")
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
