"""What a change record says on a page: the last day included, words instead of codes, parts with their whole."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse

from communities.base.changes import spoken
from communities.base.standards import THRESHOLD_KEYS
from communities.choices import PremisesFunction
from communities.models import Committee, PremisesFunctionArea, Threshold
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown, edit_of

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


def test_zones_are_in_the_history_of_their_rooms(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    for function, area in (("service_station", 20), ("storage", 10)):
        PremisesFunctionArea.objects.create(premises=room, function=function, area=area)
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    changed = {"functions-0-area": "25", "functions-1-goes": "on"}
    new = {"functions-2-function": "reading", "functions-2-area": "30", "area": "99"}
    assert clerk.post(edit_of(room), shown | changed | new).status_code == 302
    page = clerk.get(reverse("premises-detail", args=[room.public_id])).content.decode()
    history = re.sub("<[^>]+>", "", page[page.index("变更历史") :])
    name, gone, added = (
        str(PremisesFunction(each).label) for each in ("service_station", "storage", "reading")
    )
    assert "建筑面积：120.00 改为 99.00" in history
    assert f"功能分区「{name} 25.00 m²」面积：20.00 改为 25.00" in history
    assert f"功能分区：{gone} 10.00 m² 改为 已删除" in history
    assert f"功能分区：没有 改为 {added} 30.00 m²" in history
    assert FOREIGN not in history
