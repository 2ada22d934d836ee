"""A photo is filed from the page of a room, found to be used elsewhere too, and its link taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from communities.models import Evidence
from tests.browser.conftest import Visit
from tests.conftest import World
from tests.factories import evidence as factory

pytestmark = pytest.mark.browser


def test_a_photo_for_a_room(visit: Visit, city: World, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    factory.filed(city.neighbour, factory.jpeg(3, (640, 480)), title="原来的照片")
    page = visit("street_clerk", f"/premises/{city.premises['community'].public_id}/")
    page.locator("#evidence").get_by_role("link", name="添加").press("Enter")
    expect(page.locator("main")).to_contain_text("上传后关联到「一社区用房」")
    page.get_by_label("标题").fill("门头照片")
    page.get_by_role("button", name="保存").press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("文件")
    expect(page.get_by_label("标题")).to_have_value("门头照片")
    photo = {"name": "门头.jpg", "mimeType": "image/jpeg", "buffer": factory.jpeg(3, (640, 480))}
    page.locator("#id_file").set_input_files(photo)
    page.get_by_label("形成日期").fill("2026-03-01")
    page.get_by_role("button", name="保存").press("Enter")
    picture = page.locator("#evidence img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.locator("#evidence").get_by_role("link", name="门头照片").press("Enter")
    expect(page.locator("#also-used")).to_contain_text("原来的照片")
    page.get_by_role("link", name="取消关联").press("Enter")
    page.get_by_label("取消原因").fill("关联错了")
    page.get_by_role("button", name="取消关联").press("Enter")
    expect(page.locator("#things")).to_contain_text("还没有关联")
    assert Evidence.objects.get(title="门头照片").stored == Evidence.objects.get(title="原来的照片").stored
    # The browser notes in its console that a form without its file was refused.
    page.complaints[:] = [text for text in page.complaints if "422" not in text]  # type: ignore[attr-defined]
