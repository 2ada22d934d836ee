"""A workbook is sent off from its page, by click and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visit
from tests.workbooks.conftest import book, row

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["click", "Enter"])
def test_a_file_is_sent_off(visit: Visit, way: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    page = visit("street_clerk", "/imports/new/?resource=premises")
    content = {"name": "用房.xlsx", "mimeType": "application/octet-stream", "buffer": book([row()])}
    page.locator("#id_file").set_input_files(content)
    assert page.locator("[data-file-name]").inner_text() == "用房.xlsx"
    button = page.get_by_role("button", name="上传并检查")
    if way == "click":
        button.click()
    else:
        button.focus()
        page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}/"))
    assert "检查" in page.locator("main").inner_text()
