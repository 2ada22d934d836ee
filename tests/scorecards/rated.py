"""A city that rates its communities, for tests of pages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from communities.models import Period
from portal.scorecards import actions
from portal.scorecards.models import RatingGrade, RatingSchemeVersion
from tests import factories
from tests.conftest import World
from tests.scorecards import sheets


def rate(world: World) -> RatingSchemeVersion:
    """甲市 rates by two groups, with stars, a veto and an item that only new communities are asked."""
    clause = factories.clause(
        world.city, "第七条", document=factories.document(world.city, "甲市示范社区办法")
    )
    office = {
        "name": "办公用房达标",
        "full_mark": Decimal(60),
        "rule": sheets.threshold("office_compliance", "100"),
        "clause": clause,
    }
    rooms = {
        "name": "办公用房面积",
        "full_mark": Decimal(40),
        "rule": {"shape": "pro_rata", "value": "mean_area", "target": "200"},
    }
    asked = {
        "name": "新建社区服务站",
        "full_mark": Decimal(10),
        "rule": sheets.threshold("station_coverage", "100"),
        "building_classes": ["new"],
    }
    households: dict[str, Any] = {
        "name": "每百户面积",
        "full_mark": Decimal(10),
        "rule": sheets.threshold("area_per_100_households", "5"),
        "not_applicable": "full",
    }
    version = sheets.version(
        world.city,
        {"用房": ("100", [office, rooms]), "服务": ("20", [asked, households])},
        vetoes=[{"name": "没有用房", "value": "mean_area", "operator": "lt", "target": Decimal(1)}],
        published=False,
    )
    for stars, least in ((5, "90"), (3, "60"), (1, "30")):
        RatingGrade.objects.create(
            scheme_version=version, name=f"{'一二三四五'[stars - 1]}星级", stars=stars, least=Decimal(least)
        )
    version.published_at = timezone.now()
    version.save(update_fields=["published_at"])
    return version


def quarters() -> list[Period]:
    """Two closed quarters, measured and scored."""
    found = [
        factories.period("2025Q4", dt.date(2025, 10, 1), dt.date(2026, 1, 1)),
        factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1)),
    ]
    for period in found:
        assert actions.execute_run(actions.request_run(period, by=None).public_id)
    actions.sweep()
    return found
