"""Documents with their clauses and the numbers that they set, written over the API by whoever answers for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from communities.models import ChangeRecord, Clause, DirtyMark, PolicyDocument, Threshold
from tests import factories
from tests.api.conftest import API
from tests.conftest import World

pytestmark = pytest.mark.django_db

DOCUMENTS, NUMBERS = f"{API}/policy-documents/", f"{API}/thresholds/"


@pytest.fixture
def standards(world: World, client_of: Callable[[Any], APIClient]) -> APIClient:
    """The district's standards officer."""
    return client_of(world.users["standards_officer"])


def paper(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "title": "社区用房标准",
        "issuer": "区民政局",
        "kind": "district",
        "jurisdiction": str(world.district.public_id),
        "valid": {"from": "2026-01-01", "before": None},
        "clauses": [
            {"label": "第一条", "position": 1, "text": "办公用房不少于八十平方米。"},
            {"label": "第二条", "position": 2, "text": "本标准自二〇二六年起施行。"},
        ],
    } | changes


def number(clause: str, world: World, **changes: Any) -> dict[str, Any]:
    return {
        "key": "premises.office.area",
        "operator": "ge",
        "low": "80",
        "clause": clause,
        "jurisdiction": str(world.district.public_id),
        "valid": {"from": "2026-01-01", "before": None},
    } | changes


def wrong(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_a_document_and_its_numbers(world: World, standards: APIClient) -> None:
    answer = standards.post(DOCUMENTS, paper(world))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert [clause["label"] for clause in body["clauses"]] == ["第一条", "第二条"]
    assert ChangeRecord.objects.values("act").distinct().count() == 1

    asked = number(
        body["clauses"][0]["id"],
        world,
        building_classes=["old", "new"],
        households={"from": 1000, "before": 3000},
    )
    answer = standards.post(NUMBERS, asked)
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["low"], row["unit"], row["force"]) == ("80.00", "平方米", "default")
    assert (row["building_classes"], row["households"]) == (["new", "old"], {"from": 1000, "before": 3000})
    assert row["document"]["id"] == body["id"]
    assert DirtyMark.objects.filter(division=world.district).exists()

    url = answer.headers["Location"]
    answer = standards.patch(
        url, {"building_classes": None, "households": None}, HTTP_IF_MATCH=answer.headers["ETag"]
    )
    assert (answer.json()["building_classes"], answer.json()["households"]) == (None, None)


