"""Registers over the API: shape, scope, date, filters, errors."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from communities.choices import DivisionKind
from communities.models import DivisionRecord, PremisesFunctionArea
from tests import factories
from tests.api.conftest import API, ids
from tests.conftest import World

REGISTERS = [
    "divisions",
    "communities",
    "committees",
    "premises",
    "household-counts",
    "nil-statements",
    "exemptions",
    "policy-documents",
    "thresholds",
]


def error(answer) -> tuple[int, str, str | None]:
    body = answer.json()
    assert set(body) == {"type", "errors"}, body
    return answer.status_code, body["errors"][0]["code"], body["errors"][0]["attr"]


def test_a_room_over_the_api(world: World, officer: APIClient) -> None:
    room = world.premises["community"]
    PremisesFunctionArea.objects.create(premises=room, function="service_station", area=Decimal(20))
    answer = officer.get(f"{API}/premises/{room.public_id}/")
    assert answer.status_code == 200
    assert answer["ETag"] == '"1"'
    body = answer.json()
    assert body["id"] == str(room.public_id)
    assert body["area"] == "120.00"
    assert body["unit"] == "平方米"
    assert body["committee"] == {
        "id": str(world.committees["community"].public_id),
        "name": world.committees["community"].name,
    }
    place = {"id": str(world.community.public_id), "code": world.community.code_now, "name": "一社区"}
    assert body["division"] == place
    assert body["functions"][0]["function"] == "service_station"
    assert body["placements"] == [{"division": place, "valid": {"from": None, "before": None}}]
    assert "placements" not in officer.get(f"{API}/premises/").json()["results"][0]


@pytest.mark.parametrize("register", REGISTERS)
def test_lists_have_one_shape(world: World, officer: APIClient, register: str) -> None:
    factories.threshold("premises.office.area", world.city)
    for make in (factories.household_count, factories.nil_statement, factories.exemption):
        make(world.community)
    body = officer.get(f"{API}/{register}/").json()
    assert list(body) == ["results", "next", "previous", "count", "count_is_capped"]
    assert body["count"] == len(body["results"]) > 0
    row = body["results"][0]
    assert officer.get(f"{API}/{register}/{row['id']}/").json().items() >= row.items()
    assert "pk" not in row


@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("colour=red", (400, "unknown_parameter", "colour")),
        ("reading=as_today", (400, "not_available", "reading")),
        ("snapshot=1", (400, "not_available", "snapshot")),
        ("page_size=1000000000", (400, "invalid", "page_size")),
        ("page_size=201", (400, "invalid", "page_size")),
        ("page_size=0", (400, "invalid", "page_size")),
        ("page_size=²", (400, "invalid", "page_size")),
        ("after=xx", (400, "invalid_cursor", "after")),
        ("before=WzEsMl0", (400, "invalid_cursor", "before")),
        ("ordering=password", (400, "invalid_choice", "ordering")),
        ("ordering=created_by__password", (400, "invalid_choice", "ordering")),
        ("ordering=--id", (400, "invalid_choice", "ordering")),
        ("as_of=2026-13-01", (400, "invalid", "as_of")),
        ("as_of=01.02.2026", (400, "invalid", "as_of")),
        ("_connector=OR", (400, "unknown_parameter", "_connector")),
        (
            "division_now__path_now__startswith=0",
            (400, "unknown_parameter", "division_now__path_now__startswith"),
        ),
        ("format=api", (400, "unknown_parameter", "format")),
    ],
)
def test_parameters_are_an_allow_list(officer: APIClient, register: str, query: str, expected: tuple) -> None:
    assert error(officer.get(f"{API}/{register}/?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "area_min=1e1000000",
        "area_min=-1",
        "area_max=NaN",
        "area_min=" + "9" * 400,
        "kind=palace",
        "held=perhaps",
    ],
)
def test_odd_values_are_refused(officer: APIClient, query: str) -> None:
    assert officer.get(f"{API}/premises/?{query}").status_code == 400


def test_text_that_no_database_holds(officer: APIClient) -> None:
    assert officer.get(f"{API}/premises/?q=%00").status_code == 400
    assert officer.get(f"{API}/divisions/?q=%ED%A0%80").status_code in {200, 400}
    assert officer.get(f"{API}/premises/?q=" + "长" * 51).status_code == 400


def test_ten_thousand_ids(world: World, officer: APIClient) -> None:
    many = "&".join(f"division={world.community.public_id}" for _ in range(10_001))
    answer = officer.get(f"{API}/premises/?{many}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "parse_error")
    two = "&".join(f"division={world.community.public_id}" for _ in range(2))
    assert error(officer.get(f"{API}/premises/?{two}")) == (400, "repeated_parameter", "division")


def test_a_foreign_id_and_an_unknown_one_are_the_same(world: World, officer: APIClient) -> None:
    unknown = "0190a0a0-0000-7000-8000-000000000000"
    answers = [
        officer.get(f"{API}/premises/?division={one}")
        for one in (unknown, world.other_community.public_id, world.far_city.public_id, world.city.public_id)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_place_means_everything_below(world: World, officer: APIClient) -> None:
    assert len(ids(officer.get(f"{API}/premises/?division={world.district.public_id}"))) == 2
    one = officer.get(f"{API}/premises/?division={world.community.public_id}")
    assert ids(one) == [str(world.premises["community"].public_id)]
    children = officer.get(f"{API}/divisions/?parent={world.street.public_id}")
    assert ids(children) == [str(world.community.public_id), str(world.neighbour.public_id)]
    assert ids(officer.get(f"{API}/divisions/?level=street")) == [str(world.street.public_id)]


def test_as_of_shows_the_names_of_that_day(world: World, officer: APIClient) -> None:
    day = dt.date(2024, 1, 1)
    DivisionRecord.objects.filter(division=world.street).update(valid=(day, None))
    DivisionRecord.objects.create(
        division=world.street,
        valid=(None, day),
        name="甲镇",
        kind=DivisionKind.TOWN,
        parent=world.district,
        path=world.street.path_now,
    )
    then = officer.get(f"{API}/divisions/{world.street.public_id}/?as_of=2023-06-30").json()
    assert (then["name"], then["kind"]) == ("甲镇", "town")
    now = officer.get(f"{API}/divisions/{world.street.public_id}/").json()
    assert (now["name"], now["kind"]) == ("甲街道", "street")
    listed = officer.get(f"{API}/divisions/?as_of=2023-06-30&kind=town").json()["results"]
    assert [row["name"] for row in listed] == ["甲镇"]
    community = officer.get(f"{API}/communities/{world.community.public_id}/?as_of=2023-06-30").json()
    assert community["parent"]["name"] == "甲镇"
    room = officer.get(f"{API}/premises/{world.premises['community'].public_id}/?as_of=2023-06-30").json()
    assert room["division"]["name"] == "一社区"


def test_as_of_shows_what_was_held(world: World, officer: APIClient) -> None:
    room = world.premises["community"]
    room.obtained_on, room.lost_on, room.lost_reason = dt.date(2020, 1, 1), dt.date(2022, 1, 1), "demolition"
    room.save()
    assert len(ids(officer.get(f"{API}/premises/"))) == 2
    assert len(ids(officer.get(f"{API}/premises/?held=true"))) == 1
    assert str(room.public_id) in ids(officer.get(f"{API}/premises/?as_of=2021-12-31"))
    assert str(room.public_id) not in ids(officer.get(f"{API}/premises/?as_of=2022-01-01"))
    assert officer.get(f"{API}/premises/{room.public_id}/?as_of=2022-01-01").status_code == 404


def test_as_of_never_widens_the_scope(world: World, officer: APIClient) -> None:
    """A room that stood in 甲区 and has moved away is no longer ours, on no day."""
    room = world.premises["community"]
    room.placements.update(valid=(None, dt.date(2024, 1, 1)))
    room.placements.create(division=world.other_community, valid=(dt.date(2024, 1, 1), None))
    type(room).objects.filter(pk=room.pk).update(division_now=world.other_community)
    for query in ("", "?as_of=2020-01-01", f"?as_of=2020-01-01&division={world.community.public_id}"):
        assert str(room.public_id) not in ids(officer.get(f"{API}/premises/{query}"))
    assert officer.get(f"{API}/premises/{room.public_id}/?as_of=2020-01-01").status_code == 404


def test_deleted_rows_are_gone(world: World, officer: APIClient) -> None:
    room = world.premises["community"]
    type(room).objects.filter(pk=room.pk).update(deleted_at=timezone.now())
    assert str(room.public_id) not in ids(officer.get(f"{API}/premises/"))
    assert officer.get(f"{API}/premises/{room.public_id}/").status_code == 404


def test_rules_from_above_are_readable(world: World, officer: APIClient) -> None:
    """The city's rules bind the district; those of another city are unknown here."""
    ours = factories.threshold("premises.office.area", world.city)
    theirs = factories.threshold("premises.office.area", world.far_city, "80")
    assert ids(officer.get(f"{API}/thresholds/")) == [str(ours.public_id)]
    body = officer.get(f"{API}/thresholds/{ours.public_id}/").json()
    assert body["low"] == "100.00"
    assert body["high"] is None
    assert body["key"] == {"code": "premises.office.area", "name": "居委会办公用房面积"}
    assert body["document"]["id"] == str(ours.clause.document.public_id)
    assert officer.get(f"{API}/thresholds/{theirs.public_id}/").status_code == 404
    assert ids(officer.get(f"{API}/thresholds/?applies_to={world.community.public_id}")) == [
        str(ours.public_id)
    ]
    assert officer.get(f"{API}/policy-documents/?jurisdiction={world.far_city.public_id}").status_code == 404
    document = officer.get(f"{API}/policy-documents/{ours.clause.document.public_id}/").json()
    assert [clause["label"] for clause in document["clauses"]] == ["第一条"]


