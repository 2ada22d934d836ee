"""Tokens of other systems (T11), and the commands that make the first accounts."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from communities.models import ApiToken, ChangeRecord, RoleAssignment, User
from portal.accounts.actions import issue_token
from tests import factories
from tests.conftest import World

ME = "/api/v1/me/"


def bearer(key: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"{scheme} {key}"}


@pytest.fixture
def token(world: World) -> tuple[ApiToken, str]:
    return issue_token(user=world.users["api_client"])


def test_a_token_reads_and_makes_no_session(
    client: Client, world: World, token: tuple[ApiToken, str]
) -> None:
    for scheme in ("Bearer", "Token", "bearer"):
        answer = client.get(ME, **bearer(token[1], scheme))
        assert answer.status_code == 200
        assert answer.json()["username"] == "api_client"
        assert not answer.cookies
    assert not Session.objects.exists()
    assert client.get("/accounts/profile/", **bearer(token[1])).status_code == 302
    rooms = client.get("/api/v1/premises/", **bearer(token[1])).json()
    assert rooms["count"] == 2
    assert "外" not in str(rooms)


def test_a_token_needs_no_csrf(world: World, token: tuple[ApiToken, str]) -> None:
    factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    client = Client(enforce_csrf_checks=True)
    body = {"kind": "measure", "period": "2026Q1"}
    assert client.post("/api/v1/runs/", body, "application/json", **bearer(token[1])).status_code == 202
    client.force_login(world.users["district_officer"])
    refused = client.post("/api/v1/runs/", body, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    "key", ["", "x", "cst_00000000_" + "a" * 43, "cst_", "é", "a b c", "x" * 5000, "cst_0000000g_" + "a" * 43]
)
def test_wrong_keys(client: Client, world: World, key: str) -> None:
    client.force_login(world.users["district_officer"])
    answer = client.get(ME, **bearer(key))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "authentication_failed")


@pytest.mark.parametrize(
    "end", ["revoked", "expired", "disabled", "account_expired", "deleted", "other_secret"]
)
def test_a_token_that_no_longer_holds(client: Client, token: tuple[ApiToken, str], end: str) -> None:
    row, key = token
    users = User.objects.filter(pk=row.user_id)
    tokens = ApiToken.objects.filter(pk=row.pk)
    {
        "revoked": lambda: tokens.update(revoked_at=timezone.now()),
        "expired": lambda: tokens.update(expires_at=timezone.now()),
        "disabled": lambda: users.update(is_active=False),
        "account_expired": lambda: users.update(expires_on=dt.date(2020, 1, 1)),
        "deleted": lambda: users.update(deleted_at=timezone.now()),
        "other_secret": lambda: tokens.update(digest=ApiToken.digest_of("x")),
    }[end]()
    assert client.get(ME, **bearer(key)).status_code == 401


def test_a_token_has_the_rights_of_one_role(client: Client, world: World) -> None:
    user = world.users["api_client"]
    RoleAssignment.objects.create(user=user, role="city_officer", division=world.city, valid=(None, None))
    _row, key = issue_token(user=user, role="api_client")
    assert (
        client.get(
            f"/api/v1/premises/{world.premises['other_community'].public_id}/", **bearer(key)
        ).status_code
        == 404
    )
    assert [role["code"] for role in client.get(ME, **bearer(key)).json()["roles"]] == ["api_client"]
    RoleAssignment.objects.filter(user=user, role="api_client").update(valid=(None, dt.date(2020, 1, 1)))
    assert client.get("/api/v1/premises/", **bearer(key)).status_code == 403


def test_the_last_use_is_noted_once_a_minute(
    client: Client, token: tuple[ApiToken, str], django_assert_num_queries
) -> None:
    row, key = token
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(ME, **bearer(key))
        row.refresh_from_db()
        first = row.last_used_at
        clock.shift(30)
        client.get(ME, **bearer(key))
        row.refresh_from_db()
        assert row.last_used_at == first
        clock.shift(31)
        client.get(ME, **bearer(key))
        row.refresh_from_db()
        assert row.last_used_at > first


def test_the_command_prints_the_key_once(world: World, client: Client, capsys) -> None:
    call_command("create_api_token", "api_client", "--name", "统计平台", "--days", "30")
    key = capsys.readouterr().out.strip()
    assert client.get(ME, **bearer(key)).status_code == 200
    row = ApiToken.objects.get()
    assert key not in str(vars(row))
    assert row.expires_at < timezone.now() + dt.timedelta(days=31)
    assert key not in str(list(ChangeRecord.objects.values()))
    for wrong in (
        ["ghost"],
        ["nobody"],
        ["api_client", "--role", "city_officer"],
        ["api_client", "--days", "0"],
    ):
        with pytest.raises(CommandError):
            call_command("create_api_token", *wrong)


def test_the_first_administrator(db: None, client: Client, capsys) -> None:
    call_command("create_administrator", "chief", "--name", "张三", "--role", "security_administrator")
    password = capsys.readouterr().out.split("一次性密码：")[1].strip()
    user = User.objects.get(username="chief")
    assert user.must_change_password
    assert user.held_roles()[0][0] == "security_administrator"
    answer = client.post("/accounts/login/", {"username": "chief", "password": password})
    assert answer.status_code == 302
    recorded = str(list(ChangeRecord.objects.values()))
    assert password not in recorded
    assert "张三" not in recorded
    with pytest.raises(CommandError, match="已被使用"):
        call_command("create_administrator", "chief", "--name", "李四")
