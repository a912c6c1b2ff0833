"""The capture of a base image in the inventory: in SQLite and in VCL's own schema on MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from tests.unit.vcldb.base_inventory import FOR_VCLD, LINUX, Inventory, fill, is_recent
from vcltui.errors import ConflictError, InventoryError, NotFoundError, RefusedError, UsageError
from vcltui.models.basecapture import BaseCaptureRequest, CaptureWay
from vcltui.vcldb import tables
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.basecapture import outcome as baseoutcome
from vcltui.vcldb.basecapture import restart as baserestart
from vcltui.vcldb.basecapture.checks import system_of
from vcltui.vcldb.basecapture.choices import node_for_capture
from vcltui.vcldb.database import open_database

NULL_DATES = (None, "0000-00-00 00:00:00")


@pytest.fixture(
    params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)],
)
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inventory]:
    if request.param == "sqlite":
        database = open_database(tmp_path / "i.sqlite", create=True, management_node="mn1")
        yield fill(database)
        database.close()
    else:
        yield fill(request.getfixturevalue("vcl"))


def without_dates(row: dict[str, Any], *dates: str) -> dict[str, Any]:
    """The row without its times, which are looked at here."""
    for name in dates:
        assert is_recent(row[name]), (name, row[name])
    return {name: value for name, value in row.items() if name not in dates}


def subset(row: dict[str, Any], **expected: Any) -> None:
    assert {name: row[name] for name in expected} == expected


def as_time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def test_the_rows_are_those_of_vcls_setup(inventory: Inventory) -> None:
    inventory.check_in()
    before = inventory.all_rows()
    written = basecapture.write_base_capture(inventory.database, FOR_VCLD)
    (meta,) = inventory.added(before, "imagemeta")
    assert meta == {
        "id": written.imagemeta_id,
        "checkuser": 1,
        "subimages": 0,
        "sysprep": 0,
        "postoption": None,
        "architecture": None,
        "rootaccess": 1,
        "sethostname": None,
    }
    name = f"vmwarewin10-WindowsBase{written.image_id}-v0"
    assert written.image_name == name
    (image,) = inventory.added(before, "image")
    assert without_dates(image, "lastupdate") == {
        "id": written.image_id,
        "name": name,
        "prettyname": "Windows Base",
        "ownerid": 1,
        "imagetypeid": 1,
        "platformid": 1,
        "OSid": 56,
        "imagemetaid": written.imagemeta_id,
        "minram": 0,
        "minprocnumber": 0,
        "minprocspeed": 0,
        "minnetwork": 0,
        "maxconcurrent": None,
        "reloadtime": 10,
        "deleted": 1,
        "test": 0,
        "forcheckout": 1,
        "maxinitialtime": 0,
        "project": "vcl",
        "size": 1,
        "architecture": "x86_64",
        "description": None,
        "usage": None,
        "basedoffrevisionid": 1,
    }
    (revision,) = inventory.added(before, "imagerevision")
    assert without_dates(revision, "datecreated") == {
        "id": written.revision_id,
        "imageid": written.image_id,
        "revision": 0,
        "userid": 1,
        "deleted": 1,
        "datedeleted": None,
        "production": 1,
        "comments": None,
        "imagename": name,
        "autocaptured": 0,
    }
    (resource,) = inventory.added(before, "resource")
    assert resource == {
        "id": written.resource_id,
        "resourcetypeid": 13,
        "subid": written.image_id,
    }
    (request,) = inventory.added(before, "request")
    assert as_time(request["end"]) - as_time(request["start"]) == timedelta(minutes=60)
    assert without_dates(request, "start", "daterequested") == {
        "id": written.request_id,
        "stateid": inventory.state("image"),
        "userid": 1,
        "laststateid": inventory.state("image"),
        "logid": None,
        "forimaging": 0,
        "test": 0,
        "preload": 0,
        "end": request["end"],
        "datemodified": None,
        "checkuser": 1,
    }
    (reservation,) = inventory.added(before, "reservation")
    subset(
        reservation,
        id=written.reservation_id,
        requestid=written.request_id,
        computerid=inventory.computer()["id"],
        imageid=written.image_id,
        imagerevisionid=written.revision_id,
        managementnodeid=inventory.rows("managementnode")[0]["id"],
        remoteIP=None,
        connectIP=None,
        connectport=None,
    )
    assert reservation["lastcheck"] in NULL_DATES
    assert inventory.added(before, "computerloadlog") == []
    assert inventory.added(before, "computer") == []
    assert written.warnings == ()


def test_the_owner_gets_vcls_rights(inventory: Inventory) -> None:
    before = inventory.all_rows()
    written = basecapture.write_base_capture(inventory.database, LINUX)
    nodes = {row["name"]: row for row in inventory.added(before, "privnode")}
    assert set(nodes) == {"newvmimages", "admin-1"}
    assert nodes["newvmimages"]["parent"] == 3
    assert nodes["admin-1"]["parent"] == nodes["newvmimages"]["id"]
    own = nodes["admin-1"]["id"]
    rights = {
        (row["userid"], row["usergroupid"], row["privnodeid"], row["userprivtypeid"])
        for row in inventory.added(before, "userpriv")
    }
    assert rights == {(1, None, own, 5), (1, None, own, 6)}  # imageAdmin, imageCheckOut
    (group,) = inventory.added(before, "resourcegroup")
    subset(group, name="newvmimages-admin-1", ownerusergroupid=4, resourcetypeid=13)
    (mapped,) = inventory.added(before, "resourcemap")
    assert mapped == {
        "resourcegroupid1": group["id"],
        "resourcetypeid1": 13,
        "resourcegroupid2": 9,
        "resourcetypeid2": 12,
    }
    granted = {
        (row["resourcegroupid"], row["privnodeid"], row["type"])
        for row in inventory.added(before, "resourcepriv")
    }
    assert granted == {(group["id"], own, "available"), (group["id"], own, "administer")}
    (member,) = inventory.added(before, "resourcegroupmembers")
    assert member == {"resourceid": written.resource_id, "resourcegroupid": group["id"]}


def test_a_second_image_of_an_owner_adds_no_rights_again(inventory: Inventory) -> None:
    basecapture.write_base_capture(inventory.database, LINUX)
    inventory.add_computer("vm2")
    before = inventory.all_rows()
    second = replace(LINUX, computer="vm2", prettyname="Another")
    written = basecapture.write_base_capture(inventory.database, second)
    for table in ("privnode", "userpriv", "resourcegroup", "resourcemap", "resourcepriv"):
        assert inventory.added(before, table) == []
    (member,) = inventory.added(before, "resourcegroupmembers")
    assert member["resourceid"] == written.resource_id


def test_what_is_missing_of_the_rights_is_a_warning_only(inventory: Inventory) -> None:
    group = next(row for row in inventory.rows("usergroup") if row["name"] == "manageNewImages")
    inventory.update(tables.usergroup, group["id"], name="other")
    written = basecapture.write_base_capture(inventory.database, LINUX)
    assert "the user group manageNewImages" in written.warnings[0]
    assert inventory.request(written.request_id) == ("pending", "image")


def test_vcld_leaves_a_request_of_this_core_alone(inventory: Inventory) -> None:
    before = inventory.all_rows()
    written = basecapture.write_base_capture(inventory.database, LINUX, worker="(operation 1)")
    assert inventory.request(written.request_id) == ("pending", "image")
    (line,) = inventory.added(before, "computerloadlog")
    assert line["additionalinfo"] == "vcltui captures the base image itself (operation 1)"
    (meta,) = inventory.added(before, "imagemeta")
    assert meta["sysprep"] == 1


def test_what_is_shown_before_is_what_is_written(inventory: Inventory) -> None:
    changes, warnings = basecapture.preview(inventory.database, LINUX)
    before = inventory.all_rows()
    assert warnings == ()
    basecapture.write_base_capture(inventory.database, LINUX)
    shown = [change.table for change in changes if change.action == "insert"]
    added = {table: len(inventory.added(before, table)) for table in before}
    assert {table: shown.count(table) for table in set(shown)} == {
        table: count for table, count in added.items() if count
    }
    image = next(change for change in changes if change.table == "image")
    assert ("prettyname", "My Base 7") in image.columns
    assert changes[2].columns == (("name", "vmwarelinux-MyBase7<image.id>-v0"),)


def test_nothing_is_written_when_the_end_fails(inventory: Inventory) -> None:
    before = inventory.all_rows()

    def fail(_rows: object) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        basecapture.write_base_capture(inventory.database, LINUX, before_commit=fail)
    assert inventory.all_rows() == before


def test_choices(inventory: Inventory) -> None:
    found = basecapture.choices(inventory.database, "10.1.0.1")
    (computer,) = found.computers
    assert (computer.hostname, computer.vmhost, computer.profile) == ("vm1", "kvm1", "local")
    assert "vmware" in computer.install_types
    names = {system.name for system in found.systems}
    assert {"vmwarelinux", "vmwarewin10"} <= names
    assert not names & {"centos7", "rhel6"}
    assert [owner.name for owner in found.owners] == ["admin"]
    assert [node.hostname for node in found.management_nodes] == ["mn1"]
    assert found.requests == ()
    assert basecapture.choices(inventory.database, "vm").computers == ()
    assert basecapture.choices(inventory.database, "vm1%").computers == ()
    assert basecapture.choices(inventory.database).computers == ()


def test_several_computers_of_one_label(inventory: Inventory) -> None:
    inventory.add_computer("vm9.one.org")
    inventory.add_computer("vm9.two.org")
    inventory.add_computer("vm90.one.org")
    inventory.add_computer("vm9.old.org", deleted=1)
    found = basecapture.choices(inventory.database, "vm9")
    assert [one.hostname for one in found.computers] == ["vm9.one.org", "vm9.two.org"]
    assert found.systems == ()
    with pytest.raises(RefusedError, match="means 2 computers"):
        basecapture.write_base_capture(inventory.database, replace(LINUX, computer="vm9"))
    basecapture.write_base_capture(inventory.database, replace(LINUX, computer="vm9.two.org"))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"owner": "nobody"}, "no user 'nobody'"),
    ({"owner": "Łukasz"}, "no user"),
    ({"computer": "vmł"}, "no computer"),
    ({"os_name": "łinux"}, "no system that"),
    ({"management_node": "mł"}, "no management node"),
    ({"owner": "9999"}, "no user with the id 9999"),
    ({"owner": "9" * 5000}, "no user '99"),
    ({"computer": "vm2"}, "no computer 'vm2'"),
    ({"os_name": "centos7"}, "no system that"),
    ({"os_name": "vmwarewin10"}, "vcltui can't prepare"),
    ({"os_name": "vmwareosx"}, "vcltui can't prepare"),
    ({"architecture": "arm64"}, "no architecture"),
    ({"way": CaptureWay.VCLD}, "vcld does not run on mn1: it never checked in"),
    ({"management_node": "mn2"}, "no management node 'mn2'"),
    ({"prettyname": ""}, "is no image name"),
    ({"prettyname": "---"}, "needs a letter or a digit"),
    ({"prettyname": "a\nb"}, "is no image name"),
    ({"prettyname": " x"}, "begins or ends with a space"),
    ({"prettyname": "it's"}, "puts names into its SQL"),
    ({"prettyname": 'a "b"'}, "puts names into its SQL"),
    ({"prettyname": "a\\"}, "puts names into its SQL"),
    ({"prettyname": "Łódź 1"}, "latin1"),
    ({"prettyname": "bild 😀"}, "latin1"),
    ({"prettyname": "x" * 81}, "81 characters"),
    ({"prettyname": "x" * 51}, "with 71 characters, and VCL keeps 70"),
]


@pytest.mark.parametrize(("changed", "words"), BAD)
def test_what_does_not_hold_is_told_and_nothing_written(
    inventory: Inventory, changed: dict[str, Any], words: str
) -> None:
    wanted = replace(LINUX, **changed)
    before = inventory.all_rows()
    lines = basecapture.check(inventory.database, wanted)
    assert any(words in line.text and line.stops for line in lines), lines
    with pytest.raises((NotFoundError, RefusedError, UsageError)) as caught:
        basecapture.write_base_capture(inventory.database, wanted)
    assert words in str(caught.value)
    assert inventory.all_rows() == before


@pytest.mark.parametrize("pretty", ["Zürich é 7", "x" * 50, "50 % off & more; --", "a_b (c)"])
def test_odd_names_that_vcl_can_keep(inventory: Inventory, pretty: str) -> None:
    written = basecapture.write_base_capture(inventory.database, replace(LINUX, prettyname=pretty))
    row = next(row for row in inventory.rows("image") if row["id"] == written.image_id)
    assert row["prettyname"] == pretty
    assert row["name"] == written.image_name
    assert len(row["name"]) <= 70


@pytest.mark.parametrize(
    ("values", "words"),
    [({"vmhostid": None}, "is on no VM host"), ({"stateid": 10}, "is in the state maintenance")],
)
def test_computers_that_are_not_ready(
    inventory: Inventory, values: dict[str, Any], words: str
) -> None:
    inventory.update(tables.computer, inventory.computer()["id"], **values)
    assert any(words in line.text for line in basecapture.check(inventory.database, LINUX))
    with pytest.raises(RefusedError, match=words):
        basecapture.write_base_capture(inventory.database, LINUX)


def test_a_system_of_bare_metal_with_nearly_the_same_name(inventory: Inventory) -> None:
    """VCL's own tables have win10 for bare metal and vmwarewin10."""
    wanted = replace(FOR_VCLD, os_name="win10")
    assert system_of(inventory.database, wanted).name == "vmwarewin10"
    inventory.check_in()
    written = basecapture.write_base_capture(inventory.database, wanted)
    assert written.image_name.startswith("vmwarewin10-")


