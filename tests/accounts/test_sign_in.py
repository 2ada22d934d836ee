"""Sign-in, lock-out and the life of a session (T13, T14, T15)."""

from __future__ import annotations

import datetime as dt
import statistics
import threading
import time

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY, hashers
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from communities.models import SignInRecord, User
from portal.accounts.models import SecondFactor
from portal.accounts.sessions import SEEN
from tests import factories
from tests.accounts.conftest import LOGIN, is_in, sign_in
from tests.conftest import World

WRONG = "用户名或密码不正确"


@pytest.fixture
def clerk(db: None) -> User:
    return factories.user("clerk")


def outcomes() -> list[str]:
    return list(SignInRecord.objects.order_by("pk").values_list("outcome", flat=True))


def test_in_and_out(client: Client, clerk: User) -> None:
    assert "登录" in client.get(LOGIN).content.decode()
    assert sign_in(client, "clerk", HTTP_USER_AGENT="浏览器\x00").status_code == 302
    assert is_in(client)
    assert client.get("/accounts/logout/").status_code == 405
    assert is_in(client)
    assert client.post("/accounts/logout/").url == LOGIN
    assert not is_in(client)
    assert outcomes() == ["success", "signed_out"]
    record = SignInRecord.objects.order_by("pk").first()
    assert (record.user, record.address) == (clerk, "127.0.0.1")


def test_unknown_and_wrong_read_the_same(client: Client, clerk: User) -> None:
    wrong = sign_in(client, "clerk", "nothing")
    unknown = sign_in(client, "ghost", "nothing")
    assert WRONG in wrong.content.decode()
    assert wrong.status_code == unknown.status_code == 200

    def text(answer) -> str:
        page = answer.content.decode().replace("ghost", "clerk")
        return "".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)

    assert text(wrong) == text(unknown)


@pytest.mark.usefixtures("real_hasher")
def test_unknown_and_wrong_cost_the_same_hash(client: Client, clerk: User, monkeypatch) -> None:
    """What takes the time is hashing: once each, with the same number of rounds."""
    rounds: list[int] = []
    hash_once = hashers.pbkdf2
    monkeypatch.setattr(
        hashers,
        "pbkdf2",
        lambda password, salt, iterations, **more: (
            rounds.append(iterations) or hash_once(password, salt, iterations, **more)
        ),
    )
    sign_in(client, "clerk", "nothing")
    sign_in(client, "ghost", "nothing")
    User.objects.filter(pk=factories.user("away").pk).update(is_active=False)
    invited = factories.user("invited")
    invited.set_unusable_password()
    invited.save(update_fields=["password"])
    SecondFactor.objects.create(user=factories.user("careful"), secret="sealed")
    for username in ("away", "invited", "careful"):
        sign_in(client, username, "nothing")
    assert len(rounds) == 5
    assert len(set(rounds)) == 1
    assert rounds[0] >= hashers.PBKDF2PasswordHasher.iterations


@pytest.mark.prove
@pytest.mark.usefixtures("real_hasher")
@pytest.mark.parametrize("kind", ["in_use", "away", "invited", "with_second_factor"])
def test_unknown_and_known_take_the_same_time(client: Client, clerk: User, settings, kind: str) -> None:
    """Medians of 100 tries each within 10 %, in time of the processor: a busy machine says nothing of the code."""
    settings.AXES_FAILURE_LIMIT = 1000
    if kind == "away":
        User.objects.filter(pk=clerk.pk).update(is_active=False)
    elif kind == "invited":
        clerk.set_unusable_password()
        clerk.save(update_fields=["password"])
    elif kind == "with_second_factor":
        SecondFactor.objects.create(user=clerk, secret="sealed")

    def took(username: str) -> float:
        began = time.thread_time()
        sign_in(client, username, "nothing")
        return time.thread_time() - began

    took("clerk"), took("ghost")
    pairs = [(took("clerk"), took("ghost")) for _ in range(100)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert abs(known / unknown - 1) < 0.1, (known, unknown)


def test_a_new_key_at_sign_in(client: Client, clerk: User) -> None:
    client.session.save()
    session = client.session
    session["before"] = 1
    session.save()
    before = session.session_key
    sign_in(client, "clerk")
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert client.session.session_key not in client.get("/api/v1/docs/").content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"deleted_at": timezone.now()},
        {"expires_on": dt.date(2020, 1, 1)},
        {"password": "pbkdf2_sha256$1$x$y"},
    ],
)
def test_dead_at_the_next_request(client: Client, clerk: User, change: dict) -> None:
    sign_in(client, "clerk")
    assert is_in(client)
    User.objects.filter(pk=clerk.pk).update(**change)
    assert not is_in(client)
    assert sign_in(Client(), "clerk").status_code == 200


