"""A field with search, in the browser: by keyboard alone, on a phone, and what happens to half a name."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from communities.models import Draft, Premises
from tests import factories
from tests.browser.chromium import SIZES
from tests.browser.conftest import Visit
from tests.browser.test_keyboard import Keyboard, open_rooms, sign_in
from tests.browser.test_keyboard import keys as keys  # noqa: PLC0414 - a fixture
from tests.browser.test_templates import grave
from tests.conftest import World

pytestmark = pytest.mark.browser

NEW = "/premises/new/"
PLACE, BODY = "#id_division_now-ts-control", "#id_committee-ts-control"


@pytest.fixture
def many(city: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """More communities and committees than a list holds."""
    monkeypatch.setattr("communities.base.entry.fields.MOST_OFFERED", 20)
    for number in range(30):
        factories.committee(factories.community(f"和平里{number:02d}社区", city.street))
    return city


def options(page: Page, name: str = "division_now") -> Any:
    return page.locator(f"#id_{name}-ts-dropdown [data-selectable]")


def value(page: Page, name: str = "division_now") -> str:
    return page.locator(f"#id_{name}").input_value()


def test_a_room_is_entered_by_keyboard(keys: Keyboard, many: World) -> None:
    """By initials, by arrows, by a name typed to its end; refused once, mended by the link of the summary."""
    page = keys.page
    sign_in(keys)
    open_rooms(keys)
    keys.to('a[href^="/premises/new/"]')
    keys.go()
    keys.into_the_page()
    keys.to("#id_name")
    keys.type("键盘用房")
    keys.to("#id_kind", most=1)
    keys.press("ArrowDown")
    keys.to(PLACE, most=1)
    keys.type("hplsq")
    expect(page.locator("#id_division_now-ts-dropdown")).to_contain_text("没有匹配项")
    keys.rewrite("和平里1")
    expect(options(page)).to_have_count(10)
    expect(options(page).first).to_have_text("和平里10社区 甲区 甲街道")
    keys.press("ArrowDown", "ArrowDown", "Enter")
    place = many.street.children_now.get(name_now="和平里12社区")
    assert value(page) == str(place.public_id)
    expect(page.locator(PLACE)).to_be_focused()
    keys.look()
    # A name typed and not chosen is read as without the list; a wrong one is told.
    keys.to(BODY, most=1)
    keys.type("和平里12社区委员会")
    keys.to("#id_area", most=1)
    keys.type("88")
    keys.to("#id_tenure", most=1)
    keys.press("ArrowDown")
    keys.to("#id_address", most=1)
    keys.go()
    expect(page.locator("#problems")).to_contain_text("没有找到「和平里12社区委员会」")
    expect(page.locator("#problems")).to_be_focused()
    keys.press("Tab", "Enter")
    expect(page.locator(BODY)).to_be_focused()
    keys.look()
    expect(page.locator(".ts-control .item").first).to_have_text("和平里12社区")
    keys.type("和平里12")
    expect(options(page, "committee")).to_have_count(1)
    keys.press("Enter")
    keys.go()
    room = Premises.objects.get(name="键盘用房")
    assert (room.division_now, room.committee) == (place, place.committees_now.get())


def test_by_mouse_and_on_a_phone(visit: Visit, many: World) -> None:
    page = visit("street_clerk", NEW, size="phone")
    page.locator(PLACE).click()
    expect(options(page)).to_have_count(20)
    expect(page.locator(".ts-more").first).to_be_visible()
    assert grave(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES["phone"][0]
    page.locator(PLACE).fill("没有这个社区")
    expect(page.locator("#id_division_now-ts-dropdown")).to_contain_text("没有匹配项")
    assert grave(page) == []
    page.locator(PLACE).fill("和平里29")
    expect(options(page)).to_have_count(1)
    options(page).first.click()
    assert value(page) == str(many.street.children_now.get(name_now="和平里29社区").public_id)
    assert grave(page) == []
    page.locator(BODY).fill("和平里29")
    options(page, "committee").first.click()
    assert value(page, "committee")
    page.get_by_role("button", name="清空").last.click()
    assert value(page, "committee") == ""
    # What was chosen is in the draft: one line after the other is saved.
    for _second in range(15):
        page.wait_for_timeout(1000)
        if Draft.objects.filter(content__division_now=[value(page)], content__committee=[""]).exists():
            break
    assert Draft.objects.get().content["division_now"] == [value(page)]


def test_enter_never_takes_a_row_of_an_earlier_text(visit: Visit, many: World) -> None:
    page = visit("street_clerk", NEW)
    field = page.locator(PLACE)
    field.fill("和平里01")
    expect(options(page)).to_have_count(1)
    field.fill("和平里02")
    field.press("Enter")  # before the answer is here
    assert value(page) == ""
    expect(options(page).first).to_contain_text("和平里02社区")
    # Escape closes the list; what was typed stays.
    field.press("Escape")
    field.press("Tab")
    assert value(page) == "和平里02"


def test_without_scripts_a_name_is_typed(visit: Visit, many: World, browser: Any, live_server: Any) -> None:
    signed_in = visit("street_clerk", "/workbench/").context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in)
    page = context.new_page()
    page.goto(live_server.url + NEW)
    page.fill("[name=name]", "无脚本用房")
    page.select_option("[name=kind]", "office")
    page.fill("[name=division_now]", "和平里03社区")
    page.fill("[name=committee]", "和平里03社区居委会")
    page.select_option("[name=tenure]", "owned")
    page.fill("[name=area]", "x")
    page.locator(".entry [type=submit]").click()
    assert page.locator("[name=division_now]").input_value() == "和平里03社区"
    page.fill("[name=area]", "50")
    page.locator(".entry [type=submit]").click()
    context.close()
    assert Premises.objects.get(name="无脚本用房").division_now.name_now == "和平里03社区"
