"""What is different on a terminal: questions, the moving line, colour."""

from __future__ import annotations

import re

import pytest

from tests.unit.cli.cli_lab import STORED, V1, V10, Lab

_SHOW_CURSOR, _HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
_COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|38;|9[0-7])")


def test_no_means_no(lab: Lab) -> None:
    done = lab.on_terminal("unload", "vm1", answer="n\n")
    assert done.code == 1
    overlay = lab.home / "datastore/vms/vm1_21-v1.qcow2"
    assert f"unlink {overlay}" in done.out
    assert f"Delete domain vm1:{V1}" in done.out
    assert "Unload vm1 on kvm1? [y/N]:" in done.out
    assert "Nothing was done." in done.out
    assert overlay.exists()
    assert lab("jobs", "--json").rows == []


def test_yes_means_yes(lab: Lab) -> None:
    done = lab.on_terminal("unload", "vm1", answer="y\n")
    assert done.code == 0
    assert "Done: Unload vm1" in done.out
    assert not (lab.home / "datastore/vms/vm1_21-v1.qcow2").exists()


def test_the_end_of_input_is_an_interrupt(lab: Lab) -> None:
    done = lab.on_terminal("unload", "vm1", answer="\x04")
    assert done.code == 130
    assert "Interrupted." in done.out
    assert "Traceback" not in done.out


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("load", "vm1", V10), f"Load {V10} onto vm1, and delete what is on it now?"),
        (("maintenance", "vm1"), "Take vm1 off kvm1?"),
        (("power", "off", "vm1"), f"Power off vm1:{V1} on kvm1, without shutting it down?"),
        (("power", "reset", "vm1"), f"Reset vm1:{V1} on kvm1, without shutting it down?"),
        (
            ("image", "delete", STORED, "--from", "repository", "--host", "kvm1"),
            f"Delete image {STORED} from the repository of kvm1?",
        ),
        (("host", "remove", "kvm1"), "Remove host kvm1 (test:///default) from the inventory?"),
        (("computer", "remove", "vm1"), "Remove computer vm1 from the inventory?"),
    ],
)
def test_what_loses_something_is_asked_for(
    lab: Lab, arguments: tuple[str, ...], question: str
) -> None:
    done = lab.on_terminal(*arguments, answer="n\n")
    assert done.code == 1
    assert question in done.out.replace("\r\n", "")
    assert "Nothing was done." in done.out


def test_a_load_onto_an_empty_computer_is_not_asked_for(lab: Lab) -> None:
    done = lab.on_terminal("load", "vm2", V1)
    assert done.code == 0
    assert "[8/8]" in done.out
    assert f"Done: Load {V1} onto vm2" in done.out
    assert done.out.rfind(_SHOW_CURSOR) > done.out.rfind(_HIDE_CURSOR)


def test_a_copy_shows_its_progress(lab: Lab) -> None:
    done = lab.on_terminal("image", "retrieve", STORED, "--host", "kvm1")
    assert done.code == 0
    assert "[1/1]" in done.out
    assert done.out.rfind(_SHOW_CURSOR) > done.out.rfind(_HIDE_CURSOR)


@pytest.mark.parametrize("arguments", [("load", "vm2", V1), ("hosts",)])
def test_no_colour_where_none_is_wanted(lab: Lab, arguments: tuple[str, ...]) -> None:
    assert _COLOUR.search(lab.on_terminal(*arguments, NO_COLOR="1").out) is None


def test_headings_stand_out_on_a_terminal_alone(lab: Lab) -> None:
    assert "\x1b[1mNAME" in lab.on_terminal("hosts").out
    assert "\x1b" not in lab.on_terminal("hosts", NO_COLOR="1").out
    assert "\x1b" not in lab.run("hosts").out


def test_names_are_data_on_a_terminal(lab: Lab, odd_name: str) -> None:
    done = lab.on_terminal("power", "on", odd_name)
    assert done.code == 0
    assert "odd[red]\\u2028name" in done.out
