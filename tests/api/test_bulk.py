"""Many rows in one call: one act, all of them or none, and what is wrong is told row by row."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from communities.base import actions
from communities.models import ChangeRecord, Committee, DirtyMark, Premises, PremisesFunctionArea
from tests.api.conftest import API
from tests.api.test_writing import room
from tests.conftest import World

pytestmark = pytest.mark.django_db

BULK = f"{API}/premises/bulk/"


def told(answer: Any) -> list[tuple[str | None, str]]:
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def changed(world: World, key: str, **changes: Any) -> dict[str, Any]:
    row = world.premises[key]
    return {"id": str(row.public_id), "version": row.version} | changes


def stored(world: World, key: str) -> Premises:
    return Premises.objects.get(pk=world.premises[key].pk)


def test_rows_are_created_and_changed_as_one_act(world: World, officer: APIClient) -> None:
    rows = [room(world), changed(world, "community", area="99"), changed(world, "neighbour", area="98")]
    answer = officer.post(BULK, {"rows": rows, "reason": "普查"})
    assert answer.status_code == 200, answer.content
    results = answer.json()["results"]
    assert [(row["name"], row["area"], row["version"]) for row in results] == [
        ("新办公室", "120.50", 1),
        ("一社区用房", "99.00", 2),
        ("二社区用房", "98.00", 2),
    ]
    assert results[1] == officer.get(f"{API}/premises/{rows[1]['id']}/").json()
    records = ChangeRecord.objects.filter(reason="普查")
    assert (records.count(), records.values("act").distinct().count()) == (3, 1)
    assert set(DirtyMark.objects.values_list("division", flat=True)) == {
        world.community.pk,
        world.neighbour.pk,
    }


def test_one_wrong_row_stops_all_and_each_is_told(world: World, officer: APIClient) -> None:
    rows = [
        room(world),
        room(world, area="x", name=""),
        changed(world, "community", area="0"),
        room(world, colour="red"),
        "no row",
    ]
    answer = officer.post(BULK, {"rows": rows})
    assert answer.status_code == 400
    assert told(answer) == [
        ("rows.1.name", "required"),
        ("rows.1.area", "number"),
        ("rows.2.area", "min_value"),
        ("rows.3.colour", "unknown_field"),
        ("rows.4.non_field_errors", "invalid"),
    ]
    assert not Premises.objects.filter(name="新办公室").exists()
    assert stored(world, "community").version == 1


def test_all_that_is_wrong_with_a_call_is_told_at_once(world: World, officer: APIClient) -> None:
    nobody = "0190a0a0-0000-7000-8000-000000000000"
    rows = [
        room(world, colour="red", area="x", version=1),
        changed(world, "community", colour="red", area="x", version=None),
        changed(world, "neighbour", colour="red", area="x", version=7),
        {"id": nobody, "version": 1, "colour": "red", "area": "x"},
    ]
    answer = officer.post(BULK, {"rows": rows, "shape": 1, "reason": 5})
    assert answer.status_code == 400
    assert set(told(answer)) == {
        ("shape", "unknown_field"),
        ("reason", "invalid"),
        ("rows.0.version", "invalid"),
        ("rows.1.version", "required"),
        ("rows.2.version", "precondition_failed"),
        ("rows.3.id", "unknown"),
        *((f"rows.{at}.colour", "unknown_field") for at in range(4)),
        *((f"rows.{at}.area", "number") for at in range(3)),
    }
    answer = officer.post(BULK, {"rows": [], "shape": 1})
    assert told(answer) == [("shape", "unknown_field"), ("rows", "invalid")]


def test_rules_between_rows_of_one_call_hold_too(world: World, officer: APIClient) -> None:
    """A count that stands twice in the call is refused as one that is stored already."""
    count = {
        "division": str(world.community.public_id),
        "source": "police",
        "definition": "registered",
        "counted_on": "2026-06-30",
        "households": 1200,
        "residents": 3000,
    }
    url = f"{API}/household-counts/bulk/"
    answer = officer.post(url, {"rows": [count, count]})
    assert (answer.status_code, told(answer)[0][0]) == (400, "rows.1.counted_on")
    assert officer.post(url, {"rows": [count]}).status_code == 200


def test_an_old_version_is_told_with_its_row(world: World, officer: APIClient) -> None:
    rows = [changed(world, "community", area="50"), changed(world, "neighbour", area="51", version=7)]
    answer = officer.post(BULK, {"rows": rows})
    assert (answer.status_code, told(answer)) == (412, [("rows.1.version", "precondition_failed")])
    assert stored(world, "community").area == 120
    # Beside other errors it is one of them.
    answer = officer.post(BULK, {"rows": [changed(world, "community", area="x"), rows[1]]})
    assert answer.status_code == 400
    assert told(answer) == [("rows.0.area", "number"), ("rows.1.version", "precondition_failed")]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"rows": []},
        {"rows": {}},
        {"rows": [{}] * 101},
        {"rows": [{"version": 1}]},
        {"rows": None},
        {"rows": [{}], "colour": "red"},
        {"rows": [{}], "reason": 5},
        {"rows": [{"id": 5, "version": 1}]},
        {"rows": [{"id": "x", "version": 1}]},
        {"rows": [{"id": ["x"], "version": 1}]},
    ],
    ids=lambda body: str(body)[:40],
)
def test_odd_calls(world: World, officer: APIClient, body: Any) -> None:
    answer = officer.post(BULK, body)
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("version", [None, "1", True, 1.0, [1]])
def test_a_known_row_brings_its_version(world: World, officer: APIClient, version: Any) -> None:
    answer = officer.post(BULK, {"rows": [changed(world, "community", version=version)]})
    assert (answer.status_code, told(answer)) == (400, [("rows.0.version", "required")])


def test_a_row_stands_once_in_a_call(world: World, officer: APIClient) -> None:
    answer = officer.post(BULK, {"rows": [changed(world, "community", area="50")] * 2})
    assert (answer.status_code, told(answer)) == (400, [("rows.1.id", "unknown")])
    assert stored(world, "community").area == 120


@pytest.mark.parametrize("foreign", ["other_community", "far_community"])
def test_one_foreign_row_or_relation_refuses_the_whole_call(
    world: World, officer: APIClient, foreign: str
) -> None:
    """T3: with own rows before and behind, whatever the order; and as one that does not exist is refused."""
    nobody = "0190a0a0-0000-7000-8000-000000000000"
    place, body = getattr(world, foreign).public_id, world.committees[foreign].public_id
    own = [changed(world, "community", area="50"), room(world, name="新房")]
    tries = [
        ({"id": str(world.premises[foreign].public_id), "version": 1, "area": "1"}, {"id": nobody}),
        (room(world, division=str(place)), {"division": nobody}),
        (room(world, committee=str(body)), {"committee": nobody}),
        (changed(world, "neighbour", division=str(place)), {"division": nobody}),
        (changed(world, "neighbour", committee=str(body)), {"committee": nobody}),
    ]
    for alien, missing in tries:
        for rows in itertools.permutations([*own, alien]):
            answer = officer.post(BULK, {"rows": list(rows)})
            as_missing = [each | missing if each is alien else each for each in rows]
            other = officer.post(BULK, {"rows": as_missing})
            assert answer.status_code == other.status_code == 400
            shown = answer.content.decode()
            for name in missing:
                shown = shown.replace(str(alien[name]), nobody)
            assert shown == other.content.decode()
            assert foreign not in shown
            assert "外" not in shown
    assert stored(world, "community").version == stored(world, "neighbour").version == 1
    assert stored(world, foreign).version == 1
    assert Premises.objects.count() == 4
    assert not ChangeRecord.objects.exists()


def test_zones_go_with_their_rooms(world: World, officer: APIClient) -> None:
    """Rooms grow with their zones, and shrink with them, in one row of the call."""
    row = world.premises["community"]
    zone = PremisesFunctionArea.objects.create(premises=row, function="reading", area=Decimal(100))
    grown = [
        {"id": str(zone.public_id), "area": "60"},
        {"function": "service_station", "area": "140"},
    ]
    answer = officer.post(BULK, {"rows": [changed(world, "community", area="200", functions=grown)]})
    assert answer.status_code == 200, answer.content
    shrunk = changed(
        world, "community", version=2, area="50", functions=[{"function": "storage", "area": 50}]
    )
    answer = officer.post(BULK, {"rows": [shrunk]})
    assert [(each["function"], each["area"]) for each in answer.json()["results"][0]["functions"]] == [
        ("storage", "50.00")
    ]
    small = changed(world, "community", version=3, area="49.99")
    answer = officer.post(BULK, {"rows": [room(world), small]})
    assert (answer.status_code, told(answer)) == (400, [("rows.1.area", "invalid")])
    assert stored(world, "community").area == 50


def test_actions_write_all_or_none(world: World) -> None:
    """The same door without JSON, with what each row did wrong; and a refused row can be mended."""
    clerk = world.users["street_clerk"]
    good, bad = stored(world, "community"), stored(world, "neighbour")
    good.area, bad.area = Decimal(77), Decimal(-1)
    foreign = stored(world, "other_community")
    late = Committee.objects.get(pk=world.committees["community"].pk)
    late.version = 9
    with pytest.raises(actions.RowsRefused) as caught:
        actions.save_all([good, bad, foreign, late], by=clerk)
    kinds = {position: type(error).__name__ for position, error in caught.value.errors.items()}
    assert kinds == {1: "ValidationError", 2: "OutOfScope", 3: "StaleVersion"}
    assert stored(world, "community").area == 120
    bad.area = Decimal(78)
    actions.save_all([good, bad], by=clerk, reason="普查")
    assert [stored(world, key).area for key in ("community", "neighbour")] == [77, 78]


def test_every_written_register_takes_many_rows(world: World, officer: APIClient) -> None:
    place = str(world.community.public_id)
    rows: dict[str, dict[str, Any]] = {
        "committees": {"name": "新居委会", "kind": "residents", "division": place, "valid": None},
        "nil-statements": {"kind": "activity", "division": place, "stated_on": "2026-01-01"},
        "exemptions": {
            "key": "premises.office.area",
            "division": place,
            "valid": {"from": "2026-01-01", "before": "2027-01-01"},
            "grounds": "危房改造",
            "decision_number": "1",
            "decided_by": "区民政局",
        },
    }
    for route, row in rows.items():
        answer = officer.post(f"{API}/{route}/bulk/", {"rows": [row, row | {"division": "x"}]})
        assert told(answer) == [("rows.1.division", "unknown")], route
        answer = officer.post(f"{API}/{route}/bulk/", {"rows": [row]})
        assert answer.status_code == 200, (route, answer.content)
        one = officer.get(f"{API}/{route}/{answer.json()['results'][0]['id']}/")
        assert one.json() == answer.json()["results"][0]
    assert officer.get(f"{API}/exemptions/").json()["results"][0]["grounds"] == "危房改造"


def test_places_change_through_the_importer_alone(world: World, officer: APIClient) -> None:
    for route in ("divisions", "communities"):
        url = f"{API}/{route}/"
        assert officer.post(url, {}).status_code == 405
        assert officer.patch(f"{url}{world.community.public_id}/", {}).status_code == 405
        assert officer.delete(f"{url}{world.community.public_id}/").status_code == 405
        assert officer.post(f"{url}bulk/", {}).status_code in {404, 405}


def test_many_rows_cost_a_bounded_number_of_statements(
    world: World, officer: APIClient, django_assert_max_num_queries: Any
) -> None:
    rows = [room(world, name=f"房{number}") for number in range(20)]
    with django_assert_max_num_queries(20 * 35):
        assert officer.post(BULK, {"rows": rows}).status_code == 200
