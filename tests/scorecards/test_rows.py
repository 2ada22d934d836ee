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
from communities.choices import CountSource, Operator, PremisesFunction, PremisesKind
from communities.models import Period, PreferredCountSource, Premises, PremisesFunctionArea
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.models import CurrentRun
from portal.scorecards.rows import (
    Position,
    PositionLost,
    Scene,
    SubjectOrder,
    SubjectPage,
    source_rows,
    subjects,
)
from tests import factories
from tests.conftest import World
from tests.lengths import costly
from tests.scorecards.conftest import TODAY, card, measure
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
    page = subjects(Scene(measured.community, quarter, measured.users["community_worker"]), OFFICE)
    (one,) = page.subjects
    assert (one.subject, one.community) == (measured.committees["community"], measured.community)
    assert (one.outcome, one.value, one.low, one.high) == (Outcome.MEETS, Decimal(120), Decimal(100), None)
    assert one.threshold.clause.document.title == "社区用房建设标准"
    assert [room.row for room in one.rooms] == [measured.premises["community"]]
    assert one.temporary_until is None
    assert (page.anchor_date, page.changed_since, page.next) == (TODAY, False, None)


def test_r020_a_temporary_shortfall_is_a_mark_with_its_due_date(measured: World, quarter: Period) -> None:
    page = subjects(Scene(measured.street, quarter, None), OFFICE, outcome=Outcome.FALLS_SHORT)
    (one,) = page.subjects
    assert (one.outcome, one.temporary_until) == (Outcome.FALLS_SHORT, dt.date(2026, 12, 31))


@pytest.mark.parametrize("order", SubjectOrder)
def test_pages_in_order_there_and_back(measured: World, quarter: Period, order: SubjectOrder) -> None:
    for number in range(5):
        body = factories.committee(measured.community, f"居委会{number}")
        factories.premises(measured.community, PremisesKind.OFFICE, str(10 + number % 3 * 20), committee=body)
    measure(quarter)

    def turn(position: Position | None) -> SubjectPage:
        return subjects(Scene(measured.city, quarter, None), OFFICE, order=order, position=position, limit=3)

    forth = [turn(None)]
    while forth[-1].next:
        forth.append(turn(Position(forth[-1].next)))
    back = [forth[-1]]
    while back[-1].previous:
        back.append(turn(Position(back[-1].previous, backwards=True)))
    assert (forth[0].previous, back[-1].previous) == (None, None)
    assert back[-1].next is not None
    seen = [one.subject.pk for page in forth for one in page.subjects]
    assert len(seen) == len(set(seen)) == card(measured.city, quarter)["committees.residents"] == 8
    assert [one.subject.pk for page in reversed(back) for one in page.subjects] == seen


def test_the_widest_gap_first(measured: World, quarter: Period) -> None:
    """Those that fall short by what they lack, the others after them."""
    for number, area in enumerate(("30", "99.99", "150")):
        body = factories.committee(measured.community, f"居委会{number}")
        factories.premises(measured.community, PremisesKind.OFFICE, area, committee=body)
    measure(quarter)
    page = subjects(Scene(measured.city, quarter, None), OFFICE, order=SubjectOrder.GAP)
    values = [one.value for one in page.subjects if one.outcome == Outcome.FALLS_SHORT]
    assert values == [Decimal(30), Decimal(60), Decimal("99.99")]
    assert [one.outcome == Outcome.FALLS_SHORT for one in page.subjects] == [True] * 3 + [False] * 3


def test_the_widest_gap_of_a_share(measured: World, quarter: Period) -> None:
    """An upper bound in percent: the gap is what stands above it."""
    factories.threshold(
        "premises.office.share", measured.city, None, operator=Operator.AT_MOST, high=Decimal(20)
    )
    factories.premises(measured.neighbour, PremisesKind.SERVICE, "140")
    measure(quarter)
    page = subjects(Scene(measured.city, quarter, None), SHARE, order=SubjectOrder.GAP)
    assert [(one.subject, one.value) for one in page.subjects if one.outcome == Outcome.FALLS_SHORT][:2] == [
        (measured.community, Decimal(100)),
        (measured.other_community, Decimal(100)),
    ]
    assert (measured.neighbour, Decimal(30)) in [(one.subject, one.value) for one in page.subjects]


