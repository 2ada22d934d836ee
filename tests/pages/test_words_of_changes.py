"""What a change record says on a page: the last day included, words instead of codes, parts with their whole."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from communities.base.changes import spoken
from communities.base.standards import THRESHOLD_KEYS
from communities.models import Committee, Threshold
from tests import factories
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown

pytestmark = pytest.mark.django_db


def test_ranges_are_said_with_their_last_day() -> None:
    days, households = Committee._meta.get_field("valid"), Threshold._meta.get_field("households")
    assert spoken(["2026-01-01", "2027-01-01"], days) == "2026-01-01 — 2026-12-31"
    assert spoken([None, "2027-01-01"], days) == "建档前 — 2026-12-31"
    assert spoken(["2026-01-01", None], days) == "2026-01-01 至今"
    assert spoken([1000, 3000], households) == "1,000 至 2,999"
    assert spoken([None, 3000], households) == "0 至 2,999"


def test_the_end_of_an_exemption_reads_alike_everywhere(world: World, as_role: Reader) -> None:
    """On the page of a clash and in the history: the day that was typed, and the name of the standard."""
    row = factories.exemption(world.community, valid=(dt.date(2026, 1, 1), None))
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    url = reverse("exemption-edit", args=[row.public_id])
    mine, theirs = (as_shown(each.get(url).content.decode()) for each in (clerk, officer))
    key = next(code for code in THRESHOLD_KEYS if code != row.key)
    assert officer.post(url, theirs | {"key": key, "valid_1": "2026-11-30"}).status_code == 302
    clash = clerk.post(url, mine | {"valid_1": "2026-12-31"})
    assert clash.status_code == 409
    assert "<td>2026-01-01 — 2026-11-30</td><td>2026-01-01 — 2026-12-31</td>" in clash.content.decode()
    page = clerk.get(reverse("exemption-detail", args=[row.public_id])).content.decode()
    assert "2026-01-01 至今 改为 <b>2026-01-01 — 2026-11-30</b>" in page
    history = page[page.index("变更历史") :]
    assert f"改为 <b>{THRESHOLD_KEYS[key].name}</b>" in history
    assert key not in history
