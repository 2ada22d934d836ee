"""The page of the API in a real browser, under the policy of every page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.browser.chromium import chromium


@pytest.mark.browser
def test_the_page_draws_itself_within_the_policy(live_server, transactional_db: None) -> None:
    client = Client()
    client.force_login(factories.user("reader"))
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        page = context.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(f"{live_server.url}/api/v1/docs/")
        page.wait_for_selector(".opblock-tag-section, .opblock", timeout=60_000)
        assert told == []
        context.close()
