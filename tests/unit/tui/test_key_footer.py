"""The footer: keys that do something now, as many as there is room for, those of always right."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from vcltui.tui.widgets.key_footer import KeyFooter


class Keys(App[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("slash", "do('filter')", "Filter", key_display="/", id="filter"),
        Binding("L", "do('load')", "Load"),
        Binding("C", "do('capture')", "Capture", tooltip="Make an image"),
        Binding("x", "do('never')", "Never"),
        Binding("z", "do('hidden')", "Hidden", show=False),
        Binding("n", "do('snapshot')", "Snapshot"),
        Binding("q", "do('leave')", "Quit", id="quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.impossible = {"never"}

    def compose(self) -> ComposeResult:
        yield KeyFooter("...")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.impossible & set(parameters) else True

    def action_do(self, what: str) -> None:
        self.done.append(what)


def line(app: App[Any]) -> str:
    footer = app.screen_stack[0].query_one(KeyFooter)
    return str(footer.render())


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (60, " L Load  C Capture  n Snapshot"),
        (49, " L Load  C Capture  n Snapshot"),
        (48, " L Load  C Capture  ..."),
        (42, " L Load  C Capture  ..."),
        (41, " L Load  ..."),
    ],
)
async def test_as_many_as_fit_and_a_sign_for_more(width: int, left: str):
    app = Keys()
    async with app.run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        right = "/ Filter  q Quit"
        assert line(app) == left.ljust(width - len(right) - 1) + right


async def test_what_becomes_possible_is_shown():
    app = Keys()
    async with app.run_test(size=(80, 5)) as pilot:
        app.impossible = {"load"}
        app.screen.refresh_bindings()
        await pilot.pause()
        assert line(app).startswith(" C Capture  x Never  n Snapshot ")
        assert "Hidden" not in line(app)


async def test_a_click_presses_the_key_and_pointing_at_it_says_more():
    app = Keys()
    async with app.run_test(size=(80, 5)) as pilot:
        await pilot.pause()
        footer = app.query_one(KeyFooter)
        await pilot.hover(footer, offset=(10, 0))
        assert footer.tooltip == "Make an image"
        await pilot.hover(footer, offset=(50, 0))
        assert footer.tooltip is None
        for x in (2, 10, 79 - len("q Quit"), 50):
            await pilot.click(footer, offset=(x, 0))
        assert app.done == ["load", "capture", "leave"]


async def test_under_a_dialog_it_stays_as_it_was():
    app = Keys()
    async with app.run_test(size=(80, 5)) as pilot:
        await pilot.pause()
        before = line(app)
        app.push_screen(ModalScreen())
        await pilot.pause()
        app.screen_stack[0].refresh_bindings()
        await pilot.pause()
        assert line(app) == before
