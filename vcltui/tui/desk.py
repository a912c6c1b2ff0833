"""What the screens of the console share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vcltui.runtime.examiner import Examiner
from vcltui.runtime.fleet.fleet import Fleet
from vcltui.runtime.jobs.jobs import Jobs
from vcltui.runtime.log_lines import LogLines
from vcltui.runtime.workspace import Workspace
from vcltui.tui.glyphs import Glyphs
from vcltui.tui.kept import Kept


@dataclass(frozen=True, slots=True)
class Desk:
    """The live facts, the jobs, the diagnosis, the workspace, and how things are drawn.

    `readers` is where reading that waits for a host is done, off the UI's thread.
    """

    workspace: Workspace
    fleet: Fleet
    jobs: Jobs
    examiner: Examiner
    log: LogLines
    kept: Kept
    glyphs: Glyphs
    readers: ThreadPoolExecutor

    @property
    def has_no_inventory(self) -> bool:
        """Whether it is certain that there is no inventory."""
        return self.fleet.is_listed and not self.fleet.inventory.exists

    @property
    def readonly(self) -> bool:
        """Whether nothing may be changed."""
        return self.workspace.readonly
