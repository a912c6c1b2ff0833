"""Shows a running operation on a terminal: the steps done, and a bar for the one that runs."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from vcltui.cli.progress import PlainProgress
from vcltui.cli.text import printable
from vcltui.operations.runner import Outcome
from vcltui.operations.step import Operation, Step


class LiveProgress(PlainProgress):
    """Prints each step when it has ended, above a line that moves while the next one runs."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)
            ),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[percent]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task: TaskID | None = None

    def close(self) -> None:
        """Remove the bar and show the cursor again."""
        self._bars.stop()

    def print_line(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(Text(printable(text)))

    def begun(self, operation: Operation) -> None:
        """As Observer.begun; shows the bar."""
        super().begun(operation)
        self._bars.start()

    def step_started(self, step: Step) -> None:
        """As Observer.step_started; the bar is about this step from now on."""
        super().step_started(step)
        title = printable(f"[{self._number}/{self._total}] {step.title}")
        self._task = self._bars.add_task(title, total=None, percent="")

    def progressed(self, step: Step, share: float) -> None:
        """As Observer.progressed; moves the bar."""
        if self._task is not None:
            self._bars.update(self._task, total=1.0, completed=share, percent=f"{share:4.0%}")

    def ended(self, outcome: Outcome, error: BaseException | None) -> None:
        """As Observer.ended; removes the bar."""
        self.close()
        super().ended(outcome, error)

    def _step_line(self, step: Step, outcome: str) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        super()._step_line(step, outcome)
