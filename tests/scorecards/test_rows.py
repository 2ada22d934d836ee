"""The rows behind a figure agree with its card, or say that they have changed; and stay in scope."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from communities.base.actions import OutOfScope, save
from communities.base.measures import Outcome
from communities.choices import CountSource, PremisesFunction, PremisesKind
from communities.models import Period, PreferredCountSource, Premises, PremisesFunctionArea
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.models import CurrentRun
from portal.scorecards.rows import source_rows, subjects
from tests import factories
from tests.conftest import World
from tests.scorecards.conftest import TODAY, card, measure
from tests.scorecards.test_properties import quietly
from tests.scorecards.worlds import SmallWorld, rows, small_world, write

OFFICE, SERVICE = INDICATORS["office_compliance"], INDICATORS["service_compliance"]
SHARE, MEAN = INDICATORS["office_share_compliance"], INDICATORS["mean_area"]


@pytest.fixture
def measured(world: World, quarter: Period) -> World:
    factories.threshold("premises.office.area", world.city, "100")
    room = world.premises["neighbour"]
    room.area, room.is_temporary, room.temporary_until = Decimal(60), True, dt.date(2026, 12, 31)
    room.save()
    measure(quarter)
    return world


def test_a_subject_with_value_clause_and_rooms(measured: World, quarter: Period) -> None:
    page = subjects(measured.community, quarter, OFFICE, by=measured.users["community_worker"])
    (one,) = page.subjects
    assert (one.subject, one.community) == (measured.committees["community"], measured.community)
    assert (one.outcome, one.value, one.low, one.high) == (Outcome.MEETS, Decimal(120), Decimal(100), None)
    assert one.threshold.clause.document.title == "社区用房建设标准"
    assert [room.row for room in one.rooms] == [measured.premises["community"]]
    assert one.temporary_until is None
    assert (page.anchor_date, page.changed_since, page.after) == (TODAY, False, None)


def test_r020_a_temporary_shortfall_is_a_mark_with_its_due_date(measured: World, quarter: Period) -> None:
    page = subjects(measured.street, quarter, OFFICE, by=None, outcome=Outcome.FALLS_SHORT)
    (one,) = page.subjects
    assert (one.outcome, one.temporary_until) == (Outcome.FALLS_SHORT, dt.date(2026, 12, 31))


def test_pages_in_order_without_gap_or_double(measured: World, quarter: Period) -> None:
    for number in range(5):
        factories.committee(measured.community, f"居委会{number}")
    measure(quarter)
    seen, after = [], None
    while True:
        page = subjects(measured.city, quarter, OFFICE, by=None, after=after, limit=2)
        seen += [one.subject.pk for one in page.subjects]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == card(measured.city, quarter)["committees.residents"] == 8


def test_changed_since(measured: World, quarter: Period) -> None:
    room = measured.premises["community"]
    room.area = Decimal(50)
    save(room, by=None)
    page = subjects(measured.city, quarter, OFFICE, by=None)
    assert page.changed_since
    assert page.outcomes["falls_short"] == 2
    assert card(measured.city, quarter)["office.falls_short"] == 1
    assert source_rows(measured.city, quarter, MEAN.numerator, by=None).changed_since
    assert not source_rows(measured.city, quarter, MEAN.denominator, by=None).changed_since


def test_source_rows_of_each_kind(measured: World, quarter: Period) -> None:
    room = factories.premises(measured.community, PremisesKind.SERVICE)
    zone = PremisesFunctionArea.objects.create(
        premises=room, function=PremisesFunction.SERVICE_STATION, area=9
    )
    PreferredCountSource.objects.create(
        jurisdiction=measured.city, source=CountSource.POLICE, definition="registered", valid=(None, None)
    )
    count = factories.household_count(measured.community, 1234)
    factories.household_count(measured.community, 999, counted_on=dt.date(2025, 1, 1))
    measure(quarter)
    found = {
        code: source_rows(measured.district, quarter, measure_, by=measured.users["district_officer"])
        for code, measure_ in {
            "rooms": MEAN.numerator,
            "committees": MEAN.denominator,
            "stations": INDICATORS["station_coverage"].numerator,
            "communities": INDICATORS["station_coverage"].denominator,
            "households": INDICATORS["area_per_100_households"].denominator,
        }.items()
    }
    assert not any(page.changed_since for page in found.values())
    here = Premises.objects.filter(division_now__in=[measured.community, measured.neighbour])
    assert set(found["rooms"].rows) == set(here)
    assert found["stations"].rows == [zone]
    assert [row.pk for row in found["communities"].rows] == [measured.community.pk, measured.neighbour.pk]
    assert (found["households"].rows, found["households"].total) == ([count], 1234)
    assert found["committees"].total == 2


def test_source_rows_page_by_page(measured: World, quarter: Period) -> None:
    first = source_rows(measured.city, quarter, MEAN.numerator, by=None, limit=2)
    second = source_rows(measured.city, quarter, MEAN.numerator, by=None, limit=2, after=first.after)
    assert len(first.rows) == 2
    assert (len(second.rows), second.after) == (1, None)
    assert not set(first.rows) & set(second.rows)


@pytest.mark.parametrize("place", ["other_community", "far_community", "city", "district"])
def test_rows_stay_inside_the_askers_places(measured: World, quarter: Period, place: str) -> None:
    """Totals of the whole city may be compared; its rows may not be seen."""
    for indicator in (OFFICE, SHARE):
        with pytest.raises(OutOfScope):
            subjects(getattr(measured, place), quarter, indicator, by=measured.users["street_clerk"])
    with pytest.raises(OutOfScope):
        source_rows(getattr(measured, place), quarter, MEAN.numerator, by=measured.users["street_clerk"])


def test_a_place_too_large_to_list(measured: World, quarter: Period, settings: Any) -> None:
    settings.MEASURING_CHUNK = 2
    with pytest.raises(ValidationError, match="范围过大"):
        subjects(measured.city, quarter, OFFICE, by=None)


def test_a_period_without_figures(world: World, quarter: Period) -> None:
    with pytest.raises(CurrentRun.DoesNotExist):
        subjects(world.city, quarter, OFFICE, by=None)


def test_query_count_does_not_grow_with_the_page(
    measured: World, quarter: Period, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        with django_assert_num_queries(14):
            subjects(measured.city, quarter, SERVICE, by=None)
        for number in range(25):
            body = factories.committee(measured.community, f"居委会{number}")
            factories.premises(measured.community, PremisesKind.SERVICE, committee=body)


@quietly
@given(written=st.lists(rows, min_size=5, max_size=25))
def test_the_rows_always_add_up_to_the_card(quarter: Period, small: SmallWorld, written: list) -> None:
    with transaction.atomic():
        for edit in written:
            write(small, edit)
        measure(quarter)
        for place in small.places:
            for indicator in (OFFICE, SERVICE, SHARE):
                page = subjects(place, quarter, indicator, by=None, limit=500)
                assert not page.changed_since
                counted = dict.fromkeys(page.outcomes, 0)
                for one in page.subjects:
                    counted[str(one.outcome)] += 1
                    check_value(indicator, one)
                assert counted == page.outcomes
        transaction.set_rollback(True)


def check_value(indicator: Any, one: Any) -> None:
    """The rooms that are listed make the value that was judged."""
    if indicator is SHARE:
        office = sum(room.row.area for room in one.rooms if room.row.kind == PremisesKind.OFFICE)
        everything = sum(room.row.area for room in one.rooms)
        assert (one.numerator, one.denominator) == (office, everything)
    else:
        assert one.numerator == sum(room.row.area for room in one.rooms)


@pytest.fixture
def small(quarter: Period) -> SmallWorld:
    return small_world()
