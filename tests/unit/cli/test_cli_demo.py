"""`vcltui demo` without a screen."""

from __future__ import annotations

import pytest

from tests.unit.cli.cli_lab import Lab

pytestmark = pytest.mark.slow


def test_the_tour_runs_the_main_job_and_says_so(lab: Lab) -> None:
    done = lab.run("demo", "--tour", "--dir", str(lab.home / "sandbox"))
    assert done.code == 0, done.err
    assert "Tour done." in done.out
    assert "READY" in done.out
    again = lab.run("demo", "--tour", "--dir", str(lab.home / "sandbox"))
    assert again.code == 0, again.err


def test_the_console_on_the_sandbox_needs_a_terminal(lab: Lab) -> None:
    done = lab.run("demo", "--dir", str(lab.home / "sandbox"))
    assert done.code == 2
    assert "Run `vcltui demo --tour`" in done.err
    assert not (lab.home / "sandbox").exists()


def test_a_folder_with_other_things_is_left_alone(lab: Lab) -> None:
    before = sorted(lab.home.rglob("*"))
    done = lab.run("demo", "--tour", "--reset", "--dir", str(lab.home))
    assert done.code == 1
    assert "no vcltui sandbox" in done.err
    assert sorted(lab.home.rglob("*")) == before


def test_the_sandbox_takes_no_other_hosts(lab: Lab) -> None:
    for option in (("-c", "test:///default"), ("-r",), ("--config", str(lab.config))):
        done = lab(*option, "demo", "--tour")
        assert done.code == 2
        assert "The sandbox has its own hosts" in done.err
