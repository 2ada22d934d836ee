"""Every template once: no barrier that axe calls serious, no sideways scrolling on a phone, nothing English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.test.signals import template_rendered
from django.urls import reverse
from playwright.sync_api import Page

from communities.actions import approvals, imports
from communities.base import actions
from communities.choices import ApprovalVerb
from communities.models import ChangeRecord, Organisation, Period, Threshold
from portal.scorecards import actions as runs
from portal.scorecards.models import ScoreCard
from tests import factories
from tests.browser.chromium import SIZES
from tests.browser.conftest import Visit
from tests.conftest import World
from tests.factories import approvals as approvals_of
from tests.scorecards.rated import rate
from tests.workbooks.conftest import book, private_files, row  # noqa: F401 - one is a fixture

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
            "/accounts/password/",
            "/accounts/second-factor/",
            f"/dashboard/sources/?indicator=mean_area&period=2026Q1&place={city.district.public_id}",
            reverse("period-detail", args=[Period.objects.get(code="2026Q1").public_id]),
            *score_pages(city),
        ],
        "street_clerk": [
            *approval_pages(city),
            "/evidence/",
            "/evidence/new/",
            "/premises/",
            "/premises/bulk/",
            "/saved-views/",
            *entry_pages(city),
            *import_pages(city),
        ],
        "standards_officer": rule_pages(city),
        "auditor": [
            "/change-records/",
            "/sign-in-records/",
            reverse("change-record-detail", args=[change.public_id]),
        ],
        "platform_administrator": account_pages(city),
        "security_administrator": role_pages(city),
        "nobody": ["/"],
    }


def approval_pages(city: World) -> list[str]:
    """Cases before and after they were given back, and what is submitted."""
    approvals_of.route(city.district)
    worker, clerk = city.users["community_worker"], city.users["street_clerk"]
    rows = [approvals_of.request(city.community, reason=reason) for reason in ("腾退", "改造", "未申报")]
    waiting = approvals.submit(rows[0], by=worker)
    again = approvals.submit(rows[1], by=worker)
    told = {"remark": "请补充", "remarks": {"remedy": "写明期限"}}
    approvals.decide(again, verb=ApprovalVerb.RETURN, by=clerk, **told)
    row = type(rows[1]).objects.get(pk=rows[1].pk)
    row.remedy = "明年六月底前购置"
    actions.save(row, by=worker)
    approvals.submit(row, by=worker)
    mine = approvals_of.delegation(clerk, city.users["district_officer"])
    return [
        "/approvals/",
        "/approvals/all/",
        "/approvals/bulk/",
        reverse("approval-detail", args=[waiting.public_id]),
        reverse("approval-detail", args=[again.public_id]),
        "/exemption-requests/",
        "/exemption-requests/new/",
        reverse("exemption-request-detail", args=[rows[2].public_id]),
        reverse("exemption-request-detail", args=[row.public_id]),
        "/approval-delegations/new/",
        reverse("approval-delegation-detail", args=[mine.public_id]),
        "/holiday-schedules/",
        "/approval-routes/",
    ]


def score_pages(city: World) -> list[str]:
    """Scores of one's own places and of another's, where figures are shown alone."""
    rate(city)
    assert runs.execute_run(runs.request_run(Period.objects.get(code="2026Q1"), by=None).public_id)
    runs.sweep()
    found = ["/scores/", "/scores/?period=2025Q4", "/dashboard/ratings/"]
    for place in (city.neighbour, city.other_community):
        card = ScoreCard.objects.current().get(division=place)
        one = reverse("score-detail", args=[card.public_id])
        found += [one, f"{one}rows/?input=office_compliance", f"{one}rows/?input=mean_area"]
    return found


def entry_pages(city: World) -> list[str]:
    """Writing one row: new, corrected, removed, brought back."""
    room = city.premises["neighbour"]
    gone = factories.premises(city.community, "service", name="旧用房")
    gone.refresh_from_db()
    actions.remove(gone, by=None, reason="重复登记")
    one = reverse("premises-edit", args=[city.premises["community"].public_id])
    return [
        "/premises/new/",
        "/committees/new/",
        "/household-counts/new/",
        "/exemptions/new/",
        "/nil-statements/new/",
        one,
        reverse("premises-remove", args=[room.public_id]),
        reverse("premises-bring-back", args=[gone.public_id]),
    ]


def import_pages(city: World) -> list[str]:
    """An upload in each of its states."""
    rows = [row(), row(用房名称="坏", 建筑面积="很大")]
    contents = {
        "uploaded": book([row()]),
        "ready": book(rows),
        "refused": b"x",
        "done": book([row(用房名称="另一间"), row(用房名称="坏", 建筑面积=0)]),
    }
    found = ["/imports/", "/imports/new/?resource=premises"]
    for state, content in contents.items():
        batch = imports.upload(
            register="premises",
            division=city.street,
            file=ContentFile(content),
            name="用房.xlsx",
            by=city.users["street_clerk"],
        )
        if state != "uploaded":
            imports.work(batch.public_id)
        if state == "done":
            imports.confirm(batch, mode="good_rows", by=batch.requested_by)
            imports.work(batch.public_id)
        batch.refresh_from_db()
        assert batch.state == state
        found += [reverse("import-detail", args=[batch.public_id])]
    return [*found, f"{found[3]}?outcome=refused", f"{found[3]}?outcome=created"]


def rule_pages(city: World) -> list[str]:
    rule = Threshold.objects.first()
    assert rule is not None
    mine = factories.document(city.district, "甲区用房办法")
    own = factories.threshold(
        "premises.service.area", city.district, clause=factories.clause(city.district, document=mine)
    )
    return [
        "/policy-documents/",
        "/policy-documents/new/",
        "/thresholds/new/",
        "/approval-routes/new/",
        "/approval-freezes/new/",
        "/holiday-schedules/new/",
        reverse("policy-document-detail", args=[rule.clause.document.public_id]),
        reverse("policy-document-edit", args=[mine.public_id]),
        reverse("policy-document-remove", args=[mine.public_id]),
        reverse("threshold-detail", args=[rule.public_id]),
        reverse("threshold-edit", args=[own.public_id]),
    ]


def account_pages(city: World) -> list[str]:
    body = Organisation.objects.create(name="甲区民政局", kind="civil_affairs", division=city.district)
    clerk, client = city.users["street_clerk"].public_id, city.users["api_client"].public_id
    return [
        "/users/",
        "/users/new/",
        f"/users/{clerk}/",
        f"/users/{clerk}/edit/",
        f"/users/{clerk}/remove/",
        f"/users/{clerk}/link/",
        f"/users/{client}/tokens/new/",
        "/api-tokens/",
        "/organisations/",
        f"/organisations/{body.public_id}/edit/",
    ]


def role_pages(city: World) -> list[str]:
    held = city.users["street_clerk"].role_assignments.get()
    return [
        "/role-assignments/",
        "/role-assignments/new/",
        f"/role-assignments/{held.public_id}/",
        f"/role-assignments/{held.public_id}/end/",
    ]


def grave(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"][:150] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in GRAVE
    ]


# Pages whose one template shows very different things: axe looks at each of them, elsewhere once a template.
SHOW_MUCH = ("/dashboard/", "/imports/")
# Parts of these are read after the page; other pages are whole when they are loaded.
READ_IN_PARTS = ("/dashboard/", "/workbench/", "/nowhere/")


@pytest.fixture
def rendered() -> Iterator[set[str]]:
    """The names of the templates that were rendered since it was last cleared."""
    names: set[str] = set()

    def heard(template: Any, **_more: Any) -> None:
        names.add(template.name)

    template_rendered.connect(heard)
    yield names
    template_rendered.disconnect(heard)


def test_no_grave_barrier_no_sideways_scrolling_no_english(
    visit: Visit, city: World, rendered: set[str]
) -> None:
    wrong: dict[str, Any] = {}
    seen: set[str] = set()
    for role, addresses in pages(city).items():
        page = visit(role, "/accounts/profile/")
        base = page.url.split("/accounts/")[0]
        for address in addresses:
            page.set_viewport_size({"width": SIZES["office"][0], "height": SIZES["office"][1]})
            rendered.clear()
            answer = page.goto(base + address)
            if address != "/nowhere/" and (status := answer.status) != 200:
                wrong[f"{role} {address}"] = status
            if address.startswith(READ_IN_PARTS):
                page.wait_for_load_state("networkidle")
            if (rendered - seen or address.startswith(SHOW_MUCH)) and (barriers := grave(page)):
                wrong[f"{role} {address} axe"] = barriers
            seen |= rendered
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
    assert {"entry/form.html", "generic/list.html", "accounts/grant.html", "scores/sheet.html"} <= seen, (
        "axe was told of no template"
    )
    assert wrong == {}, "\n".join(f"{where}: {what}" for where, what in wrong.items())


# User names of the cast, the browser's name for itself in the list of one's sign-ins, kinds of files and programs.
NAMES_IN_DATA = {
    "district", "officer", "district_officer", "auditor", "platform", "administrator", "nobody", "stranger", "city",
    "security", "street", "clerk", "standards", "community", "worker", "api", "client",
    "Mozilla", "Linux", "AppleWebKit", "KHTML", "like", "Gecko", "Chrome", "Safari", "HeadlessChrome",
    "xlsx", "csv", "WPS", "Excel", "JPEG", "PNG", "WebP", "PDF", "docx",
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
