"""One community at a time, worked out by hand: each rule of the domain, under the name it has there."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from communities.base.measures import Outcome
from communities.choices import (
    BuildingClass,
    CommitteeKind,
    CountSource,
    Level,
    LossReason,
    Operator,
    PremisesFunction,
    PremisesKind,
)
from communities.models import (
    CommunityRecord,
    Exemption,
    Period,
    PreferredCountSource,
    PremisesFunctionArea,
    PremisesNilStatement,
)
from portal.scorecards.engine.targets import conflicts
from portal.scorecards.models import MeasureCard
from tests import factories
from tests.conftest import World
from tests.scorecards.conftest import TODAY, card, measure, outcomes

OFFICE, SERVICE, SHARE = "premises.office.area", "premises.service.area", "premises.office.share"
YESTERDAY, TOMORROW = TODAY - dt.timedelta(1), TODAY + dt.timedelta(1)


@pytest.fixture
def place(world: World, quarter: Period) -> World:
    """``world.neighbour`` with a committee and no rooms; 100 m² of office asked for in the whole city."""
    world.premises["neighbour"].placements.all().delete()
    world.premises["neighbour"].delete()
    factories.threshold(OFFICE, world.city, "100")
    return world


def rooms(place: World, area: str = "120.00", kind: str = PremisesKind.OFFICE, **kwargs: object):
    kwargs.setdefault("committee", place.committees["neighbour"])
    return factories.premises(place.neighbour, kind, area, **kwargs)


def office(place: World, quarter: Period) -> dict:
    measure(quarter)
    return outcomes(place.neighbour, quarter, "office")


def exempt(place: World, key: str = OFFICE, **kwargs: object) -> Exemption:
    kwargs.setdefault("valid", (None, None))
    return Exemption.objects.create(
        key=key, division=place.neighbour, reason="老城", decision_number="1", decided_by="局", **kwargs
    )


# ---------------------------------------------------------------- the five outcomes


def test_meets(place: World, quarter: Period) -> None:
    rooms(place)
    assert office(place, quarter) == {"meets": 1}


def test_falls_short(place: World, quarter: Period) -> None:
    rooms(place, "99.99")
    assert office(place, quarter) == {"falls_short": 1}


def test_exempt(place: World, quarter: Period) -> None:
    rooms(place, "50")
    exempt(place)
    assert office(place, quarter) == {"exempt": 1}


def test_exempt_and_nothing_reported_is_exempt(place: World, quarter: Period) -> None:
    exempt(place)
    assert office(place, quarter) == {"exempt": 1}


def test_exempt_but_meets_is_meets(place: World, quarter: Period) -> None:
    rooms(place)
    exempt(place)
    assert office(place, quarter) == {"meets": 1}


def test_r004_no_standard_for_an_old_community(place: World, quarter: Period) -> None:
    """R-004, S-003: a third outcome, kept in the count of all subjects."""
    for building_class, low in ((BuildingClass.RENOVATED, "200"), (BuildingClass.NEW, "400")):
        factories.threshold(SERVICE, place.city, low, building_classes=[building_class])
    CommunityRecord.objects.filter(division=place.neighbour).update(building_class=BuildingClass.OLD)
    rooms(place, "500", PremisesKind.SERVICE)
    exempt(place, SERVICE)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "service") == {"no_standard": 1}


@pytest.mark.parametrize(
    ("building_class", "area", "outcome"),
    [
        (BuildingClass.RENOVATED, "200", "meets"),
        (BuildingClass.RENOVATED, "199.99", "falls_short"),
        (BuildingClass.NEW, "399.99", "falls_short"),
        (BuildingClass.NEW, "400", "meets"),
    ],
)
def test_r002_r003_standard_by_building_class(
    place: World, quarter: Period, building_class: str, area: str, outcome: str
) -> None:
    factories.threshold(SERVICE, place.city, "200", building_classes=[BuildingClass.RENOVATED])
    factories.threshold(SERVICE, place.city, "400", building_classes=[BuildingClass.NEW])
    CommunityRecord.objects.filter(division=place.neighbour).update(building_class=building_class)
    rooms(place, area, PremisesKind.SERVICE)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "service") == {outcome: 1}


def test_not_reported(place: World, quarter: Period) -> None:
    assert office(place, quarter) == {"not_reported": 1}


def test_s003_all_five_stay_apart_and_add_up(place: World, quarter: Period) -> None:
    measure(quarter)
    for place_ in (place.city, place.district, place.street, place.community, place.neighbour):
        values = card(place_, quarter)
        counted = sum(values[f"office.{outcome}"] for outcome in Outcome)
        assert counted == values["committees.residents"]


# ---------------------------------------------------------------- what was reported


def test_all_rooms_lost_is_zero_and_falls_short(place: World, quarter: Period) -> None:
    rooms(place, lost_on=TODAY, lost_reason=LossReason.DEMOLITION)
    assert office(place, quarter) == {"falls_short": 1}
    assert card(place.neighbour, quarter)[OFFICE] == 0


def test_a_statement_of_none_is_reported(place: World, quarter: Period) -> None:
    PremisesNilStatement.objects.create(division=place.neighbour, kind=PremisesKind.OFFICE, stated_on=TODAY)
    assert office(place, quarter) == {"falls_short": 1}


@pytest.mark.parametrize(
    ("kind", "stated_on"), [(PremisesKind.SERVICE, TODAY), (PremisesKind.OFFICE, TOMORROW)]
)
def test_a_statement_of_another_kind_or_of_later_is_not(
    place: World, quarter: Period, kind: str, stated_on: dt.date
) -> None:
    PremisesNilStatement.objects.create(division=place.neighbour, kind=kind, stated_on=stated_on)
    assert office(place, quarter) == {"not_reported": 1}


def test_a_committees_own_statement_reports_for_it_alone(place: World, quarter: Period) -> None:
    factories.committee(place.neighbour, "第二居委会")
    PremisesNilStatement.objects.create(
        division=place.neighbour,
        committee=place.committees["neighbour"],
        kind=PremisesKind.OFFICE,
        stated_on=YESTERDAY,
    )
    assert office(place, quarter) == {"falls_short": 1, "not_reported": 1}


def test_a_committees_exemption_frees_it_alone(place: World, quarter: Period) -> None:
    second = factories.committee(place.neighbour, "第二居委会")
    exempt(place, committee=second)
    assert office(place, quarter) == {"exempt": 1, "not_reported": 1}


@pytest.mark.parametrize("valid", [(None, TODAY), (TOMORROW, None)])
def test_an_exemption_out_of_force_or_of_another_key_frees_nobody(
    place: World, quarter: Period, valid: tuple
) -> None:
    exempt(place, valid=valid)
    exempt(place, SERVICE)
    assert office(place, quarter) == {"not_reported": 1}


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("obtained", "lost", "outcome"),
    [
        (None, None, "meets"),
        (TODAY, None, "meets"),
        (TOMORROW, None, "not_reported"),
        (None, TOMORROW, "meets"),
        (None, TODAY, "falls_short"),
    ],
)
def test_s002_rooms_count_from_the_day_obtained_to_the_day_before_they_are_lost(
    place: World, quarter: Period, obtained: dt.date | None, lost: dt.date | None, outcome: str
) -> None:
    reason = LossReason.DEMOLITION if lost else ""
    rooms(place, obtained_on=obtained, lost_on=lost, lost_reason=reason)
    assert office(place, quarter) == {outcome: 1}


def test_deleted_rows_do_not_count(place: World, quarter: Period) -> None:
    rooms(place, deleted_at=timezone.now())
    exempt(place, deleted_at=timezone.now())
    assert office(place, quarter) == {"not_reported": 1}


def test_rooms_count_where_they_stood_on_the_day(place: World, quarter: Period) -> None:
    """Placement, not ``division_now``: a move tomorrow changes nothing today."""
    room = rooms(place)
    room.placements.update(valid=(None, TOMORROW))
    room.placements.create(division=place.community, valid=(TOMORROW, None))
    room.division_now = place.community
    room.save()
    assert office(place, quarter) == {"meets": 1}


def test_s006_a_closed_period_is_measured_at_its_last_day(place: World, today: dt.date) -> None:
    past = factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1), closed_at=timezone.now())
    rooms(place, obtained_on=dt.date(2026, 3, 31), lost_on=dt.date(2026, 4, 1), lost_reason=LossReason.OTHER)
    run = measure(past)
    assert run.anchor_date == dt.date(2026, 3, 31)
    assert outcomes(place.neighbour, past, "office") == {"meets": 1}


# ---------------------------------------------------------------- subjects


def test_s005_two_committees_are_two_subjects_of_one_community(place: World, quarter: Period) -> None:
    second = factories.committee(place.neighbour, "第二居委会")
    rooms(place)
    rooms(place, "60", committee=second)
    assert office(place, quarter) == {"meets": 1, "falls_short": 1}
    values = card(place.neighbour, quarter)
    assert (values["communities"], values["committees.residents"]) == (1, 2)


def test_s005_a_community_without_committee_has_no_subject(place: World, quarter: Period) -> None:
    place.committees["neighbour"].placements.all().delete()
    assert office(place, quarter) == {}


@pytest.mark.parametrize(
    "changes",
    [{"kind": CommitteeKind.VILLAGERS}, {"valid": (None, TODAY)}, {"valid": (TOMORROW, None)}],
)
def test_other_kinds_and_committees_not_in_force_never_enter(
    place: World, quarter: Period, changes: dict
) -> None:
    type(place.committees["neighbour"]).objects.filter(pk=place.committees["neighbour"].pk).update(**changes)
    rooms(place)
    assert office(place, quarter) == {}
    assert card(place.neighbour, quarter)[OFFICE] == 12000  # the rooms stand all the same


def test_shared_service_rooms_count_in_full_for_each_committee_and_once_in_sums(
    place: World, quarter: Period
) -> None:
    factories.threshold(SERVICE, place.city, "200")
    second = factories.committee(place.neighbour, "第二居委会")
    rooms(place, "150", PremisesKind.SERVICE, committee=None)
    rooms(place, "60", PremisesKind.SERVICE, committee=second)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "service") == {"meets": 1, "falls_short": 1}
    assert card(place.neighbour, quarter)[SERVICE] == 21000


def test_shared_rooms_report_for_each_committee(place: World, quarter: Period) -> None:
    factories.threshold(SERVICE, place.city, "200")
    factories.committee(place.neighbour, "第二居委会")
    rooms(place, "150", PremisesKind.SERVICE, committee=None)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "service") == {"falls_short": 2}


def test_several_rooms_are_summed(place: World, quarter: Period) -> None:
    rooms(place, "60")
    rooms(place, "40", name="二楼")
    assert office(place, quarter) == {"meets": 1}


# ---------------------------------------------------------------- ties and directions


@pytest.mark.parametrize(
    ("operator", "low", "high", "area", "outcome"),
    [
        (Operator.AT_LEAST, "100", None, "100", "meets"),
        (Operator.AT_LEAST, "100", None, "99.99", "falls_short"),
        (Operator.MORE_THAN, "100", None, "100", "falls_short"),
        (Operator.MORE_THAN, "100", None, "100.01", "meets"),
        (Operator.AT_MOST, None, "100", "100", "meets"),
        (Operator.AT_MOST, None, "100", "100.01", "falls_short"),
        (Operator.LESS_THAN, None, "100", "100", "falls_short"),
        (Operator.LESS_THAN, None, "100", "99.99", "meets"),
        (Operator.BETWEEN, "90", "100", "90", "meets"),
        (Operator.BETWEEN, "90", "100", "100", "meets"),
        (Operator.BETWEEN, "90", "100", "89.99", "falls_short"),
        (Operator.BETWEEN, "90", "100", "100.01", "falls_short"),
    ],
)
def test_a_value_on_the_threshold(  # noqa: PLR0917
    place: World, quarter: Period, operator: str, low: str | None, high: str | None, area: str, outcome: str
) -> None:
    factories.threshold(OFFICE, place.neighbour, low, high=high, operator=operator)
    rooms(place, area)
    assert office(place, quarter) == {outcome: 1}


def test_nothing_reported_never_meets_an_upper_bound(place: World, quarter: Period) -> None:
    factories.threshold(OFFICE, place.neighbour, None, high="100", operator=Operator.AT_MOST)
    assert office(place, quarter) == {"not_reported": 1}


@pytest.mark.parametrize(
    ("office_area", "other", "outcome"),
    [("100", "400", "meets"), ("100.01", "400", "falls_short"), ("33.33", "133.32", "meets")],
)
def test_r006_office_share_counts_activity_rooms_per_community(
    place: World, quarter: Period, office_area: str, other: str, outcome: str
) -> None:
    """R-006: exactly 20 % meets; two committees are one community here."""
    factories.threshold(SHARE, place.city, None, high="20", operator=Operator.AT_MOST, unit="%")
    factories.committee(place.neighbour, "第二居委会")
    rooms(place, office_area)
    rooms(place, other, PremisesKind.ACTIVITY, committee=None)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "office_share") == {outcome: 1}


def test_denominator_zero_is_not_reported(place: World, quarter: Period) -> None:
    factories.threshold(SHARE, place.city, None, high="20", operator=Operator.AT_MOST, unit="%")
    rooms(place, lost_on=TODAY, lost_reason=LossReason.DEMOLITION)
    measure(quarter)
    assert outcomes(place.neighbour, quarter, "office_share") == {"not_reported": 1}


# ---------------------------------------------------------------- which standard


def test_s001_r005_the_nearest_jurisdiction_holds(place: World, quarter: Period) -> None:
    factories.threshold(OFFICE, place.district, "80")
    rooms(place, "80")
    assert office(place, quarter) == {"meets": 1}


def test_a_higher_binding_floor_that_is_stricter_holds(place: World, quarter: Period) -> None:
    factories.threshold(OFFICE, place.district, "80")
    factories.threshold(OFFICE, place.province, "90", force="binding_floor")
    rooms(place, "85")
    assert office(place, quarter) == {"falls_short": 1}


def test_what_is_striven_for_is_no_standard(place: World, quarter: Period) -> None:
    factories.threshold(OFFICE, place.neighbour, "500", force="strive_to")
    rooms(place)
    assert office(place, quarter) == {"meets": 1}


def test_a_standard_out_of_force_does_not_hold(place: World, quarter: Period) -> None:
    factories.threshold(OFFICE, place.neighbour, "500", valid=(TOMORROW, None))
    rooms(place)
    assert office(place, quarter) == {"meets": 1}


def test_two_equal_standards_are_an_error_that_is_listed(place: World, quarter: Period) -> None:
    first = factories.threshold(OFFICE, place.district, "80")
    second = factories.threshold(OFFICE, place.district, "90")
    rooms(place)
    run = measure(quarter)
    assert outcomes(place.neighbour, quarter, "office") == {"no_standard": 1}
    run.job.refresh_from_db()
    ids = [str(first.public_id), str(second.public_id)]
    assert run.job.result["conflicts"] == [{"key": OFFICE, "thresholds": ids}]
    (listed,) = conflicts(TODAY)
    assert listed.thresholds == (first.pk, second.pk)


@pytest.mark.parametrize(
    ("households", "area", "outcome"),
    [(1000, "120", "meets"), (1001, "129.99", "falls_short"), (1001, "130", "meets"), (0, "100", "meets")],
)
def test_steps_grow_with_each_started_group_of_households(
    place: World, quarter: Period, households: int, area: str, outcome: str
) -> None:
    """100 m² and 10 m² more for each started 500 households, by the preferred source."""
    factories.threshold(OFFICE, place.neighbour, "100", step="10", step_households=500)
    PreferredCountSource.objects.create(
        jurisdiction=place.city, source=CountSource.POLICE, definition="registered", valid=(None, None)
    )
    factories.household_count(place.neighbour, households)
    rooms(place, area)
    assert office(place, quarter) == {outcome: 1}


def test_equal_targets_are_stored_once(place: World, quarter: Period) -> None:
    run = measure(quarter)
    cards = MeasureCard.objects.filter(run=run, division__in=[place.community, place.neighbour])
    (first, second) = cards.values_list("target_set", flat=True)
    assert first == second
    assert MeasureCard.objects.get(run=run, division=place.far_community).target_set_id != first
    assert MeasureCard.objects.get(run=run, division=place.city).target_set_id is None


# ---------------------------------------------------------------- plain measures


def test_households_of_the_nearest_preferred_source_latest_up_to_the_day(
    place: World, quarter: Period
) -> None:
    for jurisdiction, source in ((place.city, CountSource.POLICE), (place.district, CountSource.GRID)):
        PreferredCountSource.objects.create(
            jurisdiction=jurisdiction, source=source, definition="registered", valid=(None, None)
        )
    factories.household_count(place.neighbour, 900, source=CountSource.GRID, counted_on=YESTERDAY)
    factories.household_count(place.neighbour, 800, source=CountSource.GRID, counted_on=TODAY)
    factories.household_count(place.neighbour, 700, source=CountSource.GRID, counted_on=TOMORROW)
    factories.household_count(place.neighbour, 600, source=CountSource.POLICE, counted_on=TODAY)
    factories.household_count(place.other_community, 50, source=CountSource.POLICE, counted_on=YESTERDAY)
    measure(quarter)
    assert card(place.neighbour, quarter)["households"] == 800
    assert card(place.other_community, quarter)["households"] == 50
    assert card(place.city, quarter)["households"] == 850


def test_two_stations_are_one_community_with_a_station(place: World, quarter: Period) -> None:
    for name in ("一", "二"):
        room = rooms(place, name=name, kind=PremisesKind.SERVICE)
        PremisesFunctionArea.objects.create(
            premises=room, function=PremisesFunction.SERVICE_STATION, area="20"
        )
    lost = rooms(
        place, committee=None, kind=PremisesKind.SERVICE, lost_on=TODAY, lost_reason=LossReason.OTHER
    )
    lost.placements.update(division=place.other_community)
    PremisesFunctionArea.objects.create(premises=lost, function=PremisesFunction.SERVICE_STATION, area="20")
    measure(quarter)
    assert card(place.city, quarter)["communities.with_station"] == 1
    assert card(place.other_community, quarter)["communities.with_station"] == 0


def test_places_without_communities_have_cards_of_zeros(place: World, quarter: Period) -> None:
    empty = factories.division("空街道", Level.STREET, place.district)
    measure(quarter)
    assert set(card(empty, quarter).values()) == {0}


def test_a_community_below_a_city_without_districts_counts_there(place: World, quarter: Period) -> None:
    bare = factories.division("无区市", Level.CITY, place.province)
    town = factories.division("镇", Level.STREET, bare)
    factories.community("镇上社区", town)
    measure(quarter)
    assert card(bare, quarter)["communities"] == card(town, quarter)["communities"] == 1
    assert card(place.province, quarter)["communities"] == 5
