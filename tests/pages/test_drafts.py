"""What is typed and not saved yet: kept per user, form and row, taken up again, and gone when it should be."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communities.base import drafts
from communities.models import ChangeRecord, Draft, Premises, PremisesFunctionArea
from tests import factories
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_entry import NEW, as_shown, edit_of, filled

pytestmark = pytest.mark.django_db

DRAFT = "/premises/new/draft/"


def draft_url(room: Premises) -> str:
    return reverse("premises-edit-draft", args=[room.public_id])


def test_a_new_row_is_taken_up_where_it_was_left(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    typed = filled(world, name="半张表", area="一百", obtained_on="2025-0") | {"is_zoned": "on", "odd": "x"}
    answer = clerk.post(DRAFT, typed)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", answer.json()["at"])
    draft = Draft.objects.get()
    assert "odd" not in draft.content
    offer = clerk.get(NEW).content.decode()
    assert "的草稿" in offer
    assert 'value="半张表"' not in offer
    page = clerk.get(NEW, {"draft": "1"}).content.decode()
    shown = as_shown(page)
    assert (shown["name"], shown["area"], shown["kind"]) == ("半张表", "一百", "office")
    assert re.search('name="is_zoned"[^>]* checked', page)
    assert "需要修改" not in page
    assert "请填写" not in page[page.index("<form method") : page.index("</main>")].replace(
        "请填写名称或代码", ""
    )
    answer = clerk.post(NEW, filled(world, name="整张表"))
    assert answer.status_code == 302
    assert not Draft.objects.exists()


def test_parts_and_reason_are_kept_with_their_row(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    part = PremisesFunctionArea.objects.create(premises=room, function="service_station", area=20)
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    new = {"functions-0-area": "25", "functions-2-function": "reading", "change_reason": "核对后更正"}
    assert clerk.post(draft_url(room), shown | new).status_code == 200
    page = clerk.get(edit_of(room), {"draft": "1"}).content.decode()
    again = as_shown(page)
    assert (again["functions-0-id"], again["functions-0-area"]) == (str(part.public_id), "25")
    assert (again["functions-2-function"], again["change_reason"]) == ("reading", "核对后更正")
    assert clerk.post(edit_of(room), again | {"functions-2-area": "5"}).status_code == 302
    assert not Draft.objects.exists()
    assert room.functions.live().count() == 2


def test_a_row_changed_meanwhile_is_not_written_over(world: World, as_role: Reader) -> None:
    room, clerk, officer = world.premises["community"], as_role("street_clerk"), as_role("district_officer")
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    clerk.post(draft_url(room), shown | {"area": "99"})
    theirs = as_shown(officer.get(edit_of(room)).content.decode())
    officer.post(edit_of(room), theirs | {"area": "88"})
    assert "此后这条记录已被修改" in clerk.get(edit_of(room)).content.decode()
    page = clerk.get(edit_of(room), {"draft": "1"}).content.decode()
    answer = clerk.post(edit_of(room), as_shown(page))
    assert answer.status_code == 409
    assert re.search(r"建筑面积</th><td>88.00</td><td>99.00", answer.content.decode())
    assert Draft.objects.exists()


def test_nobody_else_sees_it_and_it_tells_nobody(
    world: World, as_role: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    as_role("street_clerk").post(DRAFT, filled(world, name="密语"))
    for other in ("district_officer", "community_worker"):
        assert "草稿" not in as_role(other).get(NEW).content.decode()
        assert "密语" not in as_role(other).get(NEW, {"draft": "1"}).content.decode()
    assert "密语" not in caplog.text
    assert not ChangeRecord.objects.exists()
    assert "密语" not in str(Draft.objects.get())


def test_foreign_rows_and_readers_find_no_door(world: World, as_role: Reader) -> None:
    room = world.premises["other_community"]
    assert as_role("street_clerk").post(draft_url(room), {"version": "1"}).status_code == 404
    assert as_role("street_clerk").get(draft_url(room)).status_code == 404
    assert as_role("standards_officer").post(DRAFT, {"name": "x"}).status_code == 403
    assert not Draft.objects.exists()


def test_discarded_expired_and_gone_at_sign_out(world: World, as_role: Reader) -> None:
    """T40."""
    room, clerk = world.premises["community"], as_role("street_clerk")
    clerk.post(DRAFT, filled(world))
    answer = clerk.post(DRAFT, {"act": "discard"})
    assert (answer.status_code, answer.url, Draft.objects.count()) == (302, NEW, 0)
    clerk.post(DRAFT, filled(world))
    clerk.post(draft_url(room), {"version": "1", "name": "x"})
    with time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1), tick=False):
        assert drafts.draft_of(world.users["street_clerk"], "premises", None) is None
        assert drafts.expire() == 2
    clerk.post(DRAFT, filled(world))
    as_role("district_officer").post(DRAFT, filled(world))
    clerk.post("/accounts/logout/")
    assert [draft.user.username for draft in Draft.objects.all()] == ["district_officer"]


def test_a_page_that_outlived_its_session_gets_a_new_token(db: None, world: World) -> None:
    """After signing in again the old page's token is refused, and the door hands out the new one."""
    factories.user("typist", "street_clerk", world.street)
    client = Client(enforce_csrf_checks=True)
    token = re.search('csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").content.decode())
    assert token
    client.post(
        "/accounts/login/",
        {"username": "typist", "password": factories.PASSWORD, "csrfmiddlewaretoken": token.group(1)},
    )
    page = client.get(NEW).content.decode()
    old = re.search('csrfmiddlewaretoken" value="([^"]+)"', page)
    assert old
    typed = {"name": "不丢", "csrfmiddlewaretoken": old.group(1)}
    client.session.flush()
    assert client.post(DRAFT, typed).status_code == 302  # to sign-in; nothing kept, the page still holds it
    fresh = re.search('csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").content.decode())
    assert fresh
    client.post(
        "/accounts/login/",
        {"username": "typist", "password": factories.PASSWORD, "csrfmiddlewaretoken": fresh.group(1)},
    )
    assert client.post(DRAFT, typed).status_code == 403
    typed["csrfmiddlewaretoken"] = client.get(DRAFT).json()["token"]
    assert client.post(DRAFT, typed).status_code == 200
    assert Draft.objects.get().content["name"] == ["不丢"]


def test_odd_contents(world: World, as_role: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = as_role("street_clerk")
    assert clerk.post(DRAFT, {"name": "a\x00b", "functions-lines": "x"}).status_code == 200
    assert Draft.objects.get().content["name"] == ["ab"]
    assert clerk.get(NEW, {"draft": "1"}).status_code == 400
    assert "丢弃" in clerk.get(NEW).content.decode()
    monkeypatch.setattr(drafts, "MOST_CHARACTERS", 5)
    assert clerk.post(DRAFT, {"name": "a" * 9}).status_code == 413
    assert clerk.post(draft_url(world.premises["community"]), {"name": "x"}).status_code == 400


def test_a_form_sent_without_any_cookie_is_told_of_its_draft(world: World) -> None:
    """Nobody knows whose form it was; what its writer finds after signing in is said all the same."""
    stranger = Client(enforce_csrf_checks=True)
    for url in (NEW, edit_of(world.premises["community"])):
        answer = stranger.post(url, filled(world))
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "登录已过期" in page
        assert "如已自动存为草稿" in page
    page = stranger.post("/accounts/login/", {"username": "x", "password": "y"}).content.decode()
    assert "草稿" not in page
    assert "请返回刷新页面后重试" in page
