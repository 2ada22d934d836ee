"""T17: script payloads in every text that people can bring in, read in a real browser: none is ever run.

Each payload calls ``hit`` with its number. Beside that nothing of it may have become an element, and the browser
may have refused no script, for a refusal would mean that one had got as far as the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from playwright.sync_api import Page, expect

from communities.actions import imports
from communities.base import actions
from communities.models import ChangeRecord, Division, Organisation, User
from tests import factories
from tests.browser.conftest import Visit, measure
from tests.conftest import World
from tests.workbooks.conftest import HEADS, book, private_files, row  # noqa: F401 - one is a fixture

pytestmark = pytest.mark.browser

PAYLOADS = [
    "<script>hit(1)</script>",
    '"><script>hit(2)</script>',
    "'><img src=x onerror=hit(3)>",
    "<svg onload=hit(4)>",
    "<svg/onload=hit(5)//",
    '" onmouseover="hit(6)" autofocus onfocus="hit(6)" x="',
    "' onfocus='hit(7)' autofocus='",
    "javascript:hit(8)",
    "</title><script>hit(9)</script>",
    "</textarea><script>hit(10)</script>",
    "</script><script>hit(11)</script>",
    '<iframe srcdoc="<script>parent.hit(12)</script>">',
    "<details open ontoggle=hit(13)>",
    "<body onload=hit(14)>",
    '<a href="javascript:hit(15)">点</a>',
    "{{constructor.constructor('hit(16)')()}}",
    "${hit(17)}{% hit(17) %}",
    '<!--<img src="--><img src=x onerror=hit(18)>',
    "<math><mtext></p><img src=x onerror=hit(19)>",
    "&lt;img src=x onerror=hit(20)&gt;",
    r"\u003cimg src=x onerror=hit(21)\u003e",
    "<img src=x onerror=&#104;it(22)>",
    '<object data="javascript:hit(23)">',
    '<form action="javascript:hit(24)"><button autofocus>',
    "<style>@import'javascript:hit(25)';</style>",
    "<link rel=stylesheet href=javascript:hit(26)>",
    '<div hx-on:load="hit(27)" hx-get="/x" hx-trigger="load">',
    '<base href="//evil.test/"><script src="hit28.js"></script>',
    "]]><img src=x onerror=hit(29)>",
    "{b|<img src=x onerror=hit(30)>}%00<x onclick=hit(30)>",
]
# What no page of ours ever holds, and each payload would make.
PLANTED = (
    "[onerror],[onload],[onmouseover],[onfocus],[ontoggle],[onclick],[srcdoc],base,iframe,object,math,"
    "[hx-on\\\\:load],[hx-get='/x'],img[src=x],"
    "[href^='javascript:' i],[action^='javascript:' i],body style,body link"
)
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  if (event.violatedDirective.startsWith("script-src")) window.hit(`refused ${event.blockedURI}`);
});
"""


def everywhere(city: World) -> list[Any]:
    """A row of each register for every payload, with the payload in each of its texts; the rows to look at."""
    rows: list[Any] = []
    officer = city.users["district_officer"]
    for number, text in enumerate(PAYLOADS):
        place = factories.community(text, city.street)
        body = factories.committee(place, text)
        room = factories.premises(
            place, "office", str(60 + number), committee=body, name=text, address=text, floor=text[:20]
        )
        room.refresh_from_db()
        room.address = f"改{text}"
        actions.save(room, by=officer, reason=text)
        exemption = factories.exemption(
            place,
            committee=body,
            reason=text,
            decision_number=text,
            decided_by=text,
            valid=("2026-01-01", None),
        )
        nil = factories.nil_statement(place, committee=None, note=text)
        document = factories.document(city.district, text, number=text, issuer=text)
        clause = factories.clause(city.district, text[:50], document=document, text=text)
        threshold = factories.threshold(
            "premises.service.area",
            city.district,
            clause=clause,
            valid=(f"{1910 + number}-01-01", f"{1911 + number}-01-01"),
        )
        if number % 15 == 0:
            rows += [room, body, exemption, nil, document, threshold]
    Organisation.objects.bulk_create(
        Organisation(name=text, kind="civil_affairs", division=city.district) for text in PAYLOADS
    )
    someone = User.objects.get(username="street_clerk")
    User.objects.filter(pk=someone.pk).update(
        name=PAYLOADS[1][:50], organisation=Organisation.objects.get(name=PAYLOADS[0])
    )
    return rows


