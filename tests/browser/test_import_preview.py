"""What an import would do, looked at on a narrow phone: nothing scrolls sideways, nothing is squeezed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from communities.actions import imports
from tests.browser.conftest import Visit
from tests.conftest import World
from tests.workbooks.conftest import book, edited, exported, row

pytestmark = pytest.mark.browser

NARROW = {"width": 375, "height": 812}
# Something of the page stands outside of it, or is squeezed into a column of one or two characters.
CROOKED = """() => [...document.querySelectorAll("main *")].filter(each => {
  const box = each.getBoundingClientRect();
  const words = each.childElementCount === 0 && each.textContent.trim().length > 4;
  const hidden = each.closest("thead, .visually-hidden");
  return !hidden && box.width > 0 && (box.right > innerWidth + 1 || (words && box.width < 40 && box.height > 60));
}).map(each => each.outerHTML.slice(0, 200))"""


def brought(world: World, content: bytes) -> Any:
    clerk = world.users["street_clerk"]
    batch = imports.upload(
        register="premises",
        division=world.street,
        file=ContentFile(content),
        name="社区用房登记表.xlsx",
        by=clerk,
    )
    imports.work(batch.public_id)
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("outcome", ["refused", "changed", "created", "unchanged"])
def test_a_preview_fits_a_phone(
    visit: Visit, city: World, settings: Any, tmp_path: Path, outcome: str
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    if outcome in {"refused", "created"}:
        bad = row(
            用房名称="社区党群服务中心便民服务大厅", 建筑面积="很大", 取得日期="2099-01-01", 失去原因="拆迁"
        )
        content = book([bad, row(用房名称=""), row(地址="春江路与文化路交叉口东北角" * 5), row(), row()])
    else:
        changes = {"F5": 200, "H5": "新址" * 40}
        content = edited(exported(city), lambda sheet: [sheet.__setitem__(*each) for each in changes.items()])
    batch = brought(city, content)
    assert batch.count(outcome), batch.counts
    page = visit("street_clerk", f"/imports/{batch.public_id}/?outcome={outcome}", size="phone")
    page.set_viewport_size(NARROW)
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"import-{outcome}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    scroll = page.locator(".table-scroll")
    assert scroll.evaluate("each => each.scrollWidth - each.clientWidth") <= 1
    assert page.evaluate(CROOKED) == []
    heads = page.locator(".import-rows tbody tr").first.locator("td")
    named = heads.evaluate_all("all => all.map(each => getComputedStyle(each, '::before').content)")
    assert "none" not in named
    assert named[0] == '"行"'
