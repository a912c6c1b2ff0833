"""What one host, log or guest answers as nobody foresaw hides nothing else."""

from __future__ import annotations

import re

import pytest

from tests.unit.doctor.scene import Scene
from vcltui.doctor import gather_hosts
from vcltui.doctor.facts import GuestFacts, Unknown
from vcltui.doctor.gather import Sources, gather
from vcltui.doctor.parts import part
from vcltui.errors import NodeError
from vcltui.runtime.diagnosis import ManagementNodes, all_sessions


def test_an_error_that_nobody_foresaw_is_unknown_and_logged(caplog: pytest.LogCaptureFixture):
    assert part(lambda: int("7"), "x") == 7
    assert part(lambda: int("x"), "the guest of vm1") == Unknown(
        "an error that nobody foresaw (ValueError), which the log has"
    )
    assert "the guest of vm1" in caplog.text
    assert "invalid literal" in caplog.text

    def refuse() -> int:
        raise NodeError("It is off")

    assert part(refuse, "x") == Unknown("It is off")


def test_a_guest_or_host_that_breaks_its_reader_hides_no_other(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    def broken(_node: object) -> tuple[int, ...]:
        raise RecursionError

    monkeypatch.setattr(gather_hosts, "_qemu_img", broken)

    def ask(hostname: str) -> GuestFacts:
        if hostname == "vm1":
            raise OverflowError
        return GuestFacts(answers=True, image=hostname)

    rows = scene.workspace.inventory()
    with ManagementNodes(scene.workspace) as nodes:
        sources = Sources(
            rows, all_sessions(scene.workspace), nodes.reach, ask_guest=ask, guests=range(1, 9)
        )
        facts = gather(sources)
    answered = {one.image for one in facts.guests.values()}
    assert "vm1" not in answered
    assert {"vm2", "vm10"} <= answered
    for host in facts.hosts.values():
        assert isinstance(host.qemu_img, Unknown)
        assert re.search("RecursionError", host.qemu_img.reason)
        assert not isinstance(host.folders, Unknown)