def test_a_taken_name(inventory: Inventory) -> None:
    basecapture.write_base_capture(inventory.database, LINUX)
    inventory.add_computer("vm2")
    again = replace(LINUX, computer="vm2")
    with pytest.raises(ConflictError, match="taken by a deleted image vmwarelinux-MyBase7"):
        basecapture.write_base_capture(inventory.database, again)


def test_a_held_computer(inventory: Inventory) -> None:
    first = basecapture.write_base_capture(inventory.database, LINUX)
    found = basecapture.choices(inventory.database, "vm1")
    (held,) = found.requests
    assert (held.request_id, held.state, held.laststate) == (first.request_id, "pending", "image")
    assert not held.can_restart
    assert not held.can_delete
    other = replace(LINUX, prettyname="Other")
    with pytest.raises(RefusedError, match=f"held by request {first.request_id}"):
        basecapture.write_base_capture(inventory.database, other)


def test_a_management_node_that_is_silent(inventory: Inventory) -> None:
    inventory.check_in(seconds_ago=300)
    with pytest.raises(RefusedError, match="checked in 30. s ago"):
        basecapture.write_base_capture(inventory.database, FOR_VCLD)
    inventory.check_in(seconds_ago=100)
    basecapture.write_base_capture(inventory.database, FOR_VCLD)