def an_upload(city: World, content: bytes, name: str) -> str:
    clerk = city.users["street_clerk"]
    batch = imports.upload(
        register="premises", division=city.street, file=ContentFile(content), name=name, by=clerk
    )
    imports.work(batch.public_id)
    return reverse("import-detail", args=[batch.public_id])


def uploads(city: World) -> list[str]:
    """Cells that are taken, cells that come back, a head that is not known; names of files."""
    taken = [row(用房名称=text, 地址=text, 使用单位="", 用途="活动场所") for text in PAYLOADS]
    bad = [row(用房名称=text, 建筑面积=text, 用途=text, 使用单位=text, 所在社区=text) for text in PAYLOADS]
    return [
        f"{url}?outcome={outcome}"
        for url in (
            an_upload(city, book([*taken, *bad]), f"{PAYLOADS[3]}.xlsx"),
            an_upload(
                city, book([row()], [*HEADS[:-1], PAYLOADS[2]]), f"{PAYLOADS[1]}.xlsx".replace("/", "")
            ),
            an_upload(city, b"x", PAYLOADS[21]),
        )
        for outcome in ("created", "refused")
    ]


@pytest.fixture
def watched(visit: Visit) -> Callable[[str], tuple[Page, Callable[..., None]]]:
    """A person's page and a way to look at an address, both of which notice everything that runs."""
    hits: list[Any] = []

    def sign_in(role: str) -> tuple[Page, Callable[..., None]]:
        page = visit(role, "/accounts/profile/")
        page.context.expose_function("hit", lambda what: hits.append(what))  # noqa: PLW0108 - Playwright marks it
        page.context.add_init_script(WATCH)
        page.on("dialog", lambda dialog: (hits.append(dialog.message), dialog.dismiss()))
        base = page.url.split("/accounts/")[0]

        def look(url: str = "") -> None:
            if url:
                page.goto(base + url)
            planted = page.evaluate(f'[...document.querySelectorAll("{PLANTED}")].map((e) => e.outerHTML)')
            assert planted == [], page.url
            assert hits == [], page.url
            # What an address with an error answers is in the console as well; nothing else may be.
            expected = ("404", "400", "422")
            page.complaints[:] = [  # type: ignore[attr-defined]
                text
                for text in page.complaints
                if not any(code in text for code in expected)  # type: ignore[attr-defined]
            ]
            assert page.complaints == [], page.url  # type: ignore[attr-defined]

        return page, look

    return sign_in


def all_pages_of(page: Page, look: Callable[..., None], url: str) -> int:
    """The list and what its pages lead to; how many payloads were seen on the way."""
    look(url)
    seen = page.locator("main").inner_text().count("hit(")
    while (more := page.locator("a[rel=next]")).count():
        with page.expect_response(lambda answer: "after=" in answer.url):
            more.first.click()
        expect(page.locator(".htmx-request")).to_have_count(0)
        look()
        seen += page.locator("main").inner_text().count("hit(")
    return seen


def hover(page: Page) -> set[str]:
    """Every point of every chart; the words of all tips."""
    told = set()
    for box in page.locator("[data-chart]:visible").all():
        box.scroll_into_view_if_needed()
        size = box.bounding_box()
        for x in (0.3, 0.6, 0.9):
            for step in range(0, int(size["height"]), 14):
                page.mouse.move(size["x"] + size["width"] * x, size["y"] + step)
                told.add(box.inner_text())
    return told


