"""The rows of a listing, filtered and sorted; made anew only where an item is another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from vcltui.tui.filtering import Filter, value_of, words_of
from vcltui.tui.widgets.records import Record, cell_widths, widest

if TYPE_CHECKING:
    from vcltui.tui.listings.base import Listing

Item = TypeVar("Item")
_UNKNOWN = object()
_AGES_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Row(Generic[Item]):
    """What is kept of an item for as long as it is the same.

    `depends` is what it was made of besides. `words` are what a filter looks at, `widths` those of
    the cells. `fits` is whether it fits the filter of now, `order` what it is sorted by now.
    """

    item: Item
    key: str
    depends: object
    words: str
    widths: tuple[int, ...]
    fits: bool | None = None
    order: object = _UNKNOWN


class Chosen(Generic[Item]):
    """The rows that are shown, in their order. `widths` is what each column needs.

    `keys` is the same list for as long as the rows are the same ones in the same order.
    """

    def __init__(
        self, listing: Listing[Item], rows: list[Row[Item]], keys: list[str], widths: Sequence[int]
    ) -> None:
        self._listing, self._rows = listing, rows
        self.keys, self.widths = keys, widths

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Record:
        """The record of a row as it is drawn now, its ages too."""
        return self._listing.record(self._rows[row].item)


class Rows(Generic[Item]):
    """The rows of one listing, from one look at it to the next."""

    def __init__(self, listing: Listing[Item]) -> None:
        self._listing, self._fields = listing, listing.fields
        self._ages = [self._fields.index(age) for age in listing.ages]
        self._items: Sequence[Item] = ()
        self._epoch: object = None
        self._rows: list[Row[Item]] = []
        self._by_key: dict[str, Row[Item]] = {}
        self._filter, self._filter_at = Filter("", self._fields), 0.0
        self._column = ""
        self._sorted_by: tuple[list[Any], bool] = ([], False)
        self._places: list[int] = []
        self._shown = Chosen(listing, [], [], widest(listing.columns, ()))

    def item(self, key: str | None) -> Item | None:
        """The item of a key; None where there is none."""
        row = self._by_key.get(key or "")
        return row.item if row else None

    def chosen(
        self, filtered_by: str, sorting: tuple[str, bool] | None, *, faults_only: bool
    ) -> Chosen[Item]:
        """The rows that are shown now, in the order they are shown in."""
        listing = self._listing
        others = self._follow(listing.items())
        rows = self._rows
        if faults_only:
            rows = [row for row in rows if listing.is_fault(row.item)]
        narrow = self._filter_for(filtered_by)
        if narrow:
            for row in rows:
                if row.fits is None:
                    row.fits = narrow.fits(row.words, partial(listing.age, row.item))
            rows = [row for row in rows if row.fits]
        if sorting is not None:
            rows = self._sorted(rows, *sorting)
        self._shown = self._showing(rows, others)
        return self._shown

    def _showing(self, rows: list[Row[Item]], others: list[Row[Item]] | None) -> Chosen[Item]:
        """The rows with the widths they need, which do not shrink while they are the same ones."""
        before, columns = self._shown, self._listing.columns
        keys = [row.key for row in rows]
        if others is None or keys != before.keys:
            return Chosen(self._listing, rows, keys, widest(columns, [row.widths for row in rows]))
        shown = {row.key for row in others} & set(keys) if others else ()
        more = [row.widths for row in others if row.key in shown]
        return Chosen(self._listing, rows, before.keys, widest(columns, [before.widths, *more]))

    # --- following the items ---

    def _follow(self, items: Sequence[Item]) -> list[Row[Item]] | None:
        """Take over what is listed now; returns the rows that are others, None for maybe all."""
        listing, epoch = self._listing, self._listing.epoch
        before, self._items = self._items, items
        if items is before and epoch == self._epoch:
            return []
        if epoch == self._epoch and len(items) == len(before):
            changed = [
                (place, item)
                for place, (item, old) in enumerate(zip(items, before, strict=True))
                if item is not old
            ]
            if all(listing.key(item) == self._rows[place].key for place, item in changed):
                return self._replace(changed)
        self._epoch = epoch
        kept, self._by_key = self._by_key, {}
        for item in items:
            key = listing.key(item)
            self._by_key[key] = self._row(item, key, kept.get(key))
        self._rows = list(self._by_key.values())
        return None

    def _replace(self, changed: list[tuple[int, Item]]) -> list[Row[Item]]:
        others: list[Row[Item]] = []
        for place, item in changed:
            old = self._rows[place]
            row = self._row(item, old.key, old)
            if row is not old:
                self._rows[place] = self._by_key[row.key] = row
                others.append(row)
        return others

    def _row(self, item: Item, key: str, before: Row[Item] | None) -> Row[Item]:
        listing = self._listing
        depends = listing.depends(item)
        if before is not None and depends == before.depends:
            if before.item is item:
                return before
            if before.item == item:
                before.item = item
                return before
        record = listing.record(item)
        values = listing.values(item, record)
        for place in self._ages:
            values[place] = ""
        return Row(item, key, depends, words_of(values), cell_widths(record))

    def _filter_for(self, text: str) -> Filter:
        """The filter of a text; what fits it is doubted when the text or the second is another."""
        old = self._listing.ages and time.monotonic() - self._filter_at >= _AGES_SECONDS
        if text != self._filter.text or old:
            self._filter = Filter(text, self._fields, self._listing.ages)
            self._filter_at = time.monotonic()
            for row in self._rows:
                row.fits = None
        return self._filter

    def _sorted(self, rows: list[Row[Item]], column: str, reverse: bool) -> list[Row[Item]]:
        """The rows by a column; what it is not known of comes last, whichever way."""
        if column != self._column or column in self._listing.ages:
            self._column = column
            for row in self._rows:
                row.order = _UNKNOWN
        place = self._fields.index(column) if column in self._fields else None
        for row in rows:
            if row.order is _UNKNOWN:
                text = value_of(row.words, place) if place is not None else ""
                row.order = self._listing.order(row.item, column, text)
        orders: list[Any] = [row.order for row in rows]
        if (orders, reverse) != self._sorted_by:
            self._sorted_by = orders, reverse
            known = [place for place, order in enumerate(orders) if order is not None]
            known.sort(key=orders.__getitem__, reverse=reverse)
            self._places = known + [p for p, order in enumerate(orders) if order is None]
        return [rows[place] for place in self._places]