def test_a_read_only_inventory(inventory: Inventory) -> None:
    inventory.database.readonly = True
    lines = basecapture.check(inventory.database, LINUX)
    assert lines[0].stops
    with pytest.raises(RefusedError, match="read-only"):
        basecapture.write_base_capture(inventory.database, LINUX)


def finish(inventory: Inventory, written: Any, name: str, size_mib: int = 1200) -> None:
    baseoutcome.finish_base_capture(
        inventory.database,
        image_id=written.image_id,
        revision_id=written.revision_id,
        image_name=name,
        size_mib=size_mib,
        image_type="qcow2",
    )


def test_a_finished_capture(inventory: Inventory) -> None:
    written = basecapture.write_base_capture(inventory.database, LINUX)
    name = f"linux-MyBase7-{written.image_id}-v0"
    finish(inventory, written, name)
    image = next(row for row in inventory.rows("image") if row["id"] == written.image_id)
    subset(image, name=name, deleted=0, size=1200, imagetypeid=7)
    revision = next(
        row for row in inventory.rows("imagerevision") if row["id"] == written.revision_id
    )
    subset(revision, imagename=name, deleted=0, revision=0, production=1)
    with pytest.raises(ConflictError, match="not waiting"):
        finish(inventory, written, name)
    before = inventory.all_rows()
    reload_id = baseoutcome.complete_base_capture(inventory.database, written.request_id)
    assert inventory.request(written.request_id) == ("complete", "image")
    computer = inventory.computer()
    if inventory.database.is_embedded:
        assert reload_id is None
        subset(computer, stateid=inventory.state("available"), currentimageid=1)
        return
    assert reload_id is not None
    assert inventory.request(reload_id) == ("reload", "reload")
    reload = next(row for row in inventory.rows("request") if row["id"] == reload_id)
    subset(reload, userid=2, logid=None, forimaging=0, test=0, preload=0)
    assert as_time(reload["end"]) - as_time(reload["start"]) == timedelta(minutes=30)
    reservation = next(
        row for row in inventory.added(before, "reservation") if row["requestid"] == reload_id
    )
    subset(
        reservation,
        computerid=computer["id"],
        imageid=written.image_id,
        imagerevisionid=written.revision_id,
    )
    assert inventory.added(before, "computer") == []


