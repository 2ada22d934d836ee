"""The pictures of the clerk's manual, taken anew from the demo city of a running portal.

``python -m tests.browser.manual_pictures URL ACCOUNTS FOLDER [NAME...]``: what is shown is brought about by acts of
demo accounts. One address is written and put back; an upload stays unconfirmed and an invitation unused.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium
from tests.browser.pictures import PATIENCE, passwords, settle, sign_in

WIDTH, HEIGHT = 1180, 720
# Dates look as a Chinese browser shows them, whatever languages the one here knows.
CHINESE_DATES = """() => {
  for (const field of document.querySelectorAll("input[type=date]")) {
    const text = field.value.replaceAll("-", "/") || "年/月/日";
    field.type = "text";
    field.value = text;
  }
}"""
# Nobody's name, number or place.
UPLOAD = "用房登记表.xlsx"
EDITS = 'main a[href*="/edit/"]'
FIRST_ROW = "table.register tbody th a"


@dataclass
class Desk:
    """One account at a browser; others may sit beside it."""

    browser: Browser
    url: str
    known: dict[str, tuple[str, str]]
    page: Page

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)
        settle(self.page)
        self.drop_draft()

    def drop_draft(self) -> None:
        """What somebody left in the form before."""
        offer = self.page.locator("[data-draft-offer] button")
        if offer.count():
            offer.click()
            offer.wait_for(state="detached")

    def click(self, selector: str) -> None:
        self.page.locator(selector).first.click()
        settle(self.page)
        self.drop_draft()

    def save(self, until: str) -> None:
        """A form keeps its draft before it is sent off: what comes back is waited for."""
        self.page.locator(".entry-acts [type=submit]").click()
        self.page.wait_for_selector(until)
        settle(self.page)


@contextmanager
def seated(browser: Browser, url: str, known: dict[str, tuple[str, str]], account: str) -> Iterator[Desk]:
    """Signed in, and out again at the end: drafts go with it. Without an account nobody is signed in."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    if account:
        sign_in(context, url, *known[account])
    desk = Desk(browser, url, known, context.new_page())
    yield desk
    if account:
        desk.open("/workbench/" if "admin" not in account else "/accounts/profile/")
        desk.page.evaluate("document.querySelector(\"form[action$='logout/']\").submit()")
        settle(desk.page)
    context.close()


def signing_in(desk: Desk) -> None:
    desk.open("/accounts/login/")
    desk.page.fill("[name=username]", "street")


def first_password(desk: Desk) -> None:
    """The page behind an invitation; the link is made for a demo account and not used."""
    with seated(desk.browser, desk.url, desk.known, "platform_admin") as office:
        office.open("/users/?q=worker")
        office.click(FIRST_ROW)
        office.click('main a[href$="/link/"]')
        office.click("main form.entry button[type=submit]")
        link = office.page.input_value("#address")
    desk.page.goto(link)
    settle(desk.page)
    desk.click("main button[type=submit]")


def register(desk: Desk) -> None:
    desk.open("/premises/?kind=office")
    boxes = desk.page.locator("tbody input[name=row]")
    for number in range(3):
        boxes.nth(number).check()


def search(desk: Desk) -> None:
    desk.open("/premises/new/")
    desk.page.fill("[name=name]", "社区办公用房")
    desk.page.select_option("[name=kind]", "office")
    field = desk.page.locator("#id_division_now-ts-control")
    field.press_sequentially("hp")
    desk.page.locator("#id_division_now-ts-dropdown [data-selectable]").nth(1).wait_for()
    settle(desk.page)


def errors(desk: Desk) -> None:
    desk.open("/premises/")
    desk.click(FIRST_ROW)
    desk.click(EDITS)
    desk.page.fill("[name=area]", "一百二十")
    desk.page.fill("[name=obtained_on]", "")
    desk.page.fill("[name=name]", "")
    desk.save("#problems")


def clash(desk: Desk) -> None:
    """Two write the same room; the other's address is put back afterwards."""
    desk.open("/premises/")
    desk.click(FIRST_ROW)
    desk.click(EDITS)
    with seated(desk.browser, desk.url, desk.known, "district") as other:
        other.page.goto(desk.page.url)
        settle(other.page)
        before = other.page.input_value("[name=address]")
        other.page.fill("[name=address]", "演示路 8 号")
        other.save(".alert-success")
        desk.page.fill("[name=address]", "演示路 18 号")
        desk.save("#problems")
        other.click(EDITS)
        other.page.fill("[name=address]", before)
        other.save(".alert-success")


