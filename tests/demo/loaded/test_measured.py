"""The engine's cards over the demo equal what is counted plainly from the rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from communities.choices import Level
from communities.models import Division, User
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import Figure, figure, slot_positions
from portal.scorecards.models import MeasureCard, Run, RunKind
from tests.demo.conftest import ANCHOR
from tests.demo.loaded.plainly import OUTCOMES, Plainly, yunzhou

END_OF_2002 = dt.date(2002, 12, 31)

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("measured")]


def read(place: str, period: str, indicator: str) -> Figure:
    card = MeasureCard.objects.current().get(division__name_now=place, period__code=period)
    return figure(INDICATORS[indicator], card.values, slot_positions())


def counted(outcomes: dict[str, int]) -> dict[str, int]:
    return {name: outcomes.get(name, 0) for name in OUTCOMES}


def test_the_figures_of_the_issue() -> None:
    office = read("云州市", "2026Q4", "office_compliance")
    assert (office.numerator, office.denominator, office.value) == (720, 1_403, Decimal("51.32"))
    service = read("云州市", "2026Q4", "service_compliance")
    assert (service.numerator, service.denominator, service.value) == (167, 1_403, Decimal("11.90"))
    assert read("云州市", "2026Q4", "mean_area").value == Decimal("166.0")
    assert read("云州市", "2002", "mean_area").value == Decimal("54.2")
    stations = read("云州市", "2026Q4", "station_coverage")
    assert (stations.numerator, stations.denominator) == (1_242, 1_380)


@pytest.mark.parametrize(
    ("period", "day"),
    [("2026Q4", ANCHOR), ("2026Q2", dt.date(2026, 6, 30)), ("2025Q1", dt.date(2025, 3, 31))],
)
def test_every_outcome_agrees(period: str, day: dt.date) -> None:
    plainly = yunzhou(day)
    assert read("云州市", period, "office_compliance").outcomes == counted(plainly.office_outcomes())
    assert read("云州市", period, "service_compliance").outcomes == counted(plainly.service_outcomes())
    area = read("云州市", period, "mean_area")
    assert (area.numerator, area.denominator) == (plainly.two_rooms_area(), len(plainly.committees))
    assert read("云州市", period, "station_coverage").numerator == plainly.communities_with_station()


def test_2002_agrees() -> None:
    plainly = Plainly("云州市", END_OF_2002, office=60, service={})
    assert read("云州市", "2002", "office_compliance").outcomes == counted(plainly.office_outcomes())
    assert read("云州市", "2002", "service_compliance").outcomes == counted(plainly.service_outcomes())


@pytest.mark.parametrize(("city", "share"), [("榆岚市", None), ("霁川市", 20)])
def test_small_cities_agree(city: str, share: int | None) -> None:
    plainly = Plainly(city, ANCHOR, office=80, service={}, share=share)
    assert read(city, "2026Q4", "office_compliance").outcomes == counted(plainly.office_outcomes())
    assert read(city, "2026Q4", "service_compliance").outcomes == counted(plainly.service_outcomes())
    assert read(city, "2026Q4", "office_share_compliance").outcomes == counted(plainly.share_outcomes())


@pytest.mark.parametrize(
    ("username", "city", "other"), [("city_yulan", "榆岚市", "霁川市"), ("city_jichuan", "霁川市", "云州市")]
)
def test_the_officers_of_small_cities_see_theirs(username: str, city: str, other: str) -> None:
    client = Client()
    client.force_login(User.objects.get(username=username))
    home = Division.objects.get(name_now=city)
    place = Division.objects.filter(level=Level.COMMUNITY, path_now__startswith=home.path_now).first()
    for url in (
        "/dashboard/",
        "/workbench/",
        "/communities/",
        "/committees/",
        "/premises/",
        f"/communities/{place.public_id}/",
    ):
        text = client.get(url)
        assert text.status_code == 200, url
        assert city in text.content.decode()
        assert other not in text.content.decode()
    foreign = Division.objects.get(name_now=other)
    assert client.get(f"/dashboard/?place={foreign.public_id}").status_code == 404


def test_no_two_standards_contradict_each_other() -> None:
    for run in Run.objects.filter(kind=RunKind.MEASURE).select_related("job"):
        assert run.job.result["conflicts"] == []


def test_every_place_has_households() -> None:
    for place in Division.objects.filter(level__in=[2, 3]):
        for period in ("2002", "2025Q1", "2026Q4"):
            assert read(place.name_now, period, "area_per_100_households").value is not None
