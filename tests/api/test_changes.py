"""The change feed."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient

from communities.base.actions import save
from communities.base.paging import encode_position
from communities.models import ChangeRecord, RoleAssignment
from communities.models.work import FeedHorizon
from tests import factories
from tests.api.conftest import API
from tests.conftest import World

FEED = f"{API}/changes/"


@pytest.fixture
def settled_at_once(monkeypatch) -> None:
    """Transactions of tests that run beside this one, in the same cluster, do not hold the feed up."""
    horizon = "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint)"
    monkeypatch.setattr(FeedHorizon, "template", horizon)


def touch(world: World, key: str, area: str) -> None:
    room = world.premises[key]
    room.refresh_from_db()
    room.area = area
    save(room, by=None, reason="核对")


def test_the_feed_goes_on_where_one_left_it(transactional_db: None, settled_at_once: None, client_of) -> None:
    from tests.conftest import build_users, build_world

    world = build_world()
    world.users = build_users(world)
    officer: APIClient = client_of(world.users["district_officer"])
    touch(world, "community", "121")
    touch(world, "neighbour", "122")
    touch(world, "other_community", "123")
    first = officer.get(f"{FEED}?page_size=1").json()
    assert first["count"] == 2
    assert first["results"][0]["object"]["id"] == str(world.premises["community"].public_id)
    assert first["results"][0]["after"] == {"area": "121.00"}
    second = officer.get(first["next"]).json()
    assert second["results"][0]["object"]["id"] == str(world.premises["neighbour"].public_id)
    assert second["next"] is None
    assert officer.get(f"{FEED}?after={second['cursor']}").json()["results"] == []
    touch(world, "community", "124")
    caught_up = officer.get(f"{FEED}?after={second['cursor']}").json()
    assert [row["after"]["area"] for row in caught_up["results"]] == ["124.00"]


def test_a_cursor_of_the_future(world: World, officer: APIClient) -> None:
    answer = officer.get(f"{FEED}?after={encode_position(2**62, 1)}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "cursor_expired")
    for bad in (
        "x",
        encode_position("x", 1),
        encode_position(-1, 1),
        encode_position(2**70, 1),
        encode_position(None, 1),
    ):
        answer = officer.get(f"{FEED}?after={bad}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_cursor"), bad


def test_who_reads_which_changes(transactional_db: None, settled_at_once: None, client_of) -> None:
    from tests.conftest import build_users, build_world

    world = build_world()
    world.users = build_users(world)
    touch(world, "community", "121")
    touch(world, "other_community", "122")
    role = RoleAssignment(
        user=world.users["nobody"], role="street_clerk", division=world.street, valid=(None, None)
    )
    save(role, by=None)
    ChangeRecord.objects.create(
        verb="change", model="x.Nowhere", object_id=uuid.uuid4(), object_label="无所属"
    )

    def labels(name: str) -> list[str]:
        return sorted(row["model"] for row in client_of(world.users[name]).get(FEED).json()["results"])

    assert labels("district_officer") == ["communities.Premises"]
    assert labels("stranger") == ["communities.Premises"]
    assert labels("auditor") == sorted(
        ["communities.Premises"] * 2 + ["communities.RoleAssignment", "x.Nowhere"]
    )
    assert client_of(world.users["platform_administrator"]).get(FEED).status_code == 403


def test_personal_values_stay_masked(world: World, client_of) -> None:
    user = factories.user("wang", name="王小明")
    save(user, by=None)
    assert "王小明" not in str(ChangeRecord.objects.values("before", "after"))


def test_nothing_is_told_above_a_transaction_that_still_runs(transactional_db: None, client_of) -> None:
    """Else its own record, with a lower position, would come after the cursor has passed it, and be lost."""
    from tests.conftest import build_users, build_world

    world = build_world()
    world.users = build_users(world)
    slow = connections.create_connection("default")
    try:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        touch(world, "community", "121")
        officer = client_of(world.users["district_officer"])
        body = officer.get(FEED).json()
        assert (body["results"], body["cursor"]) == ([], None)
        slow.rollback()
    finally:
        slow.close()
    assert connection.is_usable()