def test_an_image_that_is_larger_than_vcl_can_tell(inventory: Inventory) -> None:
    written = basecapture.write_base_capture(inventory.database, LINUX)
    finish(inventory, written, "linux-MyBase7-x-v0", size_mib=500_000)
    image = next(row for row in inventory.rows("image") if row["id"] == written.image_id)
    assert image["size"] == 65535


def fail(inventory: Inventory, written: Any, lastcheck: str = "", note: str = "") -> str | None:
    return baseoutcome.fail_base_capture(
        inventory.database,
        written.request_id,
        written.image_id,
        lastcheck,
        note or baseoutcome.maintenance_note("me", "vcltui: it failed"),
    )


def test_a_failed_capture_is_left_as_vcld_leaves_it(inventory: Inventory) -> None:
    inventory.update(tables.computer, inventory.computer()["id"], notes="old note")
    written = basecapture.write_base_capture(inventory.database, LINUX)
    assert fail(inventory, written) is not None
    assert inventory.request(written.request_id) == ("maintenance", "image")
    computer = inventory.computer()
    assert computer["stateid"] == inventory.state("maintenance")
    first, old = computer["notes"].split("\n")
    assert old == "old note"
    who, said = first.split("@")
    assert who.startswith("me 2")
    assert said == "vcltui: it failed"
    image = next(row for row in inventory.rows("image") if row["id"] == written.image_id)
    assert image["deleted"] == 1
    assert fail(inventory, written) is None


