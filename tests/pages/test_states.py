"""Four things that are not the same: zero, 无标准, 不适用 and 未报."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from communities.models import Period
from portal.dashboards.panels import Tile
from portal.figures import State, figure_text, state_of
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.figures import Figure, assessed
from tests.conftest import World
from tests.pages.conftest import Reader

NOBODY = {"meets": 0, "falls_short": 0, "exempt": 0, "no_standard": 0, "not_reported": 0}
MEAN, PER_HOUSEHOLD = INDICATORS["mean_area"], INDICATORS["area_per_100_households"]
ZERO, ONE = Decimal(0), Decimal(1)


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ({"falls_short": 2}, "0.00"),
        ({"falls_short": 1, "no_standard": 3}, "0.00"),
        ({"not_reported": 2}, "0.00"),
        ({"no_standard": 3}, "无标准"),
        ({}, "不适用"),
    ],
)
def test_an_assessment_says_why_it_has_no_rate(outcomes: dict[str, int], text: str) -> None:
    assert figure_text(assessed(INDICATORS["office_compliance"], NOBODY | outcomes)) == text


def test_without_a_standard_there_is_no_number_even_where_one_was_computed() -> None:
    outcomes = NOBODY | {"no_standard": 3}
    old = Figure(INDICATORS["office_compliance"], ZERO, Decimal(3), ZERO, outcomes, ZERO, None)
    assert state_of(old) == State.NO_STANDARD
    assert Tile(old, old, "").movement is None


@pytest.mark.parametrize(
    ("figure", "state"),
    [
        (Figure(MEAN, ZERO, ONE, ZERO), State.KNOWN),
        (Figure(MEAN, ZERO, ZERO, None), State.NOT_APPLICABLE),
        (Figure(PER_HOUSEHOLD, ONE, ZERO, None), State.NOT_REPORTED),
        (Figure(MEAN, None, None, None), State.NOT_REPORTED),
    ],
)
def test_no_committees_is_not_applicable_no_households_is_not_reported(figure: Figure, state: State) -> None:
    assert state_of(figure) == state


def test_the_pages_say_that_there_is_no_standard(world: World, measured: Period, as_role: Reader) -> None:
    reader = as_role("city_officer")
    asked = {"indicator": "service_compliance"}
    text = reader.get("/dashboard/", asked).content.decode()
    assert "都没有适用的标准，不计算达标率" in text
    assert "None%" not in text
    plain = reader.get("/dashboard/", asked | {"plain": "1"}).content.decode()
    assert re.search(r">甲区</a></th><td class=\"number\">无标准</td>", plain)
    community = reader.get(f"/communities/{world.community.public_id}/").content.decode()
    assert re.search(r"公益性服务用房达标率.*?<td class=\"number\">无标准</td>", community, re.DOTALL)