def test_idle_and_absolute_end(clerk: User, settings) -> None:
    start = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as clock:
        client = Client()
        sign_in(client, "clerk")
        key = client.session.session_key
        clock.shift(14 * 60)
        assert is_in(client)
        clock.shift(14 * 60)
        assert is_in(client)
        clock.shift(16 * 60)
        assert not is_in(client)
        assert not Session.objects.filter(session_key=key).exists()

        sign_in(client, "clerk")
        for _ in range(12 * 60 // 10):
            clock.shift(10 * 60)
            if not is_in(client):
                break
        assert clock is not None
        clock.shift(61)
        assert not is_in(client)


def test_polls_do_not_keep_a_session_alive(clerk: User) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC), tick=False) as clock:
        client = Client()
        sign_in(client, "clerk")
        for _ in range(3):
            clock.shift(4 * 60)
            assert client.get("/api/v1/me/", HTTP_X_BACKGROUND="1").status_code == 200
        clock.shift(4 * 60)
        assert client.get("/api/v1/me/", HTTP_X_BACKGROUND="1").status_code == 401


def test_a_session_without_a_stamp_begins_now(client: Client, clerk: User) -> None:
    client.force_login(clerk)
    assert is_in(client)
    assert SEEN in client.session


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/api/v1/me/", "/api/v1/me/"),
        ("/registers/?place=1&period=2026Q3", "/registers/?place=1&period=2026Q3"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("///evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
        ("http://testserver/", "/"),
        ("\t//evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/x%0D%0ASet-Cookie:%20a=b"),
        ("", "/"),
    ],
)
def test_next_is_local(client: Client, clerk: User, target: str, leads_to: str) -> None:
    answer = sign_in(client, "clerk", data={"next": target})
    assert answer.url in {leads_to, "/"}
    assert "\n" not in answer["Location"]
    again = client.get(LOGIN, {"next": target})
    assert again.url in {leads_to, "/"}


def test_five_failures_lock_a_name(client: Client, clerk: User) -> None:
    answers = [sign_in(client, "clerk", "nothing").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    locked = sign_in(client, "clerk")
    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "15 分钟" in locked.content.decode()
    assert outcomes() == ["failure"] * 5 + ["locked"]
    assert SESSION_KEY not in client.session
    for _ in range(5):
        unknown = sign_in(client, "ghost", "nothing")
    assert unknown.content == locked.content


def test_the_lock_ends(clerk: User) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC), tick=False) as clock:
        for _ in range(5):
            sign_in(Client(), "clerk", "nothing")
        clock.shift(14 * 60)
        assert sign_in(Client(), "clerk").status_code == 429
        clock.shift(61)
        assert sign_in(Client(), "clerk").status_code == 302


@pytest.mark.parametrize(
    "header", ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP"]
)
def test_a_forged_address_changes_nothing(clerk: User, header: str) -> None:
    for number in range(5):
        sign_in(
            Client(), "clerk", "nothing", **{header: f"10.0.0.{number}", "HTTP_USER_AGENT": f"agent {number}"}
        )
    assert sign_in(Client(), "clerk", **{header: "10.9.9.9"}).status_code == 429
    assert set(SignInRecord.objects.values_list("address", flat=True)) == {"127.0.0.1"}


@pytest.mark.parametrize("spelling", ["ｃｌｅｒｋ", " clerk ", "clerk"])
def test_other_spellings_are_the_same_name(clerk: User, spelling: str) -> None:
    for _ in range(5):
        sign_in(Client(), spelling, "nothing")
    assert sign_in(Client(), "clerk").status_code == 429


@pytest.mark.parametrize(
    "data", [{"username": "x\x00"}, {"username": "x" * 51}, {"password": "x" * 129}, {"username": ""}]
)
def test_odd_names_are_not_tried(client: Client, clerk: User, data: dict) -> None:
    assert client.post(LOGIN, {"username": "clerk", "password": "x"} | data).status_code == 200
    assert outcomes() == []


@pytest.mark.usefixtures("real_hasher")
def test_a_hundred_guesses_at_once_count_like_a_hundred_in_a_row(transactional_db: None, monkeypatch) -> None:
    factories.user("clerk")
    evaluated = []
    check = User.check_password
    monkeypatch.setattr(User, "check_password", lambda self, raw: evaluated.append(raw) or check(self, raw))
    statuses: list[int] = []

    def guess(number: int) -> None:
        try:
            statuses.extend(
                sign_in(Client(), "clerk", f"guess {number} {turn}").status_code for turn in range(5)
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 100
    assert len(evaluated) == 5
    assert statuses.count(429) == 96
    assert sorted(set(outcomes())) == ["failure", "locked"]
    assert outcomes().count("failure") == 5


def test_the_sign_in_needs_its_csrf_token(clerk: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, "clerk").status_code == 403


def test_a_part_of_a_page_after_the_end_loads_the_sign_in_page(client: Client, db: None) -> None:
    answer = client.get(
        LOGIN, HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/dashboard/?period=2026Q3"
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fdashboard%2F%3Fperiod%3D2026Q3"
    elsewhere = client.get(
        LOGIN, HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="https://evil.example//evil.example/x"
    )
    assert elsewhere["HX-Redirect"] == LOGIN


def test_sign_in_records_are_for_auditors(world: World) -> None:
    for name in ("street_clerk", "ghost"):
        sign_in(Client(), name, "nothing")
    auditor = world.users["auditor"]
    assert set(SignInRecord.objects.visible_to(auditor).values_list("username", flat=True)) == {
        "street_clerk",
        "ghost",
    }
    for name in ("district_officer", "platform_administrator", "security_administrator", "nobody"):
        assert not SignInRecord.objects.visible_to(world.users[name]).exists()
