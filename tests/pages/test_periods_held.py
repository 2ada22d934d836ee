"""The period in the address over registers: its anchor day is the day of the rows, and the page says so."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.base.held import AS_OF
from communities.base.querysets import today
from communities.base.roles import Action
from communities.models import Period
from tests import factories
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_registers import LISTS, names_in

LATER = "后来的用房"
DATED = [
    name
    for name, (page, _role) in LISTS.items()
    if page.action == Action.VIEW and AS_OF in page.filterset_class.base_filters
]
NO_PERIODS = ("\x00", "2026Q1\x00", "2026Q1" * 700, "2026Q1\ufffd", "２０２６Q1", "'")
# What else reads a period from the address, or only carries it along.
PERIOD_PAGES = (
    "/workbench/",
    "/dashboard/",
    "/dashboard/subjects/",
    "/dashboard/sources/",
    "/communities/{place}/",
    "/divisions/{place}/",
    "/places/",
    "/periods/",
    "/periods/{period}/",
    "/api/v1/indicator-values/",
    "/api/v1/runs/",
)


@pytest.fixture
def rooms(world: World, measured: Period) -> Period:
    """The measured quarter, closed; and rooms that came after its last day."""
    Period.objects.filter(pk=measured.pk).update(closed_at=timezone.now())
    factories.premises(world.community, "activity", "50", name=LATER, obtained_on=dt.date(2026, 4, 1))
    return measured


def test_a_closed_period_shows_its_last_day_and_no_period_everything(rooms: Period, as_role: Reader) -> None:
    reader = as_role("street_clerk")
    everything = reader.get(reverse("premises-list"))
    assert LATER in names_in(everything)
    assert "截至" not in everything.content.decode().split('id="register"')[1].split("<table")[0]
    then = reader.get(reverse("premises-list"), {"period": rooms.code})
    assert names_in(then) == ["一社区用房", "二社区用房"]
    text = then.content.decode()
    assert "截至 2026-03-31(2026年第1季度)" in text
    assert "截至日期：" not in text
    assert re.search(r'<option value="2026Q1" selected>', text)


def test_the_open_period_shows_today(world: World, as_role: Reader) -> None:
    day = today()
    factories.period("2026Q4", day - dt.timedelta(days=20), day + dt.timedelta(days=20))
    text = as_role("street_clerk").get(reverse("premises-list"), {"period": "2026Q4"}).content.decode()
    assert f"截至 {day.isoformat()}(" in text
    assert "进行中" in text


def test_a_day_asked_for_wins_and_is_shown(rooms: Period, as_role: Reader) -> None:
    asked = {"period": rooms.code, "as_of": "2026-05-01"}
    answer = as_role("street_clerk").get(reverse("premises-list"), asked)
    assert LATER in names_in(answer)
    text = answer.content.decode()
    assert "截至日期：2026-05-01" in text
    assert "截至 2026-05-01<" in text
    picker = text.split('class="period-form"')[1].split("</form>")[0]
    assert 'name="as_of"' not in picker


def test_an_unknown_period_is_not_found_where_the_rows_are_dated(rooms: Period, as_role: Reader) -> None:
    assert as_role("street_clerk").get(reverse("premises-list"), {"period": "1999Q1"}).status_code == 404


@pytest.mark.parametrize("route", DATED)
def test_what_cannot_be_a_period_is_not_found_either(route: str, rooms: Period, as_role: Reader) -> None:
    reader = as_role("district_officer")
    for code in NO_PERIODS:
        answer = reader.get(reverse(route), {"period": code})
        assert answer.status_code == 404, code
        assert "没有找到" in answer.content.decode()


@pytest.mark.parametrize("path", PERIOD_PAGES)
def test_no_page_breaks_on_what_cannot_be_a_period(
    path: str, world: World, rooms: Period, as_role: Reader
) -> None:
    reader = as_role("district_officer")
    path = path.format(place=world.community.public_id, period=rooms.public_id)
    for code in NO_PERIODS:
        assert reader.get(path, {"period": code}).status_code in {200, 400, 404}, code


def test_accounts_have_no_period(rooms: Period, as_role: Reader) -> None:
    answer = as_role("security_administrator").get(reverse("role-assignment-list"), {"period": rooms.code})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "截至 " not in text
    assert 'class="period-form"' not in text


def test_place_and_period_go_along(world: World, rooms: Period, as_role: Reader) -> None:
    reader = as_role("district_officer")
    held = f"?place={world.community.public_id}&amp;period={rooms.code}"
    asked = {"place": world.community.public_id, "period": rooms.code}
    text = reader.get(reverse("premises-list"), asked).content.decode()
    url = reverse("premises-detail", args=[world.premises["community"].public_id])
    assert f'href="{url}{held}"' in text
    assert f'href="{reverse("committee-list")}{held}"' in text
    assert f'href="{reverse("threshold-list")}?period={rooms.code}"' in text
    detail = reader.get(url, asked).content.decode()
    assert f'href="{reverse("premises-list")}{held}"' in detail
    assert f'data-target="{reverse("premises-list")}?period={rooms.code}"' in detail
    street = f"{reverse('premises-list')}?place={world.street.public_id}&amp;period={rooms.code}"
    assert f'href="{street}"' in detail


@pytest.mark.parametrize("route", [name for name, (_p, role) in LISTS.items() if role == "district_officer"])
def test_a_period_costs_two_queries_and_no_more(route: str, rooms: Period, as_role: Reader) -> None:
    reader = as_role("district_officer")

    def count(**asked: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert reader.get(reverse(route), asked).status_code == 200
        return len(captured)

    assert count(period=rooms.code) <= count() + 2
