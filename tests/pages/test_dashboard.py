"""Dashboard, rows behind a figure, community page, workbench."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.base.actions import save
from communities.base.querysets import today
from communities.models import Installation, Period, PreferredCountSource, Premises
from portal.dashboards.panels import breakdown
from portal.figures import large_number
from portal.scorecards import actions
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.count_sources import count_sources
from portal.scorecards.figures import assessed
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader

SUBJECTS = "/dashboard/subjects/"


def test_the_first_paint_shows_both_numbers_and_both_rates(
    world: World, measured: Period, as_role: Reader
) -> None:
    Premises.objects.filter(pk=world.premises["neighbour"].pk).update(area=Decimal("99.99"))
    text = as_role("district_officer").get("/dashboard/").content.decode()
    assert "办公用房达标率" in text
    assert re.search(r"<b>100\.00</b>", text)
    assert re.search(r">2</a> / <a [^>]*>2</a>", text)
    assert "占已判定 100.00%" in text
    assert "无上期数据" in text


def test_the_first_paint_asks_at_most_ten_queries(world: World, measured: Period, as_role: Reader) -> None:
    for role in ("city_officer", "district_officer", "street_clerk", "community_worker"):
        reader = as_role(role)
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert reader.get("/dashboard/").status_code == 200
        assert len(captured) <= 10, (role, [query["sql"][:90] for query in captured])


def test_figures_of_the_whole_city_are_shown_but_foreign_rows_are_not_linked(
    world: World, measured: Period, as_role: Reader
) -> None:
    reader = as_role("district_officer")
    city = {"place": world.city.public_id}
    text = reader.get("/dashboard/", city).content.decode()
    assert SUBJECTS not in re.sub(r'data-rows="[^"]*"', "", text)
    facts = json.loads(re.search(r'id="chart-facts"[^>]*>(.*?)</script>', text)[1])
    assert facts["rowsOf"] == [str(world.district.public_id)]
    other = {"place": world.other_district.public_id}
    assert reader.get("/dashboard/", other).status_code == 200
    asked = {"indicator": "office_compliance", "period": measured.code}
    assert reader.get(SUBJECTS, asked | other).status_code == 404
    assert reader.get(SUBJECTS, asked | city).status_code == 404
    assert reader.get("/dashboard/", {"place": world.far_city.public_id}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"indicator": "nonsense"}, {"nonsense": "1"}, {"indicator": "office_compliance", "after": "x"}],
)
def test_addresses_that_say_nothing_are_refused(measured: Period, as_role: Reader, wrong: dict) -> None:
    reader = as_role("district_officer")
    assert reader.get(SUBJECTS, wrong).status_code == 400
    if "after" not in wrong:
        assert reader.get("/dashboard/", wrong).status_code == 400
    assert reader.get("/dashboard/", {"period": "1999Q1"}).status_code == 404


def test_before_the_first_run_the_page_says_so(as_role: Reader) -> None:
    text = as_role("district_officer").get("/dashboard/").content.decode()
    assert "目前还没有完成过测算" in text


def test_subjects_show_value_standard_gap_clause_and_rooms(
    world: World, measured: Period, as_role: Reader
) -> None:
    room = world.premises["community"]
    room.area = Decimal("62.50")
    save(room, by=world.users["street_clerk"])
    asked = {"indicator": "office_compliance", "period": measured.code, "outcome": "falls_short"}
    text = as_role("district_officer").get(SUBJECTS, asked).content.decode()
    assert "一社区居委会" in text
    assert "二社区居委会" not in text
    assert "62.50 平方米" in text
    assert "不低于 100 平方米" in text
    assert "差 37.50 平方米" in text
    assert "《甲市用房标准》第三条" in text
    assert reverse("premises-detail", args=[room.public_id]) in text
    assert "测算之后台账有修改" in text
    assert FOREIGN not in text


def test_a_mean_leads_to_the_rows_that_make_it(world: World, measured: Period, as_role: Reader) -> None:
    reader = as_role("district_officer")
    text = reader.get("/dashboard/", {"period": measured.code}).content.decode()
    urls = [html.unescape(url) for url in re.findall(r'href="(/dashboard/sources/[^"]+)"', text)]
    assert len(urls) == len(set(urls)) >= 4
    assert all(reader.get(url).status_code == 200 for url in urls)
    (rooms,) = [url for url in urls if "indicator=mean_area" in url and "part=numerator" in url]
    page = reader.get(rooms).content.decode()
    assert "一社区用房" in page
    assert reverse("premises-detail", args=[world.premises["community"].public_id]) in page
    assert "240" in page
    assert FOREIGN not in page
    room = world.premises["community"]
    room.area = Decimal("62.50")
    save(room, by=world.users["street_clerk"])
    assert "测算之后台账有修改" in reader.get(rooms).content.decode()


def test_a_closed_period_whose_rows_changed_says_so(world: World, measured: Period, as_role: Reader) -> None:
    """Its figures stay as published, and nobody is told to measure again what cannot be."""
    reader, asked = as_role("district_officer"), {"period": measured.code, "indicator": "office_compliance"}
    assert "关闭后，台账又有修改" not in reader.get("/dashboard/", asked).content.decode()
    Period.objects.filter(pk=measured.pk).update(closed_at=timezone.now())
    room = world.premises["community"]
    room.area = Decimal("62.50")
    save(room, by=world.users["street_clerk"])
    actions.sweep()
    place = {"place": world.community.public_id}
    for url in ("/dashboard/", "/workbench/", reverse("community-detail", args=[world.community.public_id])):
        text = reader.get(url, {"period": measured.code} | (place if "dash" in url else {})).content.decode()
        assert "关闭后，台账又有修改" in text, url
    rows = reader.get(SUBJECTS, asked).content.decode()
    assert "看板上的数字保持公布时的结果" in rows
    assert "重新测算后即一致" not in rows


def test_ratios_name_the_source_of_their_households(world: World, measured: Period, as_role: Reader) -> None:
    """The nearest decision above a place, and other ones below it."""
    asked = {"indicator": "area_per_100_households", "period": measured.code}
    reader = as_role("city_officer")
    assert "户数台账(未指定来源)" in reader.get("/dashboard/", asked).content.decode()
    for place, source, valid in (
        (world.city, "police", (None, None)),
        (world.district, "census", (None, dt.date(2026, 2, 1))),
        (world.district, "grid", (dt.date(2026, 2, 1), None)),
    ):
        PreferredCountSource.objects.create(
            jurisdiction=place, source=source, definition="registered", valid=valid
        )
    of_city = reader.get("/dashboard/", asked).content.decode()
    assert re.search(r"户数台账\(公安户籍登记[^、]*、网格入户采集", of_city)
    of_district = as_role("district_officer").get("/dashboard/", asked).content.decode()
    assert "户数台账(网格入户采集" in of_district
    assert "人口普查" not in of_district
    assert "公安户籍登记" not in of_district


def test_communities_without_a_count_are_told(world: World, measured: Period, as_role: Reader) -> None:
    asked = {"indicator": "area_per_100_households", "part": "denominator", "period": measured.code}
    text = as_role("district_officer").get("/dashboard/sources/", asked).content.decode()
    assert "2 个社区中有 2 个没有户数" in text


def test_sources_over_time_are_told_where_they_change(world: World) -> None:
    for source, valid in (("census", (None, dt.date(2020, 1, 1))), ("grid", (dt.date(2020, 1, 1), None))):
        PreferredCountSource.objects.create(
            jurisdiction=world.city, source=source, definition="registered", valid=valid
        )
    days = [
        ("2002年", dt.date(2002, 12, 31)),
        ("2025年", dt.date(2025, 12, 31)),
        ("2026年", dt.date(2026, 6, 30)),
    ]
    told = count_sources(world.community).over(days)
    assert re.fullmatch("2002年起 人口普查.*，2025年起 网格入户采集.*", told)
    assert "2026年" not in told


def test_subjects_by_the_widest_gap(world: World, measured: Period, as_role: Reader) -> None:
    for key, area in (("community", "80"), ("neighbour", "50")):
        room = world.premises[key]
        room.area = Decimal(area)
        save(room, by=world.users["street_clerk"])
    asked = {"indicator": "office_compliance", "period": measured.code}
    reader = as_role("district_officer")
    by_place, by_gap = (
        reader.get(SUBJECTS, asked | sort).content.decode() for sort in ({}, {"sort": "-gap"})
    )
    assert by_place.index("一社区居委会") < by_place.index("二社区居委会")
    assert by_gap.index("二社区居委会") < by_gap.index("一社区居委会")
    assert reader.get(SUBJECTS, asked | {"sort": "name"}).status_code == 400


def test_subjects_ask_the_same_number_of_queries(world: World, measured: Period, as_role: Reader) -> None:
    reader = as_role("district_officer")
    asked = {"indicator": "office_compliance", "period": measured.code}

    def count() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert reader.get(SUBJECTS, asked).status_code == 200
        return len(captured)

    first = count()
    for n in range(24):
        body = factories.committee(world.neighbour, f"委员会{n}")
        factories.premises(world.neighbour, "office", "50", committee=body, name=f"房{n}")
    assert count() == first


def test_the_community_page_gathers_what_stands_on_it(
    world: World, measured: Period, as_role: Reader
) -> None:
    factories.household_count(world.community, 1234)
    text = (
        as_role("street_clerk")
        .get(reverse("community-detail", args=[world.community.public_id]))
        .content.decode()
    )
    for expected in (
        "一社区居委会",
        "一社区用房",
        "120.00",
        "1,234",
        "不低于 100 平方米",
        "经过整修的社区",
        "社区档案沿革",
    ):
        assert expected in text, expected
    assert FOREIGN not in text


def test_the_workbench_tells_gaps_and_due_dates(world: World, measured: Period, as_role: Reader) -> None:
    factories.premises(
        world.community, "service", "50", name="过渡房", is_temporary=True,
        temporary_until=today() + dt.timedelta(days=30),
    )  # fmt: skip
    text = as_role("street_clerk").get("/workbench/").content.decode()
    assert "过渡房" in text
    assert "没有临近届满的任期" in text
    assert FOREIGN not in text


def test_pages_without_scripts_show_the_same_as_tables(
    world: World, measured: Period, as_role: Reader
) -> None:
    text = as_role("city_officer").get("/dashboard/", {"plain": "1"}).content.decode()
    assert re.search(r">甲区</a></th><td class=\"number\">100\.00</td>", text)
    assert "chart-facts" not in text


def test_the_demo_is_marked_on_every_page(measured: Period, as_role: Reader) -> None:
    cache.clear()
    assert "演示数据" not in as_role("district_officer").get("/dashboard/").content.decode()
    Installation.objects.create(is_demo=True)
    cache.clear()
    reader = as_role("district_officer")
    for url in ("/dashboard/", "/premises/", "/workbench/", "/nowhere/"):
        assert "演示数据" in reader.get(url).content.decode(), url
    cache.clear()


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("1403", "1,403"), ("99999.50", "99,999.5"), ("100000", "10万"), ("232898.44", "23.29万"),
     ("123456789", "1.23亿"), ("-150000", "-15万"), ("99995000", "9,999.5万")],
)  # fmt: skip
def test_large_numbers_as_people_say_them(value: str, text: str) -> None:
    assert large_number(Decimal(value)) == text


def test_the_breakdown_fills_its_bar() -> None:
    outcomes = {"meets": 1, "falls_short": 1, "exempt": 1, "no_standard": 0, "not_reported": 0}
    segments = breakdown(assessed(INDICATORS["office_compliance"], outcomes))
    assert sum(segment.width for segment in segments) == 1000
    assert [segment.count for segment in segments] == [1, 1, 1, 0, 0]
