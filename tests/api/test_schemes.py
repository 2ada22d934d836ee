"""Rating schemes over REST: written, published, copied and compared by whoever answers for standards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.scorecards.models import RatingItem, RatingSchemeVersion
from tests.api.conftest import API
from tests.conftest import World
from tests.factories import schemes
from tests.rules.test_vectors import SATISFACTION

pytestmark = pytest.mark.django_db

SCHEMES, VERSIONS, ITEMS = (
    f"{API}/{name}/" for name in ("rating-schemes", "rating-scheme-versions", "rating-items")
)


@pytest.fixture
def standards(world: World, client_of: Callable[[Any], APIClient]) -> APIClient:
    return client_of(world.users["standards_officer"])


@pytest.fixture
def draft(world: World) -> RatingSchemeVersion:
    return schemes.whole_version(world.district)


def url(version: RatingSchemeVersion, verb: str = "") -> str:
    return f"{VERSIONS}{version.public_id}/{verb}"


def wrong(answer: Any, status: int = 400) -> list[tuple[str, str]]:
    assert answer.status_code == status, answer.content
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


TRIED = {"rule": SATISFACTION, "full_mark": "10", "cases": [{}]}


@pytest.mark.parametrize("change", [{"least": "5", "most": "4"}, {"full_mark": "0"}])
def test_an_item_is_tried_as_it_is_stored(
    draft: RatingSchemeVersion, standards: APIClient, change: dict[str, str]
) -> None:
    """What the register refuses is refused where a rule is tried: place, code and words."""
    item = {
        "group": str(draft.groups.get().public_id),
        "name": "居民满意度",
        "rule": SATISFACTION,
        "full_mark": "10",
    }
    stored = standards.post(ITEMS, item | change).json()
    tried = standards.post(f"{API}/rating-rules/try/", TRIED | change).json()
    assert stored["errors"] == tried["errors"]
    if change.get("full_mark") == "0":
        assert stored["errors"][0]["detail"] == "不能小于 0.01。"


def item_of(version: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "group": version["groups"][0]["id"],
        "name": "居民满意度",
        "full_mark": "10",
        "rule": SATISFACTION,
    } | changes


def test_a_scheme_with_all_that_belongs_to_it(world: World, standards: APIClient) -> None:
    asked = {"name": "和谐社区", "level": "community", "jurisdiction": str(world.district.public_id)}
    scheme = standards.post(SCHEMES, asked).json()
    assert (scheme["name"], scheme["level"]) == ("和谐社区", "community")
    body = {
        "scheme": scheme["id"],
        "valid": {"from": "2027-01-01", "before": None},
        "full_mark": "100",
        "peer_class": "building_class",
        "groups": [{"name": "组织", "full_mark": "60"}, {"name": "服务", "position": 1, "full_mark": "40"}],
        "grades": [{"name": "三星", "stars": 3, "least": "90"}, {"name": "一星", "stars": 1, "least": "60"}],
        "vetoes": [{"name": "事故", "value": "accidents", "operator": "gt", "target": "0"}],
    }
    answer = standards.post(VERSIONS, body)
    assert answer.status_code == 201, answer.content
    version = answer.json()
    assert [group["name"] for group in version["groups"]] == ["组织", "服务"]
    assert [grade["stars"] for grade in version["grades"]] == [3, 1]
    assert version["vetoes"][0]["effect"] == "bar_top"
    assert (version["number"], version["is_published"], version["peer_class"]) == (1, False, "building_class")
    answer = standards.post(ITEMS, item_of(version))
    assert answer.status_code == 201, answer.content
    item = answer.json()
    assert item["rule"] == SATISFACTION
    assert item["scheme_version"]["id"] == version["id"]
    assert standards.get(answer.headers["Location"]).json() == item
    for query in (f"version={version['id']}", f"group={version['groups'][0]['id']}", "q=满意"):
        assert [row["id"] for row in standards.get(f"{ITEMS}?{query}").json()["results"]] == [item["id"]]
    assert standards.get(f"{ITEMS}?group={version['groups'][1]['id']}").json()["count"] == 0
    assert [row["id"] for row in standards.get(f"{VERSIONS}?state=draft").json()["results"]] == [
        version["id"]
    ]
    assert standards.get(f"{SCHEMES}?level=street").json()["count"] == 0


def test_faults_of_a_rule_are_told_at_their_places(standards: APIClient, draft: RatingSchemeVersion) -> None:
    version = standards.get(url(draft)).json()
    rule = SATISFACTION | {"bands": [{"least": "x", "points": "1"}, {"points": "1", "more": 1}]}
    assert wrong(standards.post(ITEMS, item_of(version, rule=rule))) == [
        ("rule.bands[0].least", "invalid"),
        ("rule.bands[1].more", "unknown"),
    ]
    assert wrong(standards.post(ITEMS, item_of(version, rule=None))) == [("rule", "required")]
    assert wrong(standards.post(ITEMS, item_of(version, rule="{}"))) == [("rule", "invalid")]
    hidden = {
        "shape": "combined",
        "how": "sum",
        "parts": [{"rule": SATISFACTION, "full_mark": "1", "title": "甲\u202e"}],
    }
    assert [attr for attr, _code in wrong(standards.post(ITEMS, item_of(version, rule=hidden)))] == ["rule"]
    many = standards.post(
        f"{ITEMS}bulk/", {"rows": [item_of(version), item_of(version, name="乙", rule=rule)]}
    )
    assert wrong(many)[0][0].startswith("rows.1.rule.bands[0].least")
    assert RatingItem.objects.count() == 1


def test_a_rule_is_changed(standards: APIClient, draft: RatingSchemeVersion) -> None:
    item = RatingItem.objects.get()
    rule = schemes.THRESHOLD | {"target": "85"}
    answer = standards.patch(f"{ITEMS}{item.public_id}/", {"rule": rule}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.content
    assert answer.json()["rule"] == rule
    assert (answer.json()["version"], answer.json()["name"]) == (2, item.name)


def test_a_version_is_published_over_rest_and_stays(standards: APIClient, draft: RatingSchemeVersion) -> None:
    assert standards.post(url(draft, "publish/"), {}).status_code == 428
    assert standards.post(url(draft, "publish/"), {}, headers={"If-Match": '"9"'}).status_code == 412
    draft.grades.all().delete()
    refused = standards.post(url(draft, "publish/"), {}, headers={"If-Match": '"1"'})
    assert "还没有评分等级。" in refused.content.decode()
    assert wrong(refused) == [("non_field_errors", "obstacle")]
    schemes.grade(draft)
    answer = standards.post(url(draft, "publish/"), {"reason": "局务会"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["is_published"], answer.headers["ETag"]) == (True, '"2"')
    item = RatingItem.objects.get()
    for call in (
        standards.patch(f"{ITEMS}{item.public_id}/", {"name": "改名"}, headers={"If-Match": '"1"'}),
        standards.delete(f"{ITEMS}{item.public_id}/", {"reason": "不要了"}, headers={"If-Match": '"1"'}),
        standards.patch(url(draft), {"full_mark": "90"}, headers={"If-Match": '"2"'}),
        standards.patch(url(draft), {"grades": []}, headers={"If-Match": '"2"'}),
        standards.delete(url(draft), {"reason": "不要了"}, headers={"If-Match": '"2"'}),
    ):
        assert call.status_code == 400, call.content
        assert "已经发布，不能改写" in call.content.decode()
    ended = {"valid": {"from": "2000-01-01", "before": "2030-01-01"}}
    assert standards.patch(url(draft), ended, headers={"If-Match": '"2"'}).status_code == 200


def test_the_version_in_force_is_ended_in_the_same_act(
    standards: APIClient, draft: RatingSchemeVersion
) -> None:
    one = {"If-Match": '"1"'}
    answer = standards.post(url(draft, "publish/"), {"end_former": True}, headers=one)
    assert answer.status_code == 200, answer.content  # there is none to end
    copied = standards.post(url(draft, "copy/"), {}).json()
    copy = RatingSchemeVersion.objects.get(number=2)
    begin = {"valid": {"from": "2030-01-01", "before": None}}
    assert (
        standards.patch(url(copy), begin, headers={"If-Match": f'"{copied["version"]}"'}).status_code == 200
    )
    two = {"If-Match": f'"{copied["version"] + 1}"'}
    for body in ({}, {"end_former": False}):
        refused = standards.post(url(copy, "publish/"), body, headers=two)
        assert wrong(refused) == [("non_field_errors", "obstacle")]
    assert wrong(standards.post(url(copy, "publish/"), {"end_former": "1"}, headers=two)) == [
        ("end_former", "invalid")
    ]
    answer = standards.post(url(copy, "publish/"), {"end_former": True}, headers=two)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["id"], answer.json()["is_published"]) == (copied["id"], True)
    assert standards.get(url(draft)).json()["valid"] == {"from": "2000-01-01", "before": "2030-01-01"}


def test_a_draft_is_not_published_with_items_that_nobody_read(
    standards: APIClient, draft: RatingSchemeVersion
) -> None:
    read = standards.get(url(draft)).headers["ETag"]
    item = RatingItem.objects.get(group__scheme_version=draft)
    changed = standards.patch(
        f"{ITEMS}{item.public_id}/", {"method": "现场查看"}, headers={"If-Match": f'"{item.version}"'}
    )
    assert changed.status_code == 200, changed.content
    assert standards.post(url(draft, "publish/"), {}, headers={"If-Match": read}).status_code == 412
    read = standards.get(url(draft)).headers["ETag"]
    assert standards.post(url(draft, "publish/"), {}, headers={"If-Match": read}).status_code == 200


def test_copies_and_differences(world: World, standards: APIClient, draft: RatingSchemeVersion) -> None:
    assert standards.get(url(draft, "differences/")).json()["results"] == []
    answer = standards.post(url(draft, "copy/"), {"note": "明年用"})
    assert answer.status_code == 201, answer.content
    copied = answer.json()
    assert (copied["number"], copied["note"]) == (2, "明年用")
    assert standards.get(answer.headers["Location"]).json()["id"] == copied["id"]
    copy = RatingSchemeVersion.objects.get(number=2)
    item = RatingItem.objects.get(group__scheme_version=copy)
    item.rule = item.rule | {"target": "90"}
    item.save()
    (noted, found) = standards.get(url(copy, "differences/")).json()["results"]
    assert noted["changes"] == [{"field": "note", "name": "修订说明", "old": "空", "new": "明年用"}]
    assert (found["kind"], found["model"], found["name"]) == ("changed", "评分项目", "办公用房")
    assert found["changes"][0]["field"] == "rule"
    (_noted, back) = standards.get(url(draft, f"differences/?with={copy.public_id}")).json()["results"]
    assert back["changes"][0]["old"] == found["changes"][0]["new"]
    foreign = schemes.whole_version(world.far_city, "外市评分表")
    assert standards.get(url(draft, f"differences/?with={foreign.public_id}")).status_code == 404
    assert wrong(standards.get(url(draft, "differences/?with=x"))) == [("with", "invalid")]
    assert wrong(standards.get(url(draft, "differences/?mit=x"))) == [("mit", "unknown_parameter")]


def test_others_read_and_do_not_write(
    world: World, draft: RatingSchemeVersion, client_of: Callable[[Any], APIClient]
) -> None:
    worker = client_of(world.users["community_worker"])
    assert worker.get(url(draft)).status_code == 200
    assert worker.post(url(draft, "publish/"), {}).status_code == 403
    stranger = client_of(world.users["stranger"])
    assert stranger.get(url(draft)).status_code == 404
    assert stranger.get(f"{ITEMS}?version={draft.public_id}").status_code == 404
