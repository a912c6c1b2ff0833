"""What a command does to the console itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from vcltui.tui.commands import OWN
from vcltui.tui.dialogs import columns as column_choice
from vcltui.tui.dialogs import confirm, passing
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.words import plain

if TYPE_CHECKING:
    from vcltui.tui.app import Console
    from vcltui.tui.widgets.list_pane import ListPane


def tell_console(console: Console, name: str, rest: str) -> None:
    """Do a command of `commands.CONSOLE`."""
    match name:
        case "help":
            console.action_help()
        case "back":
            console.action_history_back()
        case "forward":
            console.action_history_forward()
        case "refresh":
            console.action_refresh_all()
        case "mend" | "cancel" | "retry":
            console.do_own(OWN[name], name.capitalize())
        case "theme":
            _theme(console, rest)
        case "quit":
            leave(console)
        case _:
            pane = _pane(console)
            if pane is not None:
                _to_list(console, pane, name, rest)


def _pane(console: Console) -> ListPane | None:
    screen = console.screen
    pane = screen.pane if isinstance(screen, ConsoleScreen) else None
    if pane is None:
        console.notify("There is no list here", severity="warning")
    return pane


def _to_list(console: Console, pane: ListPane, name: str, rest: str) -> None:
    columns = {column.key: column for column in pane.listing.columns}
    match name:
        case "filter":
            pane.narrow(rest)
        case "faults":
            pane.action_faults()
        case "sort" if rest in columns:
            pane.sort_by(rest)
        case "sort":
            known = ", ".join(columns)
            console.notify(f"There are the columns: {known}", title=":sort", severity="warning")
        case "columns":

            def chosen(hidden: frozenset[str] | None) -> None:
                if hidden is not None:
                    pane.hide_columns(hidden)

            shown = column_choice.ChooseColumns(pane.listing.columns, pane.hidden_columns)
            console.push_screen(shown, chosen)


def _theme(console: Console, name: str) -> None:
    if name in console.available_themes:
        console.theme = name
    elif name:
        known = ", ".join(sorted(console.available_themes))
        console.notify(f"There are: {known}", title=f":theme {name}", severity="warning")
    else:
        console.search_themes()


def leave(console: Console) -> None:
    """Leave the console; with jobs running, ask first."""

    def running() -> list[str]:
        return [plain(job.title) for job in console.jobs.active()]

    if not running():
        console.exit()
        return
    if isinstance(console.screen, confirm.Confirm):
        return  # it is asked already, or something else is

    def body() -> Text:
        gone = [f"\n{plain(job.gone)}" for job in console.jobs.active() if job.gone]
        words = "These are running. Leaving cancels and undoes them:"
        return Text("\n".join([words, "", *running(), *dict.fromkeys(gone)]))

    def pointless() -> str | None:
        return None if running() else "The jobs have ended, and q leaves"

    def answered(yes: bool | None) -> None:
        if yes:
            console.exit()

    console.push_screen(passing.PassingConfirm("Leave?", body, pointless), answered)
