"""The places that were visited, and the way back."""

from __future__ import annotations

from vcltui.tui.places import History, Place

OVERVIEW, HOSTS = Place("overview"), Place("hosts")
DOMAIN = Place("domain", "kvm-a", "uuid")


def test_back_and_forward_go_through_what_was_visited():
    history = History(OVERVIEW)
    history.visit(HOSTS)
    history.visit(DOMAIN)
    assert history.here == DOMAIN
    assert history.back() == HOSTS
    assert history.back() == OVERVIEW
    assert history.back() is None
    assert history.here == OVERVIEW
    assert history.forward() == HOSTS
    assert history.forward() == DOMAIN
    assert history.forward() is None
    assert history.here == DOMAIN


def test_what_lay_ahead_is_forgotten_on_another_way():
    history = History(OVERVIEW)
    history.visit(HOSTS)
    history.back()
    history.visit(DOMAIN)
    assert history.forward() is None
    assert history.back() == OVERVIEW


def test_to_be_where_one_is_already_is_no_visit():
    history = History(OVERVIEW)
    history.visit(OVERVIEW)
    assert history.back() is None


def test_another_tab_of_the_same_thing_is_the_same_place():
    history = History(OVERVIEW)
    history.visit(DOMAIN)
    history.visit(Place("domain", "kvm-a", "uuid", "xml"))
    history.visit(Place("domain", "kvm-a", "uuid", "disks"))
    assert history.here.tab == "disks"
    assert history.back() == OVERVIEW
    assert history.forward() == Place("domain", "kvm-a", "uuid", "disks")


def test_the_same_name_on_another_host_is_another_place():
    history = History(Place("image", "kvm-a", "/d/x"))
    history.visit(Place("image", "kvm-b", "/d/x"))
    assert history.back() == Place("image", "kvm-a", "/d/x")


def test_no_more_than_the_last_places_are_kept():
    history = History(OVERVIEW)
    visited = [Place("image", "kvm-a", f"/d/{number}") for number in range(150)]
    for place in visited:
        history.visit(place)
    back = [place for _ in range(200) if (place := history.back()) is not None]
    assert back == visited[-2:-101:-1]
    assert history.forward() == visited[-99]
