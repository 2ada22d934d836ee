"""From an invitation to signing in with a code, as two people do it in two browsers."""

from __future__ import annotations

import re
import time
from base64 import b32decode

import pytest
from playwright.sync_api import expect

from communities.models import Organisation, User
from portal.accounts import second_factor
from tests.browser.conftest import Visit
from tests.conftest import World

pytestmark = pytest.mark.browser

PASSWORD = "Kite-flying-2026"


def code_of(secret: bytes, steps: int = 0) -> str:
    """What the phone would show; ``steps`` half minutes from now."""
    return second_factor.generator(secret).generate(time.time() + steps * 30).decode()


def test_from_invitation_to_signing_in_with_a_code(visit: Visit, city: World) -> None:
    Organisation.objects.create(name="甲区民政局", kind="civil_affairs", division=city.district)
    office = visit("platform_administrator", "/users/")
    office.get_by_role("link", name="登记").click()
    office.get_by_label("用户名").fill("lihua")
    office.get_by_label("姓名").fill("李华")
    office.get_by_label("机构").select_option("甲区民政局")
    office.get_by_role("button", name="保存").click()
    expect(office.locator("h1")).to_have_text("邀请链接：李华")
    address = office.get_by_label("一次性链接").input_value()

    page = visit("street_clerk", "/accounts/profile/")  # somebody else's machine, still signed in
    page.goto(address)
    expect(page.get_by_label("链接或一次性代码")).to_have_value(address.rpartition("#")[2])
    assert "#" not in page.url
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_contain_text("李华，您好")
    page.get_by_label("新密码", exact=True).fill("short")
    page.get_by_label("再输一次新密码").fill("short")
    page.get_by_role("button", name="设置密码").click()
    expect(page.get_by_role("alert")).to_contain_text("至少")
    page.get_by_label("新密码", exact=True).fill(PASSWORD)
    page.get_by_label("再输一次新密码").fill(PASSWORD)
    page.get_by_role("button", name="设置密码").click()
    expect(page.get_by_role("status")).to_have_text("密码已设置，请用新密码登录。")
    page.get_by_label("用户名").fill("lihua")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("main")).to_contain_text("角色")

    page.goto(re.sub("/accounts/link/.*", "/accounts/profile/", address))
    page.get_by_role("link", name="启用动态口令").click()
    expect(page.locator("img.qr")).to_be_visible()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 100
    page.locator("summary", has_text="手工输入密钥").click()
    secret = b32decode(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("6 位动态口令").fill(code_of(secret))
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".codes code")).to_have_count(10)
    page.get_by_role("link", name="已保存，继续").click()
    expect(page.locator("main")).to_contain_text("本机")
    page.get_by_text("李华").first.click()
    page.get_by_role("button", name="退出登录").click()

    page.get_by_label("用户名").fill("lihua")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_label("动态口令或恢复码").fill("000000")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("不正确")
    page.get_by_label("动态口令或恢复码").fill(code_of(secret, 1))
    page.get_by_role("button", name="登录").click()
    expect(page.locator("main")).to_contain_text("角色")
    assert User.objects.get(username="lihua").last_login is not None