def test_changed_since(measured: World, quarter: Period) -> None:
    room = measured.premises["community"]
    room.area = Decimal(50)
    save(room, by=None)
    page = subjects(Scene(measured.city, quarter, None), OFFICE)
    assert page.changed_since
    assert page.outcomes["falls_short"] == 2
    assert card(measured.city, quarter)["office.falls_short"] == 1
    assert source_rows(Scene(measured.city, quarter, None), MEAN.numerator).changed_since
    assert not source_rows(Scene(measured.city, quarter, None), MEAN.denominator).changed_since


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
        code: source_rows(Scene(measured.district, quarter, measured.users["district_officer"]), measure_)
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
    assert {each.row for each in found["rooms"].rows} == set(here)
    (station,) = found["stations"].rows
    assert (station.row, station.holder, station.amount) == (zone, room, None)
    communities = [measured.community.pk, measured.neighbour.pk]
    assert [each.row.pk for each in found["communities"].rows] == communities
    (households,) = found["households"].rows
    assert (found["households"].number, found["households"].communities) == (1, 2)
    assert (households.row, households.amount, found["households"].total) == (count, 1234, 1234)
    assert households.community == measured.community
    assert found["committees"].total == 2


def test_source_rows_page_by_page(measured: World, quarter: Period) -> None:
    first = source_rows(Scene(measured.city, quarter, None), MEAN.numerator, limit=2)
    second = source_rows(
        Scene(measured.city, quarter, None), MEAN.numerator, limit=2, position=Position(first.next)
    )
    assert [(len(page.rows), page.number, page.total) for page in (first, second)] == [
        (2, 3, Decimal(300)),
        (1, 3, Decimal(300)),
    ]
    assert (first.previous, second.next) == (None, None)
    rows = [each.row for page in (first, second) for each in page.rows]
    assert len({row.pk for row in rows}) == 3
    assert sum(each.amount for page in (first, second) for each in page.rows) == first.total
    back = Position(second.previous, backwards=True)
    again = source_rows(Scene(measured.city, quarter, None), MEAN.numerator, limit=2, position=back)
    assert ([each.row for each in again.rows], again.previous) == (rows[:2], None)


def test_a_foreign_position_is_an_unknown_one(measured: World, quarter: Period) -> None:
    clerk = measured.users["street_clerk"]
    foreign = Position(measured.premises["other_community"].public_id)
    with pytest.raises(PositionLost):
        source_rows(Scene(measured.street, quarter, clerk), MEAN.numerator, position=foreign)
    other = Position(measured.committees["other_community"].public_id)
    with pytest.raises(PositionLost):
        subjects(Scene(measured.street, quarter, clerk), OFFICE, position=other)


@pytest.mark.parametrize("place", ["other_community", "far_community", "city", "district"])
def test_rows_stay_inside_the_askers_places(measured: World, quarter: Period, place: str) -> None:
    """Totals of the whole city may be compared; its rows may not be seen."""
    for indicator in (OFFICE, SHARE):
        with pytest.raises(OutOfScope):
            subjects(Scene(getattr(measured, place), quarter, measured.users["street_clerk"]), indicator)
    with pytest.raises(OutOfScope):
        source_rows(Scene(getattr(measured, place), quarter, measured.users["street_clerk"]), MEAN.numerator)


def test_a_place_too_large_to_list(measured: World, quarter: Period, settings: Any) -> None:
    settings.MEASURING_CHUNK = 2
    with pytest.raises(ValidationError, match="范围过大"):
        subjects(Scene(measured.city, quarter, None), OFFICE)


def test_a_period_without_figures(world: World, quarter: Period) -> None:
    with pytest.raises(CurrentRun.DoesNotExist):
        subjects(Scene(world.city, quarter, None), OFFICE)


def test_query_count_does_not_grow_with_the_page(
    measured: World, quarter: Period, django_assert_num_queries: Any
) -> None:
    subjects(Scene(measured.city, quarter, None), SERVICE)  # has the connection prepare the large statements
    for _ in range(2):
        with django_assert_num_queries(16):
            subjects(Scene(measured.city, quarter, None), SERVICE)
        for number in range(25):
            body = factories.committee(measured.community, f"居委会{number}")
            factories.premises(measured.community, PremisesKind.SERVICE, committee=body)


@costly()
@given(written=st.lists(rows, min_size=5, max_size=25))
def test_the_rows_always_add_up_to_the_card(quarter: Period, small: SmallWorld, written: list) -> None:
    with transaction.atomic():
        for edit in written:
            write(small, edit)
        measure(quarter)
        for place in small.places:
            for indicator in (OFFICE, SERVICE, SHARE):
                page = subjects(Scene(place, quarter, None), indicator, limit=500)
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
