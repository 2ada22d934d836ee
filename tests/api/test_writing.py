"""Rows written over the API: the same rules and words as the pages, and the version that was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities import forms
from communities.models import ChangeRecord, DirtyMark, Premises
from tests.api.conftest import API
from tests.conftest import World

pytestmark = pytest.mark.django_db

ROOMS = f"{API}/premises/"
NOBODY = "0190a0a0-0000-7000-8000-000000000000"


def room(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "新办公室",
        "kind": "office",
        "division": str(world.community.public_id),
        "committee": str(world.committees["community"].public_id),
        "area": "120.50",
        "tenure": "owned",
        "obtained_on": "2025-03-01",
    } | changes


def tag(client: APIClient, url: str) -> str:
    return client.get(url).headers["ETag"]


def one(world: World, key: str = "community") -> str:
    return f"{ROOMS}{world.premises[key].public_id}/"


def test_a_room_is_entered(world: World, officer: APIClient) -> None:
    answer = officer.post(ROOMS, room(world))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["area"], body["division"]["name"], body["version"]) == ("120.50", "一社区", 1)
    assert answer.headers["ETag"] == '"1"'
    assert officer.get(answer.headers["Location"]).json() == body
    assert ChangeRecord.objects.get(object_id=body["id"]).user == world.users["district_officer"]
    assert DirtyMark.objects.filter(division=world.community).exists()


def test_fields_that_are_not_given_stay(world: World, officer: APIClient) -> None:
    url = one(world)
    answer = officer.patch(url, {"area": "99.5", "reason": "复测"}, HTTP_IF_MATCH=tag(officer, url))
    assert answer.status_code == 200, answer.content
    stored = Premises.objects.get(pk=world.premises["community"].pk)
    assert (stored.area, stored.name, stored.version) == (Decimal("99.50"), "一社区用房", 2)
    assert answer.headers["ETag"] == '"2"'
    record = ChangeRecord.objects.filter(object_id=stored.public_id).latest("pk")
    assert (record.after, record.reason) == ({"area": "99.50"}, "复测")


def test_a_change_names_the_version_that_was_read(world: World, officer: APIClient) -> None:
    url = one(world)
    first = tag(officer, url)
    assert officer.patch(url, {"area": "90"}).status_code == 428
    assert officer.patch(url, {"area": "90"}, HTTP_IF_MATCH=first).status_code == 200
    late = officer.patch(url, {"area": "91"}, HTTP_IF_MATCH=first)
    assert (late.status_code, late.json()["errors"][0]["code"]) == (412, "precondition_failed")
    endless = "," + "  ," * 60 + "x"
    for odd in ("W/", '"x"', "1", '"1", "3"', '"1" "2"', '"12"', endless):
        assert officer.patch(url, {"area": "91"}, HTTP_IF_MATCH=odd).status_code == 412
    assert Premises.objects.get(pk=world.premises["community"].pk).area == 90


def test_one_of_several_tags_may_be_the_version_that_was_read(world: World, officer: APIClient) -> None:
    """Any version at all is none that was read."""
    url = one(world)
    any_one = officer.patch(url, {"area": "90"}, HTTP_IF_MATCH="*")
    assert any_one.status_code == 428
    assert "哪个版本" in any_one.json()["errors"][0]["detail"]
    assert officer.patch(url, {"area": "90"}, HTTP_IF_MATCH='"x,y", "1"').status_code == 200
    assert officer.patch(url, {"area": "91"}, HTTP_IF_MATCH='"1",,W/"2",').status_code == 200


def test_a_row_is_removed_with_a_reason(world: World, officer: APIClient) -> None:
    url = one(world)
    etag = tag(officer, url)
    assert officer.delete(url, {"reason": "重复"}).status_code == 428
    refused = officer.delete(url, HTTP_IF_MATCH=etag)
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "reason")
    assert officer.delete(url, {"reason": "重复"}, HTTP_IF_MATCH=etag).status_code == 204
    assert officer.get(url).status_code == 404
    held = f"{API}/committees/{world.committees['neighbour'].public_id}/"
    answer = officer.delete(held, {"reason": "误登"}, HTTP_IF_MATCH=tag(officer, held))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "in_use")


def test_a_span_is_written_as_it_is_read(world: World, officer: APIClient) -> None:
    url = f"{API}/committees/{world.committees['community'].public_id}/"
    span = {"from": "2020-01-01", "before": "2027-01-01"}
    answer = officer.patch(url, {"valid": span}, HTTP_IF_MATCH=tag(officer, url))
    assert answer.json()["valid"] == span
    wrong = officer.patch(
        url, {"valid": {"from": "2020-01-01", "before": "2019-01-01"}}, HTTP_IF_MATCH=answer.headers["ETag"]
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["attr"]) == (400, "valid")


BAD: list[dict[str, Any]] = [
    {"name": ""},
    {"area": "一百"},
    {"area": "12.345"},
    {"area": "0"},
    {"kind": "palace"},
    {"obtained_on": "2025-02-30"},
    {"lost_on": "2024-01-01", "lost_reason": "demolition"},
    {"lost_on": "2026-01-01"},
    {"committee": None},
    {"is_temporary": True},
    {"name": "名" * 101},
    {"division": "0190a0a0-0000-7000-8000-000000000000"},
]


def as_on_page(error: dict[str, Any]) -> str:
    """Of a closed list the API says the codes as well."""
    said = str(error["detail"])
    return re.sub(r"[a-z_]+\((.*?)\)", r"\1", said) if error["code"] == "choice" else said


@pytest.mark.parametrize("changes", BAD, ids=str)
def test_both_doors_say_the_same(world: World, officer: APIClient, changes: dict[str, Any]) -> None:
    """Word for word, field by field."""
    before = Premises.objects.count()
    answer = officer.post(ROOMS, room(world, **changes))
    assert answer.status_code == 400
    over_api = sorted((error["attr"] or "", as_on_page(error)) for error in answer.json()["errors"])

    typed = {name: ("on" if value is True else value or "") for name, value in room(world, **changes).items()}
    typed["division_now"] = typed.pop("division")
    form = forms.PremisesForm(typed, user=world.users["district_officer"])
    assert not form.is_valid()
    names = {"division_now": "division", "__all__": "non_field_errors"}
    on_page = sorted((names.get(name, name), text) for name, texts in form.errors.items() for text in texts)
    assert over_api == on_page
    assert Premises.objects.count() == before


def test_zones_larger_than_their_rooms_are_told_at_the_area(world: World, officer: APIClient) -> None:
    zones = [{"function": "reading", "area": "99"}, {"function": "storage", "area": "22"}]
    answers = [
        officer.post(ROOMS, room(world, functions=zones)),
        officer.post(f"{ROOMS}bulk/", {"rows": [room(world, functions=zones)]}),
    ]
    for answer, attr in zip(answers, ["area", "rows.0.area"], strict=True):
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["attr"]) == (400, attr)
        assert error["detail"] == "各功能分区面积合计不能超过用房面积。"


def test_codes_are_said_to_those_who_send_codes(world: World, officer: APIClient) -> None:
    """The form lists words, as people choose among them; a program gets the codes beside them."""
    [error] = officer.post(ROOMS, room(world, tenure="palace")).json()["errors"]
    assert error["detail"].startswith("「palace」不在可选范围内，可填：owned(")
    [said] = forms.PremisesForm({"tenure": "palace"}, user=world.users["district_officer"]).errors["tenure"]
    assert "owned" not in said


def test_ten_thousands_are_for_people(world: World, officer: APIClient) -> None:
    for text in ("1.5万", "1.5万平方米", "0.0001亿"):
        [error] = officer.post(ROOMS, room(world, area=text)).json()["errors"]
        assert (error["attr"], error["code"]) == ("area", "number")
    form = forms.PremisesForm({"area": "1.5万平方米"}, user=world.users["district_officer"])
    assert "area" not in form.errors
    assert form.cleaned_data["area"] == Decimal(15000)


def test_all_that_is_wrong_with_a_body_is_told_at_once(world: World, officer: APIClient) -> None:
    """Unknown names, values of the wrong shape, texts that mean nothing, parts, and the reason."""
    wrong = {
        "colour": "red",
        "shape": 1,
        "name": 5,
        "area": "很大",
        "obtained_on": [],
        "functions": [{"function": "office", "area": "x", "size": 1}, {"id": NOBODY, "weight": 2}],
        "reason": "因" * 201,
    }
    expected = {
        ("colour", "unknown_field"),
        ("shape", "unknown_field"),
        ("name", "invalid"),
        ("area", "number"),
        ("obtained_on", "invalid"),
        ("functions.0.size", "unknown_field"),
        ("functions.0.function", "choice"),
        ("functions.0.area", "number"),
        ("functions.1.weight", "unknown_field"),
        ("functions.1.id", "unknown"),
        ("reason", "invalid"),
    }
    posted = officer.post(ROOMS, room(world, **wrong))
    patched = officer.patch(one(world), wrong, HTTP_IF_MATCH='"1"')
    for answer in (posted, patched):
        assert answer.status_code == 400
        assert {(each["attr"], each["code"]) for each in answer.json()["errors"]} == expected
    removed = officer.delete(one(world), {"colour": 1, "reason": 5}, HTTP_IF_MATCH='"1"')
    assert [each["attr"] for each in removed.json()["errors"]] == ["colour", "reason"]


def test_a_misfit_brings_no_second_fault_of_its_own(world: World, officer: APIClient) -> None:
    """What cannot be read is not taken for empty by a rule that reads it together with another field."""
    body = room(world, lost_on=5, lost_reason="demolition", obtained_on="2020-01-01")
    assert [each["attr"] for each in officer.post(ROOMS, body).json()["errors"]] == ["lost_on"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {"surprise": 1},
        {"area": {"value": 1}},
        {"area": [1]},
        {"division": 5},
        {"name": "a\x00b"},
        {"valid": "now"},
        {"reason": "x" * 201},
    ],
    ids=str,
)
def test_odd_bodies_are_refused(world: World, officer: APIClient, body: Any) -> None:
    url = one(world)
    answer = officer.patch(url, body, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 400, answer.content
    assert officer.post(ROOMS, body).status_code == 400


def test_foreign_rows_and_places_do_not_exist(world: World, officer: APIClient) -> None:
    """Neither to change, nor to remove, nor to put a row there; nor is one's own row given away."""
    for key in ("other_community", "far_community"):
        assert officer.patch(one(world, key), {"area": "1"}, HTTP_IF_MATCH='"1"').status_code == 404
        assert officer.delete(one(world, key), {"reason": "x"}, HTTP_IF_MATCH='"1"').status_code == 404
        away = room(world, division=str(getattr(world, key).public_id), committee=None, kind="service")
        assert officer.post(ROOMS, away).json()["errors"][0]["attr"] == "division"


def test_who_may_write(world: World, client_of: Callable[[Any], APIClient]) -> None:
    may = {"city_officer", "district_officer", "street_clerk", "community_worker", "api_client"}
    for name, user in world.users.items():
        answer = client_of(user).post(ROOMS, room(world, name=f"{name}的房"))
        expected = 201 if name in may else 400 if name == "stranger" else 403
        assert answer.status_code == expected, (name, answer.content.decode())
        change = client_of(user).patch(one(world), {"area": "1"}, HTTP_IF_MATCH='"9"')
        assert change.status_code == (412 if name in may else 404 if name == "stranger" else 403), name
    assert APIClient().post(ROOMS, room(world)).status_code in {401, 403}
