"""Navigation, place picker, reading aids, error pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from communities.models import Period
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader

FIRST_PAGES = {
    "city_officer": "/dashboard/",
    "district_officer": "/dashboard/",
    "street_clerk": "/workbench/",
    "community_worker": "/workbench/",
    "platform_administrator": "/users/",
    "security_administrator": "/role-assignments/",
    "auditor": "/change-records/",
}


@pytest.mark.parametrize(("role", "first"), FIRST_PAGES.items())
def test_each_role_lands_on_its_page_and_every_entry_opens(role: str, first: str, as_role: Reader) -> None:
    reader = as_role(role)
    answer = reader.get("/")
    assert answer.headers["Location"] == first
    text = reader.get(first).content.decode()
    menu = text.split('id="navigation"')[1].split("</aside>")[0]
    links = re.findall(r'href="([^"]+)"', menu)
    assert first in links
    for link in links:
        assert reader.get(link).status_code == 200, link


def test_somebody_without_a_role_is_told_whom_to_ask(as_role: Reader) -> None:
    assert "请联系安全管理员授予角色" in as_role("nobody").get("/").content.decode()


@pytest.mark.parametrize(
    "url", ["/", "/dashboard/", "/premises/", "/places/", "/places/hits/?q=x", "/workbench/"]
)
def test_strangers_are_sent_to_sign_in(db: None, url: str) -> None:
    answer = Client().get(url)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("text", ["甲区", "jq", "甲街", "jjd"])
def test_places_are_found_by_name_and_initials(world: World, as_role: Reader, text: str) -> None:
    found = as_role("district_officer").get("/places/hits/", {"q": text, "for": "compare"}).content.decode()
    assert re.search(r"甲(区|街道)</span>", found)
    assert "云省 甲市" in found


def test_places_are_found_by_code(world: World, as_role: Reader) -> None:
    found = as_role("district_officer").get("/places/hits/", {"q": world.district.code_now}).content.decode()
    assert "甲区" in found


def test_hits_keep_to_the_scope(world: World, as_role: Reader) -> None:
    reader = as_role("district_officer")
    assert (
        FOREIGN
        not in reader.get("/places/hits/", {"q": "外区", "for": "view"}).content.decode().split("没有")[0]
    )
    assert "外区</span>" in reader.get("/places/hits/", {"q": "外区", "for": "compare"}).content.decode()
    assert (
        "远外"
        not in reader.get("/places/hits/", {"q": "远外区", "for": "compare"})
        .content.decode()
        .split("没有")[0]
    )


def test_the_tree_opens_level_by_level_inside_the_scope(world: World, as_role: Reader) -> None:
    reader = as_role("district_officer")
    tops = reader.get("/places/children/", {"for": "view"}).content.decode()
    assert re.findall(r'tree-name">([^<]+)', tops) == ["甲区"]
    below = reader.get(
        "/places/children/", {"for": "view", "parent": world.district.public_id}
    ).content.decode()
    assert re.findall(r'tree-name">([^<]+)', below) == ["甲街道"]
    city = {"for": "compare", "parent": world.city.public_id}
    assert re.findall(r'tree-name">([^<]+)', reader.get("/places/children/", city).content.decode()) == [
        "甲区",
        "外区",
    ]
    for place in (world.other_district, world.far_city):
        asked = {"for": "view", "parent": place.public_id}
        assert reader.get("/places/children/", asked).status_code == 404
    assert reader.get("/places/children/", {"for": "everything"}).status_code == 400
    assert reader.get("/places/children/", {"parent": "x"}).status_code == 400


def test_reading_aids_are_kept_and_lead_back(as_role: Reader) -> None:
    reader = as_role("street_clerk")
    answer = reader.post("/sight/", {"switch": "large", "next": "/premises/?kind=office"})
    assert answer.headers["Location"] == "/premises/?kind=office"
    assert 'class="sight-large ' in reader.get("/premises/").content.decode()
    assert (
        reader.post("/sight/", {"switch": "large", "next": "https://example.com/"}).headers["Location"] == "/"
    )
    assert "sight-large" not in reader.get("/premises/").content.decode().split("<head>")[0]
    assert reader.get("/sight/").status_code == 405
    # The way back is the page on which the button stands.
    answer = as_role("district_officer").get("/scores/run/")
    assert (answer.status_code, 'href="/scores/">返回原来的页面' in answer.content.decode()) == (405, True)


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("/nowhere/", 404, "没有找到"),
        ("/premises/?nonsense=1", 400, "地址中有不认识的参数"),
        ("/users/", 403, "没有权限"),
    ],
)
def test_errors_are_plain_chinese_with_a_way_on(as_role: Reader, url: str, status: int, words: str) -> None:
    answer = as_role("street_clerk").get(url)
    text = answer.content.decode()
    assert answer.status_code == status
    assert words in text
    assert "回到首页" in text
    assert re.search(r"编号 [0-9a-f-]{36}", text)


def test_who_lacks_a_right_is_sent_to_whoever_grants_it(as_role: Reader) -> None:
    page = as_role("auditor").get("/premises/new/").content.decode()
    assert "请联系安全管理员授予相应角色" in page


def test_escape_keeps_what_is_typed_into_the_search(as_role: Reader) -> None:
    """Browsers empty a field of the type search."""
    for url in ("/workbench/", "/places/?q=一社区"):
        assert 'type="search"' not in as_role("street_clerk").get(url).content.decode()


def test_a_crash_shows_nothing_of_the_inside(as_role: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr("communities.views.picker.PlaceHits.hits", crash)
    reader = as_role("street_clerk")
    reader.raise_request_exception = False
    answer = reader.get("/places/hits/", {"q": "x"})
    assert answer.status_code == 500
    assert "inside" not in answer.content.decode()
    assert "回到首页" in answer.content.decode()


def test_a_form_from_elsewhere_is_refused_in_chinese(world: World) -> None:
    reader = Client(enforce_csrf_checks=True)
    reader.force_login(world.users["street_clerk"])
    answer = reader.post("/sight/", {"switch": "large"})
    assert answer.status_code == 403
    assert "请返回刷新页面后重试" in answer.content.decode()


def test_place_and_period_are_carried_by_the_navigation(
    world: World, measured: Period, as_role: Reader
) -> None:
    query = {"place": str(world.street.public_id), "period": measured.code}
    text = as_role("district_officer").get("/dashboard/", query).content.decode()
    assert f"/premises/?place={world.street.public_id}&amp;period={measured.code}" in text
    foreign = {"place": str(world.other_district.public_id)}
    text = as_role("district_officer").get("/dashboard/", foreign).content.decode()
    assert f"/premises/?place={world.other_district.public_id}" not in text