def test_a_failure_after_the_image_is_live_ends_the_request(inventory: Inventory) -> None:
    written = basecapture.write_base_capture(inventory.database, LINUX)
    finish(inventory, written, "linux-MyBase7-x-v0")
    assert fail(inventory, written) is not None
    assert inventory.request(written.request_id) == ("complete", "image")
    assert inventory.computer()["stateid"] == inventory.state("maintenance")


def test_what_vcld_took_up_is_not_put_into_maintenance(inventory: Inventory) -> None:
    written = basecapture.write_base_capture(inventory.database, LINUX)
    taken = datetime(2026, 1, 2, 3, 4, 5)
    inventory.update(tables.reservation, written.reservation_id, lastcheck=taken)
    assert fail(inventory, written) is None
    assert inventory.request(written.request_id) == ("pending", "image")
    assert fail(inventory, written, lastcheck=str(taken)) is not None


def failed(inventory: Inventory, wanted: BaseCaptureRequest = LINUX) -> Any:
    written = basecapture.write_base_capture(inventory.database, wanted)
    assert fail(inventory, written) is not None
    return written


def test_restart_by_vcld(inventory: Inventory) -> None:
    written = failed(inventory)
    (held,) = basecapture.choices(inventory.database, "vm1").requests
    assert held.can_restart
    assert held.can_delete
    with pytest.raises(RefusedError, match="vcld does not run"):
        baserestart.restart_base_capture(inventory.database, written.request_id, CaptureWay.VCLD)
    inventory.check_in()
    baserestart.restart_base_capture(inventory.database, written.request_id, CaptureWay.VCLD)
    assert inventory.request(written.request_id) == ("image", "maintenance")
    subset(inventory.computer(), stateid=inventory.state("inuse"), notes="")


def test_restart_by_this_core(inventory: Inventory) -> None:
    written = failed(inventory)
    heard = []
    found = baserestart.restart_base_capture(
        inventory.database, written.request_id, CaptureWay.CORE, before_commit=heard.append
    )
    assert heard == [found]
    assert inventory.request(written.request_id) == ("pending", "image")
    assert inventory.computer()["stateid"] == inventory.state("inuse")
    with pytest.raises(RefusedError, match="no capture that failed"):
        baserestart.restart_base_capture(inventory.database, written.request_id, CaptureWay.CORE)
    finish(inventory, written, "linux-MyBase7-x-v0")
    baseoutcome.complete_base_capture(inventory.database, written.request_id)
    if inventory.database.is_embedded:
        assert inventory.computer()["stateid"] == inventory.state("available")


def test_a_restart_that_fails_at_its_end_changes_nothing(inventory: Inventory) -> None:
    written = failed(inventory)
    before = inventory.all_rows()

    def stop(_found: object) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        baserestart.restart_base_capture(
            inventory.database, written.request_id, CaptureWay.CORE, before_commit=stop
        )
    assert inventory.all_rows() == before


