"""From the dashboard to the stars, the league table, a sheet and the rows behind it; on paper; without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from communities.models import Period
from portal.scorecards import actions
from portal.scorecards.models import ScoreCard
from tests.browser.conftest import Visit, measure
from tests.browser.test_templates import grave
from tests.conftest import World
from tests.scorecards.rated import rate

pytestmark = pytest.mark.browser


@pytest.fixture
def rated(city: World) -> World:
    """甲市 with scores in its two quarters."""
    rate(city)
    for period in Period.objects.order_by("span"):
        measure(period)
    actions.sweep()
    return city


def sheet_url(place: object) -> str:
    card = ScoreCard.objects.current().get(division=place, period__code="2026Q1")
    return f"/scores/{card.public_id}/"


def go(page: Page, path: str) -> None:
    page.goto("/".join(page.url.split("/")[:3]) + path)


def test_an_officer_goes_from_the_stars_to_the_rows(rated: World, visit: Visit) -> None:
    page = visit("district_officer", "/dashboard/")
    part = page.locator("#ratings")
    expect(part).to_contain_text("参评 2 个")
    expect(part).to_contain_text("星级")
    part.locator(".star-table a").first.click()
    expect(page.locator("h1")).to_have_text("甲区 得分排行")
    page.locator("#grade").select_option("")
    page.get_by_role("link", name="二社区").click()
    expect(page.locator("h1")).to_contain_text("示范社区评分表")
    line = page.locator("tr.sheet-line", has_text="办公用房面积")
    expect(line).to_contain_text("平方米")
    behind = page.locator("tr.sheet-line:has-text('办公用房面积') + tr.behind-row")
    behind.locator("summary").click()
    expect(behind).to_contain_text("共 61 条")
    expect(behind.locator("tbody tr")).to_have_count(
        40
    )  # of the rooms above the line and the committees below it
    assert grave(page) == []
    behind.get_by_role("link", name="查看全部 61 条").first.click()
    expect(page.locator("h1")).to_have_text(re.compile("二社区"))
    page.go_back()
    page.get_by_role("link", name="得分排行").click()
    expect(page.locator("tr[aria-current=true]")).to_contain_text("二社区")


def test_the_part_on_ratings_fails_alone_and_can_be_tried_again(rated: World, visit: Visit) -> None:
    page = visit("city_officer", "/premises/")

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/dashboard/ratings/**", refuse)
    go(page, "/dashboard/")
    part = page.locator("#ratings")
    expect(part).to_contain_text("读取失败")
    expect(page.locator("[data-chart=trend] svg")).to_be_visible()
    page.unroute("**/dashboard/ratings/**")
    part.get_by_role("button", name="重试").click()
    expect(part).to_contain_text("参评 3 个")
    page.complaints[:] = []  # type: ignore[attr-defined] # the browser tells of the refused request


def test_paper_shows_the_form_alone(rated: World, visit: Visit) -> None:
    page = visit("district_officer", sheet_url(rated.community))
    assert not page.locator(".signatures").is_visible()
    page.emulate_media(media="print")
    for place in (".topbar", "aside", ".behind-row", ".page-acts"):
        assert not page.locator(place).first.is_visible()
    assert "审核人" in page.locator(".signatures").inner_text()
    assert "甲市 甲区 甲街道 一社区" in page.locator(".form-line").inner_text()
    assert "单位：分" in page.locator(".form-line").inner_text()
    heads = page.locator(".sheet thead").evaluate("node => getComputedStyle(node).display")
    assert heads == "table-header-group"


def test_scores_can_be_read_without_scripts(rated: World, visit: Visit) -> None:
    page = visit("street_clerk", "/dashboard/", java_script_enabled=False)
    page.get_by_role("link", name="查看甲街道的等级和得分").click()
    page.locator(".star-table a").first.click()
    page.locator("table.league tbody th a").first.click()
    page.locator(".behind summary").first.click()
    page.locator(".behind a").first.click()
    expect(page.locator("main")).to_contain_text("条")
    page.get_by_role("link", name="示范社区评分表").click()
    expect(page.locator("table.sheet")).to_be_visible()


def test_an_officer_scores_anew(rated: World, visit: Visit) -> None:
    page = visit("district_officer", "/scores/")
    page.locator("summary", has_text="重新评分").click()
    expect(page.locator(".run-menu")).to_contain_text("为2026年第1季度甲市的全部社区评分")
    assert grave(page) == []
    page.get_by_role("button", name="确认重新评分").click()
    expect(page.locator("main")).to_contain_text("已开始按示范社区评分表第 1 版为2026年第1季度评分")
