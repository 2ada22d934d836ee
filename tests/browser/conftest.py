"""A real browser against a real server, with a small measured city."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from communities.models import Period
from portal.scorecards import actions
from tests import factories
from tests.browser.chromium import SIZES, NoChromium, chromium
from tests.conftest import World, build_users, build_world

# Playwright's own event loop runs in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A busy machine answers late; that alone is no failure.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as opened:
            yield opened
    except NoChromium as error:
        pytest.fail(str(error))


@pytest.fixture
def city(transactional_db: None) -> World:
    """甲市 with some offices that fall short, measured in two quarters."""
    cache.clear()
    world = build_world()
    world.users = build_users(world)
    clause = factories.clause(world.city, "第三条", document=factories.document(world.city, "甲市用房标准"))
    factories.threshold("premises.office.area", world.city, clause=clause)
    for n in range(60):
        body = factories.committee(world.neighbour, f"委员会{n:02d}")
        factories.premises(
            world.neighbour,
            "office",
            str(60 + n),
            committee=body,
            name=f"用房{n:02d}",
            obtained_on=dt.date(2026, 2, 1),
        )
    factories.household_count(world.community)
    for code, first, end in (
        ("2025Q4", dt.date(2025, 10, 1), dt.date(2026, 1, 1)),
        ("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1)),
    ):
        measure(factories.period(code, first, end))
    return world


def measure(period: Period) -> None:
    assert actions.execute_run(actions.request_run(period, by=None).public_id)


@pytest.fixture
def visit(browser: Browser, live_server: Any, city: World) -> Iterator[Visit]:
    """Opens a page signed in as a role of the cast, by the sign-in form.

    At the end no console may have complained: no error, no refused script or style.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(role: str, path: str = "/", size: str = "office", **options: Any) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/accounts/login/?next={path}")
        page.fill("input[name=username]", role)
        page.fill("input[name=password]", factories.PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        page.wait_for_load_state("networkidle")
        page.complaints = complaints  # type: ignore[attr-defined]
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
