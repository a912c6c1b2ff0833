"""Fixtures of the console's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.tui.driving import HeardConsole, Slow, plain_environment
from tests.unit.tui.frozen import frozen_console, frozen_workspace
from vcltui.demo.lab import Lab, open_lab


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_environment(monkeypatch)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A sandbox for the tests of one file, which change it one after another."""
    with open_lab(tmp_path_factory.mktemp("console") / "lab") as made:
        yield made


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    """One host that hangs until it is let go."""
    made = Slow(tmp_path)
    yield made
    made.answers.set()
    made.close()


@pytest.fixture
def quick(slow: Slow) -> Slow:
    """One host that answers, with the one domain `test`."""
    slow.answers.set()
    return slow


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[HeardConsole]:
    """A console on facts that stay as they are; it is not running yet."""
    made = frozen_console(frozen_workspace(tmp_path))
    yield made
    made.end()
