"""A standards officer makes a scheme, puts the rule of an item together, tries it and publishes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from portal.scorecards.models import RatingItem, RatingSchemeVersion
from tests.browser.conftest import Visit
from tests.conftest import World
from tests.factories import schemes

pytestmark = pytest.mark.browser


def settled(page: Page, press: Any) -> None:
    """Press something and wait for what the page asks for itself."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        press()


def make_scheme(page: Page) -> None:
    page.locator("#id_name").fill("和谐社区评分表")
    page.get_by_label("评分对象").select_option(value="community")
    page.get_by_label("制定地区").select_option(label="甲区")
    page.get_by_role("button", name="保存").last.click()
    expect(page.locator("h1")).to_have_text("和谐社区评分表")


def make_version(page: Page) -> None:
    page.get_by_role("link", name="新建版本").click()
    page.locator("#id_valid_0").fill("2027-01-01")
    for n, (name, mark) in enumerate((("组织建设", "60"), ("服务", "40"))):
        page.locator(f"#id_groups-{n}-name").fill(name)
        page.locator(f"#id_groups-{n}-full_mark").fill(mark)
    for n, (name, least) in enumerate((("优秀", "90"), ("合格", "0"))):
        page.locator(f"#id_grades-{n}-name").fill(name)
        page.locator(f"#id_grades-{n}-least").fill(least)
    page.get_by_role("button", name="保存").last.click()
    expect(page.locator("h1")).to_have_text("和谐社区评分表第 1 版")


def fill_bands(page: Page) -> None:
    settled(page, lambda: page.get_by_label("规则类型").select_option(label="分档计分"))
    expect(page.get_by_label("取值", exact=True)).to_be_visible()
    page.get_by_label("取值", exact=True).select_option(value="office_compliance")
    settled(page, lambda: page.get_by_role("button", name="档次增加一行").click())
    expect(page.locator("#id_rule-bands-1-points")).to_be_visible()
    for field, text in (("0-points", "60"), ("0-least", "80"), ("1-points", "20")):
        page.locator(f"#id_rule-bands-{field}").fill(text)


def test_a_scheme_from_nothing_to_published(visit: Visit) -> None:
    page = visit("standards_officer", "/rating-schemes/new/")
    make_scheme(page)
    make_version(page)
    page.get_by_role("link", name="新建项目", exact=True).click()
    page.get_by_label("评分项目").fill("办公用房达标")
    page.locator("#id_full_mark").fill("60")
    fill_bands(page)
    said = page.locator("#rule-said")
    page.locator("#id_rule-bands-1-points").blur()
    expect(said).to_contain_text("不低于 80%的得 60 分；其余得 20 分")
    settled(page, lambda: said.get_by_role("button", name="试算").click())
    expect(said).to_contain_text("得 0.00 分")  # nothing typed: nobody reported
    page.locator("#id_rule-bands-0-least").fill("八十")
    settled(page, lambda: said.get_by_role("button", name="试算").click())
    expect(said).to_contain_text("规则有 1 处需要改正")
    expect(page.locator("#rule-editor .wrong")).to_be_visible()
    page.locator("#id_rule-bands-0-least").fill("80")
    page.locator("#id_rule-bands-0-least").blur()
    expect(said).to_contain_text("不低于 80%的得 60 分；其余得 20 分")
    said.get_by_label("办公用房达标率").first.fill("85")
    settled(page, lambda: said.get_by_role("button", name="试算").click())
    expect(said).to_contain_text("得 60.00 分")
    assert RatingItem.objects.count() == 0
    page.get_by_role("button", name="保存").last.click()
    expect(page.locator("h1")).to_have_text("办公用房达标")
    expect(page.locator("main")).to_contain_text("不低于 80%的得 60 分")
    item = RatingItem.objects.get()
    assert [band["points"] for band in item.rule["bands"]] == ["60", "20"]
    schemes.item(RatingSchemeVersion.objects.get().groups.get(name="服务"), "服务用房", "40")

    page.get_by_role("link", name=re.compile("第 1 版")).first.click()
    expect(page.locator("main")).to_contain_text("项目合计 60.00 分")
    page.get_by_label(re.compile("我已核对")).check()
    page.get_by_role("button", name="发布").click()
    expect(page.locator("main")).to_contain_text("已发布")
    expect(page.get_by_role("link", name="新建项目", exact=True)).to_have_count(0)
    page.get_by_role("button", name="复制为新版").click()
    expect(page.locator("h1")).to_have_text("和谐社区评分表第 2 版")
    page.get_by_role("link", name="与上一版比较").click()
    expect(page.locator("main")).to_contain_text("内容与「和谐社区评分表第 1 版」相同")


def test_the_editor_without_scripts(visit: Visit, city: World) -> None:
    version = schemes.version(schemes.scheme(city.district))
    schemes.group(version)
    page = visit(
        "standards_officer", f"/rating-items/new/?version={version.public_id}", java_script_enabled=False
    )
    page.get_by_label("评分项目").fill("事故")
    page.locator("#id_full_mark").fill("10")
    page.get_by_label("规则类型").select_option(label="按次扣分")
    page.get_by_role("button", name="选用").click()
    page.get_by_role("button", name="事项增加一行").click()
    page.get_by_role("button", name="移除事项 2").click()
    page.locator("#id_rule-occurrences-0-value").select_option(value="office_compliance")
    page.locator("#id_rule-occurrences-0-each").fill("2")
    page.get_by_label("评分项目").press("Enter")
    expect(page.locator("h1")).to_have_text("事故")
    assert RatingItem.objects.get().rule["occurrences"] == [{"value": "office_compliance", "each": "2"}]