def test_the_list_of_clauses_is_the_whole_list(world: World, standards: APIClient) -> None:
    answer = standards.post(DOCUMENTS, paper(world))
    url, first = answer.headers["Location"], answer.json()["clauses"][0]
    kept = {"id": first["id"], "text": "办公用房不少于九十平方米。"}
    new = {"label": "第三条", "text": "另行规定。"}
    answer = standards.patch(url, {"clauses": [new, kept]}, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 200, answer.content
    told = {clause["label"]: (clause["position"], clause["text"]) for clause in answer.json()["clauses"]}
    assert told == {"第一条": (1, "办公用房不少于九十平方米。"), "第三条": (0, "另行规定。")}
    assert standards.patch(url, {"title": "新题"}, HTTP_IF_MATCH='"2"').json()["clauses"] != []

    answer = standards.patch(url, {"clauses": [{"label": "第一条", "text": "x"}] * 2}, HTTP_IF_MATCH='"3"')
    assert wrong(answer)[0][0].startswith("clauses.1")
    assert Clause.objects.live().count() == 2
    for odd in ([{"id": first["id"]}] * 2, [{"id": "x"}], [{"colour": 1}], ["x"], "x", [{}]):
        answer = standards.patch(url, {"clauses": odd}, HTTP_IF_MATCH='"3"')
        assert all(attr.startswith("clauses") for attr, _code in wrong(answer))


def test_a_clause_that_a_number_rests_on_stays(world: World, standards: APIClient) -> None:
    answer = standards.post(DOCUMENTS, paper(world))
    url, clause = answer.headers["Location"], answer.json()["clauses"][0]["id"]
    assert standards.post(NUMBERS, number(clause, world)).status_code == 201
    assert wrong(standards.patch(url, {"clauses": []}, HTTP_IF_MATCH='"1"')) == [
        ("non_field_errors", "in_use")
    ]
    assert wrong(standards.delete(url, {"reason": "误登"}, HTTP_IF_MATCH='"1"')) == [
        ("non_field_errors", "in_use")
    ]
    assert PolicyDocument.objects.live().filter(title="社区用房标准").exists()


def test_what_binds_from_above_is_read_and_not_written(world: World, standards: APIClient) -> None:
    """The city's rules bind the district; its officer neither changes them nor cites their clauses as his own."""
    row = factories.threshold("premises.office.area", world.city)
    for base, pk in ((NUMBERS, row.public_id), (DOCUMENTS, row.clause.document.public_id)):
        url = f"{base}{pk}/"
        etag = standards.get(url).headers["ETag"]
        assert standards.patch(url, {"valid": None}, HTTP_IF_MATCH=etag).status_code == 404
        assert standards.delete(url, {"reason": "x"}, HTTP_IF_MATCH=etag).status_code == 404
    assert wrong(standards.post(NUMBERS, number(str(row.clause.public_id), world))) == [("clause", "unknown")]
    city = paper(world, jurisdiction=str(world.city.public_id))
    assert wrong(standards.post(DOCUMENTS, city)) == [("jurisdiction", "unknown")]
    own = factories.clause(world.district)
    city = number(str(own.public_id), world, jurisdiction=str(world.city.public_id))
    assert wrong(standards.post(NUMBERS, city)) == [("jurisdiction", "unknown")]


def test_a_clause_binds_where_its_document_does(world: World, client_of: Callable[[Any], APIClient]) -> None:
    factories.user("city_standards", "standards_officer", world.city)
    user = type(world.users["nobody"]).objects.get(username="city_standards")
    clause = factories.clause(world.district)
    asked = number(str(clause.public_id), world, jurisdiction=str(world.other_district.public_id))
    assert wrong(client_of(user).post(NUMBERS, asked)) == [("jurisdiction", "invalid")]


def test_what_a_closed_period_was_measured_by_keeps_its_meaning(world: World, standards: APIClient) -> None:
    """It is ended after the last closed day, and another number follows it."""
    row = factories.threshold("premises.office.area", world.district, valid=(dt.date(2026, 1, 1), None))
    url = f"{NUMBERS}{row.public_id}/"
    assert standards.patch(url, {"low": "90"}, HTTP_IF_MATCH='"1"').status_code == 200
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1), closed_at=timezone.now())
    for change in ({"low": "95"}, {"force": "strive_to"}, {"building_classes": ["old"]}):
        answer = standards.patch(url, change, HTTP_IF_MATCH='"2"')
        assert wrong(answer) == [("non_field_errors", "measured_by")]
    assert wrong(standards.delete(url, {"reason": "x"}, HTTP_IF_MATCH='"2"')) == [
        ("non_field_errors", "measured_by")
    ]
    early = {"valid": {"from": "2026-01-01", "before": "2026-03-31"}}
    assert wrong(standards.patch(url, early, HTTP_IF_MATCH='"2"')) == [("valid", "measured_by")]
    ended = {"valid": {"from": "2026-01-01", "before": "2026-04-01"}, "deadline": "2026-03-31"}
    assert standards.patch(url, ended, HTTP_IF_MATCH='"2"').status_code == 200
    follower = number(str(row.clause.public_id), world, valid={"from": "2026-04-01", "before": None})
    assert standards.post(NUMBERS, follower).status_code == 201
    assert Threshold.objects.live().count() == 2


def test_what_was_entered_after_a_period_was_closed_can_be_mended(world: World, standards: APIClient) -> None:
    """Nothing was measured by it."""
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1), closed_at=timezone.now())
    row = factories.threshold("premises.office.area", world.district, valid=(dt.date(2026, 1, 1), None))
    url = f"{NUMBERS}{row.public_id}/"
    changes = {"low": "90", "valid": {"from": "2026-05-01", "before": None}}
    assert standards.patch(url, changes, HTTP_IF_MATCH='"1"').status_code == 200
    assert standards.delete(url, {"reason": "误登"}, HTTP_IF_MATCH='"2"').status_code == 204


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"low": None}, "operator"),
        ({"high": "100"}, "operator"),
        ({"key": "premises.palace"}, "key"),
        ({"step": "5"}, "step_households"),
        ({"force": ""}, "force"),
        ({"building_classes": ["palace"]}, "building_classes"),
        ({"building_classes": "new"}, "building_classes"),
        ({"households": {"from": 10, "before": 5}}, "households"),
        ({"households": {"from": "10"}}, "households"),
        ({"households": {"from": -1}}, "households"),
        ({"households": [1, 2]}, "households"),
        ({"valid": {"from": "2026-01-01", "before": "2026-01-01"}}, "valid"),
        ({"unit": "亩"}, "unit"),
    ],
    ids=str,
)
def test_numbers_that_make_no_sense(
    world: World, standards: APIClient, changes: dict[str, Any], attr: str
) -> None:
    clause = factories.clause(world.district)
    answer = standards.post(NUMBERS, number(str(clause.public_id), world, **changes))
    assert attr in [name for name, _code in wrong(answer)]
    assert not Threshold.objects.exists()


def test_only_for_whoever_answers_for_standards(world: World, client_of: Callable[[Any], APIClient]) -> None:
    for name, user in world.users.items():
        answer = client_of(user).post(DOCUMENTS, paper(world))
        assert answer.status_code == (201 if name == "standards_officer" else 403), name
