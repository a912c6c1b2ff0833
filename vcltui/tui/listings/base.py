"""What a listing is: the rows of one noun, with what they are filtered and sorted by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from vcltui.models.natural import natural
from vcltui.runtime.actions import Subject
from vcltui.tui.desk import Desk
from vcltui.tui.filtering import unknown_fields
from vcltui.tui.places import Place
from vcltui.tui.widgets.records import Column, Record
from vcltui.tui.words import plain

Item = TypeVar("Item")


class Listing(ABC, Generic[Item]):
    """The rows of one noun. `id` names it in what is kept, `title` heads its pane.

    `also` are words that a filter may ask for besides the columns. `ages` are the columns whose
    cells change by themselves; all else that a row says is made of its item, and what `depends`.
    `can_mark`: an action may be done to several of its rows. Nothing here waits: the items come
    from facts that are already there.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    also: ClassVar[tuple[str, ...]] = ()
    ages: ClassVar[tuple[str, ...]] = ()
    can_mark: ClassVar[bool] = True

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def items(self) -> Sequence[Item]:
        """What is listed now, in its own order."""

    @abstractmethod
    def key(self, item: Item) -> str:
        """What tells an item from every other; one that is listed anew keeps it."""

    @abstractmethod
    def record(self, item: Item) -> Record:
        """The row of an item, a cell for each of `columns`."""

    def values(self, item: Item, record: Record) -> list[str]:
        """What a filter looks at, in the order of `fields`: the texts of the cells."""
        return [cell.text for cell in record.cells]

    def age(self, item: Item, column: str) -> str:
        """The text now of one of the `ages`."""
        return ""

    @property
    def epoch(self) -> object:
        """Where what rows are made of besides their items comes from, to see that it is another."""
        return None

    def depends(self, item: Item) -> object:
        """What the row of an item is made of besides it, at this epoch."""
        return None

    def order(self, item: Item, column: str, text: str) -> object | None:
        """What a column is sorted by: all of one kind; None is always last.

        By default `text`, the column's value in lower case, numbers in it by their value.
        """
        return natural(text)

    def subject(self, item: Item) -> Subject | None:
        """What actions on a row are done to; None where there are none."""
        return None

    def subject_of_all(self) -> Subject | None:
        """What actions are done to where there is no row."""
        return None

    def place(self, item: Item) -> Place | None:
        """Where opening a row leads; None where nowhere."""
        return None

    def nowhere(self, item: Item) -> str:
        """Why opening a row leads nowhere."""
        return "All there is of it is shown here"

    def is_fault(self, item: Item) -> bool:
        """Whether something is wrong with it, so that `faults only` shows it."""
        return False

    def note(self) -> str:
        """What stands beside the number of rows, such as how old they are."""
        return ""

    def is_filling(self) -> bool:
        """Whether the first rows are still on their way."""
        return False

    def empty(self) -> str:
        """What stands there while there are no items."""
        return "Nothing here"

    def nothing_fits(self, text: str) -> str:
        """What stands there while a filter, or `faults only`, leaves no item."""
        words = "Nothing fits; esc shows all"
        for field, sign in unknown_fields(text, frozenset(self.fields)):
            if sign == "=":
                known = ", ".join(self.fields)
                return f"There is no field {plain(field)}, there are: {known}; esc shows all"
            words += f". {plain(field)} is no field, so it is looked for as it stands"
        return words

    @property
    def fields(self) -> tuple[str, ...]:
        """What may stand before the colon in a filter."""
        return (*(column.key for column in self.columns), *self.also)

    def column_for(self, letter: str) -> Column | None:
        """The column that a capital sorts by."""
        return next((column for column in self.columns if column.letter == letter), None)
