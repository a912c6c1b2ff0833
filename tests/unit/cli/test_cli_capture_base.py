"""`vcltui capture --base`."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.unit.cli.cli_lab import V1, Lab
from vcltui.errors import DiskError
from vcltui.vcldb import tables
from vcltui.vcldb.basecapture import outcome as baseoutcome
from vcltui.vcldb.clock import database_now
from vcltui.vcldb.database import open_database
from vcltui.vcldb.loadlog import insert_load_log
from vcltui.vcldb.lookup import state_id

OPTIONS = {
    "--owner": "admin",
    "--computer": "vm2",
    "--os": "linux",
    "--architecture": "x86_64",
    "--name": "Hand Made",
    "--way": "core",
}


def arguments(**changed: str | None) -> list[str]:
    options: dict[str, Any] = {**OPTIONS, **{f"--{name}": text for name, text in changed.items()}}
    given = [word for name, text in options.items() if text for word in (name, text)]
    return ["capture", "--base", *given]


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    assert lab("load", "vm2", V1).code == 0
    return lab


def check_in(lab: Lab) -> None:
    database = open_database(lab.home / "inventory.sqlite")
    with database.write() as connection:
        seen = database_now(connection) - timedelta(seconds=3)
        connection.execute(update(tables.managementnode).values(lastcheckin=seen))
    database.close()


def test_a_dry_run_prints_rows_and_calls(loaded: Lab) -> None:
    done = loaded(*arguments(), "--dry-run")
    assert done.code == 0, done.err
    assert "inventory: insert image: " in done.out
    assert "prettyname = Hand Made" in done.out
    assert "inventory: insert resourcepriv: " in done.out
    assert "qemu-img convert" in done.out
    assert "ok    The owner is admin (id 1).\n" in done.err
    assert loaded("images", "--json").rows
    assert loaded("reservations", "--json").rows == []


def test_a_capture_by_this_core(loaded: Lab) -> None:
    done = loaded(*arguments(), "--yes")
    assert done.code == 0, done.err
    name = done.out.splitlines()[-1].removeprefix("Image: ")
    assert re.fullmatch(r"linux-HandMade-\d+-v0", name)
    assert re.search(r"^Request: \d+$", done.out, re.M)
    # What was written was printed before, though nobody was asked.
    assert "inventory: insert imagerevision: " in done.err
    assert (loaded.home / f"datastore2/{name}.qcow2").exists()
    assert loaded("load", "vm20", name).code == 0
    entry = loaded("jobs", "--json").rows[1]
    assert (entry["kind"], entry["outcome"]) == ("capture-base", "done")


def test_without_a_terminal_nothing_is_asked(loaded: Lab) -> None:
    done = loaded("capture", "--base", "vm2")
    assert done.code == 2
    assert "Missing --owner, --os, --architecture, --name, --way" in done.err
    done = loaded(*arguments())
    assert done.code == 2
    assert "Give --yes" in done.err
    done = loaded(*arguments(os="win10", way="vcld"))
    assert done.code == 2
    assert "--sysprep or --no-sysprep" in done.err
    assert loaded("reservations", "--json").rows == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"owner": "nobody"}, "VCL has no user 'nobody'"),
        ({"computer": "away"}, "is on no VM host"),
        ({"computer": "vm3"}, "There is no computer with the name or address 'vm3'"),
        ({"os": "centos7"}, "is no system that"),
        ({"name": "it's"}, "puts names into its SQL"),
        ({"name": "Base"}, "is taken by the image"),
        ({"way": "vcld"}, "vcld does not run on mn"),
    ],
)
def test_what_stands_against_it(loaded: Lab, changed: dict[str, str], words: str) -> None:
    done = loaded(*arguments(**changed), "--yes")
    assert done.code in (1, 2)
    assert words in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["capture", "vm2", "--name", "x", "--way", "core"], "need --base"),
        (["capture"], "Missing argument 'COMPUTER'"),
        (["capture", "--base", "vm2", "--computer", "vm1"], "not both"),
        (["capture", "--base", "--restart", "1", "--discard", "1"], "not both"),
        (["capture", "--base", "--restart", "1"], "Missing option '--way'"),
        (["capture", "--base", "--restart", "1", "--way", "core"], "There is no request 1"),
    ],
)
def test_options_that_do_not_go_together(lab: Lab, given: list[str], words: str) -> None:
    done = lab(*given)
    assert done.code in (1, 2)
    assert words in done.err


def test_a_failed_capture_is_taken_up_or_given_up(
    loaded: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise DiskError("The disk broke")

    with monkeypatch.context() as patch:
        patch.setattr(baseoutcome, "finish_base_capture", fail)
        done = loaded(*arguments(), "--yes")
        assert done.code == 1
        assert "The disk broke" in done.err
        assert "Undone: request 1 is maintenance/image, computer vm2" in done.out
        second = loaded(*arguments(computer="vm2", name="Other"), "--yes")
        assert "Computer vm2.example.org is in the state maintenance" in second.err
    dry = loaded("capture", "--base", "--restart", "1", "--way", "core", "--dry-run")
    assert dry.code == 0, dry.err
    assert "where it is maintenance/image" in dry.out
    done = loaded("capture", "--base", "--restart", "1", "--way", "core", "--yes")
    assert done.code == 0, done.err
    assert re.search(r"^Image: linux-HandMade-\d+-v0$", done.out, re.M)


def test_a_failed_capture_is_given_up(loaded: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise DiskError("The disk broke")

    with monkeypatch.context() as patch:
        patch.setattr(baseoutcome, "finish_base_capture", fail)
        assert loaded(*arguments(), "--yes").code == 1
    done = loaded("capture", "--base", "--discard", "1", "--yes")
    assert done.code == 0, done.err
    assert loaded("reservations", "--json").rows == []
    assert loaded(*arguments(), "--yes").code == 0


def test_handing_over_is_watched_to_its_end(loaded: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    check_in(loaded)
    from vcltui.provisioning.basecapture import watch as base_watch

    outcomes = iter([None, base_watch.CaptureOutcome.FAILED])
    monkeypatch.setattr(base_watch, "_outcome", lambda *_arguments: next(outcomes))
    monkeypatch.setattr(base_watch, "_PAUSE_SECONDS", 0.01)
    done = loaded(*arguments(way="vcld"), "--yes")
    assert done.code == 1
    assert "Request: 1\n" in done.out
    assert "request: Request 1 is image/image\n" in done.out
    assert "The capture of request 1 failed" in done.err
    assert "--restart 1" in done.err
    assert loaded("power", "status", "vm2").out == "on\n"


def test_vclds_own_log_and_load_log_are_followed_as_it_is_configured(loaded: Lab) -> None:
    check_in(loaded)
    with loaded.config.open("a") as file:
        file.write('[management_nodes.mn]\nlog = "logs/vcld.log"\n')
    log = loaded.home / "logs/vcld.log"
    log.parent.mkdir()
    log.write_text("")
    path = loaded.home / "inventory.sqlite"

    def play_vcld() -> None:
        """Takes the request up, says so, and is done with it."""
        database, wait = open_database(path), threading.Event()
        requests = tables.request
        while not wait.wait(0.05):
            with database.read() as connection:
                row = connection.execute(select(tables.reservation)).first()
            if row is not None:
                break
        stamp = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        with log.open("a") as file:
            file.write(f"{stamp}|77|{row.requestid}|{row.id}|image|image.pm:process|1|I begin\n")
            file.write(f"{stamp}|77|999|999|image|image.pm:process|1|another one\n")
        insert_load_log(database, row.id, row.computerid, "info", "copying")
        with database.write() as connection:
            image = tables.image
            connection.execute(update(image).where(image.c.id == row.imageid).values(deleted=0))
            complete = state_id(connection, "complete")
            connection.execute(update(requests).values(stateid=complete))
        database.close()

    vcld = threading.Thread(target=play_vcld)
    vcld.start()
    done = loaded(*arguments(way="vcld"), "--yes")
    vcld.join(60)
    assert done.code == 0, done.err
    assert re.search(r"^vcld\.log: .*\|I begin$", done.out, re.M)
    assert "another one" not in done.out
    assert "load log: info copying\n" in done.out
    assert "Watch vcld until the capture has ended ... vcld has captured the image" in done.out
    entry = loaded("jobs", "--json").rows[0]
    assert (entry["kind"], entry["outcome"]) == ("capture-base", "done")


def test_a_terminal_is_asked(lab: Lab) -> None:
    answers = "admin\nvm1\nvmwarelinux\nx86_64\nTyped One\ncore\ny\n"
    done = lab.on_terminal("capture", "--base", answer=answers, TERM="dumb")
    assert done.code == 0, done.out
    assert "who will own the image" in done.out
    assert "vm1.example.org (id" in done.out
    assert "vmwarelinux: Generic Linux (VMware)" in done.out
    assert "inventory: insert image: " in done.out
    assert re.search(r"Image: linux-TypedOne-\d+-v0", done.out)


def test_a_terminal_can_say_no(lab: Lab) -> None:
    done = lab.on_terminal(*arguments(computer="vm1"), answer="n\n", TERM="dumb")
    assert done.code == 1
    assert "Nothing was done" in done.out
    assert lab("reservations", "--json").rows == []
