"""The two password profiles, change and rotation (T30)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from communities.models import ChangeRecord, User
from portal.accounts.passwords import PROFILES, is_due, one_time_password
from tests import factories
from tests.accounts.conftest import is_in, sign_in

PAGE = "/accounts/password/"
WANG = User(username="wangxm", name="王小明")
NEW = "Kite-flying-2026"


def codes_of(password: str, user: User = WANG) -> set[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {each.code for each in error.error_list}
    return set()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Ab1-Ab1-A", "password_too_short"),
        ("abcdefghijk1", "password_too_few_classes"),
        ("ABCDEFGHIJ-", "password_too_few_classes"),
        ("x-Wangxm-2026", "password_contains_username"),
        ("x-WANGXM-2026a", "password_contains_username"),
        ("王小明-Kite-2026", "password_contains_context"),
        ("wangXiaoMing-2026", "password_contains_context"),
        ("MinZhengJu-2026", "password_contains_context"),
        ("Kite-1" * 22, "password_too_long"),
        ("Password123!", "password_too_common"),
        ("!!P@ssw0rd2026", "password_too_common"),
        ("2026-Dragon-88", "password_too_common"),
    ],
)
def test_weak_passwords_are_refused(password: str, code: str) -> None:
    assert code in codes_of(password)


@pytest.mark.parametrize("password", ["Kite-flying8", "kite flying 8", "风筝Kite飞得高88", "x" * 40 + "A1"])
def test_good_ones_pass(password: str) -> None:
    validate_password(password, WANG)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Kite-flying-20", "password_too_short"),
        ("xyzxyzxyzxyzxyzxyz", "password_pattern"),
        ("abcdefghijklmnop", "password_pattern"),
        ("9876543210987654", "password_pattern"),
        ("qwertyuiopasdfgh", "password_pattern"),
        ("my name is wangxm ok", "password_contains_username"),
    ],
)
def test_the_other_profile_refuses(settings, password: str, code: str) -> None:
    settings.PASSWORD_PROFILE = "nist"
    assert code in codes_of(password)


@pytest.mark.parametrize(
    "password", ["a kite flies over town", "风筝在城上飞得很高很高还不回来", "k1te" * 16 + "fly"]
)
def test_the_other_profile_takes_long_words_of_one_kind(settings, password: str) -> None:
    assert "password_too_few_classes" in codes_of(password) or len(password) > 60
    settings.PASSWORD_PROFILE = "nist"
    assert codes_of(password) == set()


def test_known_passwords_are_refused_by_both(settings, tmp_path: Path) -> None:
    leaked = tmp_path / "leaked.txt"
    leaked.write_text("a long phrase that leaked\nKite-leaked-88\n".lower())
    assert codes_of("Kite-leaked-88") == set()
    settings.LEAKED_PASSWORDS = str(leaked)
    assert codes_of("Kite-leaked-88") == {"password_too_common"}
    settings.PASSWORD_PROFILE = "nist"
    assert codes_of("a long phrase that leaked") == {"password_too_common"}
    assert "password_too_common" in codes_of("password1234")


def test_one_time_passwords_pass_and_differ() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        validate_password(password, User(username="wangxm"))


@pytest.fixture
def clerk(db: None) -> User:
    return factories.user("clerk")


def changed(client: Client, old: str, new: str, **more: str):
    return client.post(PAGE, {"password": old, "new_password": new, "repeated": new} | more)


def test_one_changes_ones_own(clerk: User) -> None:
    client, other = Client(), Client()
    sign_in(client, "clerk")
    sign_in(other, "clerk")
    before = client.session.session_key
    assert "现在的密码不正确" in changed(client, "nothing", NEW).content.decode()
    assert "至少 10 个字符" in client.get(PAGE).content.decode()
    answer = changed(client, factories.PASSWORD, NEW, next="/accounts/profile/")
    assert answer.url == "/accounts/profile/"
    assert is_in(client)
    assert not is_in(other)
    assert client.session.session_key != before
    assert sign_in(Client(), "clerk").status_code == 200
    assert sign_in(Client(), "clerk", NEW).status_code == 302
    record = ChangeRecord.objects.get(object_id=clerk.public_id)
    assert (record.reason, record.user) == ("本人修改密码", clerk)


def test_guessing_the_old_one_meets_the_lock(clerk: User) -> None:
    client = Client()
    sign_in(client, "clerk")
    answers = [changed(client, "nothing", NEW).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert changed(client, factories.PASSWORD, NEW).status_code == 429


def test_the_last_five_are_barred(clerk: User) -> None:
    client = Client()
    sign_in(client, "clerk")
    used = [factories.PASSWORD]
    for number in range(5):
        assert changed(client, used[-1], f"Kite-flying-{number}x").status_code == 302
        used.append(f"Kite-flying-{number}x")
    for old in used[1:]:
        assert "最近用过的 5 个密码" in changed(client, used[-1], old).content.decode(), old
    assert clerk.past_passwords.count() == 5
    assert changed(client, used[-1], used[0] + "-A").status_code == 302


def test_the_other_profile_bars_the_present_one_alone(clerk: User, settings) -> None:
    settings.PASSWORD_PROFILE = "nist"
    client = Client()
    sign_in(client, "clerk")
    assert changed(client, factories.PASSWORD, "a kite flies over town").status_code == 302
    assert "现在的密码相同" in changed(client, *["a kite flies over town"] * 2).content.decode()
    assert changed(client, "a kite flies over town", factories.PASSWORD).status_code == 302


def test_who_must_change_gets_nowhere_else(clerk: User) -> None:
    User.objects.filter(pk=clerk.pk).update(must_change_password=True)
    client = Client()
    assert sign_in(client, "clerk", data={"next": "/accounts/profile/"}).url == "/accounts/profile/"
    assert client.get("/accounts/profile/").url == f"{PAGE}?next=%2Faccounts%2Fprofile%2F"
    assert client.get("/").url == PAGE
    for path in ("/dashboard/", "/premises/", "/accounts/second-factor/", "/api/v1/docs/"):
        assert client.get(path).status_code in {302, 403}, path
        assert client.post(path).status_code in {302, 403}, path
    refused = client.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "password_change_required")
    assert client.get("/premises/", HTTP_HX_REQUEST="true")["HX-Redirect"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "请先修改密码" in page
    assert "退出登录" in page
    assert "与" in changed(client, factories.PASSWORD, factories.PASSWORD).content.decode(), (
        "not the same again"
    )
    changed(client, factories.PASSWORD, NEW)
    assert is_in(client)
    assert client.get("/accounts/profile/").status_code == 200
    client.post("/accounts/logout/")


def test_who_must_change_may_leave(clerk: User) -> None:
    User.objects.filter(pk=clerk.pk).update(must_change_password=True)
    client = Client()
    sign_in(client, "clerk")
    assert client.post("/accounts/logout/").url == "/accounts/login/"


def test_after_ninety_days_at_sign_in(clerk: User, settings) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(days=89)):
        client = Client()
        sign_in(client, "clerk")
        assert is_in(client)
    with time_machine.travel(timezone.now() + dt.timedelta(days=91)):
        settings.PASSWORD_PROFILE = "nist"
        client = Client()
        sign_in(client, "clerk")
        assert is_in(client)
        settings.PASSWORD_PROFILE = "dengbao"
        client = Client()
        sign_in(client, "clerk")
        assert not is_in(client)
        assert "超过使用期限" in client.get(PAGE).content.decode()
        changed(client, factories.PASSWORD, NEW)
        assert is_in(client)
        clerk.refresh_from_db()
        assert not is_due(clerk)
        User.objects.filter(pk=clerk.pk).update(is_demo=True)
        clerk.past_passwords.all().delete()
        clerk.refresh_from_db()
        assert not is_due(clerk), "demo accounts stay as make run printed them"


@pytest.mark.parametrize("name", PROFILES)
def test_the_page_names_the_rules_in_force(clerk: User, settings, name: str) -> None:
    settings.PASSWORD_PROFILE = name
    client = Client()
    client.force_login(clerk)
    page = client.get(PAGE).content.decode()
    for rule in PROFILES[name].rules():
        assert rule in page
    assert ("90 天" in page) == (name == "dengbao")