def test_t17_no_payload_is_run(visit: Visit, city: World, watched: Any) -> None:
    rows = everywhere(city)
    measure(factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1)))
    page, look = watched("district_officer")
    registers(page, look)
    dashboards(page, look, city)
    row_pages(page, look, rows)
    entry_of(page, look, rows[0])
    _page, look = watched("standards_officer")
    rule_pages(look, rows)
    found = uploads(city)
    page, look = watched("street_clerk")
    for url in ["/imports/", "/imports/new/?resource=premises", *found]:
        look(url)
        assert "resource=" in url or "hit(" in page.locator("body").inner_text(), url
    accounts(*watched("platform_administrator"), city)
    page, look = watched("security_administrator")
    all_pages_of(page, look, "/role-assignments/")
    page, look = watched("auditor")
    assert all_pages_of(page, look, "/change-records/") >= 25
    record = ChangeRecord.objects.filter(object_id=rows[0].public_id).latest("pk")
    look(f"/change-records/{record.public_id}/")
    assert "hit(1)" in page.locator("main").inner_text()


def registers(page: Page, look: Callable[..., None]) -> None:
    """Lists, what a search repeats, and pages that say no."""
    for url in ("premises", "committees", "communities", "exemptions", "nil-statements", "policy-documents"):
        assert all_pages_of(page, look, f"/{url}/") >= 20, url
    for url in ("thresholds", "divisions", "periods", "workbench"):
        all_pages_of(page, look, f"/{url}/")
    for text in PAYLOADS[:3]:
        look(f"/premises/?q={text}")
    look("/premises/?place=<script>hit(0)</script>")
    look("/nowhere/<script>hit(0)</script>/")
    look("/dashboard/subjects/?indicator=office_compliance")


def dashboards(page: Page, look: Callable[..., None], city: World) -> None:
    """Charts and their tips, the same without scripts, and the picker of places."""
    street = f"place={city.street.public_id}&period=2026Q2"
    look(f"/dashboard/?{street}")
    page.locator("[data-chart=bars] svg").wait_for()
    assert any("hit(" in text for text in hover(page))
    look()
    for name in ("mean_area", "office_compliance"):
        look(f"/dashboard/?{street}&indicator={name}&plain=1")
    place = Division.objects.get(name_now=PAYLOADS[0])
    look(f"/dashboard/?place={place.public_id}&period=2026Q2")
    page.locator("[data-place-picker]").click()
    page.get_by_role("treeitem").first.wait_for()
    look()
    page.keyboard.type("hit")
    page.locator(".picker-hits li").first.wait_for()
    look()


def row_pages(page: Page, look: Callable[..., None], rows: list[Any]) -> None:
    """A row with its history, and the pages that write it."""
    for each in rows:
        url = reverse(f"{route_of(each)}-detail", args=[each.public_id])
        look(url)
        assert "hit(" in page.locator("main").inner_text(), url
        if route_of(each) not in RULES:
            look(f"{url}edit/")
            look(f"{url}remove/")


def rule_pages(look: Callable[..., None], rows: list[Any]) -> None:
    for each in rows:
        if route_of(each) in RULES:
            for name in ("edit", "remove"):
                look(reverse(f"{route_of(each)}-{name}", args=[each.public_id]))


def entry_of(page: Page, look: Callable[..., None], room: Any) -> None:
    """What a form repeats of what was wrong, and the message that names the row once it is right."""
    look(reverse("premises-edit", args=[room.public_id]))
    for text, wait in ((PAYLOADS[2], True), ("88", False)):
        page.locator("input[name=area]").fill(text)
        page.locator("main form button[type=submit]").last.click()
        if wait:
            page.get_by_role("alert").first.wait_for()
            assert page.locator("input[name=area]").input_value() == text
        else:
            page.wait_for_url(lambda url: not url.endswith("/edit/"))
            assert "hit(1)" in page.locator("body").inner_text()
        look()


def accounts(page: Page, look: Callable[..., None], city: World) -> None:
    assert all_pages_of(page, look, "/organisations/") >= 25
    for url in ("/users/", "/users/new/", f"/users/{city.users['street_clerk'].public_id}/"):
        look(url)
    body = Organisation.objects.get(name=PAYLOADS[0])
    for tail in ("", "edit/", "remove/"):
        look(f"/organisations/{body.public_id}/{tail}")


RULES = {"threshold", "policy-document"}


def route_of(row: Any) -> str:
    from communities.base.tables import ROUTES

    return ROUTES[row._meta.label]