def test_pages_forth_and_back(world: World, officer: APIClient) -> None:
    rooms = [
        factories.premises(world.neighbour, name=f"房{n}", committee=world.committees["neighbour"])
        for n in range(7)
    ]
    expected = ids(officer.get(f"{API}/premises/?ordering=-name"))
    assert len(expected) == len(rooms) + 2
    seen: list[str] = []
    url = f"{API}/premises/?ordering=-name&page_size=4"
    pages = []
    while url:
        body = officer.get(url).json()
        assert body["count"] == len(expected)
        pages.append([row["id"] for row in body["results"]])
        seen += pages[-1]
        url, back = body["next"], body["previous"]
    assert seen == expected
    assert [len(page) for page in pages] == [4, 4, 1]
    assert ids(officer.get(back)) == pages[1]


def test_what_is_not_written_here(world: World, officer: APIClient) -> None:
    # Standards are written too, by others: who may not is told so first.
    for register in set(REGISTERS) - {"policy-documents", "thresholds"}:
        adding = (officer.post,) if register in {"divisions", "communities"} else ()
        for method in (*adding, officer.put, officer.patch, officer.delete, officer.options):
            assert error(method(f"{API}/{register}/"))[:2] == (405, "method_not_allowed")


def test_me(world: World, officer: APIClient) -> None:
    body = officer.get(f"{API}/me/").json()
    assert body["username"] == "district_officer"
    assert body["roles"][0]["division"]["name"] == "甲区"
    assert "run" in body["actions"]


@pytest.mark.parametrize(
    "path", ["nothing/", "premises", "premises/1/", "premises/%0a/", "Premises/", "premises/.json"]
)
def test_an_address_that_does_not_exist_is_an_api_error(officer: APIClient, path: str) -> None:
    assert error(officer.get(f"{API}/{path}"))[:2] == (404, "not_found")


def test_strangers_are_asked_for_their_name(client) -> None:
    answer = client.get(f"{API}/divisions/")
    assert error(answer)[:2] == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
