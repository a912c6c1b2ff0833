"""The steps of an operation as its file of the journal tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from vcltui.runtime.jobs.models import StepState

_AFTER = {"step": StepState.RUNNING, "finished": StepState.DONE, "failed": StepState.FAILED}


@dataclass(frozen=True, slots=True)
class EntryStep:
    """A step. `note` is what it said at its end, or why it failed; times are None where untold."""

    name: str
    title: str
    state: StepState = StepState.PENDING
    note: str = ""
    started: datetime | None = None
    ended: datetime | None = None


def steps_of(events: Sequence[Mapping[str, Any]], *, running: bool) -> tuple[EntryStep, ...]:
    """The steps in the events of an operation, of which the first is its begin.

    `running`: its process still runs. Of a step that had not ended when it was killed it is told
    as failed.
    """
    begin = events[0]
    names, titles = _texts(begin.get("steps")), _texts(begin.get("titles"))
    # Of one that an older version wrote only the steps that were begun have a title.
    steps = [
        EntryStep(name, titles[index] if len(titles) == len(names) else name)
        for index, name in enumerate(names)
    ]
    for event in events[1:]:
        state = _AFTER.get(str(event.get("event")))
        if state is not None:
            _follow(steps, event, state)
    if running:
        return tuple(steps)
    killed = "its process was killed before it had ended"
    return tuple(
        replace(one, state=StepState.FAILED, note=killed) if one.state is StepState.RUNNING else one
        for one in steps
    )


def _follow(steps: list[EntryStep], event: Mapping[str, Any], state: StepState) -> None:
    """Change the first unfinished step that an event is about."""
    unfinished = (StepState.PENDING, StepState.RUNNING)
    for index, one in enumerate(steps):
        if one.name != event.get("name") or one.state not in unfinished:
            continue
        when = _time(event.get("time"))
        if state is StepState.RUNNING:
            title = str(event.get("title") or one.title)
            steps[index] = replace(one, state=state, title=title, started=when)
        else:
            note = str(event.get("note") or event.get("error") or "")
            steps[index] = replace(one, state=state, note=note, ended=when)
        return


def _texts(found: object) -> list[str]:
    return [str(one) for one in found] if isinstance(found, list) else []


def _time(found: object) -> datetime | None:
    try:
        when = datetime.fromisoformat(str(found))
    except ValueError:
        return None
    return when if when.tzinfo is not None else None
