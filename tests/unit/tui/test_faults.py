"""What the doctor found stands in the list of domains, and so does a computer on no host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.unit.tui.driving import WIDE, Driver, HeardConsole
from tests.unit.tui.frozen import (
    DIAGNOSIS,
    DOMAIN_UUID,
    INVENTORY,
    STUCK,
    FrozenExaminer,
    FrozenFleet,
    frozen_console,
    frozen_workspace,
)
from vcltui.doctor.findings import Finding, Severity, Target
from vcltui.models.inventory import Computer

SILENT = replace(
    STUCK, rule="ssh-silent", subject="vm4", summary="It is silent", computer="vm4",
    reservation=None, remedies=(),
)  # fmt: skip
CHATTY = replace(SILENT, severity=Severity.INFO, subject="vm2", computer="vm2")
ELSEWHERE = replace(SILENT, subject="vm2 on kvm-b", computer="vm2", host="kvm-b")
BACKING = replace(
    SILENT, rule="backing-missing", severity=Severity.WARNING, subject="disk", computer=None,
    summary="A backing file is missing", target=Target(uuid=DOMAIN_UUID),
)  # fmt: skip
LOOSE = Computer(28, "vm28.example.org", "failed", None, current_image="noimage")
NOWHERE = "it is on no host; assign it with `vcltui computer assign vm28 HOST`"


def app_with(home: Path, *findings: Finding) -> HeardConsole:
    inventory = replace(INVENTORY, computers=(*INVENTORY.computers, LOOSE))
    app = frozen_console(frozen_workspace(home), FrozenFleet(inventory=inventory))
    examiner = FrozenExaminer(replace(DIAGNOSIS, findings=findings))
    object.__setattr__(app.desk, "examiner", cast(Any, examiner))
    return app


async def test_what_was_found_is_a_flag_and_a_fault(tmp_path: Path):
    app = app_with(tmp_path, SILENT, CHATTY, ELSEWHERE, BACKING)
    async with app.run_test(size=WIDE) as pilot:
        driver = Driver(app, pilot)
        await driver.press("2")
        await driver.until(lambda: "vm4" in driver.cells("domains", "computer"), "the rows")

        def flags() -> dict[str, str]:
            names, words = driver.cells("domains", "computer"), driver.cells("domains", "flags")
            return dict(zip(names, words, strict=True))

        assert flags()["vm1"] == "warning"
        assert flags()["vm2"] == "", "INFO, and what is about another host, is no fault"
        await driver.press("ctrl+z")
        await driver.until(lambda: "vm2" not in flags(), "the faults alone")
        assert {"vm1", "vm4"} <= set(flags())
        await driver.command("domains flags:warning")
        await driver.until(lambda: list(flags()) == ["vm1"], "what a filter finds")
        await driver.press("0")
        await driver.at("domains", "vm1")
        await driver.until(
            lambda: "warning: A backing file is missing" in driver.words("#detail-text"), "what"
        )
        app.desk.examiner.diagnosis = replace(DIAGNOSIS, findings=())
        app.repainter.now()
        await driver.until(lambda: "warning" not in driver.cells("domains", "flags"), "its end")
    app.end()


async def test_a_computer_on_no_host_is_listed_and_says_why_it_can_not_be_loaded(tmp_path: Path):
    app = app_with(tmp_path, replace(SILENT, computer="vm28", host=None))
    async with app.run_test(size=(180, 45)) as pilot:
        driver = Driver(app, pilot)
        assert "vm28" not in driver.cells("domains", "computer"), "the overview is of hosts"
        await driver.command("domains vm28")
        await driver.until(lambda: driver.cells("domains", "computer") == ["vm28"], "its row")
        assert driver.cells("domains", "host") == ["-"]
        assert driver.cells("domains", "state") == ["failed"]
        assert driver.cells("domains", "flags") == ["critical"]
        await driver.press("L")
        assert (await driver.hears("Load is not possible")).words == f"vm28: {NOWHERE}"
        await driver.press("enter")
        assert (await driver.hears("Open is not possible")).words == f"vm28: {NOWHERE}"
        for command, title in (("describe", "Describe"), ("load", "Load"), ("status", "Status")):
            await driver.command(f"{command} vm28")
            assert (await driver.hears(title)).words == f"vm28: {NOWHERE}"
        assert driver.offers("copy")
    app.end()


async def test_vcls_state_is_shown_where_there_is_room(tmp_path: Path):
    app = app_with(tmp_path)
    async with app.run_test(size=(180, 45)) as pilot:
        driver = Driver(app, pilot)
        await driver.command("domains state:failed")
        await driver.until(
            lambda: driver.cells("domains", "computer") == ["vm10", "vm28"], "those that failed"
        )
        header = "".join(one.text for one in driver.table("domains").render_line(0))
        assert "VCL STATE" in header
    app.end()
