"""U2 and U7: a clerk's day by keyboard only, the focus always in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from communities.actions import imports
from communities.models import ChangeRecord, ImportBatch, Premises
from tests import factories
from tests.browser.chromium import SIZES
from tests.browser.conftest import PATIENCE
from tests.conftest import World
from tests.workbooks.conftest import book, row

pytestmark = pytest.mark.browser

# Where the focus is: whether it can be seen, what lies over its middle, whether it is marked.
SEEN = """() => {
  const found = document.activeElement;
  if (!found || found === document.body) return { where: "nowhere", isSeen: true, isMarked: true };
  const label = found.closest("label") ?? found;
  const hidden = found.classList.contains("visually-hidden");
  const box = (hidden ? found.parentElement : found).getBoundingClientRect();
  const inside = [
    Math.min(Math.max(box.left + Math.min(box.width, 40) / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.top + Math.min(box.height, 40) / 2, 0), innerHeight - 1),
  ];
  const hit = document.elementFromPoint(...inside);
  const holds = (a, b) => a && b && (a.contains(b) || b.contains(a));
  // A field with search is marked as a whole, around what was chosen and what is being typed.
  const style = getComputedStyle(found.closest(".ts-control") ?? found);
  const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {
    where: found.outerHTML.slice(0, 160),
    isSeen: inView && (hidden || holds(label, hit)),
    isMarked: hidden || style.outlineStyle !== "none" || style.boxShadow !== "none",
  };
}"""


class Keyboard:
    """Hands on the keys: every step is looked at."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def look(self) -> None:
        seen = self.page.evaluate(SEEN)
        for _moment in range(10):  # the page may still be scrolling there
            if seen["isSeen"]:
                break
            self.page.wait_for_timeout(100)
            seen = self.page.evaluate(SEEN)
        assert seen["isSeen"], f"hidden focus on {self.page.url}: {seen['where']}"
        assert seen["isMarked"], f"focus without a mark on {self.page.url}: {seen['where']}"

    def is_at(self, selector: str) -> bool:
        return bool(self.page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector))

    def to(self, selector: str, key: str = "Tab", most: int = 120) -> None:
        """Step by step until the focus is there."""
        for _step in range(most):
            self.press(key)
            self.look()
            if self.is_at(selector):
                return
        raise AssertionError(f"{selector} is not reached on {self.page.url}")

    def into_the_page(self) -> None:
        """Past the navigation, by the link that is there for it."""
        self.page.evaluate("document.activeElement?.blur()")
        self.to(".skip-link", most=2)
        self.press("Enter")
        assert self.is_at("main")

    def rewrite(self, text: str) -> None:
        self.press("Control+a")
        self.type(text)

    def go(self, key: str = "Enter") -> None:
        """Follow or send what has the focus, and wait for the next page."""
        with self.page.expect_navigation():
            self.press(key)
        self.page.wait_for_load_state("networkidle")


@pytest.fixture
def keys(
    browser: Browser, live_server: Any, city: World, settings: Any, tmp_path: Path
) -> Iterator[Keyboard]:
    settings.MEDIA_ROOT = tmp_path / "media"
    width, height = SIZES["office"]
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    yield Keyboard(page)
    context.close()


def sign_in(keys: Keyboard) -> None:
    if not keys.is_at("input[name=username]"):
        keys.to("input[name=username]", most=3)
    keys.type("street_clerk")
    keys.to("input[name=password]", most=1)
    keys.type(factories.PASSWORD)
    keys.go()


def open_rooms(keys: Keyboard) -> None:
    keys.page.evaluate("document.activeElement?.blur()")
    keys.to('a.nav-link[href^="/premises/"], nav a[href^="/premises/"], aside a[href^="/premises/"]')
    keys.go()
    keys.into_the_page()


def filter_rooms(keys: Keyboard, words: str) -> None:
    keys.to(".filter-bar > summary")
    if not keys.page.locator(".filter-bar").evaluate("(bar) => bar.open"):
        keys.press("Enter")
    keys.to(".filters input[name=q]")
    keys.type(words)
    keys.press("Enter")
    expect(keys.page.locator(".chip")).to_contain_text(words)
    keys.page.wait_for_load_state("networkidle")


def test_a_clerks_day_by_keyboard(keys: Keyboard, city: World) -> None:
    sign_in(keys)
    open_rooms(keys)
    filter_rooms(keys, "用房07")
    correct_a_room(keys)
    enter_a_room(keys)
    change_two_rooms(keys)
    upload_a_workbook(keys)
    keys.page.evaluate("document.activeElement?.blur()")
    keys.to("summary[aria-label^=账号]")
    keys.press("Enter")
    keys.to("form[action$='logout/'] button")
    keys.go()
    assert "/accounts/login/" in keys.page.url