def together(desk: Desk) -> None:
    register(desk)
    desk.click("[data-choosing-go]")
    desk.page.fill("[name=floor]", "一层")
    desk.page.locator("[name=floor]").scroll_into_view_if_needed()
    desk.page.evaluate("scrollTo(0, 0)")


def importing(desk: Desk) -> None:
    desk.open("/imports/new/?resource=premises")
    desk.page.set_input_files("#id_file", {"name": UPLOAD, "mimeType": "", "buffer": b"x"})


def preview(desk: Desk) -> None:
    """An export changed as a clerk would: one area, one new room, one that is wrong. It is not confirmed."""
    desk.open("/imports/new/?resource=premises")
    export = desk.page.locator('main a[href*="/export/"]').get_attribute("href")
    answer = desk.page.request.get(desk.url + str(export))
    book = openpyxl.load_workbook(io.BytesIO(answer.body()))
    sheet: Any = book.worksheets[0]
    heads = {sheet.cell(3, column).value: column for column in range(1, sheet.max_column + 1)}
    area = next(column for head, column in heads.items() if str(head).startswith("建筑面积"))
    name = next(column for head, column in heads.items() if str(head).startswith("用房名称"))
    sheet.cell(5, area, 133)
    sheet.cell(6, area, "很大")
    below = sheet.max_row + 1
    for column in range(2, sheet.max_column + 1):
        sheet.cell(below, column, sheet.cell(7, column).value)
    sheet.cell(below, name, "演示新增用房")
    file = io.BytesIO()
    book.save(file)
    content = {"name": UPLOAD, "mimeType": "application/octet-stream", "buffer": file.getvalue()}
    desk.page.set_input_files("#id_file", content)
    desk.page.locator("main form.entry [type=submit]").click()
    desk.page.get_by_text("检查完成，等待您确认").wait_for(timeout=60_000)
    desk.click('a[href="?outcome=changed"]')


def profile(desk: Desk) -> None:
    """Signed in at two places, whatever an earlier round left open."""
    desk.open("/accounts/profile/")
    others = desk.page.get_by_role("button", name="结束其他全部登录")
    if others.count():
        others.click()
        settle(desk.page)
    with seated(desk.browser, desk.url, desk.known, "street"):
        desk.open("/accounts/profile/")


def grant(desk: Desk) -> None:
    desk.open("/role-assignments/new/")


def approval(desk: Desk) -> None:
    desk.open("/approvals/")
    desk.click(FIRST_ROW)
    settle(desk.page)
    desk.page.locator("legend:has-text('办理')").scroll_into_view_if_needed()


@dataclass(frozen=True)
class Scene:
    """One picture: by which account, and what is done before it is taken."""

    account: str
    act: Callable[[Desk], None]
    height: int = HEIGHT


SCENES = {
    "approval": Scene("district", approval, 900),
    "sign-in": Scene("", signing_in, 480),
    "first-password": Scene("", first_password, 660),
    "register": Scene("street", register),
    "search": Scene("city", search, 600),
    "errors": Scene("street", errors),
    "clash": Scene("street", clash),
    "together": Scene("street", together),
    "import": Scene("street", importing, 560),
    "preview": Scene("street", preview, 560),
    "account": Scene("street", profile),
    "grant": Scene("security_admin", grant),
}


def take(url: str, accounts: Path, folder: Path, words: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    known = passwords(accounts)
    with chromium() as browser:
        for name, scene in SCENES.items():
            if words and name not in words:
                continue
            with seated(browser, url, known, scene.account) as desk:
                desk.page.set_viewport_size({"width": WIDTH, "height": scene.height})
                scene.act(desk)
                assert desk.page.get_by_text("演示数据").first.is_visible(), name
                desk.page.evaluate(CHINESE_DATES)
                desk.page.screenshot(path=folder / f"manual-{name}.png")
            print(name, (folder / f"manual-{name}.png").stat().st_size // 1024, "KB")


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
