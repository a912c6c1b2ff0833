"""What a failing, cancelled or finished operation does with what it made."""

from __future__ import annotations

import pytest

from vcltui.errors import CancelledError, DiskError, InventoryError, OperationFailedError
from vcltui.models.cancel import CancelToken
from vcltui.operations import runner
from vcltui.operations.step import Operation, Step, StepContext
from vcltui.operations.undo import (
    DiscardRevision,
    KeepFinished,
    RemoveDomain,
    RemoveEmptyDirectory,
    RemoveFile,
    RemovePublished,
    RenameBack,
    RestoreDefinition,
    StartDomain,
    UndoAction,
    UndoNotNeededError,
    from_record,
    to_record,
)


class Recorder(runner.Observer):
    """Keeps the events in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def step_started(self, step):
        self.events.append(("started", step.name))

    def undo_recorded(self, action):
        self.events.append(("recorded", action.path))

    def progressed(self, step, share):
        self.events.append(("progress", f"{step.name} {share:.0%}"))

    def step_finished(self, step, note):
        self.events.append(("finished", f"{step.name} {note}"))

    def step_failed(self, step, error):
        self.events.append(("failed", step.name))

    def undone(self, action, note, error):
        self.events.append(("undone", action.path))

    def ended(self, outcome, error):
        self.events.append(("ended", outcome.value))


def operation(*steps: Step) -> Operation:
    return Operation("1", "test", "vm1", "host", "Test", steps)


def step(name: str, run=lambda _context: None, *undo: UndoAction) -> Step:
    return Step(name, name.capitalize(), run, undo=undo)


def made(path: str) -> RemoveFile:
    return RemoveFile("host", path)


def fail(_context: StepContext) -> str | None:
    raise DiskError("the disk is bad")


def test_steps_run_in_order_and_report():
    recorder = Recorder()

    def copy(context: StepContext) -> str:
        context.progress(0.5)
        return "copied"

    runner.run(operation(step("one"), step("two", copy)), lambda _action: None, recorder)
    assert recorder.events == [
        ("started", "one"),
        ("finished", "one None"),
        ("started", "two"),
        ("progress", "two 50%"),
        ("finished", "two copied"),
        ("ended", "done"),
    ]


def test_failure_undoes_everything_in_reverse_order_with_the_failed_step_included():
    undone: list[str] = []
    recorder = Recorder()

    def late(context: StepContext) -> None:
        context.will(made("/late"))
        raise DiskError("no")

    steps = (step("one", lambda _c: None, made("/one")), step("two", late, made("/two")))
    with pytest.raises(DiskError, match="no"):
        runner.run(operation(*steps), lambda action: undone.append(action.path), recorder)
    assert undone == ["/late", "/two", "/one"]
    assert recorder.events[-1] == ("ended", "failed")


def test_undo_is_recorded_before_the_step_runs():
    recorder = Recorder()
    seen: list[list[tuple[str, str]]] = []
    steps = (step("one", lambda _c: seen.append(list(recorder.events)), made("/one")),)
    runner.run(operation(*steps), lambda _action: None, recorder)
    assert seen == [[("started", "one"), ("recorded", "/one")]]


def test_nothing_is_undone_after_success():
    undone: list[UndoAction] = []
    runner.run(operation(step("one", lambda _c: None, made("/one"))), undone.append)
    assert undone == []


def test_cancel_between_steps_undoes_and_raises():
    token, undone, ran = CancelToken(), [], []
    steps = (
        step("one", lambda _c: token.cancel(), made("/one")),
        step("two", lambda _c: ran.append("two")),
    )
    recorder = Recorder()
    with pytest.raises(CancelledError):
        runner.run(operation(*steps), lambda a: undone.append(a.path), recorder, token)
    assert (undone, ran) == (["/one"], [])
    assert recorder.events[-1] == ("ended", "cancelled")


def test_keyboard_interrupt_undoes_too():
    undone: list[str] = []

    def interrupted(_context: StepContext) -> None:
        raise KeyboardInterrupt

    steps = (step("one", lambda _c: None, made("/one")), step("two", interrupted))
    with pytest.raises(KeyboardInterrupt):
        runner.run(operation(*steps), lambda action: undone.append(action.path))
    assert undone == ["/one"]


def test_what_can_not_be_undone_is_named_and_the_rest_is_undone():
    undone: list[str] = []

    def undo(action: UndoAction) -> None:
        if action.path == "/two":
            raise DiskError("/two is busy")
        undone.append(action.path)

    steps = (
        step("one", lambda _c: None, made("/one")),
        step("two", lambda _c: None, made("/two")),
        step("three", fail),
    )
    with pytest.raises(OperationFailedError, match="the disk is bad.*left: /two is busy"):
        runner.run(operation(*steps), undo)
    assert undone == ["/one"]


def test_what_keeps_several_things_from_being_undone_is_told_once():
    asked: list[str] = []

    def undo(action: UndoAction) -> None:
        asked.append(action.path)
        raise DiskError("the host is silent", "Look at it")

    steps = (
        step("one", lambda _c: None, made("/one")),
        step("two", lambda _c: None, made("/two")),
        step("three", fail),
    )
    with pytest.raises(OperationFailedError) as raised:
        runner.run(operation(*steps), undo)
    assert asked == ["/two", "/one"]
    assert str(raised.value).count("the host is silent") == 1


def test_a_barrier_that_was_passed_keeps_what_was_made_before():
    undone: list[UndoAction] = []

    def undo(action: UndoAction) -> None:
        if isinstance(action, KeepFinished):
            raise UndoNotNeededError
        undone.append(action)

    steps = (
        step("one", lambda _c: None, made("/one")),
        step("finish", lambda _c: None, KeepFinished("host", "image-1-v1")),
        step("after", fail, made("/after")),
    )
    with pytest.raises(DiskError):
        runner.run(operation(*steps), undo)
    assert undone == [made("/after")]


def test_a_barrier_that_can_not_be_asked_stops_the_undo():
    undone: list[UndoAction] = []

    def undo(action: UndoAction) -> None:
        if isinstance(action, KeepFinished):
            raise InventoryError("the database is away")
        undone.append(action)

    steps = (
        step("one", lambda _c: None, made("/one")),
        step("finish", fail, KeepFinished("host", "image-1-v1")),
    )
    with pytest.raises(OperationFailedError, match="the database is away"):
        runner.run(operation(*steps), undo)
    assert undone == []


@pytest.mark.parametrize(
    "action",
    [
        RemoveFile("h", "/a b"),
        RemovePublished("h", "/a", 17),
        RemoveDomain("h", "vm1:x", "uuid"),
        StartDomain("h", "vm1:x", "uuid"),
        RestoreDefinition("h", "vm1:x", "uuid", "<domain/>"),
        RestoreDefinition("h", "vm1:x", "uuid", "<domain/>", "0a1b"),
        DiscardRevision("h", "x-1-v1", 3),
        RemoveEmptyDirectory("h", "/a"),
        KeepFinished("h", "x-1-v1"),
        RenameBack("h", "/a", "/a.partial-1", 17, 3, "maintenance"),
        KeepFinished("h", "x-1-v1", 3, "2026-01-01T00:00:00"),
    ],
)
def test_undo_survives_the_journal(action: UndoAction):
    assert from_record(to_record(action)) == action


def test_an_older_record_is_read():
    record: dict[str, str | int] = {"kind": "KeepFinished", "host": "h", "image_name": "x-1-v1"}
    assert from_record(record) == KeepFinished("h", "x-1-v1", 0)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"kind": "RemoveFile"},
        {"kind": "RemoveFile", "host": "h", "path": "/a", "more": 1},
        {"kind": "Eval", "host": "h"},
    ],
)
def test_a_foreign_record_is_refused(record):
    with pytest.raises(ValueError, match="no undo record"):
        from_record(record)
