"""The official list becomes the tree: every place, what is odd about it, and its kind."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from communities.actions import first_load
from communities.actions.division_files import Oddity
from communities.actions.division_kinds import kind_of
from communities.actions.importing import import_divisions
from communities.base.places import Span
from communities.choices import DivisionKind, Level
from communities.models import ChangeRecord, DirtyMark, Division, DivisionCode
from tests.communities.divisions.lists import (
    EXTRACT,
    PLACES,
    SMALL,
    USABLE,
    everything,
    place,
)
from tests.conftest import World

pytestmark = pytest.mark.django_db


def test_every_place_of_the_list_gets_a_record_a_path_and_its_codes() -> None:
    report = import_divisions(EXTRACT)
    assert (report.rows, report.places, report.created, report.codes_added) == (
        USABLE,
        PLACES,
        PLACES,
        USABLE - 1,
    )
    street, community = place("980101001000"), place("980101001001")
    assert [above.name_now for above in Division.objects.ancestors_of(community.path_now)] == [
        "全国",
        "海州省",
        "市辖区",
        "东城区",
        "望海街道",
        "望海社区居委会",
    ]
    assert Span.below(street.path_now).covers(community.path_now)
    record = community.records.get()
    assert (record.valid.lower, record.valid.upper) == (None, None)
    assert (record.name, record.parent, record.path) == ("望海社区居委会", street, community.path_now)
    assert community.sort_key == "wang hai she qu ju wei hui"
    assert community.initials == "whsqjwh"
    assert Division.objects.matching("海社").get() == community


def test_siblings_sort_by_path_as_they_do_by_code() -> None:
    import_divisions(EXTRACT)
    codes = list(
        Division.objects.filter(parent_now=place("980101000000"))
        .order_by("path_now")
        .values_list("code_now", flat=True)
    )
    assert len(codes) == 3
    assert codes == sorted(codes)


def test_what_is_odd_is_told_with_its_line() -> None:
    told = {oddity: examples for oddity, _count, examples in import_divisions(EXTRACT).findings}
    assert told[Oddity.DUPLICATE] == ["第 28 行 980101001001 望海社区居委会"]
    assert told[Oddity.UNKNOWN_LEVEL] == ["第 29 行 980101001005 某小组「group」"]
    assert told[Oddity.BAD_CODE] == [
        "第 30 行 98010100100X 坏码社区",
        "第 31 行 98010100 短码社区",
        "第 32 行 980101001000 错级社区",
    ]
    assert told[Oddity.BAD_NAME] == ["第 33 行 980101001006 ''"]
    assert told[Oddity.TWO_LEVELS] == [
        "第 14 行 980127000000 金海县(区县级、街镇级、社区级)",
        "第 18 行 981900000000 莞海市(市级、区县级)",
    ]
    assert told[Oddity.PSEUDO] == [
        "第 3 行 980100000000 市辖区",
        "第 24 行 989000000000 省直辖县级行政区划",
        "第 26 行 989001198000 市直辖村级区划",
    ]
    assert told[Oddity.NO_PARENT] == ["第 22 行 980202001000 缺县街道"]


def test_only_so_many_examples_are_kept_and_all_are_counted() -> None:
    told = {
        oddity: (count, examples)
        for oddity, count, examples in import_divisions(EXTRACT, examples=1).findings
    }
    assert told[Oddity.BAD_CODE] == (3, ["第 30 行 98010100100X 坏码社区"])


def test_one_code_at_two_levels_is_one_place_with_towns_right_below_it() -> None:
    import_divisions(EXTRACT)
    city = place("981900000000")
    assert (city.level, city.kind_now) == (Level.CITY, DivisionKind.PREFECTURE_CITY)
    codes = DivisionCode.objects.filter(code="981900000000")
    assert sorted(codes.values_list("level", "division")) == [
        (Level.CITY, city.pk),
        (Level.DISTRICT, city.pk),
    ]
    town = place("981900003000")
    assert (town.level, town.parent_now) == (Level.STREET, city)


def test_a_place_without_its_parent_hangs_below_the_nearest_known() -> None:
    import_divisions(EXTRACT)
    assert place("980202001000").parent_now == place("980000000000")
    assert place("980202001001").parent_now == place("980202001000")


def test_rows_that_only_gather_others_stay_and_are_marked() -> None:
    import_divisions(EXTRACT)
    pseudo = Division.objects.filter(kind_now=DivisionKind.PSEUDO).values_list("name_now", "level")
    assert sorted(pseudo) == [
        ("市直辖村级区划", Level.STREET),
        ("市辖区", Level.CITY),
        ("省直辖县级行政区划", Level.CITY),
    ]


@pytest.mark.parametrize(
    ("level", "code", "name", "kind"),
    [
        (Level.PROVINCE, "990000000000", "云省", DivisionKind.PROVINCE),
        (Level.PROVINCE, "990000000000", "云海自治区", DivisionKind.AUTONOMOUS_REGION),
        (Level.PROVINCE, "990000000000", "云海市", DivisionKind.MUNICIPALITY),
        (Level.CITY, "992500000000", "云岭地区", DivisionKind.PREFECTURE),
        (Level.CITY, "992500000000", "云岭自治州", DivisionKind.PREFECTURE),
        (Level.CITY, "992500000000", "云盟", DivisionKind.PREFECTURE),
        (Level.CITY, "990200000000", "县", DivisionKind.PSEUDO),
        (Level.CITY, "990200000000", "自治区直辖县级行政区划", DivisionKind.PSEUDO),
        (Level.DISTRICT, "990102000000", "东城区", DivisionKind.DISTRICT),
        (Level.DISTRICT, "990151000000", "江北区", DivisionKind.DISTRICT),
        (Level.DISTRICT, "990181000000", "云城市", DivisionKind.COUNTY_CITY),
        (Level.DISTRICT, "990122000000", "左旗", DivisionKind.COUNTY),
        (Level.DISTRICT, "990121000000", "高架林区", DivisionKind.COUNTY),
        (Level.DISTRICT, "990172000000", "云海新区", DivisionKind.DEVELOPMENT_ZONE),
        (Level.DISTRICT, "990172000000", "云海高新技术产业开发区", DivisionKind.DEVELOPMENT_ZONE),
        (Level.STREET, "990102400000", "临港街道", DivisionKind.STREET),
        (Level.STREET, "990102020000", "望山地区", DivisionKind.STREET),
        (Level.STREET, "990102100000", "柳镇", DivisionKind.TOWN),
        (Level.STREET, "990102200000", "布拉格苏木", DivisionKind.TOWNSHIP),
        (Level.STREET, "990102400000", "云海工业园区", DivisionKind.PARK),
        (Level.STREET, "990102400000", "红星农场", DivisionKind.OTHER_TOWN_LEVEL),
        (Level.COMMUNITY, "990102100200", "柳林社区居委会", DivisionKind.RESIDENTS_COMMUNITY),
        (Level.COMMUNITY, "990102100001", "柳林村民委员会", DivisionKind.VILLAGE),
        (Level.COMMUNITY, "990102100201", "柳林嘎查", DivisionKind.VILLAGE),
        (Level.COMMUNITY, "990102100201", "柳林村(虚拟)", DivisionKind.VILLAGE),
        (Level.COMMUNITY, "990102100001", "社区村委会", DivisionKind.VILLAGE),
        (Level.COMMUNITY, "990102100498", "柳林生活区", DivisionKind.OTHER_COMMUNITY_LEVEL),
        (Level.COMMUNITY, "990102100003", "无尾", DivisionKind.RESIDENTS_COMMUNITY),
        (Level.COMMUNITY, "990102100203", "无尾", DivisionKind.VILLAGE),
        (Level.COMMUNITY, "990102100500", "无尾", DivisionKind.OTHER_COMMUNITY_LEVEL),
    ],
)
def test_the_kind_is_read_from_the_name_before_the_code(
    level: Level, code: str, name: str, kind: DivisionKind
) -> None:
    assert kind_of(level, code, name) == kind


def test_other_trees_are_left_alone(world: World) -> None:
    mine = Division.objects.below(world.province.path_now)
    before = list(mine.order_by("pk").values_list())
    import_divisions(EXTRACT)
    assert list(mine.order_by("pk").values_list()) == before


def test_one_act_leaves_one_record_and_one_mark() -> None:
    import_divisions(EXTRACT)
    mark, record = DirtyMark.objects.get(), ChangeRecord.objects.get()
    assert mark.division == record.division == place("980000000000")
    assert record.after["created"] == PLACES
    assert record.after["file"] == "divisions.csv"


def test_the_same_list_again_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import_divisions", EXTRACT)
    before = everything()
    out = StringIO()
    call_command("import_divisions", EXTRACT, stdout=out)
    assert "没有改动" in out.getvalue()
    assert everything() == before


def test_the_number_of_statements_does_not_grow_with_the_list(written: Any) -> None:
    def statements(province: str, communities: int) -> int:
        lines = "".join(province + line[2:] + "\n" for line in SMALL.splitlines())
        lines += "".join(
            f"{province}01010020{n:02},第{n}社区居委会,village\n" for n in range(10, 10 + communities)
        )
        with CaptureQueriesContext(connection) as queries:
            import_divisions(written(lines))
        return len(queries)

    assert statements("95", 1) == statements("96", 60)


def test_a_first_load_leaves_every_index_and_key_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def rules() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("""
                SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'communities_division%'
                UNION ALL
                SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) || convalidated
                FROM pg_constraint WHERE conrelid::regclass::text LIKE 'communities_division%'
                ORDER BY 1, 2
            """)
            return cursor.fetchall()

    before = rules()
    monkeypatch.setattr(first_load, "LARGE", 0)
    with CaptureQueriesContext(connection) as queries:
        import_divisions(EXTRACT)
    taken_away = [
        query["sql"] for query in queries if "DROP INDEX" in query["sql"] or "DROP CONSTRAINT" in query["sql"]
    ]
    assert len(taken_away) == len(Division._meta.indexes) + 4
    assert rules() == before
