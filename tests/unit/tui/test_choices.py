"""What the configuration chooses for the console: themes and keys that there are, or a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcltui.config import load_config
from vcltui.errors import ConfigError
from vcltui.runtime.workspace import Workspace
from vcltui.tui import app
from vcltui.tui.app import Console
from vcltui.tui.choices import check_choices

MISTAKES = [
    ('theme = "nope"', "ui.theme is 'nope'", "vcltui-dark, vcltui-light"),
    ('keys = { laod = "x" }', "ui.keys.laod is no action", "Did you mean 'load'"),
    ('keys = { zzz = "x" }', "ui.keys.zzz is no action", "lists them"),
    ('keys = { load = "q" }', "ui.keys.load is 'q', and q is the key of quit", "another"),
    ('keys = { load = "N" }', "and N is the key of sort_N", "another"),
    ('keys = { load = "x" }', "and x is the key of", "another"),
    ('keys = { load = "ctrl+o", capture = "ctrl+o" }', "ctrl+o is the key of capture", "another"),
    ('keys = { load = "ctrl+i" }', "ui.keys.load is 'ctrl+i', and tab is the key of", "another"),
    ('keys = { load = "ctrl+p" }', "the key of the palette", "another"),
    ('keys = { load = "ctrl+zz" }', "ui.keys.load is no key: 'ctrl+zz'", "ctrl+o"),
    ('keys = { load = "ctlr+z" }', "is no key", "ctrl+o"),
    ('keys = { load = "ctrl+ctrl+z" }', "is no key", "ctrl+o"),
    ('keys = { load = "shift+a" }', "is no key", "capital"),
    ('keys = { load = "f99" }', "is no key", "f5"),
    ('keys = { load = "," }', "is no key", "f5"),
]
FINE = [
    'theme = "nord"',
    'keys = { load = "ctrl+o", power_off = "f5,ctrl+shift+a", quit = "Q" }',
    'keys = { load = "C", capture = "L" }',
    'keys = { load = "L", image_retrieve = "r" }',
    'keys = { job_cancel = "ctrl+k", help = "f1" }',
]


@pytest.mark.parametrize(("text", "problem", "expected"), MISTAKES)
def test_a_mistake_is_told_before_the_console_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str, expected: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[ui]\n{text}\n")
    monkeypatch.setattr(app, "run", lambda _console: pytest.fail("the console was opened"))
    with Workspace(load_config(file)) as workspace, pytest.raises(ConfigError) as caught:
        app.run_console(workspace)
    assert str(file) in caught.value.what
    assert problem in caught.value.what
    assert expected in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", FINE)
def test_what_can_be_chosen_is_fine(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[ui]\n{text}\n")
    check_choices(load_config(file), Console)


def test_the_file_named_is_the_one_that_the_key_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("VCLTUI_CONFIG", raising=False)
    (tmp_path / "vcltui").mkdir()
    system_file = tmp_path / "system.toml"
    system_file.write_text('[ui]\ntheme = "nope"\n')
    (tmp_path / "vcltui" / "config.toml").write_text('[ui]\nkeys = { load = "ctrl+o" }\n')
    with pytest.raises(ConfigError, match=r"In .*system\.toml, ui\.theme"):
        check_choices(load_config(system_file=system_file), Console)
