"""Every door asks the same: one count of failures, one second step, and no way round it (T12)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from portal.accounts import links
from portal.accounts.models import OpenSession
from tests import factories
from tests.accounts.conftest import is_in, sign_in
from tests.accounts.test_second_factor import CODE, code_now, enrolled
from tests.security.matrix import ENTRIES

KNOWN = {
    "username": "clerk",
    "password": factories.PASSWORD,
    "new_password": "Kite-flying-2026",
    "repeated": "Kite-flying-2026",
    "code": "000000",
}
OPEN = [entry for entry in ENTRIES.values() if entry.public and entry.body is not None]


def tried(client: Client, route: str, data: dict[str, str]) -> Any:
    return client.post(f"/{route}", data)


@pytest.mark.parametrize("entry", OPEN, ids=lambda entry: entry.route)
def test_name_and_password_open_nothing_where_a_code_is_owed(db: None, entry: Any) -> None:
    secret, _codes = enrolled(factories.user("clerk"))
    client = Client()
    for data in (KNOWN, KNOWN | {"code": code_now(secret)}):
        answer = tried(client, entry.route, data)
        assert answer.status_code < 500
        assert not is_in(client), "a code is asked for on its own page, after the password"
    assert not OpenSession.objects.exists()
    assert not [row for row in Session.objects.all() if "_auth_user_id" in row.get_decoded()]


def test_the_public_posts_are_these() -> None:
    """A new one must be looked at here."""
    assert {entry.route for entry in OPEN} == {
        "accounts/login/",
        "accounts/login/code/",
        "accounts/link/",
        "accounts/link/password/",
    }


def test_basic_authentication_and_headers_open_nothing(db: None) -> None:
    import base64

    factories.user("clerk")
    word = base64.b64encode(f"clerk:{factories.PASSWORD}".encode()).decode()
    for headers in ({"HTTP_AUTHORIZATION": f"Basic {word}"}, {"HTTP_REMOTE_USER": "clerk"}):
        assert Client().get("/api/v1/me/", **headers).status_code == 401
        assert Client().get("/accounts/profile/", **headers).status_code == 302


def test_there_is_no_admin_site_nor_browsable_api(db: None) -> None:
    client = Client()
    assert client.get("/admin/").status_code == 404
    assert client.get("/api-auth/login/").status_code == 404
    answer = client.get("/api/v1/me/", HTTP_ACCEPT="text/html")
    assert answer.status_code in {401, 406}
    assert "<form" not in answer.content.decode()


def test_a_locked_name_is_locked_at_every_door(db: None) -> None:
    user = factories.user("clerk")
    secret, _codes = enrolled(user)
    half_way, inside = Client(), Client()
    sign_in(half_way, "clerk")
    sign_in(inside, "clerk")
    inside.post(CODE, {"code": code_now(secret)})
    assert is_in(inside)
    for _ in range(5):
        sign_in(Client(), "clerk", "nothing")
    change = {"password": factories.PASSWORD, "new_password": "Kite-flying-1", "repeated": "Kite-flying-1"}
    assert sign_in(Client(), "clerk").status_code == 429
    assert half_way.post(CODE, {"code": code_now(secret, 1)}).status_code == 429
    assert inside.post("/accounts/password/", change).status_code == 429
    assert (
        inside.post("/accounts/second-factor/", {"act": "remove", "code": code_now(secret, 1)}).status_code
        == 429
    )
    assert is_in(inside), "guesses of a stranger do not throw out who is at work"
    # The link of an administrator opens again what guesses have locked.
    links.make(user, by=None)
    assert sign_in(Client(), "clerk").status_code == 302


def test_a_message_is_not_carried_to_the_next_user(db: None) -> None:
    """What was said to one who signed out before any page showed it is said to nobody."""
    factories.user("clerk")
    client = Client()
    sign_in(client, "clerk")
    assert client.post("/accounts/sessions/end/", {"session": "others"}).status_code == 302
    client.post("/accounts/logout/")
    assert "没有可结束的登录" not in client.get("/accounts/login/").content.decode()
