"""Days in a browser's own field: one that is half typed or impossible is told, and takes nothing away."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from communities.base.entry.day_input import DayInput
from communities.models import Premises
from tests.browser.conftest import Visit
from tests.browser.test_typing import forget
from tests.conftest import World

pytestmark = pytest.mark.browser
OLD = dt.date(2020, 5, 5)


@pytest.fixture
def room(city: World) -> Premises:
    room = city.premises["community"]
    Premises.objects.filter(pk=room.pk).update(obtained_on=OLD)
    return room


def type_day(page: Page, name: str, keys: str) -> None:
    """By keyboard, part by part, as the field takes it."""
    page.focus(f"[name='{name}']")
    page.keyboard.type(keys)


def save(page: Page, room: Premises) -> None:
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(f"**/premises/{room.public_id}/")


@pytest.mark.parametrize("keys", ["02302026", "0615"], ids=["impossible", "half"])
def test_no_day_is_saved_as_none(visit: Visit, room: Premises, keys: str) -> None:
    page = visit("street_clerk", f"/premises/{room.public_id}/edit/")
    page.fill("[name='obtained_on']", "")
    type_day(page, "obtained_on", keys)
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".problems")).to_contain_text("请填写日期")
    field = page.locator("[name='obtained_on']")
    expect(field).to_have_value("未填完的日期")  # and saved again as it stands it is refused again
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".problems")).to_contain_text("请填写日期")
    room.refresh_from_db()
    assert room.obtained_on == OLD
    field.fill("2021年6月7日")
    save(page, room)
    room.refresh_from_db()
    assert room.obtained_on == dt.date(2021, 6, 7)
    forget(page)


def test_an_emptied_field_is_empty(visit: Visit, room: Premises) -> None:
    page = visit("street_clerk", f"/premises/{room.public_id}/edit/")
    page.fill("[name='obtained_on']", "")
    save(page, room)
    room.refresh_from_db()
    assert room.obtained_on is None


def test_what_is_a_day_stands_in_the_field_for_days() -> None:
    html = {text: DayInput().render("d", text) for text in ("2021-06-07", "2021年6月7日", "昨天", "")}
    assert 'type="date"' in html["2021-06-07"]
    assert 'value="2021-06-07"' in html["2021年6月7日"]
    assert 'type="text"' in html["昨天"]
    assert 'value="昨天"' in html["昨天"]
    assert 'type="date"' in html[""]
