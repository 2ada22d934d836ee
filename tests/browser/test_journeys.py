"""What people do: from the dashboard down to the rows, the picker by keyboard, a register."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from communities.choices import JobState
from communities.models import ListPreference
from portal.scorecards import actions
from portal.scorecards.models import Run
from tests.browser.conftest import Visit
from tests.conftest import World

pytestmark = pytest.mark.browser


def test_from_the_city_down_to_the_clause(visit: Visit) -> None:
    page = visit("city_officer", "/dashboard/")
    expect(page.locator("h1")).to_have_text("甲市 社区用房达标看板")
    expect(page.locator("[data-chart=bars] svg")).to_be_visible()
    expect(page.locator("[data-chart=trend] svg")).to_be_visible()
    page.locator("#league").get_by_role("link", name="甲区").click()
    page.locator("#league").get_by_role("link", name="甲街道").click()
    expect(page.locator("h1")).to_have_text("甲街道 社区用房达标看板")
    row = page.locator("#league tbody tr", has_text="二社区")
    row.get_by_role("link").last.wait_for()
    page.locator("#outcomes tr", has_text="不达标").get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("甲街道 办公用房达标率明细")
    expect(page.get_by_role("row", name=re.compile("委员会00"))).to_contain_text("差 40.00 平方米")
    page.get_by_role("link", name="《甲市用房标准》第三条").first.click()
    expect(page.locator("h1")).to_have_text("居委会办公用房面积")
    expect(page.locator("main")).to_contain_text("不低于 100 平方米")


def test_a_part_that_fails_fails_alone_and_can_be_tried_again(visit: Visit) -> None:
    page = visit("city_officer", "/premises/")

    def refuse(route: Route) -> None:
        route.fulfill(status=200, body="not json", content_type="application/json")

    page.route("**/api/v1/indicator-values/*parent=*", refuse)
    page.goto(page.url.replace("/premises/", "/dashboard/"))
    state = page.locator("#bars [data-state]")
    expect(state).to_contain_text("读取失败")
    expect(page.locator("[data-chart=trend] svg")).to_be_visible()
    page.unroute("**/api/v1/indicator-values/*parent=*")
    state.get_by_role("button", name="重试").click()
    expect(page.locator("[data-chart=bars] svg")).to_be_visible()
    expect(state).to_be_empty()
    page.complaints[:] = [text for text in page.complaints if not text.startswith("panel ")]  # type: ignore[attr-defined]


def test_a_place_is_chosen_by_keyboard(visit: Visit) -> None:
    page = visit("district_officer", "/dashboard/")
    page.locator("[data-place-picker]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("jjd")
    expect(page.locator(".picker-hits [data-place]").first).to_contain_text("甲街道")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("甲街道 社区用房达标看板")
    assert "place=" in page.url


def test_the_tree_is_walked_by_keyboard(visit: Visit, city: World) -> None:
    page = visit("district_officer", "/premises/")
    page.locator("[data-place-picker]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem").first).to_have_text(re.compile("甲区"))
    expect(page.get_by_role("treeitem", name="甲街道")).to_be_visible()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_role("treeitem", name="一社区")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: str(city.community.public_id) in url)
    expect(page.locator("#register .count")).to_contain_text("共 1 条")
    page.keyboard.press("Escape")


def test_a_register_is_filtered_sorted_paged_and_arranged(visit: Visit, city: World) -> None:
    page = visit("street_clerk", "/premises/")
    page.locator("summary", has_text="筛选条件").click()
    page.fill(".filters input[name=q]", "用房")
    page.get_by_role("button", name="查询").click()
    expect(page.locator(".chip")).to_contain_text("名称或地址：用房")
    page.wait_for_url(lambda url: "q=" in url)
    assert "kind=" not in page.url
    page.get_by_role("link", name=re.compile("建筑面积")).click()
    page.wait_for_url(lambda url: "sort=area" in url)
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("建筑面积")
    expect(page.locator("tbody tr").first).to_contain_text("60.00")
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url(lambda url: "after=" in url)
    expect(page.locator("tbody tr")).to_have_count(12)
    page.get_by_role("link", name="上一页").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(12)
    page.locator("summary", has_text="列和密度").click()
    page.get_by_role("checkbox", name="权属方式").uncheck()
    page.get_by_role("checkbox", name="地址").check()
    page.get_by_role("radio", name="25").check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("thead")).to_contain_text("地址")
    expect(page.locator("thead")).not_to_contain_text("权属方式")
    expect(page.locator("tbody tr")).to_have_count(25)
    assert ListPreference.objects.get().page_size == 25


def test_lists_and_figures_can_be_read_without_scripts(visit: Visit) -> None:
    page = visit("street_clerk", "/premises/?kind=office&sort=-area", java_script_enabled=False)
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("tbody tr")).to_have_count(12)
    page.get_by_role("link", name="看板").first.click()
    page.get_by_role("link", name="改看表格").click()
    expect(page.locator("main")).to_contain_text("二社区")


def test_a_run_is_asked_for_watched_and_reported(visit: Visit, city: World) -> None:
    page = visit("district_officer", "/dashboard/")
    before = Run.objects.count()
    page.get_by_role("button", name="重新测算").click()
    expect(page.locator("#toasts")).to_contain_text("已开始测算")
    expect(page.locator("#run")).to_be_disabled()
    run = Run.objects.order_by("-pk")[0]
    assert Run.objects.count() == before + 1
    # One leaves the page while it runs; whatever page is open then says so.
    page.get_by_role("link", name="社区用房", exact=True).click()
    assert actions.execute_run(run.public_id)
    run.refresh_from_db()
    assert run.job.state == JobState.DONE
    expect(page.locator("#toasts")).to_contain_text("测算完成")


def test_large_type_and_contrast_are_switched_and_stay(visit: Visit) -> None:
    page = visit("street_clerk", "/workbench/")
    page.locator("summary", has_text="阅读辅助").click()
    page.get_by_role("button", name="切换为大字").click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    page.get_by_role("link", name="社区用房", exact=True).click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"


def test_signing_out_ends_it(visit: Visit) -> None:
    page = visit("street_clerk", "/workbench/")
    page.locator("summary[aria-label^=账号]").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(lambda url: "/accounts/login/" in url)
    page.go_back()  # no reload: the page was kept by nobody
    page.wait_for_url(lambda url: "/accounts/login/?next=" in url)
