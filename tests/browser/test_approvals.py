"""A request on its way, by keyboard: entered and submitted, given back, submitted again, decided with others."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from communities.models import Exemption
from tests.browser.conftest import Visit
from tests.conftest import World
from tests.factories import approvals as factory

pytestmark = pytest.mark.browser


def test_from_request_to_exemption(visit: Visit, city: World) -> None:
    factory.route(city.district)
    worker = visit("community_worker", "/exemption-requests/new/")
    worker.get_by_label("标准项目").select_option("premises.office.area")
    worker.locator("select[name=division]").select_option(label="一社区")
    for name, day in (("开始日期", "2026-01-01"), ("结束日期", "2026-12-31")):
        worker.get_by_label(name).fill(day)
    worker.get_by_label("原因", exact=True).fill("老旧小区改造")
    worker.get_by_label("整改打算").fill("明年购置")
    worker.get_by_role("button", name="保存").press("Enter")
    worker.get_by_label("申报说明").fill("请审核")
    worker.get_by_label("申报说明").press("Enter")
    expect(worker.locator("main")).to_contain_text("街道初审")

    clerk = visit("street_clerk", "/workbench/")
    clerk.get_by_role("link", name="一社区 居委会办公用房面积").press("Enter")
    clerk.get_by_role("radio", name="退回").press("Space")
    clerk.get_by_role("button", name="提交意见").press("Enter")
    expect(clerk.get_by_role("alert").first).to_contain_text("请填写原因。")
    expect(clerk.get_by_role("radio", name="退回")).to_be_checked()
    clerk.get_by_label("说明", exact=True).fill("请写明期限")
    clerk.get_by_role("button", name="提交意见").press("Enter")
    expect(clerk.locator("main")).to_contain_text("已退回")

    worker.goto(worker.url.partition("/approvals/")[0] + "/workbench/")
    worker.get_by_role("link", name="一社区 居委会办公用房面积").first.press("Enter")
    expect(worker.locator("main")).to_contain_text("请写明期限")
    worker.get_by_role("link", name="查看达标豁免申请").press("Enter")
    worker.get_by_role("link", name="修改").press("Enter")
    worker.get_by_label("整改打算").fill("2027 年 6 月底前购置")
    worker.get_by_role("button", name="保存").press("Enter")
    worker.get_by_role("button", name="重新申报").press("Enter")
    expect(worker.locator("del")).to_have_text("明年购置")

    for role in ("street_clerk", "district_officer"):
        page = visit(role, "/approvals/")
        page.get_by_label("选择 一社区 居委会办公用房面积").press("Space")
        page.get_by_role("button", name="批量办理").press("Enter")
        page.get_by_role("radio", name="同意").press("Space")
        page.get_by_role("button", name="逐件办理").press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("已办理")
    assert Exemption.objects.get(division=city.community).reason == "老旧小区改造"
    # The browser notes in its console that an act was refused.
    worker.complaints[:] = [text for text in worker.complaints if "422" not in text]  # type: ignore[attr-defined]
