"""The one Chromium of browser tests and pictures: the system's, else Playwright's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Error, sync_playwright

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]
NEEDED = (
    "Browser tests need Chromium: apt-get install chromium fonts-noto-cjk, or playwright install chromium."
)
SIZES = {"office": (1366, 768), "wide": (1920, 1080), "phone": (390, 844)}


class NoChromium(RuntimeError):
    """There is no browser to test with; the message says what to install."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises NoChromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=path,
                args=SWITCHES,
                env={**os.environ, "LANGUAGE": "zh_CN", "LANG": "zh_CN.UTF-8"},
            )
        except Error as error:
            raise NoChromium(NEEDED) from error
        yield browser
        browser.close()
