"""Two base captures at once: of one name, of one computer, and a restart by two people."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.vcldb.base_inventory import LINUX, Inventory, fill
from vcltui.errors import ConflictError, InventoryError, RefusedError, VcltuiError
from vcltui.models.basecapture import CaptureWay
from vcltui.vcldb import tables
from vcltui.vcldb.basecapture import capture as basecapture
from vcltui.vcldb.basecapture import outcome as baseoutcome
from vcltui.vcldb.basecapture import restart as baserestart
from vcltui.vcldb.database import Database, open_database

ROUNDS = 5
REFUSALS = (ConflictError, RefusedError, InventoryError)


@pytest.fixture(
    params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)],
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        open_database(tmp_path / "i.sqlite", create=True, management_node="mn1").close()
        return str(tmp_path / "i.sqlite")
    return str(request.getfixturevalue("mariadb").url)


def at_once(url: str, tasks: list[Callable[[Database], Any]]) -> list[Any]:
    """What each task returned or raised, all begun together on connections of their own."""
    results: list[Any] = [None] * len(tasks)
    gate = threading.Barrier(len(tasks))

    def run(number: int) -> None:
        database = open_database(url)
        try:
            gate.wait(30)
            results[number] = tasks[number](database)
        except VcltuiError as error:
            results[number] = error
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def rows_are_whole(inventory: Inventory, captures: int) -> None:
    """No capture is there by half, whatever was refused."""
    images = [row for row in inventory.rows("image") if row["deleted"]]
    revisions = {row["imageid"] for row in inventory.rows("imagerevision") if row["deleted"]}
    assert {row["id"] for row in images} == revisions
    assert len(images) == captures
    assert len(inventory.rows("imagemeta")) == captures
    assert len(inventory.rows("request")) == len(inventory.rows("reservation")) == captures


def test_one_name(url: str) -> None:
    inventory = fill(open_database(url))
    for number in range(2, 4):
        inventory.add_computer(f"vm{number}")
    for number in range(ROUNDS):
        wanted = [
            replace(LINUX, computer=f"vm{one}", prettyname=f"Base {number}") for one in (1, 2, 3)
        ]
        tasks = [
            lambda db, request=request: basecapture.write_base_capture(db, request)
            for request in wanted
        ]
        results = at_once(url, tasks)
        won = [one for one in results if not isinstance(one, VcltuiError)]
        assert len(won) == 1, results
        assert all(isinstance(one, REFUSALS) for one in results if one not in won)
        rows_are_whole(inventory, number + 1)
        baseoutcome.fail_base_capture(
            inventory.database, won[0].request_id, won[0].image_id, "", "me 2026@x"
        )
        # Out of the way for the next round, with its rows left as they are.
        inventory.update(tables.request, won[0].request_id, stateid=inventory.state("complete"))
        inventory.update(
            tables.computer, won[0].computer_id, stateid=inventory.state("available"), notes=""
        )
    inventory.database.close()


def test_one_computer(url: str) -> None:
    inventory = fill(open_database(url))
    for number in range(ROUNDS):
        tasks = [
            lambda db, name=f"Base {number} {one}": basecapture.write_base_capture(
                db, replace(LINUX, prettyname=name)
            )
            for one in range(3)
        ]
        results = at_once(url, tasks)
        won = [one for one in results if not isinstance(one, VcltuiError)]
        assert len(won) == 1, results
        rows_are_whole(inventory, number + 1)
        inventory.update(tables.request, won[0].request_id, stateid=inventory.state("complete"))
    inventory.database.close()


def test_one_restart(url: str) -> None:
    inventory = fill(open_database(url))
    inventory.check_in()
    written = basecapture.write_base_capture(inventory.database, LINUX)
    for _round in range(ROUNDS):
        baseoutcome.fail_base_capture(
            inventory.database, written.request_id, written.image_id, "", "me 2026@vcltui: x"
        )
        tasks = [
            lambda db: baserestart.restart_base_capture(db, written.request_id, CaptureWay.CORE),
            lambda db: baserestart.restart_base_capture(db, written.request_id, CaptureWay.VCLD),
            lambda db: baserestart.delete_failed_capture(db, written.request_id),
        ]
        results = at_once(url, tasks)
        won = [number for number, one in enumerate(results) if not isinstance(one, VcltuiError)]
        if won[0] == 2:
            assert inventory.rows("request") == []
            # The rows of the request are gone, so nothing can be taken up.
            assert len(won) == 1, results
            break
        # What was handed to vcld can be deleted as long as it has not taken it up.
        assert won in ([0], [1]), results
        state = inventory.request(written.request_id)
        assert state == (("pending", "image") if won == [0] else ("image", "maintenance"))
        inventory.update(
            tables.request,
            written.request_id,
            stateid=inventory.state("pending"),
            laststateid=inventory.state("image"),
        )
    inventory.database.close()
