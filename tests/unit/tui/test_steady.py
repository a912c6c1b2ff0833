"""What is shown anew as it was is not drawn again."""

from __future__ import annotations

from typing import Any

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Vertical

from vcltui.tui.widgets.steady import Heading, SteadyText


class Small(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.box = SteadyText(), Vertical()

    def compose(self) -> ComposeResult:
        yield self.text
        yield self.box


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the layout was asked for, for each update."""
    updates: list[bool] = []
    update = SteadyText.update

    def count(self: SteadyText, content: Any = "", *, layout: bool = True) -> None:
        updates.append(layout)
        update(self, content, layout=layout)

    monkeypatch.setattr(SteadyText, "update", count)
    return updates


async def test_a_text_is_drawn_when_it_is_another(drawn: list[bool]):
    app = Small()
    async with app.run_test() as pilot:
        drawn.clear()
        for text in (Text("on for 3 s"), Text("on for 3 s"), Text("on for 4 s")):
            app.text.show(text)
        assert drawn == [True, False], "its height stays as it was"
        await pilot.pause()
        assert str(app.text.visual) == "on for 4 s"
        app.text.show(Text("on for 4 s", "bold"))
        app.text.show(Text("on for 4 s\nand more"))
        assert drawn == [True, False, False, True]
        await pilot.pause()
        assert app.text.size.height == 2
        app.text.show(Text("on for a long time", no_wrap=True))
        app.text.show(Text("on for a longer time", no_wrap=True))
        assert drawn[4:] == [True, False]


async def test_another_theme_draws_it_again(drawn: list[bool]):
    app = Small()
    async with app.run_test() as pilot:
        app.text.show(Text("same"))
        drawn.clear()
        app.theme = "nord"
        await pilot.pause()
        app.text.show(Text("same"))
        assert drawn


async def test_a_heading_is_set_when_it_is_another(monkeypatch: pytest.MonkeyPatch):
    app = Small()
    async with app.run_test():
        heading = Heading(app.box)
        heading.show("[b]kvm[/b]", "1 marked")
        refreshed: list[object] = []
        monkeypatch.setattr(app.box, "refresh", lambda *regions: refreshed.append(regions))
        heading.show("[b]kvm[/b]", "1 marked")
        assert refreshed == []
        heading.show("[b]kvm[/b]", "2 marked")
        assert len(refreshed) == 1
        assert str(app.box._border_title) == "[b]kvm[/b]"
        assert str(app.box._border_subtitle) == "2 marked"
