"""Rating schemes in the browser: who reads and who writes, the rule put together, tried, saved and published."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from communities.base import actions as base
from communities.base.rules import editor
from portal.scorecards import schemes as actions
from portal.scorecards.models import RatingGroup, RatingItem, RatingScheme, RatingSchemeVersion
from tests import factories
from tests.conftest import World
from tests.factories import schemes
from tests.pages.conftest import Reader
from tests.rules.test_editor import sent
from tests.rules.test_vectors import SATISFACTION
from tests.scorecards.conftest import measure

pytestmark = pytest.mark.django_db

OFFICER = "standards_officer"
SCHEMES, VERSIONS, ITEMS = "/rating-schemes/", "/rating-scheme-versions/", "/rating-items/"


@pytest.fixture
def draft(world: World) -> RatingSchemeVersion:
    return schemes.whole_version(world.district)


def one(row: Any, page: str = "") -> str:
    folder = {RatingScheme: SCHEMES, RatingSchemeVersion: VERSIONS, RatingItem: ITEMS}[type(row)]
    return f"{folder}{row.public_id}/{page}"


def read(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.content.decode()


def as_sent(rule: dict[str, Any]) -> dict[str, str]:
    """The fields of a rule as a browser sends them."""
    return dict(sent(editor.box_of(rule, "rule", "评分规则")))


def item_typed(group: RatingGroup, rule: dict[str, Any] | None = None, **changes: str) -> dict[str, str]:
    return {
        "group": str(group.public_id),
        "position": "1",
        "name": "居民满意度",
        "full_mark": "10",
        "least": "0",
        "places": "2",
        "mode": "half_up",
        "not_applicable": "drop",
        **as_sent(schemes.THRESHOLD if rule is None else rule),
        **changes,
    }


@pytest.mark.parametrize("role", ["standards_officer", "city_officer", "street_clerk", "community_worker"])
def test_schemes_that_bind_are_read_and_only_their_officer_writes(
    as_role: Reader, draft: RatingSchemeVersion, role: str
) -> None:
    client = as_role(role)
    item = RatingItem.objects.get()
    for row in (draft.scheme, draft, item):
        assert str(row) in read(client, one(row))
        is_officer = role == OFFICER
        assert ("修改" in read(client, one(row)).partition("<main")[2]) == is_officer
        assert client.get(one(row, "edit/")).status_code == (200 if is_officer else 403)
    for folder in (SCHEMES, VERSIONS, ITEMS):
        assert "社区评分表" in read(client, folder)
        assert client.get(f"{folder}new/").status_code == (200 if role == OFFICER else 403)
    for act in ("publish", "copy"):
        assert client.post(one(draft, f"{act}/")).status_code == (302 if role == OFFICER else 403)


def test_a_scheme_of_another_place_is_not_there(as_role: Reader, world: World) -> None:
    foreign = schemes.whole_version(world.far_city, "外市评分表")
    client = as_role(OFFICER)
    for row in (foreign.scheme, foreign, RatingItem.objects.get()):
        assert "外市" not in read(client, one(row), 404)
        read(client, one(row, "edit/"), 404)
    for act in ("publish", "copy"):
        assert client.post(one(foreign, f"{act}/"), {"confirmed": "1"}).status_code == 404
    read(client, one(foreign, "differences/"), 404)
    read(client, f"{VERSIONS}new/?scheme={foreign.scheme.public_id}", 404)
    read(client, f"{ITEMS}new/?version={foreign.public_id}", 404)
    read(client, f"{ITEMS}new/?version=nonsense", 404)


def test_what_a_place_above_set_is_read_and_not_written(as_role: Reader, world: World) -> None:
    above = schemes.whole_version(world.city, "全市评分表")
    client = as_role(OFFICER)
    assert "全市评分表" in read(client, one(above))
    read(client, one(above, "edit/"), 404)
    assert client.post(one(above, "publish/"), {"confirmed": "1"}).status_code == 404


def test_from_the_scheme_to_the_item(as_role: Reader, world: World) -> None:
    client = as_role(OFFICER)
    answer = client.post(
        f"{SCHEMES}new/",
        {"name": "和谐社区评分表", "level": "community", "jurisdiction": str(world.district.public_id)},
    )
    scheme = RatingScheme.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, one(scheme))
    assert f"{VERSIONS}new/?scheme={scheme.public_id}" in read(client, one(scheme))
    assert str(scheme.public_id) in read(client, f"{VERSIONS}new/?scheme={scheme.public_id}")
    lines = {
        "scheme": str(scheme.public_id),
        "valid_0": "2027-01-01",
        "full_mark": "100",
        "groups-lines": "2",
        "groups-0-name": "组织建设",
        "groups-0-position": "1",
        "groups-0-full_mark": "60",
        "groups-1-name": "服务",
        "groups-1-position": "2",
        "groups-1-full_mark": "40",
        "grades-lines": "1",
        "grades-0-name": "优秀",
        "grades-0-stars": "3",
        "grades-0-least": "90",
        "vetoes-lines": "1",
        "vetoes-0-name": "重大事故",
        "vetoes-0-position": "1",
        "vetoes-0-value": "",
        "vetoes-0-value.typed": "accidents",
        "vetoes-0-operator": "gt",
        "vetoes-0-target": "0",
        "vetoes-0-effect": "bar_top",
    }
    answer = client.post(f"{VERSIONS}new/", lines)
    assert answer.status_code == 302, answer.content.decode()
    version = RatingSchemeVersion.objects.get()
    assert (version.number, version.vetoes.get().value) == (1, "accidents")
    group = version.groups.get(name="服务")
    page = read(client, f"{ITEMS}new/?group={group.public_id}")
    assert f'<option value="{group.public_id}" selected>和谐社区评分表第 1 版 · 服务' in page
    answer = client.post(f"{ITEMS}new/", item_typed(group, SATISFACTION))
    assert answer.status_code == 302, answer.content.decode()
    item = RatingItem.objects.get()
    assert item.rule["bands"][0] == {"least": "90", "points": "0", "inclusive": True}
    shown = read(client, one(version))
    for said in ("组织建设 60.00 分", "居民满意度", "不低于 90", "优秀", "重大事故", "草稿"):
        assert said in shown
    assert "「居民满意度」读取的未登记的取值(satisfaction)没有数据来源。" in shown
    assert "民发〔2015〕136号" in shown


def test_what_is_wrong_with_a_rule_is_said_at_its_field(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client, group = as_role(OFFICER), draft.groups.get()
    rule = SATISFACTION | {"bands": [{"least": "九十", "points": "1"}, {"points": ""}]}
    answer = client.post(f"{ITEMS}new/", item_typed(group, rule))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert RatingItem.objects.count() == 1
    assert '<a href="#id_rule-bands-0-least">档次 1 下限</a>：应为数字' in page
    assert '<a href="#id_rule-bands-1-points">档次 2 分值</a>：缺少“分值”。' in page
    assert 'value="九十"' in page
    assert 'id="id_rule-bands-0-least_error"' in page
    assert page.count("缺少“分值”。") == 2  # above, and at the field
    answer = client.post(f"{ITEMS}new/", item_typed(group, {}))
    assert "评分规则</a>：请填写此项。" in answer.content.decode()


def test_buttons_change_the_form_and_save_nothing(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client, group = as_role(OFFICER), draft.groups.get()
    url, typed = f"{ITEMS}new/", item_typed(group, SATISFACTION, name="还没有想好", full_mark="")

    def press(act: str, **changes: str) -> str:
        answer = client.post(url, typed | {"act": act} | changes)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "还没有想好" in page
        assert "需要修改" not in page
        return page

    assert 'name="rule.bands.lines" value="4"' in press("add:rule.bands")
    page = press("remove:rule.bands.0")
    assert 'name="rule.bands.lines" value="2"' in page
    assert 'name="rule.bands.0.least" value="80"' in page
    page = press("show", **{"rule.shape": "gate"})
    assert 'name="rule.condition.value"' in page
    assert 'name="rule.rule.shape"' in page
    assert RatingItem.objects.count() == 1
    edit = one(RatingItem.objects.get(), "edit/")
    answer = client.post(edit, typed | {"act": "add:rule.bands", "version": "1"})
    assert 'name="rule.bands.lines" value="4"' in answer.content.decode()


def test_a_rule_is_tried_before_it_is_saved(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client, group = as_role(OFFICER), draft.groups.get()
    url, typed = f"{ITEMS}new/", item_typed(group, SATISFACTION, act="try")

    def tried(**values: str) -> str:
        answer = client.post(url, typed | {name.replace("__", "."): text for name, text in values.items()})
        assert answer.status_code == 200
        return answer.content.decode()

    assert "得 9.00 分" in tried(try__satisfaction__top="85")
    assert "得 10.00 分" in tried(try__satisfaction__top="9", try__satisfaction__bottom="0.1")
    assert "得 0.00 分" in tried()  # not reported
    assert "应为数字" in tried(try__satisfaction__top="很多")
    assert "本项最低 1 分，计 1 分" in tried(most="3", least="1", try__satisfaction__top="")
    contradicted = tried(most="3", least="5", try__satisfaction__top="85")
    assert "还不能试算：最高得分不能低于最低得分。" in contradicted
    assert "规则写完整后" not in contradicted
    assert "满分：不能小于 0.01。" in tried(full_mark="0", try__satisfaction__top="85")
    assert "分母不能小于 0。" in tried(try__satisfaction__top="1", try__satisfaction__bottom="-1")
    typed["rule.bands.0.least"] = "x"
    page = tried(try__satisfaction__top="85")
    assert "应为数字" in page
    assert "得 9.00 分" not in page
    assert RatingItem.objects.count() == 1


def test_a_share_is_tried_by_its_two_numbers_in_the_unit_of_its_indicator(
    as_role: Reader, draft: RatingSchemeVersion
) -> None:
    """45 of 100 are 45 %, as a card reads them; what was typed outlives a rule that cannot be read."""
    client, group = as_role(OFFICER), draft.groups.get()
    url, typed = f"{ITEMS}new/", item_typed(group, schemes.THRESHOLD | {"target": "40"}, act="try")
    pair = {"try.office_compliance.top": "45", "try.office_compliance.bottom": "100"}
    page = client.post(url, typed | pair).content.decode()
    assert "办公用房达标率 45%" in page
    assert "得 10.00 分" in page
    page = client.post(url, typed | pair | {"rule.target": "", "act": "show"}).content.decode()
    assert '<input type="hidden" name="try.office_compliance.top" value="45">' in page


def test_what_publishing_would_change_is_told_on_a_page(
    as_role: Reader, world: World, draft: RatingSchemeVersion
) -> None:
    client, url = as_role(OFFICER), one(draft, "what-if/")
    assert "还没有测算过的报告期" in read(client, url)
    factories.threshold("premises.office.area", world.city)
    measure(factories.period("2026Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1)))
    page = read(client, url)
    assert "2026年第1季度：参评 2 个" in page
    assert "还没有按这个评分表评过分" in page
    read(as_role("street_clerk"), url)
    read(as_role("far_officer") if "far_officer" in world.users else as_role("stranger"), url, 404)
    RatingItem.objects.update(rule=schemes.THRESHOLD | {"value": "visit.mess"})
    assert "创建活动填报的取值(该数据来源尚未建立)" in read(client, url)
    assert "创建活动填报的取值(该数据来源尚未建立)" in read(client, one(draft))
    page = read(client, f"{url}?period=2050Q1")
    assert "没有这个报告期" in page
    assert '<option value="2026Q1">' in page
    factories.period("2026Q3", dt.date(2026, 7, 1), dt.date(2026, 10, 1))
    assert "该报告期尚无测算结果" in read(client, f"{url}?period=2026Q3")


def test_a_published_item_is_not_opened_for_writing_and_a_button_is_no_page(
    as_role: Reader, draft: RatingSchemeVersion
) -> None:
    client, item = as_role(OFFICER), RatingItem.objects.get()
    answer = client.get(one(draft, "copy/"))
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")
    assert "不能这样打开" in answer.content.decode()
    client.post(one(draft, "publish/"), {"version": "1", "confirmed": "1"})
    page = client.get(one(item, "edit/"), follow=True).content.decode()
    assert "已经发布，不能改写；请复制为新的一版再修改" in page
    assert "复制为新版" in page


def test_a_published_version_stays(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client = as_role(OFFICER)
    answer = client.post(one(draft, "publish/"), {"version": "1"}, follow=True)
    assert "请先勾选确认。" in answer.content.decode()
    answer = client.post(one(draft, "publish/"), {"version": "1", "confirmed": "1"}, follow=True)
    page = answer.content.decode()
    assert "已发布" in page
    assert "新建项目" not in page
    draft.refresh_from_db()
    item = RatingItem.objects.get()
    assert draft.published_by == draft.published_by.__class__.objects.get(username=OFFICER)
    typed = item_typed(item.group, name="改名", version="1")
    answer = client.post(one(item, "edit/"), typed)
    assert answer.status_code == 422
    assert "已经发布，不能改写" in answer.content.decode()
    answer = client.post(one(item, "remove/"), {"version": "1", "reason": "不要了"})
    assert "已经发布，不能改写" in answer.content.decode()
    assert "已经发布，只能填写施行的结束日期" in read(client, one(draft, "edit/"))
    answer = client.post(
        one(draft, "edit/"),
        {"valid_1": "2030-12-31", "version": str(draft.version)},
    )
    assert answer.status_code == 302, answer.content.decode()
    draft.refresh_from_db()
    assert draft.valid.upper == dt.date(2031, 1, 1)


def test_a_copy_and_what_differs(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client = as_role(OFFICER)
    assert "没有可比较的上一版" in read(client, one(draft, "differences/"))
    client.post(one(draft, "copy/"), {"note": "提高目标"})
    copy = RatingSchemeVersion.objects.get(number=2)
    assert copy.note == "提高目标"
    page = read(client, one(copy, "differences/"))
    assert "有 1 处不同" in page
    assert "提高目标" in page
    RatingSchemeVersion.objects.filter(pk=copy.pk).update(note="")
    assert "内容与" in read(client, one(copy, "differences/"))
    item = RatingItem.objects.get(group__scheme_version=copy)
    item.rule = item.rule | {"target": "90"}
    item.save()
    page = read(client, one(copy, "differences/"))
    assert "有 1 处不同" in page
    assert "不低于 80%" in page
    assert "不低于 90%" in page


def test_a_version_is_held_against_the_one_that_the_address_names(
    as_role: Reader, world: World, draft: RatingSchemeVersion
) -> None:
    client, other = as_role(OFFICER), schemes.whole_version(world.district, "另一评分表")
    schemes.veto(other)
    page = read(client, one(draft, f"differences/?with={other.public_id}"))
    assert "与另一评分表第 1 版比较" in page
    assert "安全事故" in page
    foreign = schemes.whole_version(world.far_city, "外市评分表")
    for unknown in ("bogus", "", str(draft.scheme.public_id), str(foreign.public_id)):
        read(client, one(draft, f"differences/?with={unknown}"), 404)


def test_what_is_odd_is_told_of_drafts_only(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client = as_role(OFFICER)
    assert "需要核对" in read(client, one(draft))
    client.post(one(draft, "publish/"), {"version": "1", "confirmed": "1"})
    assert "需要核对" not in read(client, one(draft))


def test_a_draft_of_a_rule_is_kept_and_taken_up_again(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client, group = as_role(OFFICER), draft.groups.get()
    answer = client.post(f"{ITEMS}new/draft/", item_typed(group, SATISFACTION))
    assert answer.status_code == 200
    page = read(client, f"{ITEMS}new/?draft=1")
    assert 'name="rule.bands.0.least" value="90"' in page


def test_who_saves_second_sees_the_other_rule(
    as_role: Reader, draft: RatingSchemeVersion, world: World
) -> None:
    client, item = as_role(OFFICER), RatingItem.objects.get()
    RatingItem.objects.update(rule=editor.posted(as_sent(item.rule), "rule"))
    stale = str(item.version)
    other = RatingItem.objects.get()
    other.rule = other.rule | {"target": "70"}
    base.save(other, by=world.users[OFFICER], needs=actions.NEEDS)
    typed = item_typed(item.group, name=item.name, full_mark="100", version=stale, position="0")
    answer = client.post(one(item, "edit/"), typed | {"evidence": "照片"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'name="rule.target" value="70"' in page


@pytest.mark.parametrize("folder", [SCHEMES, VERSIONS, ITEMS])
def test_lists_ask_the_same_number_of_questions_however_long(
    as_role: Reader, world: World, folder: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_role("city_officer")

    def queries() -> int:
        with django_assert_max_num_queries(40) as counted:
            read(client, folder)
        return len(counted)

    for n in range(2):
        schemes.whole_version(world.district, f"评分表{n}")
    few = queries()
    for n in range(2, 12):
        schemes.whole_version(world.district, f"评分表{n}")
    assert queries() == few


def test_a_version_page_asks_the_same_number_of_questions_however_long(
    as_role: Reader, draft: RatingSchemeVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_role(OFFICER)

    def queries() -> int:
        with django_assert_max_num_queries(60) as counted:
            read(client, one(draft))
        return len(counted)

    few = queries()
    for n in range(6):
        group = schemes.group(draft, f"分组{n}")
        for m in range(4):
            schemes.item(group, f"项目{n}{m}", clause=factories.clause(draft.scheme.jurisdiction))
    assert queries() == few


def test_the_history_of_a_rule_reads_as_words(as_role: Reader, draft: RatingSchemeVersion) -> None:
    client, item = as_role(OFFICER), RatingItem.objects.get()
    typed = item_typed(
        item.group, schemes.THRESHOLD | {"target": "85"}, name=item.name, full_mark="100", version="1"
    )
    assert client.post(one(item, "edit/"), typed).status_code == 302
    item.refresh_from_db()
    assert item.rule["target"] == "85"
    assert item.full_mark == Decimal(100)
    page = read(client, one(item))
    assert "目标值 85" in page
    assert json.dumps(item.rule)[:20] not in page
