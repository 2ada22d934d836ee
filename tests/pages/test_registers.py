"""Lists and details by declaration: the same questions to each of them."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities import views
from communities.approvals import views as approval_views
from communities.base.actions import save
from communities.base.paging import count_of
from communities.base.views import ListPage
from communities.evidence import views as evidence_views
from communities.models import ChangeRecord, Committee, ListPreference, SignInRecord
from portal.scorecards.views import PeriodList
from tests import factories
from tests.conftest import FOREIGN, World
from tests.factories import evidence
from tests.pages.conftest import Reader

LISTS: dict[str, tuple[type[ListPage], str]] = {
    "division-list": (views.DivisionList, "district_officer"),
    "community-list": (views.CommunityList, "district_officer"),
    "committee-list": (views.CommitteeList, "district_officer"),
    "premises-list": (views.PremisesList, "district_officer"),
    "nil-statement-list": (views.NilStatementList, "district_officer"),
    "household-count-list": (views.HouseholdCountList, "district_officer"),
    "exemption-list": (views.ExemptionList, "district_officer"),
    "exemption-request-list": (approval_views.ExemptionRequestList, "district_officer"),
    "evidence-list": (evidence_views.EvidenceList, "district_officer"),
    "approval-list": (approval_views.ToDoList, "district_officer"),
    "approval-done-list": (approval_views.DoneList, "district_officer"),
    "approval-submitted-list": (approval_views.SubmittedList, "district_officer"),
    "approval-overdue-list": (approval_views.OverdueList, "district_officer"),
    "approval-all-list": (approval_views.AllList, "district_officer"),
    "approval-route-list": (approval_views.RouteList, "district_officer"),
    "approval-freeze-list": (approval_views.FreezeList, "district_officer"),
    "approval-delegation-list": (approval_views.DelegationList, "district_officer"),
    "holiday-schedule-list": (approval_views.HolidayScheduleList, "district_officer"),
    "policy-document-list": (views.PolicyDocumentList, "district_officer"),
    "threshold-list": (views.ThresholdList, "district_officer"),
    "period-list": (PeriodList, "district_officer"),
    "organisation-list": (views.OrganisationList, "platform_administrator"),
    "user-list": (views.UserList, "platform_administrator"),
    "role-assignment-list": (views.RoleAssignmentList, "security_administrator"),
    "change-record-list": (views.ChangeRecordList, "auditor"),
    "sign-in-record-list": (views.SignInRecordList, "auditor"),
}


def names_in(answer: Any) -> list[str]:
    """First cells of the table, in order."""
    cells = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', answer.content.decode(), re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def next_url(answer: Any) -> str | None:
    found = re.search(r'href="([^"]*after=[^"]*)"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else None


@pytest.mark.parametrize("route", LISTS)
def test_each_order_on_offer_works_both_ways_and_no_other(route: str, as_role: Reader) -> None:
    page, role = LISTS[route]
    reader = as_role(role)
    for name in page.table_class.orders():
        for sort in (name, f"-{name}"):
            assert reader.get(reverse(route), {"sort": sort}).status_code == 200, sort
    for sort in ("password", "user__password", "division_now__path_now", "-", "pk", "name__x"):
        assert reader.get(reverse(route), {"sort": sort}).status_code == 400, sort
    assert reader.get(reverse(route), {"nonsense": "1"}).status_code == 400
    for word in ("x", "W251bGwsMV0", "%00", "WyJ4IiwxXQ", "WzEsMl0"):
        assert reader.get(reverse(route), {"after": word}).status_code in {200, 400}


@pytest.mark.parametrize("route", LISTS)
def test_a_role_without_the_action_is_refused(route: str, as_role: Reader) -> None:
    _page, role = LISTS[route]
    for other in (
        "district_officer",
        "platform_administrator",
        "security_administrator",
        "auditor",
        "nobody",
    ):
        expected = 200 if other == role else 403
        assert as_role(other).get(reverse(route)).status_code == expected, other


@pytest.mark.parametrize("role", ["district_officer", "street_clerk"])
@pytest.mark.parametrize("route", [name for name, (_p, role) in LISTS.items() if role == "district_officer"])
def test_nothing_foreign_is_listed(route: str, role: str, as_role: Reader) -> None:
    text = as_role(role).get(reverse(route)).content.decode()
    assert FOREIGN not in text.replace("另外", "")


def test_a_foreign_row_or_place_is_not_found(world: World, as_role: Reader) -> None:
    reader = as_role("street_clerk")
    for key in ("other_community", "far_community"):
        place = getattr(world, key)
        for url in (
            reverse("premises-detail", args=[world.premises[key].public_id]),
            reverse("committee-detail", args=[world.committees[key].public_id]),
            reverse("division-detail", args=[place.public_id]),
            reverse("community-detail", args=[place.public_id]),
            f"{reverse('premises-list')}?place={place.public_id}",
            f"{reverse('premises-list')}?committee={world.committees[key].public_id}",
        ):
            assert reader.get(url).status_code == 404, url


def test_the_place_in_the_address_limits_the_list(world: World, as_role: Reader) -> None:
    answer = as_role("district_officer").get(reverse("premises-list"), {"place": world.community.public_id})
    assert names_in(answer) == ["一社区用房"]


def queries_of(reader: Client, url: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert reader.get(url).status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_the_rows(world: World, as_role: Reader, settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 10**6  # a session notes now and then that it is alive: one query more
    readers = {role: as_role(role) for _page, role in LISTS.values()}
    counts: dict[int, dict[str, int]] = {}
    made = 0
    for wanted in (1, 25, 100):
        for n in range(made, wanted):
            make_one(world, n)
        made = wanted
        counts[wanted] = {}
        for route, (_page, role) in LISTS.items():
            ListPreference.objects.update_or_create(
                user=world.users[role],
                page=route.removesuffix("-list"),
                defaults={"page_size": 100, "columns": []},
            )
            counts[wanted][route] = queries_of(readers[role], reverse(route))
    assert counts[1] == counts[25] == counts[100], counts
    assert max(counts[1].values()) <= 14


def make_one(world: World, n: int) -> None:
    """One row in every register, on 二社区 or above it."""
    body = factories.committee(world.neighbour, f"委员会{n:03d}")
    room = factories.premises(world.neighbour, "office", str(10 + n % 7), committee=body, name=f"用房{n:03d}")
    factories.household_count(world.neighbour, counted_on=dt.date(2000, 1, 1) + dt.timedelta(days=n))
    factories.division(f"社区{n:03d}", world.neighbour.level, world.street)
    clause = factories.clause(world.district, document=factories.document(world.district, f"办法{n:03d}"))
    factories.threshold("premises.office.area", world.district, clause=clause)
    world.neighbour.exemptions.create(
        key="premises.office.area", committee=body, valid=(None, None), reason=f"原因{n}",
        decision_number="1", decided_by="局",
    )  # fmt: skip
    world.neighbour.premises_nil_statements.create(
        committee=body, kind="service", stated_on=dt.date(2026, 1, 1)
    )
    world.district.organisations.create(name=f"机构{n}", kind="finance")
    factories.user(f"user{n}", "street_clerk", world.street)
    ChangeRecord.objects.create(
        verb="change", model="communities.Premises", object_id=room.public_id, object_label=room.name,
        division=world.neighbour, before={"area": "1"}, after={"area": "2"},
    )  # fmt: skip
    evidence.link(evidence.photo(world.neighbour, title=f"照片{n:03d}", seed=n), room)
    SignInRecord.objects.create(username=f"user{n}", outcome="failure")


def test_details_ask_the_same_number_of_queries(world: World, as_role: Reader) -> None:
    reader = as_role("district_officer")
    url = reverse("committee-detail", args=[world.committees["community"].public_id])
    first = queries_of(reader, url)
    for n in range(30):
        factories.premises(
            world.community, "office", "10", committee=world.committees["community"], name=f"房{n}"
        )
    assert queries_of(reader, url) == first


@pytest.mark.parametrize("sort", ["area", "-area", "obtained_on", "-obtained_on", "division_now", "-name"])
def test_pages_follow_one_another_without_gap_or_repeat(world: World, as_role: Reader, sort: str) -> None:
    body = world.committees["neighbour"]
    for n in range(60):
        since = dt.date(2020, 1, 1 + n % 3) if n % 4 else None
        factories.premises(
            world.neighbour, "office", str(10 + n % 7), committee=body, name=f"用房{n:03d}", obtained_on=since
        )
    ListPreference.objects.create(user=world.users["street_clerk"], page="premises", page_size=25)
    reader = as_role("street_clerk")
    url: str | None = f"{reverse('premises-list')}?sort={sort}"
    pages = []
    while url:
        answer = reader.get(url)
        pages.append(names_in(answer))
        back = re.search(r'href="([^"]*before=[^"]*)"', answer.content.decode())
        if back and len(pages) > 1:
            before = reader.get(back[1].replace("&amp;", "&"))
            assert names_in(before) == pages[-2]
        url = next_url(answer)
    seen = [name for page in pages for name in page]
    assert [len(page) for page in pages] == [25, 25, 12]
    assert len(set(seen)) == len(seen) == 62


def test_columns_and_density_follow_the_user(world: World, as_role: Reader) -> None:
    reader = as_role("street_clerk")
    url = reverse("premises-list")
    assert "权属方式" in reader.get(url).content.decode().split("<tbody>")[0].split("<thead>")[1]
    answer = reader.post(
        f"{url}?kind=office", {"columns": ["area", "address"], "is_dense": "1", "page_size": "25"}
    )
    assert answer.headers["Location"] == f"{url}?kind=office"
    text = as_role("street_clerk").get(url).content.decode()
    head = text.split("<thead>")[1].split("<tbody>")[0]
    assert "建筑面积" in head
    assert "地址" in head
    assert "权属方式" not in head
    assert "register-box dense" in text
    stored = ListPreference.objects.get()
    assert (stored.user, stored.page, stored.page_size) == (world.users["street_clerk"], "premises", 25)
    assert "权属方式" in as_role("district_officer").get(url).content.decode().split("<tbody>")[0]


def test_filters_are_chips_that_can_be_taken_off(world: World, as_role: Reader) -> None:
    answer = as_role("district_officer").get(
        reverse("premises-list"), {"kind": "office", "area_min": "100", "sort": "-area"}
    )
    text = answer.content.decode()
    assert "用途：办公用房" in text
    assert 'href="/premises/?area_min=100&amp;sort=-area"' in text
    assert names_in(as_role("district_officer").get(reverse("premises-list"), {"kind": "service"})) == []


def test_a_wrong_filter_value_is_told_at_its_field(as_role: Reader) -> None:
    answer = as_role("district_officer").get(reverse("premises-list"), {"area_min": "1e9"})
    assert answer.status_code == 400
    assert "请填写最多两位小数的数字" in answer.content.decode()


def test_a_null_character_is_told_at_its_field(as_role: Reader) -> None:
    answer = as_role("district_officer").get("/premises/?q=%00")
    assert answer.status_code == 400
    assert "」中有空字符，请删除后重新填写。" in answer.content.decode()
    assert "不允许是用" not in answer.content.decode()


def test_a_part_of_the_page_is_enough_for_htmx(as_role: Reader) -> None:
    answer = as_role("district_officer").get(
        reverse("premises-list"), {"kind": "office", "q": ""}, headers={"HX-Request": "true"}
    )
    text = answer.content.decode()
    assert "<html" not in text
    assert 'id="register"' in text
    assert answer.headers["HX-Push-Url"] == "/premises/?kind=office"
    assert "HX-Request" in answer.headers["Vary"]


def test_the_count_stops_at_its_cap(world: World, as_role: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        factories.premises(
            world.community, "office", "10", committee=world.committees["community"], name=f"房{n}"
        )
    monkeypatch.setattr(count_of, "__defaults__", (3,))
    assert "共 <b>3+</b> 条" in as_role("street_clerk").get(reverse("premises-list")).content.decode()


def test_a_detail_tells_its_history(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    room.area = Decimal("98.50")
    save(room, by=world.users["street_clerk"], reason="重新测绘")
    text = as_role("street_clerk").get(reverse("premises-detail", args=[room.public_id])).content.decode()
    assert "98.50 平方米" in text
    assert "建筑面积：120.00 改为 <b>98.50</b>" in text
    assert "重新测绘" in text


def test_an_empty_register_says_what_belongs_there(as_role: Reader) -> None:
    text = as_role("street_clerk").get(reverse("exemption-list")).content.decode()
    assert "在这里登记批准文号和期限" in text


def test_nothing_deleted_is_listed(world: World, as_role: Reader) -> None:
    Committee.objects.filter(pk=world.committees["community"].pk).update(deleted_at=timezone.now())
    assert names_in(as_role("street_clerk").get(reverse("committee-list"))) == ["二社区居委会"]
