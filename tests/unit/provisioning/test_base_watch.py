"""Watching a capture that vcld does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mariadb import MariaDB
from tests.unit.vcldb.base_inventory import LINUX, Inventory, fill
from vcltui.errors import CancelledError, NotFoundError
from vcltui.models.basecapture import BaseCaptureRows, CaptureWay
from vcltui.models.cancel import CancelToken
from vcltui.nodes.local import LocalNode
from vcltui.provisioning.basecapture.watch import CaptureOutcome, WatchLine, watch
from vcltui.provisioning.vcld_log import VcldLog
from vcltui.vcldb import tables
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.database import open_database
from vcltui.vcldb.loadlog import insert_load_log


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Inventory]:
    database = open_database(tmp_path / "i.sqlite", create=True, management_node="mn1")
    found = fill(database)
    found.check_in()
    yield found
    database.close()


@pytest.fixture
def rows(inventory: Inventory) -> BaseCaptureRows:
    return basecapture.write_base_capture(inventory.database, replace(LINUX, way=CaptureWay.VCLD))


class Stepping(CancelToken):
    """Does the next thing each time the watcher pauses, as vcld would meanwhile."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self.steps = list(steps)

    def wait(self, seconds: float) -> bool:
        if self.steps:
            self.steps.pop(0)()
        else:
            self.cancel()
        return self.is_cancelled


def moved(inventory: Inventory, rows: BaseCaptureRows, state: str) -> Callable[[], None]:
    return lambda: inventory.update(
        tables.request,
        rows.request_id,
        stateid=inventory.state(state),
        laststateid=inventory.state("image"),
    )


def live(inventory: Inventory, rows: BaseCaptureRows) -> Callable[[], None]:
    return lambda: inventory.update(tables.image, rows.image_id, deleted=0)


def gone(inventory: Inventory, rows: BaseCaptureRows) -> Callable[[], None]:
    def delete() -> None:
        with inventory.database.write() as connection:
            connection.execute(tables.request.delete())

    return delete


def watched(inventory: Inventory, rows: BaseCaptureRows, *steps: Callable[[], object], log=None):
    return list(watch(inventory.database, rows.request_id, log=log, cancel=Stepping(*steps)))


def test_a_capture_that_ends_well(inventory: Inventory, rows: BaseCaptureRows) -> None:
    lines = watched(
        inventory,
        rows,
        moved(inventory, rows, "pending"),
        lambda: insert_load_log(
            inventory.database, rows.reservation_id, rows.computer_id, "info", "copying"
        ),
        live(inventory, rows),
        gone(inventory, rows),
    )
    assert [line.text for line in lines] == [
        f"Request {rows.request_id} is image/image",
        f"Request {rows.request_id} is pending/image",
        "info copying",
        f"Request {rows.request_id} is gone",
    ]
    assert [line.outcome for line in lines] == [None, None, None, CaptureOutcome.COMPLETE]


@pytest.mark.parametrize("end", ["maintenance", "failed", "complete", "gone"])
def test_a_capture_that_fails(inventory: Inventory, rows: BaseCaptureRows, end: str) -> None:
    last = gone(inventory, rows) if end == "gone" else moved(inventory, rows, end)
    lines = watched(inventory, rows, moved(inventory, rows, "pending"), last)
    assert lines[-1].outcome is CaptureOutcome.FAILED
    assert [line.outcome for line in lines[:-1]] == [None] * (len(lines) - 1)


def test_it_can_be_stopped_and_the_capture_goes_on(
    inventory: Inventory, rows: BaseCaptureRows
) -> None:
    with pytest.raises(CancelledError):
        watched(inventory, rows)
    assert inventory.request(rows.request_id) == ("image", "image")


def test_an_inventory_that_goes_away_is_told_and_asked_again(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    database = open_database(mariadb.url)
    found = fill(database)
    found.check_in()
    rows = basecapture.write_base_capture(database, replace(LINUX, way=CaptureWay.VCLD))

    def come_back() -> None:
        mariadb.start()
        live(found, rows)()
        gone(found, rows)()

    steps = (moved(found, rows, "pending"), mariadb.stop, lambda: None, come_back)
    lines = list(watch(database, rows.request_id, cancel=Stepping(*steps)))
    database.close()
    assert [line.text.split(":")[0] for line in lines] == [
        f"Request {rows.request_id} is image/image",
        f"Request {rows.request_id} is pending/image",
        "can't be looked at",
        f"Request {rows.request_id} is gone",
    ]
    assert lines[-1].outcome is CaptureOutcome.COMPLETE
    assert mariadb.password not in str(lines)


def test_a_request_that_is_not_there(inventory: Inventory) -> None:
    with pytest.raises(NotFoundError):
        next(watch(inventory.database, 77))


def line_of(reservation: int, text: str, request: int = 5) -> str:
    return f"2026-01-02 03:04:05|4711|{request}|{reservation}|image|image.pm:process|10|{text}\n"


def test_vcld_log(tmp_path: Path) -> None:
    path = tmp_path / "vcld.log"
    path.write_text(line_of(7, "before") + line_of(77, "another's"))
    log = VcldLog(LocalNode(), 7, str(path))
    assert log.new_lines() == (line_of(7, "before").strip(),)
    assert log.new_lines() == ()
    with path.open("a") as file:
        file.write("---- WARNING ----\nof 77, too\n")
        file.write(line_of(7, "---- WARNING ----") + "no room\n\n|4711| more\n" + "cut")
    assert log.new_lines() == (
        line_of(7, "---- WARNING ----").strip(),
        "no room",
        "|4711| more",
    )
    with path.open("a") as file:
        file.write(" off\n" + line_of(8, "x 7"))
    assert log.new_lines() == ("cut off",)
    path.rename(tmp_path / "vcld.log.1")
    assert log.new_lines() == ()
    path.write_text(line_of(7, "after the rotation"))
    assert log.new_lines() == (line_of(7, "after the rotation").strip(),)
    with path.open("ab") as file:
        file.write(b"\xff\x1b[0m\n")
    assert log.new_lines() == ("\ufffd\x1b[0m",)


def test_the_log_goes_with_the_watch(
    inventory: Inventory, rows: BaseCaptureRows, tmp_path: Path
) -> None:
    path = tmp_path / "vcld.log"
    path.write_text("")
    log = VcldLog(LocalNode(), rows.reservation_id, str(path))

    def last() -> None:
        path.write_text(line_of(rows.reservation_id, "complete"))
        gone(inventory, rows)()

    lines = watched(inventory, rows, live(inventory, rows), last, log=log)
    assert WatchLine("vcld.log", line_of(rows.reservation_id, "complete").strip()) in lines
    assert lines[-1].outcome is CaptureOutcome.COMPLETE


def test_a_log_that_can_not_be_read_is_told_once(
    inventory: Inventory, rows: BaseCaptureRows, tmp_path: Path
) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    log = VcldLog(LocalNode(), rows.reservation_id, str(path))
    lines = watched(
        inventory, rows, moved(inventory, rows, "pending"), gone(inventory, rows), log=log
    )
    assert [line.source for line in lines].count("vcld.log") == 1
    assert lines[-1].outcome is CaptureOutcome.FAILED
