"""The console: bindings and places over the fleet, the jobs and the action table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import Worker

from vcltui.errors import VcltuiError
from vcltui.runtime.actions import ACTIONS, BY_ID, Action, Subject, possible
from vcltui.runtime.examiner import Examiner
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.jobs.jobs import Jobs
from vcltui.runtime.jobs.models import Job
from vcltui.runtime.log_lines import LogLines
from vcltui.runtime.workspace import Workspace
from vcltui.tui import choices, conduct, heap, help_text, mending
from vcltui.tui.commands import OWN, PLACES, Commands, Do, GoTo
from vcltui.tui.console_commands import leave, tell_console
from vcltui.tui.desk import Desk
from vcltui.tui.dialogs import command_line, reading
from vcltui.tui.failures import tell_failure
from vcltui.tui.garbage import swept_in_pauses
from vcltui.tui.glyphs import ASCII, UNICODE
from vcltui.tui.heard import FleetChanged, JobChanged, tell_end
from vcltui.tui.kept import Kept
from vcltui.tui.navigation import Navigation
from vcltui.tui.palette import ActionCommands
from vcltui.tui.places import Go, Place
from vcltui.tui.repainter import Repainter
from vcltui.tui.subjects import subject_words
from vcltui.tui.terminal import SuspendingTerminal, Terminal, is_there
from vcltui.tui.themes import DARK, THEMES
from vcltui.tui.tones import tones
from vcltui.tui.typed_ahead import TypedAheadApp
from vcltui.tui.views import Views

if TYPE_CHECKING:
    from vcltui.tui.asking import Known
    from vcltui.tui.mending import Mend

_READERS = 4


class Console(TypedAheadApp):
    """The console on a workspace. It never blocks: all that waits is in threads of its own."""

    CSS_PATH = "console.tcss"
    TITLE = "vcltui"
    COMMANDS = App.COMMANDS | {ActionCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="help",
                tooltip="Every key and command"),
        Binding("colon", "command", "Command", key_display=":", id="command",
                tooltip="Type a command; tab completes it"),
        *(
            Binding(str(number), f"place('{name}')", name.capitalize(), show=False, id=name)
            for number, name in enumerate(PLACES)
        ),
        Binding(
            "left_square_bracket,alt+left", "history_back", "Back", show=False,
            id="history_back",
        ),
        Binding(
            "right_square_bracket,alt+right", "history_forward", "Forward", show=False,
            id="history_forward",
        ),
        Binding("ctrl+r", "refresh_all", "Refresh", show=False, id="refresh"),
        Binding("o", "columns", "Columns", show=False, id="columns"),
        *(
            Binding(
                action.key, f"do('{action.id}')", action.label, show=action.in_footer,
                tooltip=action.summary, id=action.id,
            )
            for action in ACTIONS
        ),
        Binding("q", "quit", "Quit", id="quit", tooltip="Leave; with jobs running it asks"),
    ]  # fmt: skip

    def __init__(self, workspace: Workspace, terminal: Terminal | None = None) -> None:
        super().__init__()
        ui = workspace.config.ui
        self._log_lines = LogLines()
        self.desk = Desk(
            workspace=workspace,
            fleet=Fleet.of(workspace),
            jobs=Jobs(workspace.config.jobs.copies_at_once),
            examiner=Examiner(workspace, self._hear_fleet),
            log=self._log_lines,
            kept=Kept(workspace.config.state_directory / "console.json"),
            glyphs=ASCII if ui.ascii else UNICODE,
            readers=ThreadPoolExecutor(_READERS, thread_name_prefix="reader"),
        )
        self.commands = Commands(self.desk)
        self._views = Views(self, self.desk, terminal or SuspendingTerminal(self))
        self._navigation = Navigation(self, self.desk)
        self.repainter = Repainter(self)
        self._level_before: int | None = None
        if "TEXTUAL_ANIMATIONS" not in os.environ:
            self.animation_level = "none"  # what moves by itself is waited for
        for theme in THEMES:
            self.register_theme(theme)
        self._wanted_theme = ui.theme or self.desk.kept.theme or DARK.name
        # Before Textual reads its style sheets, which it would do anew for another theme.
        is_known = self._wanted_theme in self.available_themes
        self.theme = self._wanted_theme if is_known else DARK.name
        self.console.push_theme(tones(self.theme_variables))

    @property
    def fleet(self) -> Fleet:
        """The live facts."""
        return self.desk.fleet

    @property
    def jobs(self) -> Jobs:
        """The jobs."""
        return self.desk.jobs

    def on_mount(self) -> None:
        """Show the overview, then begin to look at the hosts."""
        ui = self.desk.workspace.config.ui
        self._listen_to_log()
        if self._wanted_theme not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            self.notify(
                f"There is no theme {self._wanted_theme!r}. There are: {known}", markup=False
            )
        self._take_tones()
        self.theme_changed_signal.subscribe(self, self._follow_theme)
        self.set_class(ui.ascii, "-ascii")
        self.set_keymap(dict(ui.keys))
        self._navigation.start()
        self.fleet.subscribe(self._hear_fleet)
        self.jobs.subscribe(self._hear_job)
        self.call_after_refresh(self._start_looking)
        self.set_interval(1.0, self.repainter.soon)  # ages grow
        if is_there():
            self.set_interval(1.0, self._leave_without_terminal)

    def _leave_without_terminal(self) -> None:
        """End when the terminal is gone: nobody sees the console, and Textual would read for ever.

        Mostly the system ends it before, but not in every container or session.
        """
        if not is_there():
            self.exit(return_code=1)

    def _start_looking(self) -> None:
        """Look at the hosts, once the first screen is drawn: the threads would hold it up."""
        heap.keep_little()
        self.fleet.start()
        self.desk.examiner.start()

    def _listen_to_log(self) -> None:
        """The log's screen shows what happens, whatever is asked for the log's file."""
        logger = logging.getLogger("vcltui")
        self._level_before = logger.level
        logger.setLevel(min(logger.getEffectiveLevel(), self._log_lines.level))
        logger.addHandler(self._log_lines)

    def _follow_theme(self, theme: Theme) -> None:
        """Keep the theme that was chosen, and draw in its colours what is text."""
        self.desk.kept.keep_theme(theme.name)
        self._take_tones()

    def _take_tones(self) -> None:
        self.console.pop_theme()
        self.console.push_theme(tones(self.theme_variables))
        self.repainter.soon()

    def end(self) -> None:
        """Stop watching, and end what jobs are left; blocks until they are undone."""
        self.desk.examiner.close()
        logger = logging.getLogger("vcltui")
        if self._level_before is not None:
            logger.setLevel(self._level_before)
        logger.removeHandler(self._log_lines)
        self.fleet.close()
        self.jobs.close(cancel=True)
        self.desk.readers.shutdown(wait=False, cancel_futures=True)

    # --- what is heard; the first two from other threads ---

    def _hear_fleet(self) -> None:
        self.post_message(FleetChanged())

    def _hear_job(self, job: Job) -> None:
        self.post_message(JobChanged(job))

    def on_fleet_changed(self) -> None:
        """Show what is new."""
        self.repainter.soon()

    def on_job_changed(self, message: JobChanged) -> None:
        """Show the job, and tell how it ended."""
        job = message.job
        self.repainter.soon()
        if not job.state.is_active:
            self.fleet.refresh(job.host)
            self.desk.examiner.wake()
            tell_end(self, job)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell what went wrong in the background."""
        tell_failure(self, event)

    # --- places ---

    def on_go(self, message: Go) -> None:
        """Somebody wants to be at another place."""
        self.go(message.place)

    def on_mend(self, message: Mend) -> None:
        """Somebody wants to mend what was found."""
        self.ask("Mend", mending.mend(self, self.desk, message.rows))

    def on_back(self) -> None:
        """Somebody wants to be where they were before."""
        self.action_history_back()

    def go(self, place: Place) -> None:
        """Be at a place, and remember where one was; not while a dialog has the screen."""
        self._navigation.go(place)

    def action_place(self, name: str) -> None:
        """Go to a full screen."""
        self.go(Place(name))

    def action_history_back(self) -> None:
        """Go where one was before."""
        self._navigation.back()

    def action_history_forward(self) -> None:
        """Go where one came back from."""
        self._navigation.forward()

    # --- what is done ---

    @property
    def subject(self) -> Subject | None:
        """What actions are done to: the row of the cursor."""
        screen = self._navigation.top
        return screen.subject if screen else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions that are not possible on the chosen row are hidden, their keys say why."""
        if action == "do":
            # None: textual keeps the key, without doing it.
            return self._refusal(BY_ID[str(parameters[0])]) is None or None
        if action == "columns":
            return self._navigation.top is not None and self._navigation.top.pane is not None
        return True

    def _refusal(self, action: Action) -> str | None:
        """Why an action is not possible on what is chosen; None when it is, on some of it."""
        top = self._navigation.top
        return top.refusal(action) if top else possible(action, None)

    def on_untaken_key(self, event: Key) -> None:
        """A key that did nothing says why: what it does is not possible now."""
        top = self._navigation.top
        active = top.active_bindings.get(event.key) if top else None
        if active is None or active.enabled:
            return
        action, own = BY_ID.get(active.binding.id or ""), active.binding.action
        if action is not None:
            subject = self.subject
            reason = self._refusal(action) or "try again"
            self._tell_refusal(action.label, reason, subject.name if subject else "")
        elif top is not None and own in top.OWN_ACTIONS:
            self._tell_refusal(active.binding.description, top.own_refusal(own) or "try again")

    def _tell_refusal(self, label: str, reason: str, name: str = "") -> None:
        """Say why something is not possible."""
        self.notify(
            f"{name}: {reason}" if name else f"{reason[:1].upper()}{reason[1:]}",
            title=f"{label} is not possible",
            severity="warning",
            markup=False,
        )

    def do_own(self, action: str, label: str) -> None:
        """Do one of the screen's own actions, or say why it is not possible."""
        reason = self.own_refusal(action)
        if reason is not None or self._navigation.top is None:
            self._tell_refusal(label, reason or "a dialog is open")
        else:
            self.call_later(self._navigation.top.run_action, action)

    def own_refusal(self, action: str) -> str | None:
        """Why one of the screens' own actions is not possible now; None when it is."""
        top = self._navigation.top
        if top is None:
            return "a dialog is open"
        if action not in top.OWN_ACTIONS:
            return "it is for the list of jobs, which is screen 5"
        return top.own_refusal(action)

    def action_do(self, action_id: str) -> None:
        """Do an action of the table to the marked rows, or else to that of the cursor."""
        if self._navigation.top is not None:
            action = BY_ID[action_id]
            self.do(action, self._navigation.top.meant(action), {})

    def do(self, action: Action, subjects: list[Subject], known: Known) -> None:
        """Do an action to subjects, in the background."""
        if action.id == "domain_edit":
            work = self._views.edit(action, subjects)
        elif action.id == "shell":
            work = self._views.open_terminal(action, subjects)
        elif action.use_case is not None:
            work = conduct.conduct(self, self.desk, action, subjects, known)
        else:
            self._views.show(action, subjects)
            return
        self.ask(f"{action.label}: {subject_words(subjects)}", work)

    def action_command(self) -> None:
        """Type a command."""
        themes = sorted(self.available_themes)

        def typed(line: str | None) -> None:
            if line is not None:
                self.run_command(line)

        useless = {name for name, own in OWN.items() if self.own_refusal(own) is not None}
        self.push_screen(
            command_line.CommandLine(lambda text: self.commands.suggest(text, themes, useless)),
            typed,
        )

    def run_command(self, line: str) -> None:
        """Do what a line says, or tell why it can't be."""
        try:
            command = self.commands.parse(line)
        except VcltuiError as error:
            self.notify(str(error), title=f":{line}", severity="warning", markup=False)
            return
        if isinstance(command, GoTo):
            self.go(command.place)
        elif isinstance(command, Do):
            meant = self._navigation.top.meant(command.action) if self._navigation.top else []
            subjects = [command.subject] if command.subject else meant
            self.do(command.action, subjects, command.known)
        else:
            tell_console(self, command.name, command.rest)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own, and the places."""
        yield from super().get_system_commands(screen)
        for name, summary in PLACES.items():
            yield SystemCommand(name.capitalize(), summary, partial(self.action_place, name))

    def action_columns(self) -> None:
        """Choose the columns of the list."""
        tell_console(self, "columns", "")

    def action_refresh_all(self) -> None:
        """Read everything again."""
        self.fleet.refresh()
        self.desk.examiner.wake()
        top = self._navigation.top
        if top is not None:
            top.reread()
        self.repainter.now()

    def action_help(self) -> None:
        """Show the keys and commands."""
        self.push_screen(
            reading.Reader("Help", help_text.help_text(self.desk.workspace.config.ui.keys))
        )

    async def action_quit(self) -> None:
        """Leave; with jobs running, ask first."""
        leave(self)


def run_console(workspace: Workspace) -> int:
    """Run the console on a workspace until it is left; returns its exit code.

    Raises ConfigError for a theme or a key that the configuration can't choose.
    """
    if workspace.config.ui.theme or workspace.config.ui.keys:
        choices.check_choices(workspace.config, Console)
    return run(Console(workspace))


def run(console: Console) -> int:
    """Run a console until it is left; returns its exit code."""
    with swept_in_pauses(lambda: console.typed_at):
        try:
            console.run()
        finally:
            console.end()
    return console.return_code or 0
