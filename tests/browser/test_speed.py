"""How long a person waits on the demo city: long proofs, for times depend on the machine.

What is asserted is the median of five; tests that run always count queries instead.
"""

from __future__ import annotations

import datetime as dt
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from communities.models import Period, User
from portal.demo import actions
from tests import factories
from tests.browser.conftest import Visit, measure

pytestmark = [pytest.mark.browser, pytest.mark.prove]

TIMES = 5
FIRST_PAINT_MS = 1000
# Typing pauses 120 ms before the server is asked.
FIRST_HITS_MS = 1000

PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
HITS = """(text) => new Promise((done) => {
  const field = document.getElementById("picker-q");
  const list = document.getElementById("picker-hits");
  list.replaceChildren();
  const begun = performance.now();
  const seen = new MutationObserver(() => {
    if (!list.querySelector("[data-place]")) return;
    seen.disconnect();
    done(performance.now() - begun);
  });
  seen.observe(list, { childList: true, subtree: true });
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
})"""


@pytest.fixture
def city(transactional_db: None) -> None:
    """The demo, its last two periods measured, with a password that ``visit`` knows."""
    actions.load(dt.date(2026, 11, 22), file=None)
    for period in Period.objects.order_by("-span")[:2]:
        measure(period)
    officer = User.objects.get(username="city")
    officer.set_password(factories.PASSWORD)
    officer.save(update_fields=["password"])


def first_paints(page: Page) -> list[float]:
    found = []
    for _ in range(TIMES):
        page.reload(wait_until="load")
        page.wait_for_function(f"{PAINT} !== undefined")
        found.append(float(page.evaluate(PAINT)))
    return found


def test_the_city_is_painted_within_a_second_and_places_are_found_at_once(visit: Visit) -> None:
    page = visit("city", "/dashboard/")
    expect(page.locator("[data-chart=trend] svg")).to_be_visible()
    paints = first_paints(page)
    expect(page.locator("[data-chart=trend] svg")).to_be_visible()
    page.locator("[data-place-picker]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    hits = [float(page.evaluate(HITS, text)) for text in ("桥", "社区", "云州", "lq", "街道")]
    print(f"first contentful paint {sorted(paints)} ms, first hits {sorted(hits)} ms")
    assert median(paints) <= FIRST_PAINT_MS, paints
    assert median(hits) <= FIRST_HITS_MS, hits
