"""R14: the network goes away while one types, then the session ends: nothing is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from communities.models import Draft, Premises
from tests import factories
from tests.browser.conftest import Visit
from tests.conftest import World

pytestmark = pytest.mark.browser

KEPT = re.compile("草稿已保存")
# Texts of a new room, thirty changes in all.
FIELDS = ("name", "area", "address", "floor", "functions-0-area", "functions-1-area")


def change(page: Page, turn: int) -> dict[str, str]:
    typed = {name: f"{turn}{at}" for at, name in enumerate(FIELDS)}
    for name, text in typed.items():
        page.fill(f"[name='{name}']", text)
    return typed


def kept() -> dict[str, Any]:
    return {name: texts[0] for name, texts in Draft.objects.get().content.items() if name in FIELDS}


def test_a_cut_of_ten_seconds_loses_none_of_thirty_changes(visit: Visit) -> None:
    page = visit("street_clerk", "/premises/new/")
    state = page.locator("[data-draft-state]")
    page.context.set_offline(True)
    typed: dict[str, str] = {}
    for turn in range(1, 6):
        typed = change(page, turn)
        page.wait_for_timeout(2000)
    expect(state).to_contain_text("网络不通")
    # Sent while the network is away, the form stays with all that it holds.
    page.get_by_role("button", name="保存").click()
    expect(state).to_be_focused()
    page.context.set_offline(False)
    expect(state).to_contain_text(KEPT)
    assert kept() == typed
    forget(page)


def test_an_ended_session_loses_nothing(visit: Visit, city: World) -> None:
    page = visit("street_clerk", "/premises/new/")
    state = page.locator("[data-draft-state]")
    change(page, 1)
    expect(state).to_contain_text(KEPT)
    Session.objects.all().delete()
    typed = change(page, 2)
    expect(state).to_contain_text("登录已过期")
    with page.context.expect_page() as opened:
        state.get_by_role("link", name="登录").click()
    other = opened.value
    other.fill("input[name=username]", "street_clerk")
    other.fill("input[name=password]", factories.PASSWORD)
    other.press("input[name=password]", "Enter")
    other.wait_for_url(lambda url: "/accounts/profile/" in url)
    other.close()
    expect(state).to_contain_text(KEPT)
    assert kept() == typed
    # Another page offers what was left, and the form there is sent as it stands.
    page.goto(page.url)
    page.get_by_role("link", name=re.compile("继续填写 .* 的草稿")).click()
    assert page.input_value("#id_address") == typed["address"]
    for name in ("kind", "division_now", "committee", "tenure"):
        page.select_option(f"#id_{name}", index=1)
    for at in (0, 1):
        page.fill(f"[name='functions-{at}-area']", "")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("已登记「20」")
    assert Premises.objects.filter(name="20").exists()
    assert not Draft.objects.exists()
    forget(page)


@pytest.mark.parametrize("gone", ["session", "session cookie", "all cookies"])
def test_saving_first_after_the_end_of_a_session_keeps_what_was_typed(visit: Visit, gone: str) -> None:
    page = visit("street_clerk", "/premises/new/")
    page.fill("#id_name", "先保存")
    expect(page.locator("[data-draft-state]")).to_contain_text(KEPT)
    if gone == "session":
        Session.objects.all().delete()
    else:
        page.context.clear_cookies(**({"name": "sessionid"} if gone == "session cookie" else {}))
    page.fill("#id_address", "某路 1 号")
    page.select_option("#id_kind", index=1)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("[data-draft-state]")).to_contain_text("登录已过期。先前填写的内容已存为草稿")
    assert "/premises/new/" in page.url
    assert page.input_value("#id_address") == "某路 1 号"
    forget(page)


@pytest.mark.parametrize("gone", ["session", "all cookies"])
def test_saving_what_is_kept_already_after_the_end_of_a_session(visit: Visit, gone: str) -> None:
    """Nothing was typed since: the form is not sent off to a page that could only refuse it."""
    page = visit("street_clerk", "/premises/new/")
    page.fill("#id_name", "先保存")
    page.locator("#id_name").blur()
    expect(page.locator("[data-draft-state]")).to_contain_text(KEPT)
    if gone == "session":
        Session.objects.all().delete()
    else:
        page.context.clear_cookies()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("[data-draft-state]")).to_contain_text("登录已过期，填写的内容已存为草稿")
    assert page.input_value("#id_name") == "先保存"
    forget(page)


def test_an_older_draft_is_asked_about_before_a_new_one(visit: Visit) -> None:
    page = visit("street_clerk", "/premises/new/")
    page.fill("#id_name", "旧的")
    expect(page.locator("[data-draft-state]")).to_contain_text(KEPT)
    page.goto(page.url)
    page.fill("#id_name", "新的")
    expect(page.locator("[data-draft-state]")).to_contain_text("原来还有一份草稿")
    page.wait_for_timeout(2500)
    assert Draft.objects.get().content["name"] == ["旧的"]
    page.get_by_role("button", name="丢弃").click()
    expect(page.locator("[data-draft-state]")).to_contain_text(KEPT)
    assert Draft.objects.get().content["name"] == ["新的"]


def forget(page: Page) -> None:
    """What the browser says about calls that were meant to fail."""
    meant = ("ERR_INTERNET_DISCONNECTED", "403", "422")
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    complaints[:] = [text for text in complaints if not any(word in text for word in meant)]
