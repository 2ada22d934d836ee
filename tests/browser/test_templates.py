"""Every template once: no barrier that axe calls serious, no sideways scrolling on a phone, nothing English."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from communities.models import ChangeRecord
from tests.browser.chromium import SIZES
from tests.browser.conftest import Visit
from tests.conftest import World

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}


def pages(city: World) -> dict[str, list[str]]:
    """Addresses by the role that opens them."""
    ChangeRecord.objects.create(
        verb="change", model="communities.Premises", object_id=city.premises["community"].public_id,
        object_label="一社区用房", division=city.community, before={"area": "1"}, after={"area": "2"},
    )  # fmt: skip
    change = ChangeRecord.objects.get()
    return {
        "district_officer": [
            "/dashboard/",
            "/dashboard/?indicator=mean_area",
            "/dashboard/?plain=1",
            "/dashboard/subjects/?indicator=office_compliance",
            "/workbench/",
            "/premises/?kind=office",
            reverse("premises-detail", args=[city.premises["community"].public_id]),
            reverse("community-detail", args=[city.community.public_id]),
            reverse("division-detail", args=[city.district.public_id]),
            "/places/?q=甲",
            "/places/",
            "/nowhere/",
            "/accounts/profile/",
        ],
        "street_clerk": ["/premises/", "/premises/new/", "/premises/bulk/", "/saved-views/"],
        "auditor": ["/change-records/", reverse("change-record-detail", args=[change.public_id])],
        "platform_administrator": ["/users/"],
        "nobody": ["/"],
    }


def grave(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"][:150] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in GRAVE
    ]


def test_no_grave_barrier_no_sideways_scrolling_no_english(visit: Visit, city: World) -> None:
    wrong: dict[str, Any] = {}
    for role, addresses in pages(city).items():
        page = visit(role, "/accounts/profile/")
        base = page.url.split("/accounts/")[0]
        for address in addresses:
            page.set_viewport_size({"width": SIZES["office"][0], "height": SIZES["office"][1]})
            page.goto(base + address)
            page.wait_for_load_state("networkidle")
            barriers = grave(page)
            if barriers:
                wrong[f"{role} {address} axe"] = barriers
            words = re.findall(
                r"(?<![0-9A-Za-z-])[A-Za-z]{3,}(?![0-9A-Za-z-])", page.locator("body").inner_text()
            )
            if foreign := [word for word in words if word not in NAMES_IN_DATA]:
                wrong[f"{role} {address} English"] = foreign[:5]
            page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
            page.wait_for_timeout(100)
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > SIZES["phone"][0]:
                wrong[f"{role} {address} phone"] = wide
        page.complaints[:] = [text for text in page.complaints if "404" not in text]  # type: ignore[attr-defined]
    assert wrong == {}


# User names of the cast, and the browser's name for itself in the list of one's sign-ins.
NAMES_IN_DATA = {
    "district", "officer", "district_officer", "auditor", "platform", "administrator", "nobody", "stranger", "city",
    "security", "street", "clerk", "standards", "community", "worker", "api", "client",
    "Mozilla", "Linux", "AppleWebKit", "KHTML", "like", "Gecko", "Chrome",
}  # fmt: skip


def test_the_picker_has_no_grave_barrier(visit: Visit) -> None:
    page = visit("district_officer", "/dashboard/", size="phone")
    page.locator("[data-place-picker]").click()
    page.get_by_role("treeitem").first.wait_for()
    assert grave(page) == []
    page.keyboard.type("jj")
    page.locator(".picker-hits [data-place]").first.wait_for()
    assert grave(page) == []


def test_paper_shows_the_figures_without_the_frame(visit: Visit) -> None:
    page = visit("district_officer", "/dashboard/")
    page.emulate_media(media="print")
    assert not page.locator(".topbar").is_visible()
    assert not page.locator("aside").is_visible()
    assert "打印时间" in page.locator(".print-foot").inner_text()
    assert page.locator("[data-chart=bars] svg").is_visible()
    assert page.locator("#league table").is_visible()
