"""Two numbers for the same communities on the same days: refused at saving where no rule could choose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from communities.base import actions
from communities.base.roles import Action
from communities.base.standards import Conflict
from communities.models import Threshold
from portal.scorecards.engine.targets import conflicts
from tests import factories
from tests.api.conftest import API
from tests.conftest import World

pytestmark = pytest.mark.django_db

NUMBERS = f"{API}/thresholds/"
KEY = "premises.office.area"


@pytest.fixture
def standards(world: World, client_of: Callable[[Any], APIClient]) -> APIClient:
    """The district's standards officer."""
    return client_of(world.users["standards_officer"])


def number(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "key": KEY,
        "operator": "ge",
        "low": "80",
        "clause": str(factories.clause(world.district).public_id),
        "jurisdiction": str(world.district.public_id),
        "valid": {"from": "2026-01-01", "before": None},
        "building_classes": ["new", "renovated"],
        "households": {"from": 1000, "before": 3000},
    } | changes


def refused(answer: Any) -> str:
    assert answer.status_code == 400, answer.content
    [error] = answer.json()["errors"]
    assert (error["attr"], error["code"]) == ("non_field_errors", "contradicts")
    return str(error["detail"])


SAME = [
    {},
    {"low": "100"},
    {"operator": "le", "low": None, "high": "60"},
    {"building_classes": ["renovated", "old"], "households": {"from": 2999}},
    {"valid": {"from": None, "before": "2026-01-02"}},
    {"valid": {"from": "2030-01-01", "before": "2031-01-01"}, "low": "100"},
    {"households": {"from": None, "before": 1001}, "step": "5", "step_households": 500},
]
APART = [
    {"building_classes": ["old"]},
    {"households": {"from": 3000}},
    {"households": {"from": None, "before": 1000}},
    {"valid": {"from": None, "before": "2026-01-01"}},
    {"force": "strive_to"},
    {"force": "binding_floor"},
    {"key": "premises.service.area"},
    {"households": None},
    {"location_classes": ["rural"]},
    {"building_classes": None, "location_classes": ["rural"]},
]


@pytest.mark.parametrize("changes", SAME, ids=str)
def test_what_contradicts_is_refused_and_names_the_other(
    world: World, standards: APIClient, changes: dict[str, Any]
) -> None:
    first = number(world)
    assert standards.post(NUMBERS, first).status_code == 201
    said = refused(standards.post(NUMBERS, number(world, **changes)))
    clause = Threshold.objects.get().clause
    assert said.startswith(
        f"与「居委会办公用房面积不低于 80 平方米」({clause}，施行期间 2026-01-01 至今)适用于同样的社区"
    )
    assert Threshold.objects.count() == 1


@pytest.mark.parametrize("changes", APART, ids=str)
def test_what_a_rule_orders_or_tells_apart_is_taken(
    world: World, standards: APIClient, changes: dict[str, Any]
) -> None:
    assert standards.post(NUMBERS, number(world)).status_code == 201
    answer = standards.post(NUMBERS, number(world, **changes))
    assert answer.status_code == 201, answer.content


def test_another_place_or_what_is_only_striven_for_is_no_contradiction(
    world: World, standards: APIClient
) -> None:
    factories.threshold(KEY, world.city, "100")
    for _time in range(2):
        assert standards.post(NUMBERS, number(world, force="strive_to")).status_code == 201
    street = str(world.street.public_id)
    assert standards.post(NUMBERS, number(world)).status_code == 201
    assert standards.post(NUMBERS, number(world, jurisdiction=street)).status_code == 201


def test_the_page_says_the_same(world: World, standards: APIClient) -> None:
    asked = number(world, building_classes=None, households=None)
    assert standards.post(NUMBERS, asked).status_code == 201
    said = refused(standards.post(NUMBERS, asked))
    client = Client()
    client.force_login(world.users["standards_officer"])
    data = {name: value for name, value in asked.items() if value and name != "valid"}
    answer = client.post("/thresholds/new/", data | {"valid_0": "2026-01-01", "force": "default"})
    assert said in answer.content.decode()


def test_one_is_ended_and_another_follows_in_one_act(world: World, standards: APIClient) -> None:
    asked = number(world)
    old = standards.post(NUMBERS, asked).json()
    rows = [
        {"id": old["id"], "version": 1, "valid": {"from": "2026-01-01", "before": "2026-07-01"}},
        number(world, low="100", valid={"from": "2026-07-01", "before": None}),
    ]
    answer = standards.post(f"{NUMBERS}bulk/", {"rows": rows})
    assert answer.status_code == 200, answer.content
    both = [number(world, key="premises.service.area"), number(world, key="premises.service.area", low="9")]
    answer = standards.post(f"{NUMBERS}bulk/", {"rows": both})
    assert [error["attr"] for error in answer.json()["errors"]] == ["rows.1.non_field_errors"]
    assert Threshold.objects.live().count() == 2


def test_an_old_contradiction_can_be_ended_though_a_closed_period_saw_it(
    world: World, standards: APIClient
) -> None:
    """From before it was refused: its days may become fewer, its figures stay, and nothing else is blocked."""
    first, second = (factories.threshold(KEY, world.district, low) for low in ("80", "100"))
    assert conflicts(dt.date(2026, 2, 1)) == [Conflict(KEY, (first.pk, second.pk))]
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1), closed_at=timezone.now())
    url = f"{NUMBERS}{first.public_id}/"
    ended = {"valid": {"from": None, "before": "2026-04-01"}}
    assert standards.patch(url, ended, HTTP_IF_MATCH='"1"').status_code == 200
    longer = {"valid": {"from": None, "before": "2026-05-01"}}
    refused(standards.patch(url, longer, HTTP_IF_MATCH='"2"'))


def test_a_removed_one_stands_in_nobodys_way_and_cannot_come_back(world: World) -> None:
    first = factories.threshold(KEY, world.district, "80")
    officer = world.users["standards_officer"]
    needs = Action.EDIT_STANDARDS
    actions.remove(first, by=officer, reason="误登", needs=needs)
    second = factories.threshold(KEY, world.district, "100")
    actions.save(second, by=officer, needs=needs)
    with pytest.raises(ValidationError, match="无法确定以哪一条为准"):
        actions.bring_back(first, by=officer, needs=needs)


def test_the_least_is_not_above_the_most(world: World, standards: APIClient) -> None:
    answer = standards.post(NUMBERS, number(world, operator="between", low="90", high="80"))
    assert [(each["attr"], each["detail"]) for each in answer.json()["errors"]] == [
        ("high", "上限不能小于下限。")
    ]
