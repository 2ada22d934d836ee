"""The second factor: codes, recovery codes, who must have one, and no door beside it (T12, T13)."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from communities.models import RoleAssignment, SignInRecord, User
from portal.accounts import links, second_factor
from portal.accounts.models import RecoveryCode, SecondFactor
from portal.encryption import Unreadable, seal, unseal
from tests import factories
from tests.accounts.conftest import is_in, sign_in
from tests.accounts.test_links import follow
from tests.conftest import World

CODE, PAGE = "/accounts/login/code/", "/accounts/second-factor/"
NOON = dt.datetime(2026, 11, 22, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def clerk(db: None) -> User:
    return factories.user("clerk")


def secret_of(user: User) -> bytes:
    return unseal(SecondFactor.objects.get(user=user).secret, second_factor.about(user))


def code_now(secret: bytes, steps: int = 0) -> str:
    moment = int(timezone.now().timestamp()) + steps * 30
    return second_factor.generator(secret).generate(moment).decode()


def enrolled(user: User) -> tuple[bytes, list[str]]:
    """A user with an authenticator, whose code of two minutes ago was used."""
    secret = second_factor.new_secret()
    with time_machine.travel(timezone.now() - dt.timedelta(minutes=2), tick=False):
        codes = second_factor.enrol(user, secret, code_now(secret))
    return secret, codes


def outcomes() -> list[str]:
    return list(SignInRecord.objects.order_by("pk").values_list("outcome", flat=True))


def test_set_up_on_the_page_then_asked_at_sign_in(clerk: User) -> None:
    other, client = Client(), Client()
    sign_in(other, "clerk")
    sign_in(client, "clerk")
    page = client.get(PAGE).content.decode()
    assert 'src="data:image/svg+xml' in page
    shown = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert shown
    assert client.get(PAGE).content.decode().count(shown[1]) == 1, "a reload shows the same"
    assert "不正确" in client.post(PAGE, {"code": "000000"}).content.decode()
    from base64 import b32decode

    secret = b32decode(shown[1].replace(" ", ""))
    done = client.post(PAGE, {"code": code_now(secret)}).content.decode()
    codes = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", done)
    assert len(codes) == 10
    assert is_in(client)
    assert not is_in(other), "what was opened without it ends"
    assert secret_of(clerk) == secret
    stored = str(list(SecondFactor.objects.values())) + str(list(RecoveryCode.objects.values()))
    assert shown[1].replace(" ", "") not in stored
    assert not [code for code in codes if code in stored]

    fresh = Client()
    assert sign_in(fresh, "clerk").url == CODE
    assert not is_in(fresh)
    assert factories.PASSWORD not in str([s.get_decoded() for s in Session.objects.all()])
    assert fresh.post(CODE, {"code": codes[0].lower().replace("-", " ")}).status_code == 302
    assert is_in(fresh)


def test_right_wrong_replayed(clerk: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        secret, _codes = enrolled(clerk)
        code = code_now(secret)
        client = Client()
        sign_in(client, "clerk", data={"next": "/accounts/profile/"})
        assert "不正确" in client.post(CODE, {"code": "123456"}).content.decode()
        assert client.post(CODE, {"code": code, "next": "/accounts/profile/"}).url == "/accounts/profile/"
        assert is_in(client)
        again = Client()
        sign_in(again, "clerk")
        assert "已经用过" in again.post(CODE, {"code": code}).content.decode()
        assert again.post(CODE, {"code": code_now(secret, -1)}).status_code == 200, "older than what was used"
        clock.shift(30)
        assert again.post(CODE, {"code": code_now(secret, 1)}).status_code == 302, "a clock that is fast"
        assert outcomes() == ["wrong_code", "success", "wrong_code", "wrong_code", "success"]


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_too_early_or_late(clerk: User, steps: int) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = second_factor.new_secret()
        assert second_factor.step_of(secret, code_now(secret, steps)) is None


def test_the_window_is_one_step_to_each_side(clerk: User) -> None:
    with time_machine.travel(NOON, tick=False):
        secret = second_factor.new_secret()
        assert all(second_factor.step_of(secret, code_now(secret, steps)) for steps in (-1, 0, 1))


def test_a_recovery_code_once(clerk: User) -> None:
    _secret, codes = enrolled(clerk)
    for status in (302, 200):
        client = Client()
        sign_in(client, "clerk")
        assert client.post(CODE, {"code": codes[3]}).status_code == status
    other = factories.user("other")
    enrolled(other)
    assert not second_factor.holds(other, codes[4]), "everybody has his own"


def test_wrong_codes_and_wrong_passwords_lock_together(clerk: User) -> None:
    secret, _codes = enrolled(clerk)
    for _ in range(2):
        sign_in(Client(), "clerk", "nothing")
    client = Client()
    sign_in(client, "clerk")
    answers = [client.post(CODE, {"code": "000000"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert client.post(CODE, {"code": code_now(secret)}).status_code == 429
    assert sign_in(Client(), "clerk").status_code == 429
    assert outcomes() == ["failure"] * 2 + ["wrong_code"] * 3 + ["locked"] * 2


def test_half_way_in_is_not_in(clerk: User) -> None:
    """Between password and code there is no session: not for pages, not for the API, and not for long."""
    enrolled(clerk)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = Client()
        sign_in(client, "clerk")
        assert client.get(CODE).status_code == 200
        assert not is_in(client)
        assert client.get("/accounts/profile/").url.startswith("/accounts/login/")
        clock.shift(301)
        assert client.get(CODE).url == "/accounts/login/"
    client = Client()
    sign_in(client, "clerk")
    User.objects.filter(pk=clerk.pk).update(password="pbkdf2_sha256$1$x$y")
    assert client.get(CODE).url == "/accounts/login/"
    assert Client().get(CODE).url == "/accounts/login/"


def test_administrators_must_where_the_setting_says_so(world: World, settings) -> None:
    settings.TOTP_REQUIRED_FOR = "administrators"
    client = Client()
    sign_in(client, "auditor")
    assert client.get("/change-records/").url == f"{PAGE}?next=%2Fchange-records%2F"
    assert client.get("/accounts/profile/").status_code == 302
    refused = client.get("/api/v1/changes/")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "second_factor_required")
    assert client.get("/change-records/", HTTP_HX_REQUEST="true")["HX-Redirect"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "您的角色须用动态口令登录" in page
    assert "退出登录" in page
    clerk = Client()
    sign_in(clerk, "street_clerk")
    assert is_in(clerk)
    settings.TOTP_REQUIRED_FOR = "all"
    assert not is_in(clerk)
    settings.TOTP_REQUIRED_FOR = "none"
    assert is_in(client)


def test_who_becomes_an_administrator_must_at_once(world: World, settings) -> None:
    settings.TOTP_REQUIRED_FOR = "administrators"
    nobody, client = world.users["nobody"], Client()
    sign_in(client, "nobody")
    assert is_in(client)
    RoleAssignment.objects.create(user=nobody, role="auditor", division=world.city, valid=(None, None))
    assert not is_in(client)
    enrolled(nobody)
    assert client.get("/change-records/").url == "/accounts/login/", "begun without it: once more"
    secret = secret_of(nobody)
    sign_in(client, "nobody")
    client.post(CODE, {"code": code_now(secret)})
    assert client.get("/change-records/").status_code == 200


def test_given_up_only_with_a_code(clerk: User) -> None:
    secret, codes = enrolled(clerk)
    client = Client()
    sign_in(client, "clerk")
    client.post(CODE, {"code": codes[0]})
    assert "还有 9 个可用" in client.get(PAGE).content.decode()
    client.post(PAGE, {"act": "remove", "code": "000000"})
    assert second_factor.is_enrolled(clerk)
    renewed = client.post(PAGE, {"act": "codes", "code": codes[1]}).content.decode()
    assert renewed.count("<code>") == 10
    assert not second_factor.holds(clerk, codes[2])
    client.post(PAGE, {"act": "remove", "code": code_now(secret)})
    assert not second_factor.is_enrolled(clerk)
    assert is_in(client)
    assert sign_in(Client(), "clerk").url == "/"


def test_a_reset_keeps_it_unless_it_is_lost_too(world: World) -> None:
    clerk = world.users["street_clerk"]
    enrolled(clerk)
    _link, code = links.make(clerk, by=None)
    follow(code)
    assert sign_in(Client(), "street_clerk", "Kite-flying-2026").url == CODE
    administrator = Client()
    administrator.force_login(world.users["platform_administrator"])
    assert "同时解除动态口令" in administrator.get(f"/users/{clerk.public_id}/link/").content.decode()
    made = administrator.post(f"/users/{clerk.public_id}/link/", {"frees_second_factor": "on"})
    assert second_factor.is_enrolled(clerk), "made is not used"
    from tests.accounts.test_links import code_in

    follow(code_in(made), "Kite-flying-2027")
    assert sign_in(Client(), "street_clerk", "Kite-flying-2027").url == "/"


def test_sealed_texts(settings) -> None:
    first = seal(b"secret", "a")
    assert seal(b"secret", "a") != first
    assert "secret" not in first
    assert unseal(first, "a") == b"secret"
    settings.ENCRYPTION_KEY_FALLBACKS = [settings.ENCRYPTION_KEY]
    settings.ENCRYPTION_KEY = "a new key " * 6
    assert unseal(first, "a") == b"secret"
    assert unseal(seal(b"x", "a"), "a") == b"x"
    settings.ENCRYPTION_KEY_FALLBACKS = []
    for wrong in (first, "", "x:y", first[:-4] + "AAAA"):
        with pytest.raises(Unreadable):
            unseal(wrong, "a")
    with pytest.raises(Unreadable):
        unseal(seal(b"x", "a"), "b")
