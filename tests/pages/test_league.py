"""The league table where classes are ranked apart, and where the period before was scored by other rules."""

from __future__ import annotations

import datetime as dt
import html
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communities.base.paging import encode_position
from communities.choices import BuildingClass
from portal.dashboards.views import league
from portal.scorecards.models import RatingSchemeVersion, ScoreCard
from tests import factories
from tests.conftest import World
from tests.factories import schemes
from tests.pages.conftest import Reader
from tests.pages.test_scores import names_in
from tests.scorecards.rated import quarters

pytestmark = pytest.mark.django_db

NEW_YEAR = dt.date(2026, 1, 1)


def publish(version: RatingSchemeVersion) -> RatingSchemeVersion:
    version.published_at = timezone.now()
    version.save(update_fields=["published_at"])
    return version


def whole(version: RatingSchemeVersion, target: str) -> RatingSchemeVersion:
    rule = {"shape": "pro_rata", "value": "mean_area", "target": target}
    schemes.item(schemes.group(version), rule=rule)
    schemes.grade(version)
    return publish(version)


@pytest.fixture
def standard(world: World) -> None:
    factories.threshold("premises.office.area", world.city)


@pytest.fixture
def by_class(world: World, standard: None) -> RatingSchemeVersion:
    """Communities of two classes, whose totals interleave."""
    areas = {"甲一": ("new", "90"), "乙一": ("old", "70"), "甲二": ("new", "60"), "乙二": ("old", "50")}
    for name, (building, area) in areas.items():
        place = factories.community(name, world.other_street, building)
        factories.premises(place, "office", Decimal(area), committee=factories.committee(place))
    version = whole(schemes.version(schemes.scheme(world.city), peer_class="building_class"), "400")
    quarters()
    return version


def league_of(reader: Client, query: str = "") -> str:
    answer = reader.get(f"/scores/?period=2026Q1{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def standings(names: list[str]) -> list[tuple[int, int]]:
    """Class and rank of the places."""
    cards = ScoreCard.objects.current().filter(period__code="2026Q1").select_related("division")
    order = list(BuildingClass.values)
    found = {card.division.name_now: (order.index(card.classes[0]), card.rank) for card in cards}
    return [found[name] for name in names]


def test_classes_that_are_ranked_apart_stand_apart(by_class: RatingSchemeVersion, as_role: Reader) -> None:
    reader = as_role("city_officer")
    found = standings(names_in(league_of(reader)))
    assert len(found) == 7
    assert found == sorted(found)
    assert found != sorted(found, key=lambda one: one[1])
    down = standings(names_in(league_of(reader, "&sort=-rank")))
    assert down == sorted(found, key=lambda one: (one[0], -one[1]))
    alone = names_in(league_of(reader, "&class=new"))
    assert [each for each in alone if each.startswith("甲")] == ["甲一", "甲二"]
    totals = names_in(league_of(reader, "&sort=-total"))
    assert [each for each in totals if each[0] in "甲乙"] == ["甲一", "乙一", "甲二", "乙二"]


@pytest.mark.parametrize("sort", ["", "&sort=-rank"])
def test_pages_go_on_from_class_to_class(
    by_class: RatingSchemeVersion, as_role: Reader, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    reader = as_role("city_officer")
    whole = names_in(league_of(reader, sort))
    monkeypatch.setattr(league, "PAGE_SIZE", 2)
    text, found = league_of(reader, sort), []
    for _page in range(4):
        found += names_in(text)
        after = re.search(r'href="([^"]+)" rel="next"', text)
        if after:
            text = reader.get(html.unescape(after[1])).content.decode()
    assert found == whole
    before = re.search(r'href="([^"]+)" rel="prev"', text)
    assert before
    assert names_in(reader.get(html.unescape(before[1])).content.decode()) == whole[4:6]


def test_a_position_beyond_all_numbers_is_the_end(by_class: RatingSchemeVersion, as_role: Reader) -> None:
    reader = as_role("city_officer")
    for number in (10**9, 10**12, 10**30):
        assert names_in(league_of(reader, f"&after={encode_position(number, 1)}")) == []


def test_a_score_by_other_rules_than_the_one_before_says_so(
    world: World, standard: None, as_role: Reader
) -> None:
    first = whole(schemes.version(schemes.scheme(world.city), valid=(dt.date(2000, 1, 1), NEW_YEAR)), "200")
    whole(schemes.version(first.scheme, valid=(NEW_YEAR, None)), "400")
    quarters()
    reader, told = as_role("city_officer"), "上期按第 1 版评分"
    assert league_of(reader).count(told) == 1
    card = ScoreCard.objects.current().get(division=world.community, period__code="2026Q1")
    assert told in reader.get(reverse("score-detail", args=[card.public_id])).content.decode()
    assert told in reader.get("/dashboard/ratings/?period=2026Q1").content.decode()
    own = reader.get(f"/dashboard/ratings/?period=2026Q1&place={world.community.public_id}")
    assert told in own.content.decode()


def test_a_score_by_the_same_rules_says_nothing(by_class: RatingSchemeVersion, as_role: Reader) -> None:
    assert "版评分" not in league_of(as_role("city_officer"))
