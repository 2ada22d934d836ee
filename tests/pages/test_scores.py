"""League table, a place's sheet with its rows, the dashboard's part on ratings."""

from __future__ import annotations

import datetime as dt
import html
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

from communities.base.actions import save
from communities.models import Division, Job, Period
from portal.scorecards import actions
from portal.scorecards.models import RatingSchemeVersion, Run, RunKind, ScoreCard
from tests import factories
from tests.conftest import FOREIGN, World
from tests.factories import schemes
from tests.pages.conftest import Reader
from tests.scorecards.rated import quarters, rate


@pytest.fixture
def version(world: World) -> RatingSchemeVersion:
    """Scored in two quarters; 二社区 has half the rooms of the others."""
    factories.threshold("premises.office.area", world.city)
    room = world.premises["neighbour"]
    room.area = Decimal(50)
    save(room, by=None)
    version = rate(world)
    quarters()
    return version


def card_of(place: Division, period: str = "2026Q1") -> ScoreCard:
    return ScoreCard.objects.current().get(division=place, period__code=period)


def sheet_of(reader: Client, place: Division) -> str:
    answer = reader.get(reverse("score-detail", args=[card_of(place).public_id]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def rows_url(place: Division, code: str) -> str:
    return reverse("score-rows", args=[card_of(place).public_id]) + f"?input={code}"


def names_in(text: str) -> list[str]:
    return re.findall(r'<th scope="row" role="rowheader"><a href="/scores/[^"]+">([^<]+)</a>', text)


def queries(reader: Client, url: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert reader.get(url).status_code == 200
    return len(captured)


def test_the_league_table_ranks_with_stars_movement_and_groups(
    version: RatingSchemeVersion, as_role: Reader
) -> None:
    text = as_role("city_officer").get("/scores/").content.decode()
    assert names_in(text)[-1] == "二社区"
    assert len(names_in(text)) == 3
    assert "参评" in text
    assert "平均总分" in text
    assert re.search(r'aria-hidden="true">★+</span>.星级', text)
    assert "持平" in text
    assert re.search(r"用房<span class=\"unit\">\(100\)</span>", text)
    assert "远外" not in text
    down = as_role("city_officer").get("/scores/?sort=total").content.decode()
    assert names_in(down)[0] == "二社区"


def test_filters_leave_what_was_asked_for(version: RatingSchemeVersion, as_role: Reader) -> None:
    reader = as_role("city_officer")
    text = reader.get("/scores/").content.decode()
    links = {
        html.unescape(url): int(count)
        for url, count in re.findall(r'href="(/scores/\?[^"]*grade=[^"]*)">(\d+)</a>', text)
    }
    assert sum(links.values()) == 3
    for url, count in links.items():
        assert len(names_in(reader.get(url).content.decode())) == count
    assert reader.get("/scores/?grade=x").status_code == 400
    assert reader.get("/scores/?sort=name").status_code == 400
    assert reader.get("/scores/?after=x").status_code == 400
    assert reader.get("/scores/?nonsense=1").status_code == 400
    assert reader.get("/scores/?version=x").status_code == 404
    assert "没有符合条件的地区" in reader.get("/scores/?grade=9").content.decode()


def test_a_community_stands_among_those_beside_it(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    text = as_role("community_worker").get("/scores/").content.decode()
    assert sorted(names_in(text)) == ["一社区", "二社区"]
    assert re.search(r'<tr[^>]*aria-current="true">\s*<th[^>]*><a[^>]*>一社区', text)


def test_another_period_finds_the_version_of_the_same_scheme(
    version: RatingSchemeVersion, as_role: Reader
) -> None:
    url = f"/scores/?version={version.public_id}&period=2025Q4"
    text = as_role("district_officer").get(url).content.decode()
    assert sorted(names_in(text)) == ["一社区", "二社区"]
    assert "2025年第4季度" in text


def test_the_sheet_shows_clause_values_steps_policies_vetoes_and_cut_points(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    text = sheet_of(as_role("district_officer"), world.neighbour)
    assert "《甲市示范社区办法》第七条" in text
    assert "办公用房达标率：" in text
    assert "0 / 1" in text
    assert "来源：" in text
    assert "未达到" in text  # a step of the reckoning
    assert "本类对象不考核此项" in text
    assert "本项不适用：计满分" in text or "未报" in text
    assert "没有用房" in text
    assert "未触发" in text
    assert "90 分起" in text
    assert "填报单位" in text
    assert text.count("看明细") >= 3
    assert "持平" in text  # the period before
    assert reverse("score-detail", args=[card_of(world.neighbour, "2025Q4").public_id]) in text
    league = html.unescape(re.search(r'href="(/scores/\?[^"]+)">得分排行', text)[1])
    assert as_role("district_officer").get(league).status_code == 200


def test_figures_of_the_city_are_read_and_rows_of_ones_own_places_alone(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    reader = as_role("district_officer")
    text = sheet_of(reader, world.other_community)
    assert "不在您的管辖范围内，只显示数字" in text
    assert "看明细" not in text
    foreign = reader.get(rows_url(world.other_community, "office_compliance")).content.decode()
    assert "不在您的管辖范围内" in foreign
    assert world.committees["other_community"].name not in foreign
    own = reader.get(rows_url(world.community, "office_compliance")).content.decode()
    assert world.committees["community"].name in own
    assert "达标" in own
    assert FOREIGN not in own


def test_scores_of_another_city_are_not_there(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    far = factories.user("far", "city_officer", world.far_city)
    client = Client()
    client.force_login(far)
    own = card_of(world.community)
    assert client.get(reverse("score-detail", args=[own.public_id])).status_code == 404
    assert client.get(rows_url(world.community, "office_compliance")).status_code == 404
    assert client.get(f"/scores/?version={version.public_id}").status_code == 404
    assert as_role("auditor").get("/scores/").status_code == 403


def test_rows_are_listed_above_and_below_the_line_as_part_and_as_page(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    reader, url = as_role("district_officer"), rows_url(world.neighbour, "mean_area")
    page = reader.get(url).content.decode()
    part = reader.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" in page
    assert "<html" not in part
    for text in (page, part):
        assert "二社区用房" in text
        assert reverse("premises-detail", args=[world.premises["neighbour"].public_id]) in text
        assert "50.00" in text
        assert "共 1 条" in text
    assert reader.get(rows_url(world.neighbour, "nonsense")).status_code == 400
    assert reader.get(rows_url(world.neighbour, "health_coverage")).status_code == 404


def test_rows_changed_since_are_told_of(world: World, version: RatingSchemeVersion, as_role: Reader) -> None:
    room = world.premises["neighbour"]
    room.refresh_from_db()
    room.area = Decimal(180)
    save(room, by=None)
    reader = as_role("district_officer")
    assert "评分之后台账有修改" in reader.get(rows_url(world.neighbour, "mean_area")).content.decode()
    Period.objects.filter(code="2026Q1").update(closed_at="2026-04-05T00:00Z")
    actions.sweep()
    assert "关闭后，台账又有修改" in sheet_of(reader, world.neighbour)


def test_as_many_queries_for_fifty_places_as_for_one(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    for number in range(60):
        place = factories.community(f"第{number}社区", world.other_street)
        factories.premises(place, "office", "80", committee=factories.committee(place))
    assert actions.execute_run(actions.request_run(Period.objects.get(code="2026Q1"), by=None).public_id)
    actions.sweep()
    reader = as_role("city_officer")
    one = queries(reader, f"/scores/?period=2026Q1&place={world.street.public_id}")
    many = queries(reader, "/scores/?period=2026Q1")
    assert len(names_in(reader.get("/scores/").content.decode())) == 50
    assert many <= one + 1, (one, many)  # the line above the place comes with one's own
    assert many <= 26
    after = html.unescape(re.search(r'href="([^"]+)" rel="next"', reader.get("/scores/").content.decode())[1])
    assert len(names_in(reader.get(after).content.decode())) == 13


def test_the_sheet_asks_a_bounded_number_of_queries(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    url = reverse("score-detail", args=[card_of(world.community).public_id])
    assert queries(as_role("district_officer"), url) <= 26


def test_the_dashboard_reads_its_part_by_itself(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    reader = as_role("city_officer")
    page = reader.get("/dashboard/").content.decode()
    url = html.unescape(re.search(r'hx-get="(/dashboard/ratings/[^"]+)"', page)[1])
    part = reader.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "示范社区评分表" in part
    assert "参评 3 个" in part
    assert "较上期" in part
    league = html.unescape(re.search(r'href="(/scores/\?[^"]+grade=[^"]+)"', part)[1])
    assert names_in(reader.get(league).content.decode())
    assert queries(reader, url) <= 14
    own = reader.get(f"/dashboard/ratings/?place={world.community.public_id}").content.decode()
    assert reverse("score-detail", args=[card_of(world.community).public_id]) in own
    assert "名 / 3" in own


def test_a_community_page_shows_its_stars(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    text = (
        as_role("street_clerk")
        .get(reverse("community-detail", args=[world.community.public_id]))
        .content.decode()
    )
    assert "示范创建" in text
    assert reverse("score-detail", args=[card_of(world.community).public_id]) in text


def test_empty_pages_say_what_to_do(world: World, as_role: Reader) -> None:
    reader = as_role("district_officer")
    assert "还没有完成过测算" in reader.get("/scores/").content.decode()
    quarters()
    assert "没有评分表在该报告期施行" in reader.get("/scores/").content.decode()
    assert "没有评分表在该报告期施行" in reader.get("/dashboard/ratings/").content.decode()
    rate(world)
    waiting = reader.get("/scores/").content.decode()
    assert "还没有评分" in waiting
    assert "开始评分" in waiting
    assert "开始评分" not in as_role("street_clerk").get("/scores/").content.decode()


def ask(reader: Client, **told: Any) -> Any:
    return reader.post("/scores/run/", told)


def test_those_who_may_run_score_anew(version: RatingSchemeVersion, as_role: Reader) -> None:
    reader, told = as_role("district_officer"), {"version": version.public_id, "period": "2026Q1"}
    assert "重新评分" in reader.get("/scores/").content.decode()
    assert "重新评分" not in as_role("street_clerk").get("/scores/").content.decode()
    assert ask(as_role("street_clerk"), **told).status_code == 403
    before = Run.objects.filter(kind=RunKind.SCORE).count()
    answer = ask(reader, **told)
    assert Run.objects.filter(kind=RunKind.SCORE).count() == before + 1
    assert Job.objects.filter(kind="score", state="queued").count() == 1
    page = reader.get(answer.url).content.decode()
    assert "已开始按示范社区评分表第 1 版为2026年第1季度评分" in page
    assert "评分：示范社区评分表第 1 版" in page
    assert ask(reader, version="x", period="2026Q1").status_code == 404
    assert ask(reader, version=version.public_id, period="1999Q1").status_code == 404
    actions.sweep()
    Period.objects.filter(code="2026Q1").update(closed_at="2026-04-05T00:00Z")
    assert "重新评分" not in reader.get("/scores/").content.decode()
    refused = reader.get(ask(reader, **told).url).content.decode()
    assert "报告期已关闭，不再评分" in refused


def test_a_scheme_that_ended_without_a_successor_is_told(
    world: World, version: RatingSchemeVersion, as_role: Reader
) -> None:
    other = schemes.published_version(world.district, "区级评分表")
    ended = schemes.published_version(
        world.city, "已止评分表", valid=(dt.date(2000, 1, 1), dt.date(2026, 1, 1))
    )
    schemes.published_version(world.far_city, "外市评分表", valid=(dt.date(2000, 1, 1), dt.date(2026, 1, 1)))
    reader = as_role("district_officer")
    text = reader.get("/scores/?period=2026Q1").content.decode()
    assert "没有按「已止评分表」评分：它已停止施行，没有接替的新版。" in text
    assert "外市评分表" not in text
    assert "区级评分表" not in text
    text = reader.get(f"/scores/?period=2026Q1&version={other.public_id}").content.decode()
    assert f"没有按「区级评分表」评分。下面是「{version.scheme.name}」的得分。" in text
    following = schemes.version(ended.scheme, valid=(dt.date(2026, 1, 1), None))
    RatingSchemeVersion.objects.filter(pk=following.pk).update(published_at=timezone.now())
    assert "已止评分表" not in reader.get("/scores/?period=2026Q1").content.decode()
    assert "没有按" not in reader.get("/scores/?period=2025Q4").content.decode()
