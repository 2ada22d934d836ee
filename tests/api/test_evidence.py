"""Evidence over REST: filed in parts, written with the version that was read, linked, read with its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.actions import evidence
from communities.models import Evidence, EvidenceLink, StoredFile, User
from tests.api.conftest import API
from tests.conftest import World
from tests.factories import evidence as factory

pytestmark = pytest.mark.django_db

ALL = f"{API}/evidence/"


def parts(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "title": "门头照片",
        "kind": "photo",
        "division": str(world.community.public_id),
        "taken_on": "2026-03-01",
        "file": factory.upload(factory.jpeg()),
    } | changes


def post(client: APIClient, sent: dict[str, Any], **more: Any) -> Any:
    return client.post(ALL, sent, format="multipart", **more)


def one(row: Evidence, act: str = "") -> str:
    return f"{ALL}{row.public_id}/{act}"


def test_a_file_is_filed_for_a_room(world: World, officer: APIClient) -> None:
    thing = evidence.name_of(world.premises["community"])
    answer = post(officer, parts(world, thing=thing))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["media_type"], body["width"], body["is_repeated"]) == ("image/jpeg", 64, False)
    assert body["links"] == {"rows": [{"thing": thing, "name": "一社区用房"}], "others": 0}
    assert officer.get(answer.headers["Location"]).json() == body
    assert answer.headers["ETag"] == '"1"'
    file = officer.get(f"{answer.headers['Location']}file/")
    assert b"".join(file.streaming_content) == factory.jpeg()
    small = officer.get(f"{answer.headers['Location']}thumbnail/", HTTP_ACCEPT="image/*")
    assert small.headers["Content-Type"] == "image/jpeg"
    assert b"".join(small.streaming_content).startswith(b"\xff\xd8")


def test_all_that_is_wrong_is_told(world: World, officer: APIClient) -> None:
    sent = parts(world, title="", kind="x", thing="y", nonsense="1")
    del sent["file"]
    found = {each["attr"]: each["code"] for each in post(officer, sent).json()["errors"]}
    assert set(found) == {"title", "kind", "file", "nonsense"}
    answer = post(officer, parts(world, file=factory.upload(b"<svg/>", "a.svg")))
    assert [(each["attr"], each["code"]) for each in answer.json()["errors"]] == [("file", "type")]
    answer = post(officer, parts(world, thing=evidence.name_of(world.premises["far_community"])))
    assert [each["attr"] for each in answer.json()["errors"]] == ["thing"]
    assert answer.status_code == 400
    assert officer.post(ALL, {"title": "x"}, format="json").status_code == 415
    assert officer.post(f"{ALL}bulk/", {"rows": []}).status_code in {404, 405}
    assert not StoredFile.objects.exists()


def test_a_call_with_a_key_is_done_once(world: World, officer: APIClient) -> None:
    answers = [post(officer, parts(world), HTTP_IDEMPOTENCY_KEY="once") for _each in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Evidence.objects.count() == 1


def test_it_is_written_with_the_version_that_was_read(world: World, officer: APIClient) -> None:
    row = factory.photo(world.community)
    assert officer.patch(one(row), {"title": "改名"}).status_code == 428
    assert officer.patch(one(row), {"title": "改名"}, HTTP_IF_MATCH='"9"').status_code == 412
    answer = officer.patch(one(row), {"title": "改名"}, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, answer.json()["title"]) == (200, "改名")
    for name in ("file", "file_name", "stored"):
        assert officer.patch(one(row), {name: "x"}, HTTP_IF_MATCH='"2"').status_code == 400
    assert officer.delete(one(row), {"reason": "误传"}, HTTP_IF_MATCH='"2"').status_code == 204
    assert officer.get(one(row, "file/")).status_code == 404


def test_what_it_is_for_is_told_as_far_as_one_sees(
    world: World, officer: APIClient, client_of: Callable[[User], APIClient]
) -> None:
    row = factory.photo(world.community)
    thing = {"thing": evidence.name_of(world.premises["community"])}
    assert officer.post(one(row, "link/"), thing).status_code == 200
    assert officer.post(one(row, "link/"), thing).status_code == 400
    assert officer.post(one(row, "link/"), {"thing": "communities.User:1"}).status_code == 400
    evidence.link_evidence(row, world.premises["other_community"], by=None)
    told = officer.get(one(row)).json()["links"]
    assert (told["rows"], told["others"]) == ([thing | {"name": "一社区用房"}], 1)
    assert officer.post(one(row, "unlink/"), thing).json()["errors"][0]["attr"] == "reason"
    assert officer.post(one(row, "unlink/"), thing | {"reason": "错了"}).json()["links"]["rows"] == []
    assert officer.post(one(row, "unlink/"), thing | {"reason": "错了"}).status_code == 400
    assert EvidenceLink.objects.live().count() == 1
    foreign = factory.photo(world.other_community, seed=2)
    for act in ("", "file/", "thumbnail/"):
        assert officer.get(one(foreign, act)).status_code == 404
    assert officer.post(one(foreign, "link/"), thing).status_code == 404
    reader = client_of(world.users["standards_officer"])
    assert reader.post(one(row, "link/"), thing).status_code == 403


def test_use_elsewhere_is_told(world: World, officer: APIClient) -> None:
    row = factory.photo(world.community, title="甲")
    near = factory.photo(world.neighbour, title="乙")
    factory.photo(world.far_community, title="外")
    told = officer.get(one(row)).json()
    assert told["is_repeated"] is True
    assert [each["id"] for each in told["also_used"]["rows"]] == [str(near.public_id)]
    assert told["also_used"]["others"] == 1
    assert officer.get(ALL, {"repeated": "true"}).json()["count"] == 2
    assert "外" not in officer.get(ALL).content.decode()
    for order in ("taken_on", "-place", "expires_on"):
        assert len(officer.get(ALL, {"ordering": order}).json()["results"]) == 2
