"""Every score of the demo is reckoned again from its explanation alone, as another system would."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.base.rules import Inputs, Item, Reading, read_rule
from communities.base.rules.items import GroupPart, bonus_total, filled, grade_of, group_total
from communities.choices import Level
from communities.models import User
from portal.scorecards.engine.slots import register
from portal.scorecards.models import MeasureCard, Run, RunKind, ScoreCard
from portal.scorecards.scores_serializers import Explained, ExplanationSerializer
from portal.scorecards.scoring import reading
from portal.scorecards.scoring.explaining import explain
from portal.scorecards.scoring.sheet import sheet_of

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("measured")]


def hundredths(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text) * 100)


def again(told: dict[str, Any]) -> tuple[int | None, str | None]:
    """Total and grade from nothing but the answer of the API."""
    base, bonus = [], 0
    for group in told["groups"]:
        parts = []
        for item in group["items"]:
            points = points_of(item) if item["is_asked"] else None
            assert points == hundredths(item["points"]), item["name"]
            parts.append(GroupPart(points, hundredths(item["full_mark"]) or 0))
        least = None if group["may_go_below_zero"] else 0
        full = hundredths(group["full_mark"]) or 0
        if group["is_bonus"]:
            bonus += bonus_total([part.points for part in parts], full, least=least)
        else:
            base.append(GroupPart(group_total(parts, full, least=least), full))
    total = group_total(base, hundredths(told["score"]["full_mark"]) or 0, least=None)
    if total is None:
        return None, None
    total += bonus
    effects = [veto["effect"] for veto in told["vetoes"] if veto["holds"]]
    grade = grade_of([hundredths(each["least"]) or 0 for each in told["grades"]], total, effects)
    return total, told["grades"][grade - 1]["name"] if grade else None


def points_of(item: dict[str, Any]) -> int | None:
    """One item from its rule and the numbers that it read."""
    readings = {}
    for one in item["inputs"]:
        top = None if one["numerator"] is None else Decimal(one["numerator"]) * one["scale"]
        readings[one["code"]] = Reading(top, Decimal(1 if one["denominator"] is None else one["denominator"]))
    arithmetic = Item(
        read_rule(item["rule"]),
        Decimal(item["full_mark"]),
        Decimal(item["least"]),
        None if item["most"] is None else Decimal(item["most"]),
        item["rounding"]["places"],
        item["rounding"]["mode"],
        item["not_applicable"],
    )
    points = arithmetic.score(Inputs(readings)).points
    assert points == hundredths(item["earned"])
    peers: list[int | None] = []
    if item["peers"] is not None and item["peers"]["count"]:
        # Their mean is all that counts: one place with the sum, and the others with nothing.
        peers = [hundredths(item["peers"]["total"]), *[0] * (item["peers"]["count"] - 1)]
    return filled(arithmetic, points, peers)


def cards(period: str) -> list[Any]:
    found = ScoreCard.objects.current().filter(period__code=period).select_related(*reading.RELATED)
    return list(found.order_by("pk"))


def test_who_is_scored() -> None:
    levels = Counter(
        ScoreCard.objects.current().filter(period__code="2026Q4").values_list("division__level", flat=True)
    )
    measured = Counter(
        MeasureCard.objects.current().filter(period__code="2026Q4").values_list("division__level", flat=True)
    )
    assert levels[Level.COMMUNITY] == measured[Level.COMMUNITY]
    assert levels[Level.STREET] < measured[Level.STREET]  # only one city rates its streets
    assert not ScoreCard.objects.filter(period__code="2002").exists()
    assert Run.objects.filter(kind=RunKind.SCORE, current__isnull=False).count() == 40


@pytest.mark.parametrize("period", ["2026Q4", "2025Q4"])
def test_every_score_is_reckoned_again_by_the_sheet(period: str) -> None:
    """All places: the database's points, totals, vetoes and grades are those of the plain arithmetic."""
    positions = register(())
    by_version: dict[int, list[Any]] = {}
    for card in cards(period):
        by_version.setdefault(card.scheme_version_id, []).append(card)
    assert len(by_version) == 5
    for found in by_version.values():
        sheet = sheet_of(found[0].scheme_version)
        values = dict(
            MeasureCard.objects.filter(run=found[0].run.measured_id).values_list("division_id", "values")
        )
        for card in found:
            readings = sheet.readings(values[card.division_id], positions)
            raw = [each.points for each in sheet.earned(readings, card.classes)]
            assert [at for at, points in enumerate(raw, 1) if points is None] == card.absent
            kept = [points for points in card.points if points is not None]
            assert all(a == b for a, b in zip(raw, card.points, strict=True) if a is not None), kept
            total = sheet.total(sheet.group_points(card.points))
            assert (card.total, card.grade) == (total, sheet.grade(total, card.vetoes))


def test_every_score_is_reckoned_again_from_its_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rows behind: the numbers suffice. Every tenth community, all streets and districts."""
    monkeypatch.setattr("portal.scorecards.scoring.explaining.Explanation.scene", None)
    found = cards("2026Q4")
    some = [card for at, card in enumerate(found) if card.division.level != Level.COMMUNITY or at % 10 == 0]
    reading.dress(some)
    assert len(some) > 150
    for card in some:
        told = ExplanationSerializer(Explained(explain(card, by=None)).data()).data
        assert again(told) == (card.total, card.grade_row.name if card.grade_row else None), card.division


def test_stars_are_spread() -> None:
    """A demo in which all are the same would show nothing."""
    grades = Counter(
        ScoreCard.objects.current()
        .filter(period__code="2026Q4", scheme_version__scheme__name="云州市示范社区评分表")
        .values_list("grade", flat=True)
    )
    assert sum(grades.values()) > 1_300
    assert sum(number >= 10 for number in grades.values()) >= 5, grades


def test_an_officer_reads_his_citys_scores_and_the_rows_of_his_own_places() -> None:
    client = APIClient()
    client.force_authenticate(User.objects.get(username="district"))
    mine = client.get("/api/v1/scores/?period=2026Q4&level=community&ordering=rank").json()
    assert mine["count"] > 1_300
    first = mine["results"][0]
    assert first["rank"] == 1
    assert first["previous"]["period"] == "2026Q3"
    told = client.get(f"/api/v1/scores/{first['id']}/explanation/").json()
    assert again(told) == (hundredths(first["total"]), first["grade"]["name"])
