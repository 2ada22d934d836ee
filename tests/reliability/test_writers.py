"""Many writers at once, on real connections: sums are exact, nobody meets an error of ours (R11, R12, R13)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings, strategies
from rest_framework.test import APIClient

from communities.models import ApiToken, ChangeRecord, Committee, HouseholdCount, Premises, Threshold
from portal.accounts.actions import issue_token
from tests import factories
from tests.conftest import World, build_users, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("writers")]

WRITERS = 16
ROOMS = "/api/v1/premises/"


@pytest.fixture
def key(world: World) -> str:
    return issue_token(user=world.users["district_officer"])[1]


def at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """All calls by threads of their own, begun together; each leaves its connection."""
    calls = list(calls)
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=60)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def client(key: str) -> APIClient:
    one = APIClient(raise_request_exception=False)
    one.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return one


def room(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "房",
        "kind": "service",
        "division": str(world.community.public_id),
        "area": "10",
        "tenure": "owned",
    } | changes


def add_one(key: str, url: str, times: int) -> Counter[int]:
    """Read, add 1 m², write; again with what stands there after somebody else was quicker."""
    me, heard, done = client(key), Counter[int](), 0
    while done < times:
        read = me.get(url)
        area = Decimal(read.json()["area"]) + 1
        answer = me.patch(url, {"area": str(area)}, HTTP_IF_MATCH=read.headers["ETag"])
        heard[answer.status_code] += 1
        done += answer.status_code == 200
    return heard


def test_sixteen_writers_of_one_row(world: World, key: str) -> None:
    """R11: every acknowledged addition is in the sum, every other was refused."""
    row = world.premises["community"]
    url = f"{ROOMS}{row.public_id}/"
    heard = sum(at_once([lambda: add_one(key, url, 3)] * WRITERS), Counter())
    assert set(heard) <= {200, 412}
    row.refresh_from_db()
    assert (row.area, row.version) == (120 + 3 * WRITERS, 1 + 3 * WRITERS)
    assert ChangeRecord.objects.filter(object_id=row.public_id).count() == 3 * WRITERS


def test_sixteen_writers_of_one_community(world: World, key: str) -> None:
    """R11: rooms created and changed, one by one and many at once, in opposite orders; none waits in a ring."""
    rows = [world.premises["community"], world.premises["neighbour"]]
    bodies = [world.committees["community"], world.committees["neighbour"]]

    def writer(number: int) -> Counter[int]:
        me, heard = client(key), Counter[int]()
        turn = slice(None, None, 1 if number % 2 else -1)
        for turn_of in range(3):
            heard[me.post(ROOMS, room(world, name=f"房{number}")).status_code] += 1
            for route, things, change in (("premises", rows, "area"), ("committees", bodies, "term_number")):
                versions = {
                    each.public_id: me.get(f"/api/v1/{route}/{each.public_id}/").json()["version"]
                    for each in things
                }
                value = str(1000 + 3 * number + turn_of)  # never what stands there: that would write nothing
                many = [
                    {"id": str(each.public_id), "version": versions[each.public_id], change: value}
                    for each in things[turn]
                ]
                heard[me.post(f"/api/v1/{route}/bulk/", {"rows": many}).status_code] += 1
        return heard

    heard = sum(at_once([lambda number=number: writer(number) for number in range(WRITERS)]), Counter())
    assert set(heard) <= {200, 201, 412}, heard
    assert heard[201] == 3 * WRITERS
    assert Premises.objects.filter(name__startswith="房").count() == 3 * WRITERS
    versions = [*Premises.objects.filter(pk__in=[row.pk for row in rows]).values_list("version", flat=True)]
    versions += Committee.objects.filter(pk__in=[b.pk for b in bodies]).values_list("version", flat=True)
    assert sum(versions) - 4 == 2 * heard[200]


def test_writers_of_the_same_new_rows_in_opposite_orders(world: World, key: str) -> None:
    """A ring that no order of locks prevents: unique rows entered crosswise. One wins, the others are told."""
    counts = [
        {
            "division": str(world.community.public_id),
            "source": "police",
            "definition": "registered",
            "counted_on": f"2026-0{month}-01",
            "households": 1,
            "residents": 1,
        }
        for month in range(1, 9)
    ]

    def writer(number: int) -> int:
        rows = counts if number % 2 else counts[::-1]
        return client(key).post("/api/v1/household-counts/bulk/", {"rows": rows}).status_code

    heard = Counter(at_once([lambda number=number: writer(number) for number in range(8)]))
    assert heard == {200: 1, 400: 7}
    assert HouseholdCount.objects.count() == 8


@pytest.mark.parametrize("pairs", [8, pytest.param(100, marks=pytest.mark.prove)])
def test_equal_calls_at_once_are_done_once(world: World, key: str, pairs: int) -> None:
    """R12: of each pair one creates; the other hears the same answer, or that it is under way."""

    def call(number: int) -> tuple[int, str]:
        answer = client(key).post(
            ROOMS, room(world, name=f"对{number}"), headers={"Idempotency-Key": f"pair-{number}"}
        )
        return answer.status_code, answer.json().get("id", "")

    for first in range(0, pairs, 4):
        numbers = [number for number in range(first, first + 4) for _twice in range(2)]
        answers = at_once([lambda number=number: call(number) for number in numbers])
        for one, other in zip(answers[::2], answers[1::2], strict=True):
            assert {one[0], other[0]} <= {201, 409}
            assert 201 in {one[0], other[0]}
            assert one == other or 409 in {one[0], other[0]}
    names = list(Premises.objects.filter(name__startswith="对").values_list("name", flat=True))
    assert sorted(names) == sorted(f"对{number}" for number in range(pairs))
    assert ApiToken.objects.count() == 1


def test_thresholds_that_contradict_each_other_at_the_same_moment(world: World) -> None:
    """Each asks what stands beside it, and none is there yet: one is written, the others are told of it."""
    _token, officer = issue_token(user=world.users["standards_officer"])
    body = {
        "key": "premises.office.area",
        "operator": "ge",
        "clause": str(factories.clause(world.district).public_id),
        "jurisdiction": str(world.district.public_id),
        "valid": {"from": "2026-01-01", "before": None},
    }
    url = "/api/v1/thresholds/"

    def write(low: int, **changes: Any) -> tuple[int, str]:
        answer = client(officer).post(url, body | {"low": str(low)} | changes)
        return answer.status_code, "" if answer.status_code == 201 else answer.json()["errors"][0]["code"]

    heard = Counter(at_once([lambda low=low: write(low) for low in range(80, 88)]))
    assert heard == {(201, ""): 1, (400, "contradicts"): 7}
    before = {"low": "90", "valid": {"from": "2020-01-01", "before": "2026-01-01"}}

    def write_many(_number: int) -> int:
        return int(client(officer).post(f"{url}bulk/", {"rows": [body | before]}).status_code)

    assert Counter(at_once([lambda at=at: write_many(at) for at in range(4)])) == {200: 1, 400: 3}
    assert Threshold.objects.count() == 2


STEPS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from([0, 1]),
        strategies.sampled_from(["read", "area", "name", "zones", "bulk", "remove"]),
    ),
    max_size=12,
)


class Editor:
    """One of two people who work on the same row; remembers what was read last."""

    def __init__(self, key: str, url: str, public_id: str) -> None:
        self.client, self.url, self.public_id = client(key), url, public_id
        self.version = 1

    def do(self, step: str, number: int) -> tuple[int, dict[str, Any]]:
        """One step with the version that was read; the status, and what the step meant to write."""
        if step == "read":
            answer = self.client.get(self.url)
            self.version = answer.json().get("version", self.version)
            return answer.status_code, {}
        change: dict[str, Any] = {
            "area": {"area": f"{100 + number}.00"},
            "name": {"name": f"第{number}次"},
            "zones": {"functions": [{"function": "reading", "area": f"{number + 1}.00"}]},
            "bulk": {"area": f"{200 + number}.00"},
            "remove": {"reason": "x"},
        }[step]
        etag = f'"{self.version}"'
        if step == "remove":
            answer = self.client.delete(self.url, change, HTTP_IF_MATCH=etag)
            return answer.status_code, {}
        if step == "bulk":
            row = {"id": self.public_id, "version": self.version} | change
            answer = self.client.post(f"{ROOMS}bulk/", {"rows": [row]})
        else:
            answer = self.client.patch(self.url, change, HTTP_IF_MATCH=etag)
        if answer.status_code == 200:
            self.version += 1
        return answer.status_code, change


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("examples", [40, pytest.param(1000, marks=pytest.mark.prove)])
def test_two_editors_in_any_order(db: None, examples: int) -> None:
    """R13: a step succeeds exactly when nobody wrote since its editor read; what stands is what succeeded."""
    world = build_world()
    world.users = build_users(world)
    _token, key = issue_token(user=world.users["district_officer"])
    number = iter(range(10**9))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def in_any_order(steps: list[tuple[int, str]]) -> None:
        me = client(key)
        made = me.post(ROOMS, room(world, name=f"共{next(number)}", area="500")).json()
        url = f"{ROOMS}{made['id']}/"
        editors = [Editor(key, url, made["id"]) for _each in range(2)]
        model, version, is_there = {"area": "500.00", "name": made["name"]}, 1, True
        for at, (who, step) in enumerate(steps):
            read = editors[who].version
            status, wrote = editors[who].do(step, at)
            if not is_there:
                assert status == (400 if step == "bulk" else 404)
            elif step == "read":
                assert status == 200
            elif read != version:
                assert status == 412
            elif step == "remove":
                assert status == 204
                is_there = False
            else:
                assert status == 200
                version += 1
                model |= wrote
        row = Premises.objects.get(public_id=made["id"])
        assert (f"{row.area:.2f}", row.name) == (model["area"], model["name"])
        assert row.version == version + (not is_there)
        zones = [{"function": z.function, "area": f"{z.area:.2f}"} for z in row.functions.live()]
        assert zones == model.get("functions", [])

    in_any_order()
