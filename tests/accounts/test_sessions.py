"""How many sessions an account has, and that a key is worth nothing after a change (T15)."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from communities.base import roles
from communities.models import RoleAssignment, SignInRecord, User
from portal.accounts.models import OpenSession
from tests import factories
from tests.accounts.conftest import is_in, sign_in
from tests.conftest import World


@pytest.fixture
def clerk(db: None) -> User:
    return factories.user("clerk")


def signed_in(username: str = "clerk") -> Client:
    client = Client()
    assert sign_in(client, username).status_code == 302
    return client


def key_of(client: Client) -> str:
    key = client.session.session_key
    assert key
    return key


def told(outcome: str) -> int:
    return SignInRecord.objects.filter(outcome=outcome).count()


def test_one_too_many_ends_the_oldest(clerk: User, settings) -> None:
    settings.SESSIONS_PER_ACCOUNT = 2
    other = factories.user("other")
    neighbour = signed_in("other")
    first, second = signed_in(), signed_in()
    assert is_in(first)
    third = signed_in()
    assert [is_in(client) for client in (first, second, third)] == [False, True, True]
    assert is_in(neighbour)
    assert (told("displaced"), OpenSession.objects.filter(user=clerk).count()) == (1, 2)
    assert SignInRecord.objects.get(outcome="displaced").user == clerk
    settings.SESSIONS_PER_ACCOUNT = 1
    last = signed_in()
    assert [is_in(client) for client in (second, third, last)] == [False, False, True]
    assert other.open_sessions.count() == 1


def test_signing_in_again_and_out_frees_a_place(clerk: User, settings) -> None:
    settings.SESSIONS_PER_ACCOUNT = 2
    first, second = signed_in(), signed_in()
    sign_in(second, "clerk")
    assert is_in(first), "the same browser again is not a third one"
    second.post("/accounts/logout/")
    signed_in()
    assert is_in(first)
    assert told("displaced") == 0


def test_a_forgotten_session_does_not_count(clerk: User, settings) -> None:
    """Whoever is at work stays, whoever left without signing out is not in the way."""
    settings.SESSIONS_PER_ACCOUNT = 2
    with time_machine.travel(dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC), tick=False) as clock:
        at_work, _forgotten = signed_in(), signed_in()
        clock.shift(10 * 60)
        assert is_in(at_work)
        clock.shift(6 * 60)
        third = signed_in()
        assert is_in(at_work)
        assert "现有 2 处，最多 2 处" in third.get("/accounts/profile/").content.decode()
    assert told("displaced") == 0


def test_at_once_no_more_than_one_after_the_other(transactional_db: None, settings) -> None:
    settings.SESSIONS_PER_ACCOUNT = 3
    factories.user("clerk")
    clients = [Client() for _ in range(8)]

    def enter(client: Client) -> None:
        try:
            sign_in(client, "clerk")
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(is_in(client) for client in clients) == 3
    assert (told("success"), told("displaced"), OpenSession.objects.count()) == (8, 5, 3)


def test_a_new_key_when_a_role_is_given_changed_or_taken(world: World) -> None:
    clerk = factories.user("clerk", roles.STREET_CLERK.code, world.street)
    client = signed_in()

    def renewed() -> bool:
        """Whether the next request got a new key, under which the session goes on and the old one is dead."""
        before = key_of(client)
        thief = Client()
        thief.cookies["sessionid"] = before
        assert is_in(client)
        after = key_of(client)
        assert list(OpenSession.objects.values_list("pk", flat=True)) == [after]
        assert is_in(thief) == (after == before)
        return after != before

    assert not renewed()
    given = RoleAssignment.objects.create(
        user=clerk, role=roles.DISTRICT_OFFICER.code, division=world.district, valid=(None, None)
    )
    assert renewed()
    assert not renewed()
    RoleAssignment.objects.filter(pk=given.pk).update(division=world.other_district)
    assert renewed()
    RoleAssignment.objects.filter(pk=given.pk).update(valid=(None, dt.date(2020, 1, 1)))
    assert renewed()
    RoleAssignment.objects.filter(user=clerk).update(deleted_at=timezone.now())
    assert renewed()


def test_gone_with_its_session(clerk: User) -> None:
    client = signed_in()
    Session.objects.all().delete()
    assert not OpenSession.objects.exists()
    assert not is_in(client)
