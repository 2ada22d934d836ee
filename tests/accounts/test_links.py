"""One-time links: invitations and resets, handed over by hand (T12, T14, T30)."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from communities.models import ApiToken, ChangeRecord, SignInRecord, User
from portal.accounts import links
from portal.accounts.actions import issue_token
from portal.accounts.models import OneTimeLink
from tests import factories
from tests.accounts.conftest import is_in, sign_in
from tests.conftest import World

LINK, CHOSEN = "/accounts/link/", "/accounts/link/password/"
NEW = "Kite-flying-2026"


def code_in(answer: Any) -> str:
    """The code of the link that a page shows."""
    found = re.search(r'value="http://testserver/accounts/link/#([\w-]{43})"', answer.content.decode())
    assert found, answer.content.decode()[-3000:]
    return found[1]


@pytest.fixture
def platform(world: World) -> Client:
    client = Client()
    client.force_login(world.users["platform_administrator"])
    return client


@pytest.fixture
def bureau(world: World) -> Any:
    from communities.models import Organisation

    return Organisation.objects.create(name="甲区民政局", kind="civil_affairs", division=world.district)


def follow(code: str, password: str = NEW, client: Client | None = None) -> Any:
    client = client or Client()
    shown = client.post(LINK, {"code": code})
    assert shown.status_code == 302, shown.content.decode()
    return client.post(CHOSEN, {"new_password": password, "repeated": password})


def test_from_invitation_to_the_first_page(platform: Client, world: World, bureau: Any) -> None:
    made = platform.post(
        "/users/new/",
        {"username": "lihua", "name": "李华", "organisation": str(bureau.public_id)},
    )
    code = code_in(made)
    user = User.objects.get(username="lihua")
    assert not user.has_usable_password()
    assert code not in str(OneTimeLink.objects.values())
    assert code not in platform.get(f"/users/{user.public_id}/").content.decode()
    assert sign_in(Client(), "lihua", "").status_code == 200

    guest = Client()
    assert guest.post(LINK, {"code": f" http://testserver{LINK}#{code} "}).url == CHOSEN
    page = guest.get(CHOSEN).content.decode()
    assert "李华" in page
    assert "至少 10 个字符" in page
    answer = guest.post(CHOSEN, {"new_password": NEW, "repeated": NEW}, follow=True)
    assert "请用新密码登录" in answer.content.decode()
    assert not is_in(guest), "a link opens no session: one signs in like everybody"
    assert sign_in(guest, "lihua", NEW).status_code == 302
    assert is_in(guest)
    assert Client().post(LINK, {"code": code}).status_code == 200
    records = str(list(ChangeRecord.objects.values())) + str(list(SignInRecord.objects.values()))
    assert NEW not in records
    assert code not in records
    assert "李华" not in str(
        list(ChangeRecord.objects.filter(object_label="lihua").values("before", "after"))
    )


def test_void_links_read_the_same(platform: Client, world: World) -> None:
    """Unknown, used, too old, of an account that is off: not a word tells which."""
    clerk = world.users["street_clerk"]
    said = set()

    def tried(code: str) -> None:
        page = Client().post(LINK, {"code": code}).content.decode()
        lines = (line for line in page.splitlines() if "csrf" not in line and 'name="code"' not in line)
        said.add("\n".join(lines))

    tried("x" * 43)
    _link, used = links.make(clerk, by=None)
    follow(used)
    tried(used)
    _link, old = links.make(clerk, by=None)
    _link, _newer = links.make(clerk, by=None)
    tried(old)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=73)):
        tried(_newer)
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    tried(_newer)
    assert len(said) == 1
    assert "链接无效、已使用或已过期" in said.pop()


def test_the_end_by_setting(world: World, settings) -> None:
    settings.ONE_TIME_LINK_HOURS = 1
    _link, code = links.make(world.users["street_clerk"], by=None)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61)):
        assert Client().post(LINK, {"code": code}).status_code == 200


def test_a_link_shown_but_not_used_in_time(world: World) -> None:
    _link, code = links.make(world.users["street_clerk"], by=None)
    guest = Client()
    guest.post(LINK, {"code": code})
    assert Client().get(CHOSEN).url == LINK
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=31)):
        assert guest.get(CHOSEN).url == LINK
    # Two browsers with the same link: the second finds it used.
    other = Client()
    other.post(LINK, {"code": code})
    follow(code)
    assert other.post(CHOSEN, {"new_password": NEW + "x", "repeated": NEW + "x"}).url == LINK


def test_a_reset_ends_sessions_and_lifts_the_lock(platform: Client, world: World) -> None:
    clerk = world.users["street_clerk"]
    inside = Client()
    sign_in(inside, "street_clerk")
    for _ in range(5):
        sign_in(Client(), "street_clerk", "nothing")
    assert sign_in(Client(), "street_clerk").status_code == 429
    page = platform.get(f"/users/{clerk.public_id}/link/").content.decode()
    assert "重置密码" in page
    made = platform.post(f"/users/{clerk.public_id}/link/")
    assert not is_in(inside)
    again = Client()
    assert sign_in(again, "street_clerk").status_code == 302
    follow(code_in(made))
    assert not is_in(again)
    assert sign_in(Client(), "street_clerk").status_code == 200
    assert sign_in(Client(), "street_clerk", NEW).status_code == 302
    reasons = ChangeRecord.objects.filter(object_id=clerk.public_id).values_list("reason", flat=True)
    assert {"发出重置密码链接", "用重置密码链接设置密码"} <= set(reasons)


@pytest.mark.parametrize(
    ("password", "message"),
    [("short", "至少"), ("alllowercaseletters", "至少 3 类"), ("", "请填写此项"), ("x" * 129, "128")],
)
def test_weak_passwords_are_told(world: World, password: str, message: str) -> None:
    _link, code = links.make(world.users["street_clerk"], by=None)
    answer = follow(code, password)
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert "请联系" not in answer.content.decode()


def test_the_two_must_be_equal(world: World) -> None:
    _link, code = links.make(world.users["street_clerk"], by=None)
    guest = Client()
    guest.post(LINK, {"code": code})
    answer = guest.post(CHOSEN, {"new_password": NEW, "repeated": NEW + "x"})
    assert "两次输入的新密码不一致" in answer.content.decode()


def test_who_may_make_one_for_whom(platform: Client, world: World) -> None:
    """Not for oneself, the other two administrators, whoever holds more elsewhere, or foreigners."""
    users = world.users
    outside = factories.user("far_officer", "city_officer", world.far_city)
    both = factories.user("both", "street_clerk", world.street)
    both.role_assignments.create(role="street_clerk", division=world.far_community, valid=(None, None))
    expected = {
        users["street_clerk"]: 200,
        users["platform_administrator"]: 403,
        users["security_administrator"]: 403,
        users["auditor"]: 403,
        both: 403,
        outside: 404,
    }
    before = OneTimeLink.objects.count()
    for user, status in expected.items():
        assert platform.get(f"/users/{user.public_id}/link/").status_code == status, user.username
        assert platform.post(f"/users/{user.public_id}/link/").status_code == status, user.username
        page = platform.get(f"/users/{user.public_id}/")
        if status != 404:
            assert (f"/users/{user.public_id}/link/" in page.content.decode()) == (status == 200)
    assert OneTimeLink.objects.count() == before + 1
    kept = ChangeRecord.objects.filter(verb="refused").values_list("object_label", flat=True)
    assert set(kept) == {"platform_administrator", "security_administrator", "auditor", "both"}


def test_the_command_makes_one_for_any_account(world: World, capsys) -> None:
    call_command("create_one_time_link", "security_administrator")
    code = capsys.readouterr().out.strip().rpartition("#")[2]
    follow(code)
    assert sign_in(Client(), "security_administrator", NEW).status_code == 302
    for wrong in ("ghost", "gone"):
        with pytest.raises(CommandError):
            call_command("create_one_time_link", wrong)


def test_neither_code_nor_password_in_log_or_session(
    platform: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    from django.contrib.sessions.models import Session

    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="django_structlog")
    clerk = world.users["street_clerk"]
    code = code_in(platform.post(f"/users/{clerk.public_id}/link/"))
    guest = Client()
    guest.post(LINK, {"code": code})
    guest.post(CHOSEN, {"new_password": NEW, "repeated": NEW})
    sign_in(guest, "street_clerk", "a-wrong-Password-1")
    sign_in(guest, "street_clerk", NEW)
    guest.post(
        "/accounts/password/",
        {"password": "another-wrong-one-2", "new_password": NEW + "3", "repeated": NEW + "3"},
    )
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    kept = str([session.get_decoded() for session in Session.objects.all()])
    from axes.models import AccessAttempt

    attempts = str(list(AccessAttempt.objects.values()))
    assert AccessAttempt.objects.exists()
    for secret in (code, NEW, "a-wrong-Password-1", "another-wrong-one-2", NEW + "3"):
        assert secret not in logged
        assert secret not in kept
        assert secret not in attempts


def test_disabling_ends_everything_for_good(platform: Client, world: World, bureau: Any) -> None:
    client_user = world.users["api_client"]
    User.objects.filter(pk=client_user.pk).update(organisation=bureau)
    _token, key = issue_token(user=client_user)
    _link, code = links.make(client_user, by=None)
    inside = Client()
    sign_in(inside, "api_client")

    def write(is_active: str) -> Any:
        client_user.refresh_from_db()
        return platform.post(
            f"/users/{client_user.public_id}/edit/",
            {
                "version": client_user.version,
                "name": client_user.name,
                "organisation": str(bureau.public_id),
                **({"is_active": is_active} if is_active else {}),
            },
        )

    assert write("").status_code == 302
    assert not is_in(inside)
    assert write("on").status_code == 302
    client_user.refresh_from_db()
    assert client_user.is_active
    assert not is_in(inside), "a session does not come back with its account"
    assert Client().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 401
    assert Client().post(LINK, {"code": code}).status_code == 200
    assert ApiToken.objects.get().revoked_at is not None
