"""All objects are looked at in pauses, and nothing that is left is kept by that."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from textual.app import App
from textual.widgets import Static

from vcltui.tui import garbage


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [5000.0]
    monkeypatch.setattr(garbage.time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is looked at, with no more than a little that is new."""
    looks: list[str] = []
    monkeypatch.setattr(garbage, "sweep", lambda: looks.append("all"))
    monkeypatch.setattr(garbage.gc, "collect", lambda: looks.append("new"))
    monkeypatch.setattr(garbage.gc, "get_count", lambda: (0, 0, 1))
    return looks


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def after_the_first(now: list[float], swept: list[str], typed_at: Callable[[], float]):
    """A sweeper that has looked at what the start had made."""
    sweeper = garbage.Sweeper(typed_at)
    for _ in range(4):
        now[0] += sweeper.turn()
    sweeper.turn()
    assert swept == []
    now[0] += 1
    sweeper.turn()
    assert swept == ["all"], "whoever types"
    swept.clear()
    return sweeper


def test_it_waits_until_nobody_types(now: list[float], swept: list[str]):
    typed = [now[0]]
    sweeper = after_the_first(now, swept, lambda: typed[0])
    sweeper.turn()
    assert swept == []
    now[0] += garbage.SWEEP_SECONDS
    typed[0] = now[0] - 1
    sweeper.turn()
    assert swept == []
    now[0] += garbage.QUIET_SECONDS
    sweeper.turn()
    assert swept == ["all"]
    now[0] += sweeper.turn()
    assert swept == ["all"]


def test_who_types_all_the_time_does_not_put_it_off_for_ever(now: list[float], swept: list[str]):
    sweeper = after_the_first(now, swept, lambda: now[0])
    for _ in range(20):
        now[0] += garbage.LATEST_SECONDS / 20
        assert not swept
        sweeper.turn()
    assert swept == ["all"]


def test_much_that_is_new_is_looked_at_by_itself(
    now: list[float], swept: list[str], monkeypatch: pytest.MonkeyPatch
):
    sweeper = after_the_first(now, swept, lambda: now[0])
    monkeypatch.setattr(garbage.gc, "get_count", lambda: (0, 0, garbage.MANY))
    for _ in range(3):
        now[0] += sweeper.turn()
    assert swept == ["new"] * 3


def test_what_took_long_is_not_done_again_soon(
    now: list[float], swept: list[str], monkeypatch: pytest.MonkeyPatch
):
    def collect() -> None:
        swept.append("new")
        now[0] += 0.5

    sweeper = after_the_first(now, swept, lambda: now[0])
    monkeypatch.setattr(garbage.gc, "get_count", lambda: (0, 0, garbage.MANY))
    monkeypatch.setattr(garbage.gc, "collect", collect)
    for _ in range(10):
        now[0] += 0.9
        sweeper.turn()
    assert swept == ["new"]
    now[0] += 1.5
    sweeper.turn()
    assert swept == ["new", "new"]


class Knot:
    """Refers to itself, so that only a look at all objects frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_a_sweep_frees_what_was_put_aside_by_the_one_before(thawed: None):
    knot = Knot()
    seen = weakref.ref(knot)
    garbage.sweep()
    assert gc.get_freeze_count() > 0, "what stays is put aside"
    del knot
    gc.collect()
    assert seen() is not None
    garbage.sweep()
    assert seen() is None


async def test_what_was_drawn_of_widgets_goes_with_them(thawed: None):
    drawn: list[weakref.ref[object]] = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        for number in range(20):
            widget = Static(f"drawn {number}")
            drawn.append(weakref.ref(widget._styles_cache))
            await app.mount(widget)
            await pilot.pause()
            await widget.remove()
        garbage.sweep()
        # Textual may still know the last one by name.
        assert sum(one() is not None for one in drawn) <= 1


def test_afterwards_python_looks_by_itself_as_before():
    before = gc.get_threshold()
    with garbage.swept_in_pauses(lambda: 0.0):
        assert gc.get_threshold()[:2] == before[:2]
        assert gc.get_threshold()[2] > 1000 * before[2]
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
