"""The rows of a list: of what changed alone anything is made anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.rows import Chosen, Rows
from vcltui.tui.widgets.records import Cell, Column, Record


@dataclass(frozen=True)
class Thing:
    name: str
    size: int = 0
    seconds: int = field(default=0, compare=False)


class Things(Listing[Thing]):
    """Counts what is made of its items."""

    id = "things"
    title = "Things"
    columns = (
        Column("name", "NAME", 4, grow=True, letter="N"),
        Column("size", "SIZE", 4, right=True),
        Column("age", "AGE", 4),
    )
    also = ("parity",)
    ages = ("age",)

    def __init__(self, *things: Thing) -> None:
        super().__init__(cast(Any, None))
        self.now: Sequence[Thing] = things
        self.broken: dict[str, str] = {}
        self.clock = 0
        self.made: Counter[str] = Counter()
        self.ordered: Counter[str] = Counter()

    def items(self) -> Sequence[Thing]:
        return self.now

    def key(self, item: Thing) -> str:
        return item.name

    def record(self, item: Thing) -> Record:
        self.made[item.name] += 1
        words = f"{item.name}{self.broken.get(item.name, '')}"
        cells = (Cell(words), Cell(str(item.size)), Cell(self.age(item, "age")))
        return Record(item.name, cells)

    def values(self, item: Thing, record: Record) -> list[str]:
        return [*super().values(item, record), "odd" if item.size % 2 else "even"]

    def age(self, item: Thing, column: str) -> str:
        return f"{self.clock - item.seconds} s"

    @property
    def epoch(self) -> object:
        return dict(self.broken)

    def depends(self, item: Thing) -> str | None:
        return self.broken.get(item.name)

    def order(self, item: Thing, column: str, text: str) -> object | None:
        self.ordered[item.name] += 1
        if column == "size":
            return item.size or None
        return super().order(item, column, text)

    def is_fault(self, item: Thing) -> bool:
        return item.size > 100


def look(
    rows: Rows[Thing], text: str = "", sorting: tuple[str, bool] | None = None, *,
    faults: bool = False,
) -> Chosen[Thing]:  # fmt: skip
    return rows.chosen(text, sorting, faults_only=faults)


@pytest.fixture
def things() -> Things:
    return Things(*(Thing(f"t{number}", number) for number in range(1, 13)))


def test_each_row_is_made_once_and_again_when_its_item_is_another(things: Things):
    rows = Rows(things)
    for _ in range(3):
        look(rows)
    assert set(things.made.values()) == {1}
    things.now = [*things.now[:4], Thing("t5", 77), *things.now[5:]]
    assert look(rows, "size:77").keys == ["t5"]
    assert things.made.pop("t5") == 2
    assert set(things.made.values()) == {1}
    things.now = [Thing(one.name, one.size) for one in things.now]
    look(rows)
    assert set(things.made.values()) == {1}, "what is equal is the same"


def test_rows_that_come_and_go_cost_themselves_alone(things: Things):
    rows = Rows(things)
    look(rows)
    things.now = [Thing("new", 1), *things.now[3:]]
    assert look(rows).keys == ["new", *(f"t{number}" for number in range(4, 13))]
    assert set(things.made.values()) == {1}
    assert rows.item("t1") is None
    assert rows.item("new") == Thing("new", 1)


def test_what_a_row_depends_on_besides_makes_it_anew(things: Things):
    rows = Rows(things)
    look(rows)
    things.broken["t3"] = " broken"
    assert look(rows, "broken").keys == ["t3"]
    assert {name for name, times in things.made.items() if times > 1} == {"t3"}
    things.broken.clear()
    assert look(rows, "broken").keys == []


def test_the_keys_are_the_same_list_while_the_rows_are_the_same(things: Things):
    rows = Rows(things)
    keys = look(rows).keys
    things.now = [Thing("t1", 50), *things.now[1:]]
    assert look(rows).keys is keys
    assert look(rows, "", ("name", False)).keys == keys
    assert look(rows, "t2").keys == ["t2"]
    assert look(rows).keys == keys


def test_a_record_is_drawn_as_it_is_now(things: Things):
    found = look(Rows(things))
    things.clock = 7
    assert found[0].cells[2].text == "7 s"
    assert len(found) == 12


def test_widths_grow_with_a_row_and_shrink_with_the_rows(things: Things):
    rows = Rows(things)
    assert look(rows).widths == (5, 4, 4)
    things.broken["t3"] = " is broken"
    assert look(rows).widths[0] == len("t3 is broken")
    things.broken.clear()
    things.now = [Thing("a" * 30), *things.now[1:]]
    assert look(rows).widths[0] == 30
    things.now = [Thing(f"u{number}") for number in range(3)]
    assert look(rows).widths[0] == 5
    things.now = [*things.now, Thing("b" * 30)]
    assert look(rows, "u1").widths[0] == 5, "what is not shown needs no room"


def test_a_filter_sees_ages_as_they_are_now(things: Things, monkeypatch: pytest.MonkeyPatch):
    rows = Rows(things)
    now = [1000.0]
    monkeypatch.setattr("vcltui.tui.listings.rows.time.monotonic", lambda: now[0])
    things.now = [Thing("young", seconds=0), Thing("old", seconds=-60)]
    assert look(rows, "age=60").keys == []
    assert look(rows, "age:60").keys == ["old"]
    things.clock = 60
    now[0] += 1
    assert look(rows, "age:60").keys == ["young"]
    assert look(rows, "120").keys == ["old"]
    assert look(rows, "!120 parity:even").keys == ["young"]


def test_a_filter_sees_a_change_at_once(things: Things):
    rows = Rows(things)
    assert "t2" not in look(rows, "parity=odd").keys
    things.now = [things.now[0], Thing("t2", 3), *things.now[2:]]
    assert "t2" in look(rows, "parity=odd").keys


def test_an_order_is_asked_for_once_and_again_for_what_changed(things: Things):
    rows = Rows(things)
    for _ in range(3):
        assert look(rows, "", ("size", True)).keys[0] == "t12"
    assert set(things.ordered.values()) == {1}
    things.now = [Thing("t1", 99), *things.now[1:-1], Thing("t12", 0)]
    assert look(rows, "", ("size", True)).keys == [
        "t1",
        *(f"t{n}" for n in range(11, 1, -1)),
        "t12",
    ]
    assert look(rows, "", ("size", False)).keys[-1] == "t12", "what is not known is last"
    assert {name for name, times in things.ordered.items() if times > 1} == {"t1", "t12"}
    assert look(rows, "", ("name", False)).keys == [f"t{number}" for number in range(1, 13)]
    assert look(rows, "t1", ("size", True)).keys == ["t1", "t11", "t10", "t12"]


def test_faults_alone(things: Things):
    things.now = [*things.now, Thing("bad", 101)]
    assert look(Rows(things), faults=True).keys == ["bad"]
