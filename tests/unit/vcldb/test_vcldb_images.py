"""Images and revisions: lookups, import, capture and deletion."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from vcltui.errors import ConflictError, NotFoundError, RefusedError, UsageError
from vcltui.models.host import VMHost
from vcltui.models.inventory import NO_IMAGE, ImageRevision
from vcltui.vcldb import computers, images, reservations, tables
from vcltui.vcldb.database import Database
from vcltui.vcldb.imagerows import split_image_name

ODD_NAMES = ["a/b", "../a", "-rf", "a b", "a\nb", "$(id)", "a'b", "a;b", "", "a" * 71, "a" * 300]


def add(db: Database, name: str, prettyname: str, **options: str | int) -> ImageRevision:
    values: dict[str, str | int] = {"os_name": "linux", "image_type": "qcow2", **options}
    return images.add_image(db, name=name, prettyname=prettyname, **values)  # type: ignore[arg-type]


def reserve(db: Database, base: ImageRevision, **changes: str | int) -> ImageRevision:
    values: dict[str, str | int] = {
        "image_name": "linux-New-13-v1",
        "prettyname": "New",
        "image_id": 13,
        "owner": "admin",
        **changes,
    }
    return images.reserve_capture(db, based_on=base, **values)  # type: ignore[arg-type]


def count(db: Database, name: str) -> int:
    with db.read() as connection:
        table = tables.metadata.tables[name]
        return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("linux-Base-12-v3", ("linux-Base-12", 12, 3)),
        ("linux-Base-12-v10", ("linux-Base-12", 12, 10)),
        ("vmwarewin7-Windows764bit1846-v3", ("vmwarewin7-Windows764bit1846", None, 3)),
        ("linux-Base-12", ("linux-Base-12", None, None)),
        ("disk", ("disk", None, None)),
        ("a-1234567-v2", ("a-1234567", None, 2)),
        ("a-1-v123456", ("a-1-v123456", None, None)),
        ("-12-v3", ("-12", None, 3)),
    ],
)
def test_image_names_are_taken_apart(name: str, parts: tuple[str, int | None, int | None]) -> None:
    assert split_image_name(name) == parts


# --- lookups ---


def test_revisions_are_listed_without_noimage(db: Database, base: ImageRevision) -> None:
    listed = images.list_revisions(db)
    assert [one.name for one in listed] == ["linux-Base-12-v1", "linux-Base-12-v10"]
    assert listed[0] == base
    assert (base.image_id, base.revision, base.production, base.owner) == (12, 1, True, "admin")
    assert (base.min_ram_mib, base.min_cpus, base.size_mib) == (1024, 2, 700)
    assert (base.os.name, base.os.type, base.os.is_windows) == ("vmwarelinux", "linux", False)
    assert base.created is not None
    assert (listed[1].image_id, listed[1].revision, listed[1].production) == (12, 10, False)


def test_lookups_are_exact(db: Database, base: ImageRevision) -> None:
    assert images.get_revision(db, "linux-Base-12-v1").revision == 1
    assert images.get_revision(db, "linux-Base-12-v10").revision == 10
    for name in ("linux-Base-12-v", "linux-Base-12-v100", "linux-Base-12", "base", "Bas", "%", ""):
        with pytest.raises(NotFoundError):
            images.get_revision(db, name)
    with pytest.raises(NotFoundError, match=r"Close names: linux-Base-12-v1"):
        images.get_revision(db, "linux-Base-12-v2")


def test_a_pretty_name_means_the_production_revision(db: Database, base: ImageRevision) -> None:
    assert images.get_revision(db, "Base") == base
    with db.write() as connection:
        revision = tables.imagerevision
        for number, production in ((1, 0), (10, 1)):
            connection.execute(
                update(revision)
                .where(revision.c.imageid == 12, revision.c.revision == number)
                .values(production=production)
            )
    assert images.get_revision(db, "Base").revision == 10
    assert images.get_revision(db, "linux-Base-12-v1").revision == 1


def test_a_name_of_two_images_is_refused(db: Database, base: ImageRevision) -> None:
    other = add(db, "linux-Other-13-v1", "Twice")
    with db.write() as connection:
        connection.execute(
            update(tables.image).where(tables.image.c.id == base.image_id).values(name="Twice")
        )
    with pytest.raises(RefusedError, match=r"linux-Base-12-v1, linux-Other-13-v1"):
        images.get_revision(db, "Twice")
    assert images.get_revision(db, "linux-Other-13-v1") == other


def test_noimage_is_found_by_its_id_alone(db: Database) -> None:
    noimage = images.get_revision_by_id(db, 1)
    assert (noimage.name, noimage.image_id) == (NO_IMAGE, 1)
    with pytest.raises(NotFoundError):
        images.get_revision(db, NO_IMAGE)
    with pytest.raises(NotFoundError, match="id 99"):
        images.get_revision_by_id(db, 99)


def test_systems_are_vcls(db: Database) -> None:
    systems = {one.name: one for one in images.list_operating_systems(db)}
    assert systems["vmwarewin10"].is_windows
    assert systems["vmwarelinux"].prettyname == "Generic Linux (VMware)"


# --- import ---


@pytest.mark.parametrize(
    ("name", "image_id", "revision"),
    [
        ("linux-Base-300-v4", 300, 4),
        ("disk", 2, 0),
        ("linux-Base-1-v4", 2, 4),  # noimage has the id 1
        ("backup-99999-v4", 2, 4),  # no id that VCL could keep
        ("Windows764bit1846-v3", 2, 3),
    ],
)
def test_an_import_keeps_the_name_of_the_file(
    db: Database, name: str, image_id: int, revision: int
) -> None:
    added = add(db, name, "Imported")
    assert (added.name, added.image_id, added.revision) == (name, image_id, revision)
    assert images.get_revision(db, name) == added
    assert images.get_revision(db, "Imported") == added
    with db.read() as connection:
        granted = connection.scalars(
            select(tables.resource.c.subid).where(tables.resource.c.resourcetypeid == 13)
        ).all()
    assert sorted(granted) == sorted([1, image_id])


def test_an_import_of_a_windows_system(db: Database, path: Path) -> None:
    added = add(
        db,
        "win10-Office-7-v1",
        "Office",
        os_name="win10",
        image_type="vmdk",
        architecture="x86",
        min_ram_mib=8192,
        min_cpus=4,
        size_mib=200_000,
        owner="vclsystem",
    )
    assert (added.os.name, added.os.is_windows) == ("vmwarewin10", True)
    assert (added.image_type, added.architecture, added.owner) == ("vmdk", "x86", "vclsystem")
    assert (added.min_ram_mib, added.min_cpus) == (8192, 4)
    assert added.size_mib == 65535, "VCL's column holds no more"


def test_another_revision_needs_the_images_name(db: Database, base: ImageRevision) -> None:
    with pytest.raises(ConflictError, match="is a revision of 'Base'"):
        add(db, "linux-Base-12-v2", "Base two")
    assert add(db, "linux-Base-12-v2", "Base").image_id == 12
    assert count(db, "image") == 2


@pytest.mark.parametrize(
    ("name", "prettyname"),
    [
        ("linux-Base-12-v1", "Base"),
        ("linux-Base-12-v10", "Base"),
        ("another", "Base"),
        ("linux-Base-12-v1", "Another"),
    ],
)
def test_names_are_given_once(
    db: Database, base: ImageRevision, name: str, prettyname: str
) -> None:
    with pytest.raises(ConflictError):
        add(db, name, prettyname)
    assert len(images.list_revisions(db)) == 2


def test_one_revision_number_under_two_names_is_a_conflict(
    db: Database, base: ImageRevision
) -> None:
    with pytest.raises(ConflictError, match="was taken meanwhile"):
        add(db, "linux-Base-12-v01", "Base")
    assert count(db, "imagerevision") == 3


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_no_image_name_is_refused(db: Database, base: ImageRevision, name: str) -> None:
    with pytest.raises(UsageError):
        add(db, name, "New")
    with pytest.raises(UsageError):
        reserve(db, base, image_name=name)
    assert count(db, "image") == 2


@pytest.mark.parametrize("prettyname", ["", "  ", "a\nb", "---", "p" * 81, "p" * 300])
def test_what_is_no_pretty_name_is_refused(
    db: Database, base: ImageRevision, prettyname: str
) -> None:
    with pytest.raises(UsageError):
        add(db, "new", prettyname)
    with pytest.raises(UsageError):
        reserve(db, base, prettyname=prettyname)
    assert count(db, "image") == 2


@pytest.mark.parametrize("prettyname", ["'; DROP TABLE image; --", "$(reboot) `id`", 'say "%s"'])
def test_pretty_names_are_data(db: Database, prettyname: str) -> None:
    added = add(db, "new", prettyname)
    assert added.prettyname == prettyname
    assert images.get_revision(db, prettyname) == added


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"os_name": "beos"}, NotFoundError, "no operating system 'beos'"),
        ({"os_name": "vmwarelinu"}, NotFoundError, "Close names: vmwarelinux"),
        ({"image_type": "qcow"}, NotFoundError, "no image type 'qcow'"),
        ({"owner": "nobody"}, NotFoundError, "no user 'nobody'"),
        ({"architecture": "arm64"}, UsageError, "no architecture"),
        ({"min_cpus": 300}, UsageError, r"image\.minprocnumber"),
        ({"min_ram_mib": -1}, UsageError, r"image\.minram"),
    ],
)
def test_what_vcl_does_not_have_is_refused(
    db: Database, options: dict[str, str | int], error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        add(db, "new", "New", **options)
    assert (count(db, "image"), count(db, "resource")) == (1, 1)


# --- capture ---


def test_a_capture_is_hidden_until_it_is_finished(db: Database, base: ImageRevision) -> None:
    assert images.next_image_id(db) == 13
    reserved = reserve(db, base)
    assert (reserved.image_id, reserved.revision, reserved.deleted) == (13, 1, True)
    assert (reserved.os, reserved.min_ram_mib) == (base.os, base.min_ram_mib)
    assert reserved not in images.list_revisions(db)
    assert reserved in images.list_revisions(db, deleted=True)
    for name in ("linux-New-13-v1", "New"):
        with pytest.raises(NotFoundError):
            images.get_revision(db, name)
    assert images.next_image_id(db) == 14
    finished = images.finish_capture(db, reserved.revision_id, size_mib=1500, image_type="raw")
    assert (finished.deleted, finished.size_mib, finished.image_type) == (False, 1500, "raw")
    assert images.get_revision(db, "New") == finished
    with pytest.raises(ConflictError, match="not reserved"):
        images.finish_capture(db, reserved.revision_id, size_mib=1, image_type="raw")
    with db.read() as connection:
        row = connection.execute(select(tables.image).where(tables.image.c.id == 13)).one()
    assert (row.basedoffrevisionid, row.name) == (base.revision_id, "linux-New-13-v1")
    assert row.lastupdate is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"image_id": 12, "image_name": "linux-New-12-v1"},
        {"image_id": 1, "image_name": "linux-New-1-v1"},
        {"prettyname": "Base"},
        {"image_id": 70_000, "image_name": "linux-New-70000-v1"},
    ],
)
def test_what_was_taken_meanwhile_is_a_conflict(
    db: Database, base: ImageRevision, changes: dict[str, str | int]
) -> None:
    with pytest.raises(ConflictError):
        reserve(db, base, **changes)
    assert (count(db, "image"), count(db, "imagerevision"), count(db, "resource")) == (2, 3, 2)


@pytest.mark.parametrize("name", ["New", "linux-New-13", "linux-New-130-v1", "linux-New13-v1"])
def test_the_name_of_a_capture_carries_its_id(db: Database, base: ImageRevision, name: str) -> None:
    with pytest.raises(UsageError, match="must end in -13-v"):
        reserve(db, base, image_name=name)


def test_the_settings_of_an_image_go_to_its_captures(db: Database, base: ImageRevision) -> None:
    with db.write() as connection:
        connection.execute(insert(tables.imagemeta).values(id=5, sysprep=0, rootaccess=0))
        connection.execute(
            update(tables.image).where(tables.image.c.id == base.image_id).values(imagemetaid=5)
        )
    reserved = reserve(db, base)
    with db.read() as connection:
        row = connection.execute(
            select(tables.imagemeta)
            .join(tables.image, tables.image.c.imagemetaid == tables.imagemeta.c.id)
            .where(tables.image.c.id == 13)
        ).one()
    assert row.id != 5
    assert (row.sysprep, row.rootaccess, row.checkuser) == (0, 0, 1)
    assert images.discard_capture(db, reserved.revision_id, reserved.name)
    assert count(db, "imagemeta") == 1


def test_a_discarded_capture_leaves_nothing_and_is_discarded_once(
    db: Database, base: ImageRevision
) -> None:
    before = [count(db, name) for name in ("image", "imagerevision", "resource", "imagemeta")]
    reserved = reserve(db, base)
    assert not images.discard_capture(db, reserved.revision_id, "linux-New-13-v10")
    assert not images.discard_capture(db, reserved.revision_id + 1, reserved.name)
    assert images.discard_capture(db, reserved.revision_id, reserved.name)
    assert not images.discard_capture(db, reserved.revision_id, reserved.name)
    assert [count(db, n) for n in ("image", "imagerevision", "resource", "imagemeta")] == before
    assert reserve(db, base).revision_id != reserved.revision_id


def test_only_unfinished_captures_are_discarded(db: Database, base: ImageRevision) -> None:
    reserved = reserve(db, base)
    finished = images.finish_capture(db, reserved.revision_id, size_mib=1, image_type="qcow2")
    assert not images.discard_capture(db, finished.revision_id, finished.name)
    images.mark_deleted(db, finished.revision_id)
    assert not images.discard_capture(db, finished.revision_id, finished.name)
    assert images.get_revision_by_id(db, finished.revision_id).name == finished.name


def test_a_capture_with_another_revision_or_a_user_stays(
    db: Database, kvm1: VMHost, base: ImageRevision
) -> None:
    reserved = reserve(db, base)
    vm1 = computers.add_computer(db, hostname="vm1", vmhost="kvm1")
    computers.set_current_image(db, vm1.id, reserved)
    with pytest.raises(RefusedError, match="used by something else"):
        images.discard_capture(db, reserved.revision_id, reserved.name)
    computers.set_current_image(db, vm1.id, None)
    with db.write() as connection:
        connection.execute(
            insert(tables.imagerevision).values(
                imageid=13,
                revision=2,
                userid=1,
                datecreated=datetime(2024, 1, 1),
                deleted=0,
                production=0,
                imagename="linux-New-13-v2",
            )
        )
    assert not images.discard_capture(db, reserved.revision_id, reserved.name)
    assert images.get_revision_by_id(db, reserved.revision_id) == reserved


# --- deletion ---


def test_the_last_revision_takes_its_image_along(db: Database, base: ImageRevision) -> None:
    ten = images.get_revision(db, "linux-Base-12-v10")
    with pytest.raises(RefusedError, match="has other revisions: linux-Base-12-v10"):
        images.mark_deleted(db, base.revision_id)
    images.mark_deleted(db, ten.revision_id)
    assert images.list_revisions(db) == [base]
    with pytest.raises(NotFoundError, match="marked as deleted"):
        images.get_revision(db, ten.name)
    images.mark_deleted(db, base.revision_id)
    assert images.list_revisions(db) == []
    with pytest.raises(ConflictError, match="deleted already"):
        images.mark_deleted(db, base.revision_id)
    with db.read() as connection:
        row = connection.execute(
            select(tables.image.c.deleted, tables.imagerevision.c.datedeleted)
            .join(tables.imagerevision, tables.imagerevision.c.imageid == tables.image.c.id)
            .where(tables.imagerevision.c.id == base.revision_id)
        ).one()
    assert row.deleted == 1
    assert row.datedeleted is not None
    with pytest.raises(ConflictError, match="taken by a deleted image"):
        add(db, "linux-Base-12-v1", "Base")


@pytest.mark.parametrize(("state", "is_used"), [("pending", True), ("complete", False)])
def test_an_image_that_a_request_uses_stays(
    db: Database, kvm1: VMHost, base: ImageRevision, state: str, is_used: bool
) -> None:
    vm1 = computers.add_computer(db, hostname="vm1", vmhost="kvm1")
    ten = images.get_revision(db, "linux-Base-12-v10")
    start = datetime(2024, 1, 1)
    reservations.add_reservation(
        db,
        computer_id=vm1.id,
        revision=ten,
        state_name=state,
        laststate_name="new",
        start=start,
        end=start + timedelta(hours=1),
    )
    if is_used:
        with pytest.raises(RefusedError, match=rf"used by request 1 \({state}\)"):
            images.mark_deleted(db, ten.revision_id)
    else:
        images.mark_deleted(db, ten.revision_id)
    assert images.get_revision_by_id(db, ten.revision_id).deleted is not is_used
