"""The time of a version in the browser: ended by one day, or taken over by the next version."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communities.base import actions as base
from communities.models import ChangeRecord, DirtyMark, Period
from portal.scorecards import actions
from portal.scorecards import schemes as acts
from portal.scorecards.models import CurrentRun, RatingSchemeVersion, RunKind, ScoreCard
from tests import factories
from tests.conftest import World
from tests.factories import schemes
from tests.pages.conftest import Reader
from tests.pages.test_schemes import OFFICER, one, read
from tests.scorecards.conftest import measure

pytestmark = pytest.mark.django_db

NEW_YEAR = dt.date(2026, 1, 1)


@pytest.fixture
def quarter() -> Period:
    return factories.period("2026Q1", NEW_YEAR, dt.date(2026, 4, 1))


@pytest.fixture
def version(world: World, quarter: Period) -> RatingSchemeVersion:
    """Scores the quarter."""
    factories.threshold("premises.office.area", world.city)
    version = schemes.published_version(world.district, "社区评分表")
    measure(quarter)
    actions.sweep()
    assert ScoreCard.objects.current().filter(scheme_version=version).count() == 2
    return version


def scored_by(period: Period) -> list[int]:
    current = CurrentRun.objects.filter(kind=RunKind.SCORE, period=period)
    return list(current.values_list("scheme_version__number", flat=True))


def draft_from(version: RatingSchemeVersion, begin: dt.date, officer: Any) -> RatingSchemeVersion:
    draft = acts.copy_version(version, by=officer)
    draft.valid = (begin, None)
    base.save(draft, by=officer, needs=acts.NEEDS)
    draft.refresh_from_db()
    return draft


def end(client: Client, version: RatingSchemeVersion, day: str, **more: str) -> Any:
    return client.post(one(version, "edit/"), {"version": str(version.version), "valid_1": day} | more)


def test_the_end_of_a_published_version_is_one_field(as_role: Reader, version: RatingSchemeVersion) -> None:
    page = read(as_role(OFFICER), one(version, "edit/")).partition("<main")[2]
    names = set(re.findall(r'name="([^"]+)"', page.partition('id="entry"')[2].partition("</form>")[0]))
    assert names == {"csrfmiddlewaretoken", "version", "valid_1", "change_reason"}
    for said in ("只能填写施行的结束日期", "2026年第1季度：2 个得分", "社区按这一版评分"):
        assert said in page


def test_whoever_ends_a_version_is_told_which_scores_go(
    as_role: Reader, version: RatingSchemeVersion, quarter: Period
) -> None:
    client = as_role(OFFICER)
    answer = end(client, version, "2026-02-28")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "还没有保存：有得分将不再列出，请先确认" in page
    assert "2026年第1季度：2 个得分" in page
    assert "保存后几秒内不再列出" in page
    assert 'name="confirmed" value="2026-02-28"' in page
    # The tick was for another day.
    assert end(client, version, "2026-03-01", confirmed="2026-02-28").status_code == 409
    # Neither does the form of a draft let scores go.
    whole = {"scheme": str(version.scheme.public_id), "valid_0": "2000-01-01", "full_mark": "100"}
    assert end(client, version, "2026-02-28", **whole).status_code == 422
    version.refresh_from_db()
    assert version.valid.upper is None
    answer = end(client, version, "2026-02-28", confirmed="2026-02-28", change_reason="局务会")
    assert answer.status_code == 302, answer.content.decode()
    version.refresh_from_db()
    assert version.valid.upper == dt.date(2026, 3, 1)
    assert ChangeRecord.objects.get(object_id=version.public_id).reason == "局务会"
    actions.sweep()
    assert scored_by(quarter) == []


def test_an_end_after_the_open_periods_takes_nothing(as_role: Reader, version: RatingSchemeVersion) -> None:
    client = as_role(OFFICER)
    assert end(client, version, "2030-12-31").status_code == 302
    version.refresh_from_db()
    assert version.valid.upper == dt.date(2031, 1, 1)
    assert end(client, version, "").status_code == 302
    version.refresh_from_db()
    assert version.valid.upper is None


def test_an_end_that_cannot_be_is_refused_at_its_field(
    as_role: Reader, version: RatingSchemeVersion, quarter: Period
) -> None:
    client = as_role(OFFICER)
    assert end(client, version, "明天").status_code == 422
    answer = end(client, version, "1999-12-31")
    assert answer.status_code == 422
    assert "结束日期不能早于开始日期。" in answer.content.decode()
    # Nobody is asked to confirm that scores go by a day that cannot be.
    later = factories.period("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1))
    measure(later)
    actions.sweep()
    Period.objects.filter(pk=quarter.pk).update(closed_at=timezone.now())
    answer = end(client, version, "2026-02-28")
    assert answer.status_code == 422
    assert "已关闭的报告期按这一版评分" in answer.content.decode()
    assert "confirmed" not in answer.content.decode()
    stale = version.version
    RatingSchemeVersion.objects.filter(pk=version.pk).update(version=stale + 1)
    answer = end(client, version, "2030-12-31")
    assert answer.status_code == 409
    assert "已被他人修改" in answer.content.decode()
    assert f'name="version" value="{stale + 1}"' in answer.content.decode()


def test_a_new_version_takes_over_in_one_act(
    as_role: Reader, world: World, version: RatingSchemeVersion, quarter: Period
) -> None:
    client, officer = as_role(OFFICER), world.users[OFFICER]
    draft = draft_from(version, dt.date(2026, 3, 1), officer)
    page = read(client, one(draft))
    assert "同时将第 1 版的施行期截止到 2026-02-28" in page
    sent = {"version": str(draft.version), "confirmed": "1"}
    page = client.post(one(draft, "publish/"), sent, follow=True).content.decode()
    assert "没有发布" in page
    wrong = sent | {"end_former": str(draft.public_id)}
    assert "没有发布" in client.post(one(draft, "publish/"), wrong, follow=True).content.decode()
    DirtyMark.objects.all().delete()
    sent |= {"end_former": str(version.public_id)}
    card = ScoreCard.objects.current().filter(scheme_version=version).first()
    assert card is not None
    sheet = reverse("score-detail", args=[card.public_id])
    assert "第 1 版" in read(client, sheet)
    page = client.post(one(draft, "publish/"), sent, follow=True).content.decode()
    assert "已发布" in page
    told = read(client, one(draft))
    assert re.search(r"发布时间.{0,200}?空.{0,200}?\d{4}-\d\d-\d\d \d\d:\d\d(?![:\d])", told, re.DOTALL)
    version.refresh_from_db()
    draft.refresh_from_db()
    assert (version.valid.upper, draft.is_published) == (dt.date(2026, 3, 1), True)
    records = ChangeRecord.objects.filter(object_id__in=[version.public_id, draft.public_id])
    assert len(set(records.order_by("-pk").values_list("act", flat=True)[:2])) == 1
    assert DirtyMark.objects.filter(is_shown=False).exists()
    actions.sweep()
    actions.sweep()
    assert scored_by(quarter) == [2]
    assert ScoreCard.objects.current().filter(scheme_version=draft).count() == 2
    # The address of a sheet leads to its successor.
    assert "第 2 版" in read(client, sheet)
    assert ScoreCard.objects.current().get(public_id=card.public_id).division_id == card.division_id


def test_sheets_keep_their_addresses_when_a_measuring_run_brings_the_hand_over(
    as_role: Reader, world: World, version: RatingSchemeVersion, quarter: Period
) -> None:
    """The nightly run moves the anchor day past the end of one version; the scores by the next follow later."""
    RatingSchemeVersion.objects.filter(pk=version.pk).update(
        valid=DateRange(dt.date(2000, 1, 1), dt.date(2026, 3, 1))
    )
    known = set(ScoreCard.objects.current().values_list("division", "public_id"))
    draft = draft_from(version, dt.date(2026, 3, 1), world.users[OFFICER])
    acts.publish_version(draft, by=world.users[OFFICER])
    measure(quarter)
    assert scored_by(quarter) == []
    actions.sweep()
    assert scored_by(quarter) == [2]
    assert set(ScoreCard.objects.current().values_list("division", "public_id")) == known
    assert ScoreCard.objects.count() == len(known)


@pytest.mark.parametrize("begin", [dt.date(2026, 3, 1), dt.date(2025, 12, 1), dt.date(2000, 1, 1)])
def test_what_scored_a_closed_period_is_not_taken_over(
    as_role: Reader, world: World, version: RatingSchemeVersion, quarter: Period, begin: dt.date
) -> None:
    Period.objects.filter(pk=quarter.pk).update(closed_at=timezone.now())
    draft = draft_from(version, begin, world.users[OFFICER])
    assert acts.former_of(draft) is None
    client = as_role(OFFICER)
    page = read(client, one(draft))
    assert "现在还不能发布" in page
    assert "同时将" not in page
    sent = {"version": str(draft.version), "confirmed": "1", "end_former": str(version.public_id)}
    assert "没有发布" in client.post(one(draft, "publish/"), sent, follow=True).content.decode()
    version.refresh_from_db()
    assert version.valid.upper is None


def test_what_ends_before_the_day_of_measuring_takes_over_nothing(
    as_role: Reader, world: World, version: RatingSchemeVersion, quarter: Period
) -> None:
    draft = draft_from(version, dt.date(2026, 2, 1), world.users[OFFICER])
    assert acts.former_of(draft) == version
    draft.valid = (dt.date(2026, 2, 1), dt.date(2026, 2, 15))
    base.save(draft, by=world.users[OFFICER], needs=acts.NEEDS)
    draft.refresh_from_db()
    assert acts.former_of(draft) is None
    assert "同时将" not in read(as_role(OFFICER), one(draft))


def test_obstacles_say_which_day_is_to_be_changed(
    world: World, version: RatingSchemeVersion, quarter: Period
) -> None:
    officer = world.users[OFFICER]
    later = draft_from(version, dt.date(2030, 1, 1), officer)
    acts.publish_version(later, by=officer, former=acts.former_of(later))
    draft = draft_from(version, dt.date(1999, 1, 1), officer)
    draft.valid = DateRange(dt.date(2029, 1, 1), None)
    (both, then) = acts.obstacles(draft)
    assert "请修改这一版的开始日期" in both
    assert then.endswith("请填写这一版的结束日期，不晚于 2029-12-31。")
    Period.objects.filter(pk=quarter.pk).update(closed_at=timezone.now())
    draft.valid = DateRange(dt.date(2026, 2, 1), dt.date(2027, 1, 1))
    (closed,) = acts.obstacles(draft)
    assert "报告期 2026Q1 已经关闭，请把这一版的开始日期改为 2026-04-01 或以后" in closed
    draft.valid = DateRange(None, None)
    assert acts.obstacles(draft) == ["还没有填写施行的开始日期。"]


def test_a_version_that_began_later_is_not_ended(world: World, version: RatingSchemeVersion) -> None:
    draft = draft_from(version, dt.date(1999, 1, 1), world.users[OFFICER])
    assert acts.former_of(draft) is None


def test_another_obstacle_is_mended_first(
    as_role: Reader, world: World, version: RatingSchemeVersion
) -> None:
    draft = draft_from(version, dt.date(2026, 3, 1), world.users[OFFICER])
    draft.grades.all().delete()
    page = read(as_role(OFFICER), one(draft))
    assert "还没有评分等级。" in page
    assert "同时将" not in page
    version.refresh_from_db()
    with pytest.raises(ValidationError):
        acts.publish_version(draft, by=world.users[OFFICER], former=version)
    version.refresh_from_db()
    assert version.valid.upper is None


def test_a_version_without_a_first_day_is_not_published(as_role: Reader, world: World) -> None:
    draft = schemes.whole_version(world.district, valid=factories.FOREVER)
    assert acts.obstacles(draft) == ["还没有填写施行的开始日期。"]
    client = as_role(OFFICER)
    assert "还没有填写施行的开始日期。" in read(client, one(draft))
    assert "发布前须填写开始日期" in read(client, one(draft, "edit/"))
