"""Reading cards: scope of comparison, constant numbers of statements, places as they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from communities.base import roles
from communities.base.roles import Action
from communities.choices import Level
from communities.models import Period
from portal.scorecards import reading
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import slot_positions
from tests import factories
from tests.conftest import World
from tests.scorecards.conftest import measure


@pytest.fixture
def past(today: dt.date, db: None) -> Period:
    return factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1), closed_at=timezone.now())


@pytest.fixture
def measured(world: World, quarter: Period, past: Period) -> World:
    factories.threshold("premises.office.area", world.city, "100")
    measure(past)
    measure(quarter)
    return world


def warmed(user: Any) -> Any:
    """A user whose spans are known: reading them is the request's own cost."""
    user.spans(Action.COMPARE)
    return user


def test_one_card(measured: World, quarter: Period, django_assert_num_queries: Any) -> None:
    user = warmed(measured.users["district_officer"])
    positions = slot_positions()
    with django_assert_num_queries(1):
        place = reading.current_card(user, measured.city, quarter)
        assert (place.division.name_now, place.period.code, place.level) == ("甲市", "2026Q3", Level.CITY)
        assert place.figure(INDICATORS["office_compliance"], positions).value == 100
        assert place.run.anchor_date == dt.date(2026, 8, 15)


def test_children_and_those_of_a_level(
    measured: World, quarter: Period, django_assert_num_queries: Any
) -> None:
    user = warmed(measured.users["city_officer"])
    with django_assert_num_queries(1):
        children = reading.children_cards(user, measured.city, quarter)
        assert [child.division.name_now for child in children] == ["甲区", "外区"]
    with django_assert_num_queries(2):
        below = reading.children_cards(user, measured.city, quarter, Level.COMMUNITY)
        assert {one.division.name_now for one in below} == {"一社区", "二社区", "外社区"}


def test_history_oldest_first(measured: World, django_assert_num_queries: Any) -> None:
    user = warmed(measured.users["city_officer"])
    with django_assert_num_queries(1):
        assert [one.period.code for one in reading.history(user, measured.city)] == ["2026Q2", "2026Q3"]


def test_movement_against_the_period_before(measured: World, quarter: Period, past: Period) -> None:
    user = measured.users["city_officer"]
    assert reading.previous_period(quarter) == past
    assert reading.previous_period(past) is None
    values = reading.values_in(user, [measured.district, measured.other_district], past)
    assert set(values) == {measured.district.pk, measured.other_district.pk}
    assert reading.values_in(user, [measured.district], None) == {}


def test_periods(measured: World, quarter: Period, past: Period, django_assert_num_queries: Any) -> None:
    factories.period("2026Q4", dt.date(2026, 10, 1), dt.date(2027, 1, 1))
    with django_assert_num_queries(1):
        assert reading.computed_periods() == [past, quarter]
    assert reading.default_period() == quarter


def test_without_any_run(world: World, quarter: Period) -> None:
    assert reading.default_period() is None
    assert reading.current_card(world.users["city_officer"], world.city, quarter) is None
    assert reading.children_cards(world.users["city_officer"], world.city, quarter, Level.STREET) == []


@pytest.mark.parametrize(
    ("place", "seen"), [("city", True), ("other_community", True), ("far_city", False), ("province", False)]
)
def test_comparing_ends_at_ones_city(measured: World, quarter: Period, place: str, *, seen: bool) -> None:
    user = measured.users["street_clerk"]
    assert (reading.current_card(user, getattr(measured, place), quarter) is not None) is seen


@pytest.mark.parametrize(
    "role", [role.code for role in roles.ROLES.values() if role.is_administrator] + ["nobody"]
)
def test_administrators_read_no_figures(measured: World, quarter: Period, role: str) -> None:
    assert not reading.cards_for(measured.users[role]).exists()


def test_children_are_those_of_the_anchor_day(measured: World, quarter: Period) -> None:
    """The place moved after the card was written: the card's tree stays."""
    place = measured.neighbour
    place.records.update(valid=(None, dt.date(2026, 8, 16)))
    path = measured.other_street.path_now + place.path_now[-6:]
    place.records.create(
        valid=(dt.date(2026, 8, 16), None),
        name="二社区",
        kind=place.kind_now,
        parent=measured.other_street,
        path=path,
    )
    type(place).objects.filter(pk=place.pk).update(path_now=path, parent_now=measured.other_street)
    user = measured.users["city_officer"]
    children = reading.children_cards(user, measured.street, quarter)
    assert {one.division.name_now for one in children} == {"一社区", "二社区"}
    below = reading.children_cards(user, measured.district, quarter, Level.COMMUNITY)
    assert {one.division.name_now for one in below} == {"一社区", "二社区"}