def correct_a_room(keys: Keyboard) -> None:
    """Refused, and mended in six actions with nothing typed a second time."""
    page = keys.page
    keys.to("tbody th a")
    keys.go()
    keys.into_the_page()
    keys.to('a[href$="/edit/"]')
    keys.go()
    keys.into_the_page()
    keys.to("#id_address")
    keys.rewrite("和平路 7 号")
    keys.to("#id_area", key="Shift+Tab")
    keys.rewrite("一百")
    keys.go()
    expect(page.locator("#problems")).to_be_focused()
    assert page.title().startswith("有 1 处需要修改")
    actions = 0
    for act in (
        lambda: keys.press("Tab"),
        lambda: keys.press("Enter"),
        lambda: keys.rewrite("107.5"),
        keys.go,
    ):
        keys.look()
        act()
        actions += 1
    assert actions <= 6
    assert "已保存「用房07」" in page.locator("main").inner_text()
    room = Premises.objects.get(name="用房07")
    assert (str(room.area), room.address) == ("107.50", "和平路 7 号")


def enter_a_room(keys: Keyboard) -> None:
    open_rooms(keys)
    keys.to('a[href^="/premises/new/"]')
    keys.go()
    keys.into_the_page()
    keys.to("#id_name")
    keys.type("键盘登记的用房")
    for name in ("kind", "division_now", "committee"):
        keys.to(f"#id_{name}", most=1)
        keys.press("ArrowDown")
    keys.to("#id_area", most=1)
    keys.type("88")
    keys.to("#id_tenure", most=1)
    keys.press("ArrowDown")
    keys.to("#id_address", most=1)
    keys.go()
    assert Premises.objects.filter(name="键盘登记的用房", area=88).exists(), keys.page.locator(
        "main"
    ).inner_text()


def change_two_rooms(keys: Keyboard) -> None:
    page = keys.page
    open_rooms(keys)
    filter_rooms(keys, "用房1")
    keys.to("tbody input[name=row]")
    keys.press("Space")
    keys.to("tbody input[name=row]")
    keys.press("Space")
    expect(page.locator("[data-choosing-count]")).to_have_text("已选 2 条")
    keys.to("[data-choosing-go]", key="Shift+Tab")
    keys.go()
    assert "将修改 2 条社区用房" in page.locator("main").inner_text()
    keys.into_the_page()
    keys.to("#id_floor")
    keys.type("二层")
    assert page.locator("[data-tick=floor]").is_checked()
    keys.to("#id_change_reason")
    keys.type("普查更正")
    keys.go()
    assert "已修改 2 条。" in page.locator("main").inner_text()
    expect(page.locator("[data-choosing-count]")).to_have_text("勾选后可批量修改")
    assert Premises.objects.filter(floor="二层").count() == 2
    assert ChangeRecord.objects.filter(reason="普查更正").values("act").distinct().count() == 1


def upload_a_workbook(keys: Keyboard) -> None:
    """Chosen, sent, looked over and confirmed; what a worker does between is done here."""
    page = keys.page
    open_rooms(keys)
    keys.to('a[href^="/imports/new/"]')
    keys.go()
    keys.into_the_page()
    keys.to("#id_file")
    with page.expect_file_chooser() as chooser:
        keys.press("Space")
    content = book([row(用房名称="表中用房"), row(用房名称="表中坏行", 建筑面积="很大")])
    chooser.value.set_files({"name": "用房.xlsx", "mimeType": "application/octet-stream", "buffer": content})
    expect(page.locator("[data-file-name]")).to_have_text("用房.xlsx")
    keys.to("main button[type=submit]", most=2)
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}/"))
    batch = ImportBatch.objects.get()
    imports.work(batch.public_id)
    expect(page.locator("main")).to_contain_text("检查完成，等待您确认")
    keys.into_the_page()
    keys.to('a[href="?outcome=created"]')
    keys.go()
    expect(page.locator("main")).to_contain_text("表中用房")
    keys.into_the_page()
    keys.to("main button[name=mode]")
    assert page.evaluate("document.activeElement.textContent").strip() == "合格的 1 行先入库"
    keys.press("Enter")
    expect(page.locator("main")).to_contain_text("正在入库")
    imports.work(batch.public_id)
    expect(page.locator("main")).to_contain_text("已入库：新增 1 条，修改 0 条")
    assert Premises.objects.filter(name="表中用房").exists()


def test_ticked_rows_stay_over_pages_sorting_and_filters(keys: Keyboard) -> None:
    page = keys.page
    sign_in(keys)
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/premises/?q=用房")
    count = page.locator("[data-choosing-count]")
    page.locator("tbody input[name=row]").first.check()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url(lambda url: "after=" in url)
    page.locator("[data-choose-page]").check()
    expect(count).to_have_text("已选 13 条")
    page.get_by_role("link", name=re.compile("建筑面积")).click()
    page.wait_for_url(lambda url: "sort=area" in url)
    expect(count).to_have_text("已选 13 条")
    page.get_by_role("button", name="选择全部 62 条筛选结果").click()
    expect(count).to_have_text("已选 62 条")
    page.locator("tbody input[name=row]").first.uncheck()
    expect(count).to_have_text("已选 61 条")
    page.get_by_role("button", name="批量修改").click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("h1")).to_contain_text("61 条")
    page.go_back()
    page.locator("[data-choosing-clear]").click()
    expect(count).to_have_text("勾选后可批量修改")
