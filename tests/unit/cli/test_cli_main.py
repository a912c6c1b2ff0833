"""The command line's frame: help, errors, exit codes, imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest
from click.testing import CliRunner

from tests.unit.cli.cli_lab import Lab
from vcltui import __version__
from vcltui.cli.main import cli
from vcltui.errors import ConflictError
from vcltui.models.cancel import CancelToken

_HEAVY = ("textual", "sqlalchemy", "libvirt", "lxml", "rich", "humanize", "platformdirs")
_COMMANDS = list(cli.lazy)


def _imports(*arguments: str) -> list[str]:
    code = (
        "import sys\n"
        "from vcltui.cli.main import main\n"
        f"sys.argv = {['vcltui', *arguments]!r}\n"
        "try:\n    main()\nexcept SystemExit:\n"
        f"    print('LOADED', *(name for name in {_HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.rsplit("LOADED", 1)[1].split()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"], ["nope"]])
def test_what_needs_no_host_imports_nothing_heavy(arguments: list[str]) -> None:
    assert _imports(*arguments) == []


@pytest.mark.parametrize(
    "command", [["power", "status", "test"], ["snapshot", "list", "test"], ["domains"], ["hosts"]]
)
def test_what_asks_no_inventory_imports_nothing_of_it(command: list[str]) -> None:
    assert not {"sqlalchemy", "textual", "rich"} & set(_imports("-c", "test:///default", *command))


@pytest.mark.parametrize("arguments", [["load", "--help"], ["hosts", "--help"], ["image", "-h"]])
def test_no_command_but_the_console_imports_textual_or_rich(arguments: list[str]) -> None:
    assert not {"textual", "rich"} & set(_imports(*arguments))


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_where_the_list_says(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: cli {name}")


def test_help_lists_every_command_with_a_line() -> None:
    output = CliRunner().invoke(cli, ["--help"]).output
    for name, command in cli.lazy.items():
        assert f"\n  {name} " in output
        assert command.help in output


def test_subcommands_have_help() -> None:
    context = click.Context(cli)
    count = 0
    for name in _COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for sub in command.commands.values():
                assert sub.help
                count += 1
    assert count > 15


def test_version() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert result.output == f"vcltui, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lod"], "There is no command 'lod'. Did you mean load"),
        (["x" * 300], f"There is no command '{'x' * 40}...'."),
        (["\x1b[31mred"], r"There is no command '\x1b[31mred'."),
        (["load"], "Missing argument 'COMPUTER'. See `vcltui load --help`."),
        (["load", "vm1"], "Missing argument 'IMAGE'."),
        (["--nonsense"], "No such option"),
        (["hosts", "--nonsense"], "No such option"),
        (["capture", "vm1"], "Missing option '--name'."),
        (["power", "sideways", "vm1"], "No such command 'sideways'."),
        (["image", "convert", "/a", "/b", "--format", "zip"], "'zip' is not one of"),
        (["--log-level", "loud", "hosts"], "'loud' is not one of"),
        (["image", "import", "/a"], "Missing option '--name' or '--revision-of'."),
        (["computer", "assign", "vm1"], "Give either HOST or --none."),
        (["computer", "assign", "vm1", "kvm1", "--none"], "Give either HOST or --none."),
    ],
)
def test_usage_errors_are_one_sentence_and_exit_2(
    lab: Lab, arguments: list[str], said: str
) -> None:
    done = lab.run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_the_console_needs_a_terminal(lab: Lab) -> None:
    done = lab.run()
    assert done.code == 2
    assert done.err == (
        "The console needs a terminal, and there is none here. Use a command such as "
        "`vcltui hosts`; `vcltui --help` lists them.\n"
    )


def test_a_missing_configuration_exits_2(lab: Lab) -> None:
    done = lab.run("--config", "/nonexistent/config.toml", "hosts")
    assert done.code == 2
    assert "/nonexistent/config.toml" in done.err
    assert done.err.count("\n") == 1


def test_a_bad_uri_exits_2(lab: Lab) -> None:
    done = lab.run("-c", "no such uri", "hosts")
    assert done.code == 2
    assert "'no such uri' is no libvirt URI" in done.err


def test_no_hosts_at_all_is_a_usage_error(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('state_directory = "state"\n')
    lab = Lab(tmp_path)
    done = lab.run("domains")
    assert done.code == 2
    assert done.err.startswith("No host is known.")
    inventory = lab.run("computers")
    assert inventory.code == 2
    assert "There is no inventory yet" in inventory.err


def test_the_default_uri_is_used_only_where_no_host_is_known(tmp_path: Path, lab: Lab) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "config.toml").write_text('state_directory = "state"\n')
    env = {"LIBVIRT_DEFAULT_URI": "test:///default"}
    done = Lab(alone).run("hosts", "--json", env=env)
    assert [row["uri"] for row in done.rows] == ["test:///default"]
    configured = lab.run("hosts", "--json", env={"LIBVIRT_DEFAULT_URI": "test:///nowhere.xml"})
    assert [row["name"] for row in configured.rows] == ["kvm1", "kvm2"]
    named = Lab(alone).run("-c", f"test://{lab.home}/kvm1.xml", "hosts", "--json", env=env)
    assert [row["name"] for row in named.rows] == ["kvm1"]


class UnforeseenError(Exception):
    pass


def _failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("hosts", callback=fail)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, lab: Lab):
    def make(error: BaseException):
        command = _failing(error)
        monkeypatch.setattr("vcltui.cli.listing.hosts", command)
        return lab("hosts")

    return make


def test_an_unforeseen_error_is_one_sentence_with_its_details_in_a_file(failing, lab: Lab) -> None:
    done = failing(UnforeseenError("secret details"))
    assert done.code == 1
    assert "UnforeseenError" in done.err
    assert "secret details" not in done.err
    assert done.err.count("\n") == 1
    (path,) = (lab.home / "state").glob("crash-*.txt")
    assert str(path) in done.err
    assert "UnforeseenError: secret details" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_details_that_cannot_be_written_are_told(failing, lab: Lab) -> None:
    (lab.home / "state").write_text("in the way")
    done = failing(UnforeseenError("x"))
    assert done.code == 1
    assert "could not be written" in done.err


def test_an_unforeseen_error_with_a_broken_configuration_is_still_told(
    failing, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.config.write_text("nonsense = [")
    monkeypatch.setattr("vcltui.cli.crash.default_state_directory", lambda: lab.home / "elsewhere")
    done = failing(UnforeseenError("x"))
    assert done.code == 1
    assert list((lab.home / "elsewhere").glob("crash-*.txt"))


def test_an_unforeseen_error_of_the_configuration_itself_is_told_too(
    failing, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: Path | None) -> NoReturn:
        raise OverflowError

    monkeypatch.setattr("vcltui.cli.crash.load_config", broken)
    monkeypatch.setattr("vcltui.cli.crash.default_state_directory", lambda: lab.home / "elsewhere")
    done = failing(OverflowError("x"))
    assert done.code == 1
    assert "OverflowError" in done.err
    assert list((lab.home / "elsewhere").glob("crash-*.txt"))


@pytest.mark.parametrize(
    "words",
    [("status", "vm\udcff"), ("--config", "/\udcff", "hosts"), ("-c", "\ud800", "hosts")],
    ids=["name", "file", "uri"],
)
def test_words_that_are_no_text_are_refused_once(lab: Lab, words: tuple[str, ...]) -> None:
    done = lab(*words)
    assert done.code == 2
    assert "is not written in UTF-8" in done.err
    assert "\\ud" in done.err
    assert not list(lab.home.rglob("crash-*.txt"))


def test_an_error_of_the_tree_keeps_its_exit_code(failing) -> None:
    done = failing(ConflictError("It is\nthere\x1b already", "Look again"))
    assert (done.code, done.err) == (1, "It is there\\x1b already. Look again.\n")
    with pytest.raises(Exception, match="Cancelled") as raised:
        token = CancelToken()
        token.cancel()
        token.raise_if_cancelled()
    assert failing(raised.value).code == 130


def test_an_interrupt_exits_130(failing) -> None:
    done = failing(KeyboardInterrupt())
    assert done.code == 130
    assert done.err.strip() == "Interrupted."


def test_a_reader_that_leaves_is_no_error(lab: Lab) -> None:
    with lab.start("hosts") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode in (0, 1)
    assert "Traceback" not in err
    assert "Error" not in err
    assert "Exception" not in err


def test_a_full_disk_is_told(lab: Lab) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "vcltui", "hosts"],
            env=lab.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert process.returncode == 1
    assert "The output could not be written" in process.stderr
    assert "Exception" not in process.stderr


def test_undecodable_arguments_are_shown_escaped(lab: Lab) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "vcltui", "status", b"vm\xff"],
        env=lab.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 2
    assert b"\\udcff" in process.stderr
    assert b"Traceback" not in process.stderr


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_locale_will_do(lab: Lab, locale: str, odd_name: str) -> None:
    done = lab.run("domains", env={"LC_ALL": locale, "PYTHONIOENCODING": "ascii"})
    assert done.code == 0
    assert "odd[red]\\u2028name" in done.out


def test_a_process_that_is_no_module_can_be_run(lab: Lab) -> None:
    code = "from vcltui.cli.main import main; import sys; sys.argv=['vcltui','--version']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.startswith("vcltui, version")


def test_a_driver_that_there_is_not_is_told_with_its_key(lab: Lab) -> None:
    lab.config.write_text(
        lab.config.read_text().replace("[hosts.kvm1]", "[hosts.kvm1]\ndriver='kvn'")
    )
    done = lab("hosts")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"In {lab.config}, hosts.kvm1.driver is 'kvn', which is no driver. "
        "There are: KVM, QEMU, Test.\n"
    )
