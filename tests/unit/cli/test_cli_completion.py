"""Completion of commands, options and names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.unit.cli.cli_lab import STORED, V1, V10, Lab

_COMPLETE = """
source <(vcltui completion bash)
COMP_LINE=$1
COMP_POINT=${#1}
_vcltui_completion vcltui
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def program(lab: Lab) -> str:
    """A folder with the command `vcltui`."""
    folder = lab.home / "bin"
    folder.mkdir()
    (folder / "vcltui").write_text(f'#!/bin/sh\nexec {sys.executable} -m vcltui "$@"\n')
    (folder / "vcltui").chmod(0o755)
    return str(folder)


@pytest.fixture
def complete(lab: Lab, program: str):
    def run(line: str) -> list[str]:
        path = os.pathsep.join((program, os.environ["PATH"]))
        done = subprocess.run(
            ["bash", "--norc", "-c", _COMPLETE, "bash", line],
            env=lab.environment | {"PATH": path},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stderr == ""
        return done.stdout.split()

    return run


def test_bash_completes_names(complete) -> None:
    assert complete("vcltui stat") == ["status"]
    assert complete("vcltui status vm1") == ["vm1", "vm10"]
    assert complete("vcltui load vm1 linux-Base-21-v1") == [V1, V10]
    assert complete("vcltui domains --host kvm") == ["kvm1", "kvm2"]
    assert complete("vcltui host remove ") == ["kvm1", "kvm2"]
    assert complete("vcltui power on vm1") == ["vm1", "vm10", f"vm10:{V10}", f"vm1:{V1}"]
    assert complete("vcltui load --dry") == ["--dry-run"]


def test_bash_completes_what_follows_a_colon(complete) -> None:
    assert complete("vcltui power on vm1:") == [V1]
    assert complete("vcltui power on vm10:linux-B") == [V10]


def test_bash_completes_nothing_where_nothing_is_known(complete, lab: Lab) -> None:
    assert complete("vcltui status nobody") == []
    lab.config.write_text("broken = [")
    assert complete("vcltui status vm1") == []


@pytest.mark.parametrize(
    ("shell", "words", "current", "expected"),
    [
        ("zsh", "vcltui status vm1", "2", ["plain", "vm1", "_", "plain", "vm10", "_"]),
        ("fish", "vcltui load vm1 linux-S", "linux-S", [f"plain,{STORED}"]),
    ],
)
def test_other_shells(lab: Lab, shell: str, words: str, current: str, expected: list[str]) -> None:
    env = {
        "_VCLTUI_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": current,
    }
    done = lab.run(env=env)
    assert done.code == 0
    assert done.out.split() == expected
    assert done.err == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts(lab: Lab, shell: str) -> None:
    done = lab.run("completion", shell)
    assert done.code == 0
    assert "_VCLTUI_COMPLETE" in done.out
    assert done.out.endswith("\n")


def test_an_unknown_shell(lab: Lab) -> None:
    done = lab("completion", "tcsh")
    assert done.code == 2


def test_completing_a_domain_asks_hosts_that_answer(complete, lab: Lab) -> None:
    Path(lab.home / "kvm1.xml").unlink()
    assert complete("vcltui power on tes") == ["test"]


_HOSTILE = "evil:vm1$(echo${IFS}hit>PWNED)`x`;'\" !&"
_COMPLETE_AND_TAKE = """
cd "$HOME"
source <(vcltui completion bash)
COMP_LINE=$1
COMP_POINT=${#1}
_vcltui_completion vcltui
# As readline does: what is proposed replaces what was typed of the word, after its last colon.
eval "set -- vcltui power on $kept${COMPREPLY[0]}"
printf '%s\\n' "${@: -1}"
"""


@pytest.mark.parametrize("typed", ["evi", "evil:v"])
def test_bash_is_given_names_that_run_nothing(lab: Lab, program: str, typed: str) -> None:
    hosts = lab.home / "kvm1.xml"
    names = [f"vm1:{V1}", f"vm10:{V10}"]
    text = hosts.read_text()
    for name, other in zip(names, (_HOSTILE, "evil\nplain,evil2"), strict=True):
        assert f"<name>{name}</name>" in text
        text = text.replace(f"<name>{name}</name>", f"<name>{escape(other)}</name>")
    hosts.write_text(text)
    line = f"vcltui power on {typed}"
    kept = "evil:" if ":" in typed else ""
    path = os.pathsep.join((program, os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "--norc", "-c", _COMPLETE_AND_TAKE, "bash", line],
        env=lab.environment | {"PATH": path, "HOME": str(lab.home), "kept": kept},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"{_HOSTILE}\n"
    assert done.stderr == ""
    assert not (lab.home / "PWNED").exists()
