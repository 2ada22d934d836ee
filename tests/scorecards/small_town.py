"""Two small cities with a scheme each, for tests of scores."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from communities.choices import BuildingClass, Level
from communities.models import Division, Period, PreferredCountSource
from portal.scorecards import actions
from portal.scorecards.models import CurrentRun, Run, RunKind, ScoreCard, ScoreRollUp
from tests import factories
from tests.scorecards import sheets


@pytest.fixture
def town(quarter: Period) -> dict[str, Division]:
    """Two cities; of one two streets, with three and two communities."""
    province = factories.division("演示省", Level.PROVINCE, factories.root())
    city = factories.division("云州市", Level.CITY, province)
    other = factories.division("榆岚市", Level.CITY, province)
    district = factories.division("长街区", Level.DISTRICT, city)
    far = factories.division("远郊区", Level.DISTRICT, other)
    one = factories.division("一街道", Level.STREET, district)
    two = factories.division("二街道", Level.STREET, district)
    three = factories.division("三街道", Level.STREET, far)
    places = {"province": province, "city": city, "district": district, "one": one, "two": two, "far": far}
    for number, (street, building) in enumerate(
        [
            (one, BuildingClass.NEW),
            (one, BuildingClass.RENOVATED),
            (one, BuildingClass.NEW),
            (two, BuildingClass.RENOVATED),
            (two, BuildingClass.NEW),
            (three, BuildingClass.NEW),
        ],
        1,
    ):
        place = factories.community(f"{number}号社区", street, building)
        body = factories.committee(place)
        factories.premises(place, area=str(40 * number), committee=body)
        factories.household_count(place, 500 * number)
        places[f"c{number}"] = place
    PreferredCountSource.objects.create(
        jurisdiction=province, source="police", definition="registered", valid=factories.FOREVER
    )
    factories.threshold("premises.office.area", province, "100")
    return places


def run_of(version: Any, period: Period) -> Run:
    """The current scoring run."""
    return CurrentRun.objects.get(kind=RunKind.SCORE, period=period, scheme_version=version).run


def cards_of(run: Run) -> dict[str, ScoreCard]:
    """By name of place."""
    return {
        card.division.name_now: card for card in ScoreCard.objects.filter(run=run).select_related("division")
    }


def work_off() -> None:
    """Do all runs that wait."""
    actions.sweep()


def stored(run: Run) -> dict[int, tuple[Any, ...]]:
    return {
        card.division_id: (
            card.points, card.absent, card.total, card.grade, card.vetoes, card.rank, card.peers
        )
        for card in ScoreCard.objects.filter(run=run)
    }  # fmt: skip


def summed(run: Run) -> dict[int, tuple[Any, ...]]:
    return {up.division_id: (up.scored, up.total, up.grades) for up in ScoreRollUp.objects.filter(run=run)}


OFFICE = {"rule": sheets.threshold("office_compliance.of_judged", "100"), "full_mark": Decimal(60)}
ROOM = {
    "rule": {
        "shape": "pro_rata",
        "value": "area_per_100_households",
        "target": "20",
        "missing": "zero",
        "no_base": "not_applicable",
    },
    "full_mark": Decimal(40),
}


def sample(town: dict[str, Division], **kwargs: Any) -> Any:
    return sheets.version(
        town["city"],
        {"办公": ("60", [OFFICE]), "用房": ("40", [ROOM])},
        grades={"五星": "90", "三星": "60", "一星": "20"},
        **kwargs,
    )
