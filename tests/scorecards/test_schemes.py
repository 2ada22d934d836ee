"""Versions of rating schemes: published once and for all, copied, compared, looked over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from communities.base import actions
from communities.choices import BuildingClass, Level
from communities.models import ChangeRecord, Clause, PolicyDocument
from portal.scorecards.models import RatingGroup, RatingItem, RatingSchemeVersion
from portal.scorecards.models.schemes import PUBLISHED
from portal.scorecards.scheme_differences import Difference, differences
from portal.scorecards.schemes import NEEDS, content_of, copy_version, obstacles, publish_version, warnings_of
from portal.scorecards.scores_serializers import cited
from tests import factories
from tests.conftest import World
from tests.factories import schemes
from tests.rules.test_vectors import BONUS, SHORTFALL, SUM

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(world: World) -> RatingSchemeVersion:
    return schemes.whole_version(world.district)


@pytest.fixture
def officer(world: World) -> Any:
    return world.users["standards_officer"]


def test_a_version_is_published_once(draft: RatingSchemeVersion, officer: Any) -> None:
    publish_version(draft, by=officer, reason="民政局 2026年第3次局务会")
    draft.refresh_from_db()
    assert (draft.is_published, draft.published_by, draft.version) == (True, officer, 2)
    record = ChangeRecord.objects.get(object_id=draft.public_id)
    assert (record.user, record.reason) == (officer, "民政局 2026年第3次局务会")
    with pytest.raises(ValidationError, match="这一版已经发布。"):
        publish_version(draft, by=officer)


def test_every_obstacle_is_named(world: World, officer: Any) -> None:
    empty = schemes.version(schemes.scheme(world.district, "空表"))
    assert obstacles(empty) == ["还没有评分项目。", "还没有评分等级。"]
    group = schemes.group(empty, "组织建设")
    schemes.group(empty, "服务")
    schemes.item(group, "满意度", rule=schemes.THRESHOLD | {"value": "satisfaction"})
    schemes.veto(empty, "事故", value="accidents")
    with pytest.raises(ValidationError) as caught:
        publish_version(empty, by=officer)
    assert caught.value.messages == [
        "分组「服务」还没有评分项目。",
        "还没有评分等级。",
        "「满意度」读取的未登记的取值(satisfaction)没有数据来源。",
        "「事故」读取的未登记的取值(accidents)没有数据来源。",
    ]
    empty.refresh_from_db()
    assert not empty.is_published


def test_two_versions_do_not_count_on_the_same_days(draft: RatingSchemeVersion, officer: Any) -> None:
    publish_version(draft, by=officer)
    second = copy_version(draft, by=officer)
    assert any("社区评分表第 1 版」施行期间重叠" in told for told in obstacles(second))
    draft.valid = (dt.date(2000, 1, 1), dt.date(2027, 1, 1))
    actions.save(draft, by=officer, needs=NEEDS)
    second.valid = (dt.date(2027, 1, 1), None)
    actions.save(second, by=officer, needs=NEEDS)
    second.refresh_from_db()
    publish_version(second, by=officer)
    assert RatingSchemeVersion.objects.published().count() == 2


def test_only_whoever_answers_for_standards_publishes_and_copies(
    draft: RatingSchemeVersion, world: World
) -> None:
    for role in ("district_officer", "stranger"):
        for act in (publish_version, copy_version):
            with pytest.raises(actions.OutOfScope), transaction.atomic():
                act(RatingSchemeVersion.objects.get(), by=world.users[role])
    assert RatingSchemeVersion.objects.get().published_at is None


def test_somebody_else_wrote_it_meanwhile(draft: RatingSchemeVersion, officer: Any) -> None:
    RatingSchemeVersion.objects.update(version=5)
    with pytest.raises(actions.StaleVersion):
        publish_version(draft, by=officer)


def test_what_is_published_is_written_by_nobody(
    draft: RatingSchemeVersion, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_version(draft, by=officer)
    item, group = RatingItem.objects.get(), RatingGroup.objects.get()
    item.name = "改名"
    with pytest.raises(ValidationError, match="已经发布，不能改写"):
        actions.save(item, by=officer, needs=NEEDS)
    with pytest.raises(ValidationError, match="已经发布，不能改写"):
        actions.remove(group, by=officer, reason="不要了", needs=NEEDS)
    # Whoever comes past the look beforehand is stopped by the database, and hears the same words.
    monkeypatch.setattr(RatingItem, "check_beside", lambda _row: None)
    item.refresh_from_db()
    item.name = "改名"
    with pytest.raises(ValidationError) as caught:
        actions.save(item, by=officer, needs=NEEDS)
    assert caught.value.messages == [str(PUBLISHED)]
    for statement in (
        "UPDATE scorecards_ratingitem SET name = 'x'",
        "DELETE FROM scorecards_ratinggrade",
        "UPDATE scorecards_ratinggroup SET full_mark = 1",
        "UPDATE scorecards_ratingschemeversion SET full_mark = 1",
        "DELETE FROM scorecards_ratingschemeversion",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_copy_has_all_and_is_a_draft(world: World, draft: RatingSchemeVersion, officer: Any) -> None:
    clause = factories.clause(world.district)
    group = schemes.group(draft, "附加", "5", is_bonus=True, position=2)
    schemes.item(group, "创新", "5", clause=clause, building_classes=["new"], evidence="照片")
    schemes.veto(draft)
    publish_version(draft, by=officer)
    copied = copy_version(draft, by=officer, note="明年用")
    assert (copied.number, copied.is_published, copied.note) == (2, False, "明年用")
    assert told(differences(draft, copied)) == [
        ("changed", "社区评分表第 2 版", [("修订说明", "空", "明年用")])
    ]
    old, new = content_of(draft), content_of(copied)
    assert len(list(new.items)) == len(list(old.items)) == 2
    assert not {item.public_id for item in new.items} & {item.public_id for item in old.items}
    assert ChangeRecord.objects.filter(reason="复制自社区评分表第 1 版").values("act").distinct().count() == 1


def told(found: list[Difference]) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [(str(each.kind), each.name, [(f.label, f.old, f.new) for f in each.fields]) for each in found]


def test_what_differs_in_words(draft: RatingSchemeVersion, officer: Any) -> None:
    copied = copy_version(draft, by=officer)
    item = RatingItem.objects.get(group__scheme_version=copied)
    item.rule, item.full_mark = item.rule | {"target": "90"}, Decimal(60)
    item.save()
    schemes.item(schemes.group(copied, "服务", "40"), "活动", "40")
    copied.grades.all().delete()
    copied.full_mark = Decimal(120)
    copied.save()
    copied.refresh_from_db()
    found = told(differences(draft, copied))
    assert [(kind, name) for kind, name, _fields in found] == [
        ("changed", "社区评分表第 2 版"),
        ("added", "服务"),
        ("changed", "办公用房"),
        ("added", "活动"),
        ("removed", "合格"),
    ]
    assert found[0][2] == [("总分", "100.00", "120.00")]
    (mark, rule) = found[2][2]
    assert mark == ("满分", "100.00", "60.00")
    assert "不低于 80%" in rule[1]
    assert "不低于 90%" in rule[2]
    back = [kind for kind, *_rest in told(differences(copied, draft))]
    assert back == ["changed", "removed", "changed", "removed", "added"]


def test_what_is_new_and_what_is_gone_say_what_they_are(
    draft: RatingSchemeVersion, world: World, officer: Any
) -> None:
    copied = copy_version(draft, by=officer)
    group = schemes.group(copied, "服务", "40", is_bonus=True)
    clause = factories.clause(world.district, "第七条")
    rule = schemes.THRESHOLD | {"value": "visit.mess"}
    schemes.item(group, "活动", "40", rule=rule, clause=clause, building_classes=["new"])
    schemes.veto(copied, "重大事故", effect="fail")
    found = {each.name: each for each in differences(draft, copied)}
    said = {name: {f.label: f.new for f in each.fields} for name, each in found.items()}
    assert said["服务"] == {"满分": "40.00", "附加分": "是"}
    rule_said = said["活动"].pop("评分规则")
    assert "创建活动填报的取值(该数据来源尚未建立)不低于 80" in rule_said
    assert said["活动"] == {
        "分组": "服务",
        "满分": "40.00",
        "不适用时": "不计入，其余按比例折算",
        "依据条款": str(clause),
        "建设类别": "新建社区",
    }
    assert said["重大事故"] == {"条件": "办公用房达标率低于 1%", "后果": "不予评级"}
    assert {field.old for each in found.values() for field in each.fields} == {""}
    gone = {each.name: each for each in differences(copied, draft)}
    assert [(f.name, f.old, f.new) for f in gone["重大事故"].fields] == [
        ("condition", "办公用房达标率低于 1%", ""),
        ("effect", "不予评级", ""),
    ]


def test_what_is_odd_is_told_and_blocks_nothing(world: World, officer: Any) -> None:
    odd = schemes.version(schemes.scheme(world.district, "怪表"))
    first, second = schemes.group(odd, "甲", "50"), schemes.group(odd, "乙", "20")
    schemes.group(odd, "加分", "130", is_bonus=True)
    schemes.item(first, "重名", "30")
    schemes.item(second, "重名", "20", most=Decimal(25))
    schemes.grade(odd, "优秀", "300", stars=1)
    schemes.grade(odd, "良好", "60", stars=3)
    schemes.veto(odd)
    found = "\n".join(warnings_of(odd))
    for said in (
        "各分组满分合计 70.00 分，与总分 100.00 分不一致。",
        "分组「甲」的项目合计 30.00 分，与分组满分 50.00 分不一致",
        "附加分「加分」最多 130.00 分，超过总分。",
        "等级「优秀」起评 300.00 分，高于最高可得的 230.00 分",
        "不足 60.00 分的没有等级。",
        "星数反而少",
        "民发〔2015〕136号",
        "「重名」没有写依据条款。",
        "「重名」最高得分 25.00 分，超过满分 20.00 分。",
        "项目名称「重名」出现 2 次。",
    ):
        assert said in found
    RatingGroup.objects.filter(name="加分").delete()
    publish_version(odd, by=officer)


def test_an_item_that_nobody_is_asked(world: World) -> None:
    streets = schemes.version(schemes.scheme(world.district, "街道表", level=Level.STREET))
    schemes.item(schemes.group(streets), building_classes=[BuildingClass.NEW])
    assert any("都不会被问到" in said for said in warnings_of(streets))
    schemes.veto(streets)
    assert not any("民发" in said for said in warnings_of(streets))


OVER = {
    "不达标": schemes.THRESHOLD | {"otherwise": "30"},
    "分档": {"shape": "bands", "value": "office_compliance", "bands": [{"points": "30"}]},
    "差额": SHORTFALL | {"floor": "30"},
    "加分": BONUS | {"cap": "30"},
    "合计": SUM | {"parts": [SUM["parts"][0] | {"full_mark": "26"}, SUM["parts"][1]]},
}


def test_a_rule_that_gives_more_than_its_full_mark(world: World) -> None:
    odd = schemes.version(schemes.scheme(world.district, "怪表"))
    group = schemes.group(odd)
    for name, rule in OVER.items():
        schemes.item(group, name, "20", rule=rule)
        schemes.item(group, f"{name}有限", "20", rule=rule, most=Decimal(20))
    for name, rule in {
        "刚好": schemes.THRESHOLD | {"otherwise": "20"},
        "合适": BONUS | {"cap": None},
    }.items():
        schemes.item(group, name, "20", rule=rule)
    found = [said for said in warnings_of(odd) if "按规则最多可得" in said]
    assert found == [
        f"「{name}」按规则最多可得 30 分，超过满分 20.00 分；如不允许，请填写最高得分。" for name in OVER
    ]


def test_a_sound_version_has_nothing_odd(world: World, draft: RatingSchemeVersion) -> None:
    RatingItem.objects.update(clause=factories.clause(world.district))
    assert warnings_of(draft) == []


def test_a_group_with_items_is_not_taken_out(draft: RatingSchemeVersion, officer: Any) -> None:
    group = draft.groups.get()
    with pytest.raises(ValidationError, match="还有 1 个评分项目"):
        actions.remove(group, by=officer, reason="不要了", needs=NEEDS)
    actions.remove(RatingItem.objects.get(), by=officer, reason="不要了", needs=NEEDS)
    actions.remove(group, by=officer, reason="不要了", needs=NEEDS)


def test_items_go_with_their_version_and_come_back(draft: RatingSchemeVersion, officer: Any) -> None:
    actions.remove(draft, by=officer, reason="不要了", needs=NEEDS)
    assert not RatingItem.objects.live().exists()
    actions.bring_back(draft, by=officer, needs=NEEDS)
    assert RatingItem.objects.live().count() == 1


def test_grades_of_two_schemes_begin_at_the_same_points(world: World) -> None:
    for name in ("甲表", "乙表"):
        schemes.grade(schemes.version(schemes.scheme(world.district, name)), "优秀", "90")


def test_a_document_put_right_later_leaves_what_was_published(
    world: World, draft: RatingSchemeVersion, officer: Any
) -> None:
    clause = factories.clause(world.district, "第十一条", text="社区须有办公用房。")
    RatingItem.objects.filter(group__scheme_version=draft).update(clause=clause)
    version = publish_version(draft, by=officer)
    Clause.objects.filter(pk=clause.pk).update(label="第十二条", text="社区须有办公用房和服务用房。")
    PolicyDocument.objects.filter(pk=clause.document_id).update(title="另一办法")
    item = RatingItem.objects.filter(group__scheme_version=version).select_related("clause__document").get()
    told = cited(item)
    assert told is not None
    assert (told["label"], told["text"]) == ("第十一条", "社区须有办公用房。")
    assert told["document"]["name"] == "《社区用房建设标准》"
    copied = RatingItem.objects.get(group__scheme_version=copy_version(version, by=officer))
    assert str(copied.basis_at_hand) == "《另一办法》第十二条"


def test_an_item_under_another_name_is_the_same_item(
    world: World, draft: RatingSchemeVersion, officer: Any
) -> None:
    """Numbers in names move on when an item is put in front; what an item rests on and reads stays."""
    clause = factories.clause(world.district, "第八条")
    group = draft.groups.get()
    schemes.item(group, "2. 满意度", "10", rule=schemes.THRESHOLD | {"value": "mean_area"}, clause=clause)
    copied = copy_version(draft, by=officer)
    items = RatingItem.objects.filter(group__scheme_version=copied)
    items.filter(name="2. 满意度").update(name="3. 满意度", full_mark=Decimal(12))
    [found] = differences(draft, copied)
    assert (found.kind, found.name) == ("changed", "3. 满意度")
    assert [(f.label, f.old, f.new) for f in found.fields] == [
        ("评分项目", "2. 满意度", "3. 满意度"),
        ("满分", "10.00", "12.00"),
        ("评分规则", found.fields[2].old, found.fields[2].new),
    ]
    # Another one that reads the same makes it uncertain which is which: nothing is guessed.
    schemes.item(
        copied.groups.get(), "4. 满意度", "10", rule=schemes.THRESHOLD | {"value": "mean_area"}, clause=clause
    )
    assert sorted(each.kind for each in differences(draft, copied)) == ["added", "added", "removed"]


def test_items_of_one_name_are_known_by_their_groups_in_any_order(
    draft: RatingSchemeVersion, officer: Any
) -> None:
    first = draft.groups.get()
    second = schemes.group(draft, "服务", "40", position=1)
    for group, mark in ((first, "5"), (second, "7")):
        schemes.item(group, "台账", mark)
    copied = copy_version(draft, by=officer)
    copied.groups.filter(name="服务").update(position=0)
    copied.groups.exclude(name="服务").update(position=1)
    assert differences(draft, copied) == []


def test_a_clause_that_was_put_right_is_told(world: World, draft: RatingSchemeVersion, officer: Any) -> None:
    clause = factories.clause(world.district, "第七条")
    RatingItem.objects.filter(group__scheme_version=draft).update(clause=clause)
    draft.refresh_from_db()
    publish_version(draft, by=officer)
    copied = copy_version(draft, by=officer)
    assert "依据条款" not in {f.label for each in differences(draft, copied) for f in each.fields}
    type(clause).objects.filter(pk=clause.pk).update(text="更正后的条文")
    [found] = [f for each in differences(draft, copied) for f in each.fields if f.name == "clause"]
    assert "更正后的条文" in found.new
    assert "更正后的条文" not in found.old
