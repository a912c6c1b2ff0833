"""The keys: none means two things at once, each has a name, and the help has them all."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

import pytest
from textual.binding import Binding

from vcltui.runtime.actions import ACTIONS
from vcltui.tui.app import Console
from vcltui.tui.commands import CONSOLE, PLACES, command_name
from vcltui.tui.help_text import help_text
from vcltui.tui.listings.base import Listing
from vcltui.tui.listings.domains import Domains
from vcltui.tui.listings.hosts import Hosts
from vcltui.tui.listings.images import Images
from vcltui.tui.listings.jobs import JobList
from vcltui.tui.listings.log import Log
from vcltui.tui.listings.reservations import Reservations
from vcltui.tui.listings.snapshots import Snapshots
from vcltui.tui.screens.base import ConsoleScreen
from vcltui.tui.screens.detail import DetailScreen
from vcltui.tui.screens.full import JobsScreen
from vcltui.tui.screens.overview import Overview
from vcltui.tui.widgets.list_pane import ListPane
from vcltui.tui.widgets.record_table import RecordTable

LISTINGS: list[type[Listing]] = [Hosts, Domains, Images, Reservations, JobList, Log, Snapshots]
OWNERS = (Console, ConsoleScreen, DetailScreen, Overview, JobsScreen, ListPane, RecordTable)


def bindings(owner: type) -> list[Binding]:
    made = (
        each if isinstance(each, Binding) else Binding(*each) for each in vars(owner)["BINDINGS"]
    )
    return list(Binding.make_bindings(made))


def keys(owner: type) -> set[str]:
    return {each.key for each in bindings(owner)}


def letters(listing: type[Listing]) -> list[str]:
    return [column.letter for column in listing.columns if column.letter]


ACTION_KEYS = {action.key for action in ACTIONS}


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda one: one.id)
def test_a_letter_sorts_by_one_column_and_is_no_key_of_anything_else(listing: type[Listing]):
    assert not [letter for letter, times in Counter(letters(listing)).items() if times > 1]
    taken = ACTION_KEYS | keys(RecordTable) | (keys(Console) - ACTION_KEYS) | keys(ConsoleScreen)
    assert not set(letters(listing)) & taken
    assert set(letters(listing)) <= keys(ListPane), "else the key does nothing"


def test_the_keys_of_lists_tables_and_the_console_do_not_meet():
    sorting = {each.key for each in bindings(ListPane) if each.action.startswith("sort")}
    groups = {
        "actions": ACTION_KEYS,
        "console": {e.key for e in bindings(Console) if not e.action.startswith("do(")},
        "list": keys(ListPane) - sorting - {"escape"},
        "sorting": sorting,
        "table": keys(RecordTable),
    }
    for (one, first), (other, second) in itertools.combinations(groups.items(), 2):
        assert not first & second, (one, other)


def test_the_keys_of_the_jobs_mean_nothing_else_there():
    """`r` retrieves an image, but jobs are nothing that actions are done to."""
    own = {each.key for each in bindings(JobsScreen)}
    assert not own & (keys(ListPane) | keys(RecordTable))


@pytest.mark.parametrize("owner", OWNERS, ids=lambda one: one.__name__)
def test_every_key_has_a_name_by_which_the_configuration_can_change_it(owner: type):
    assert [each.key for each in bindings(owner) if not each.id] == []
    ids = Counter(each.id for each in vars(owner)["BINDINGS"])
    assert [one for one, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("owner", OWNERS, ids=lambda one: one.__name__)
def test_what_stands_in_the_footer_says_more_when_pointed_at(owner: type):
    assert [each.id for each in bindings(owner) if each.show and not each.tooltip] == []


def test_names_of_keys_are_not_used_twice():
    ids = [each.id for owner in OWNERS for each in vars(owner)["BINDINGS"] if each.id]
    assert [one for one, times in Counter(ids).items() if times > 1] == []


# --- help ---


def lines(words: Iterable[str]) -> list[str]:
    return [" ".join(line.split()) for line in words]


def test_the_help_has_every_action_with_its_key_and_every_command():
    text = help_text({}).plain
    shown = lines(text.splitlines())
    for action in ACTIONS:
        assert f"{action.key} {action.label}: {action.summary}" in shown
        assert f":{command_name(action)}" in text.split()
    for name in (*PLACES, *CONSOLE):
        assert f":{name}" in text.split()
    for number, name in enumerate(PLACES):
        assert f"{number} {name.capitalize()}" in shown


def test_the_help_shows_the_keys_that_the_configuration_gives():
    shown = lines(help_text({"power_on": "f5"}).plain.splitlines())
    assert any(line.startswith("f5 Power on:") for line in shown)
    assert not any(line.startswith("p Power on:") for line in shown)


def test_the_help_names_every_sorting_letter():
    text = help_text({}).plain
    sorting = text[text.index("\nSorting\n") : text.index("\nCommands\n")].split()
    for listing in LISTINGS:
        assert set(letters(listing)) <= set(sorting), listing.id
