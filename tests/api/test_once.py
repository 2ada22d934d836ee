"""A call with an Idempotency-Key is done once: answered again as it was, and never half (R12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone
from rest_framework.test import APIClient

from communities.base import actions, once
from communities.models import ChangeRecord, Premises, StoredAnswer
from portal.accounts.actions import issue_token
from portal.operations.tasks import forget_answers
from tests import factories
from tests.api.conftest import API
from tests.api.test_writing import ROOMS, room
from tests.conftest import World

pytestmark = pytest.mark.django_db

NEW_ROOMS = Premises.objects.filter(name="新办公室")


def post(client: APIClient, body: Any, key: str = "k-1", url: str = ROOMS, **more: Any) -> Any:
    return client.post(url, body, headers={"Idempotency-Key": key}, **more)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_the_same_call_is_answered_the_same(world: World, officer: APIClient) -> None:
    first, second = post(officer, room(world)), post(officer, dict(reversed(room(world).items())))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for name in ("ETag", "Location", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert NEW_ROOMS.count() == ChangeRecord.objects.count() == 1
    # Even after the row has changed: the answer is that of the call.
    url = first.headers["Location"]
    officer.patch(url, {"area": "5"}, HTTP_IF_MATCH='"1"')
    assert post(officer, room(world)).content == first.content
    assert post(officer, room(world), key="k-2").json()["id"] != first.json()["id"]


def test_one_key_stands_for_one_call(world: World, officer: APIClient) -> None:
    post(officer, room(world))
    assert code(post(officer, room(world, area="99"))) == (422, "key_reused")
    assert code(post(officer, room(world), url=f"{API}/committees/")) == (422, "key_reused")
    assert code(post(officer, {"rows": [room(world)]}, url=f"{ROOMS}bulk/")) == (422, "key_reused")
    assert NEW_ROOMS.count() == 1


def test_each_caller_has_keys_of_his_own(world: World, client_of: Callable[[Any], APIClient]) -> None:
    """Another user's key says nothing; nor does that of the same user in another role."""
    mine = post(client_of(world.users["district_officer"]), room(world))
    theirs = post(client_of(world.users["street_clerk"]), room(world))
    assert mine.json()["id"] != theirs.json()["id"]
    _token, key = issue_token(user=world.users["district_officer"])
    by_token = post(APIClient(), room(world), HTTP_AUTHORIZATION=f"Bearer {key}")
    assert by_token.status_code == 201
    assert by_token.json()["id"] not in {mine.json()["id"], theirs.json()["id"]}


def test_refusals_are_answered_again_as_well(world: World, officer: APIClient) -> None:
    first, second = post(officer, room(world, area="x")), post(officer, room(world, area="x"))
    assert (first.status_code, first.content) == (400, second.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert code(post(officer, room(world))) == (422, "key_reused")
    assert not NEW_ROOMS.exists()


def test_what_broke_is_tried_again(world: World, officer: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error of ours, or of the database, nothing stands, and the same key does it after all."""
    whole, officer.raise_request_exception = actions.record_change, False
    for error, status in ((RuntimeError("x"), 500), (OperationalError("away"), 503)):

        def broken(*_args: Any, error: Exception = error, **_kwargs: Any) -> None:
            raise error

        monkeypatch.setattr(actions, "record_change", broken)
        assert post(officer, room(world)).status_code == status
        assert not NEW_ROOMS.exists()
        assert not StoredAnswer.objects.exists()
    monkeypatch.setattr(actions, "record_change", whole)
    assert post(officer, room(world)).status_code == 201


@pytest.mark.parametrize("key", [" ", "a b", "钥匙", "x" * 256, "a\tb"])
def test_odd_keys(world: World, officer: APIClient, key: str) -> None:
    answer = officer.post(ROOMS, room(world), HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "Idempotency-Key")


def test_whoever_may_not_write_learns_nothing(world: World, client_of: Callable[[Any], APIClient]) -> None:
    """A role that is gone is refused before any answer is looked for; anonymous calls are."""
    user = world.users["district_officer"]
    assert post(client_of(user), room(world)).status_code == 201
    user.role_assignments.update(deleted_at=timezone.now())
    assert post(client_of(user), room(world)).status_code == 403
    assert post(APIClient(), room(world)).status_code == 401


def test_of_the_call_only_the_digest_is_kept(world: World, officer: APIClient) -> None:
    _token, key = issue_token(user=world.users["district_officer"])
    post(APIClient(), room(world, area="x", name="只在请求里"), HTTP_AUTHORIZATION=f"Bearer {key}")
    kept = str(StoredAnswer.objects.values().get())
    assert "只在请求里" not in kept
    assert key not in kept


def test_runs_are_asked_for_once(world: World, officer: APIClient) -> None:
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    body, url = {"kind": "measure", "period": "2026Q1"}, f"{API}/runs/"
    first = post(officer, body, url=url)
    assert (first.status_code, post(officer, body, url=url).content) == (202, first.content)


def test_answers_are_kept_for_a_day(world: World, officer: APIClient) -> None:
    post(officer, room(world))
    almost = timezone.now() - once.KEPT_FOR + dt.timedelta(minutes=1)
    StoredAnswer.objects.update(created_at=almost)
    forget_answers()
    assert StoredAnswer.objects.count() == 1
    StoredAnswer.objects.update(created_at=almost - dt.timedelta(minutes=2))
    forget_answers()
    assert not StoredAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_under_way(world: World, officer: APIClient) -> None:
    """409; and when the process of the first dies, the next one takes its place at once."""
    name = f"once {world.users['district_officer'].pk}  k-1"
    other = connections.create_connection("default")
    try:
        other.ensure_connection()
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            assert cursor.fetchone() == (True,)
        assert code(post(officer, room(world))) == (409, "in_flight")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert post(officer, room(world)).status_code == 201
        assert NEW_ROOMS.count() == 1
    finally:
        other.close()