def test_restart_of_what_is_no_base_capture(inventory: Inventory) -> None:
    written = failed(inventory)
    inventory.insert(
        tables.reservation,
        requestid=written.request_id,
        computerid=inventory.add_computer("vm2"),
        imageid=written.image_id,
        imagerevisionid=written.revision_id,
        managementnodeid=inventory.rows("managementnode")[0]["id"],
    )
    with pytest.raises(RefusedError, match="has 2 reservations"):
        baserestart.restart_base_capture(inventory.database, written.request_id, CaptureWay.CORE)
    with inventory.database.write() as connection:
        connection.execute(
            delete(tables.reservation).where(tables.reservation.c.id != written.reservation_id)
        )
    inventory.update(tables.request, written.request_id, forimaging=1)
    with pytest.raises(RefusedError, match="captures what a user reserved"):
        baserestart.restart_base_capture(inventory.database, written.request_id, CaptureWay.CORE)
    with pytest.raises(NotFoundError):
        baserestart.restart_base_capture(inventory.database, 99999, CaptureWay.CORE)


def test_a_failed_capture_is_deleted_and_its_name_free(inventory: Inventory) -> None:
    written = failed(inventory)
    baserestart.delete_failed_capture(inventory.database, written.request_id)
    assert inventory.rows("request") == []
    assert inventory.rows("reservation") == []
    image = next(row for row in inventory.rows("image") if row["id"] == written.image_id)
    assert image["name"].startswith(written.image_name)
    assert image["name"][len(written.image_name) :].isdigit()
    assert image["prettyname"].startswith("My Base 7")
    subset(inventory.computer(), stateid=inventory.state("available"), notes="")
    basecapture.write_base_capture(inventory.database, LINUX)


def test_what_a_person_made_of_the_computer_since_is_kept(inventory: Inventory) -> None:
    written = failed(inventory)
    computer = inventory.computer()
    mine = "jdoe 2026-01-02 03:04:05@fan is broken"
    inventory.update(tables.computer, computer["id"], notes=mine)
    baserestart.delete_failed_capture(inventory.database, written.request_id)
    subset(inventory.computer(), stateid=inventory.state("available"), notes=mine)
    again = failed(inventory, replace(LINUX, prettyname="Other 8"))
    inventory.update(tables.computer, computer["id"], stateid=inventory.state("vmhostinuse"))
    baserestart.delete_failed_capture(inventory.database, again.request_id)
    subset(inventory.computer(), stateid=inventory.state("vmhostinuse"))
    assert inventory.rows("request") == []


@pytest.mark.parametrize("state", ["pending", "reserved", "inuse", "complete"])
def test_other_requests_are_not_deleted(inventory: Inventory, state: str) -> None:
    written = basecapture.write_base_capture(inventory.database, LINUX)
    inventory.update(tables.request, written.request_id, stateid=inventory.state(state))
    before = inventory.all_rows()
    with pytest.raises(RefusedError):
        baserestart.delete_failed_capture(inventory.database, written.request_id)
    assert inventory.all_rows() == before


def test_a_database_that_is_gone_is_told(tmp_path: Path) -> None:
    database = open_database(tmp_path / "i.sqlite", create=True, management_node="mn1")
    fill(database)
    (tmp_path / "i.sqlite").write_bytes(b"no database at all")
    database.close()
    with pytest.raises(InventoryError):
        basecapture.check(database, LINUX)


def test_the_management_node_is_this_one_or_the_one_that_manages_the_computer(
    inventory: Inventory,
) -> None:
    database, computer = inventory.database, inventory.computer()["id"]
    assert node_for_capture(database, "mn1", computer) == "mn1"
    assert node_for_capture(database, "elsewhere", computer) == ""
    second = inventory.insert(
        tables.managementnode, hostname="mn2", stateid=2, availablenetworks=""
    )
    kinds = {row["name"]: row["id"] for row in inventory.rows("resourcetype")}
    groups = []
    for kind, subject in (("managementnode", second), ("computer", computer)):
        group = inventory.insert(
            tables.resourcegroup, name=f"of {kind}", ownerusergroupid=1, resourcetypeid=kinds[kind]
        )
        resource = inventory.insert(tables.resource, resourcetypeid=kinds[kind], subid=subject)
        with database.write() as connection:
            connection.execute(
                insert(tables.resourcegroupmembers).values(
                    resourceid=resource, resourcegroupid=group
                )
            )
        groups.append(group)
    with database.write() as connection:
        connection.execute(
            insert(tables.resourcemap).values(
                resourcegroupid1=groups[0],
                resourcetypeid1=kinds["managementnode"],
                resourcegroupid2=groups[1],
                resourcetypeid2=kinds["computer"],
            )
        )
    assert node_for_capture(database, "elsewhere", computer) == "mn2"
    assert node_for_capture(database, "mn1", computer) == "mn1"
