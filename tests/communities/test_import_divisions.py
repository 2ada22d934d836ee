"""The official list becomes the tree; later editions close and open dated records. Nothing is ever half loaded."""

from __future__ import annotations

import datetime as dt
import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from communities.actions import first_load
from communities.actions.division_files import Oddity
from communities.actions.division_kinds import kind_of
from communities.actions.importing import ImportRefused, ImportReport, import_divisions
from communities.base.places import Span
from communities.choices import DivisionKind, Level
from communities.models import ChangeRecord, DirtyMark, Division, DivisionCode, DivisionRecord
from tests import factories
from tests.conftest import World

EXTRACT = Path(__file__).parents[1] / "data" / "divisions.csv"
USABLE, PLACES = 27, 23
HEADER = "code,name,level\n"
SMALL = (
    "970000000000,云海省,province\n"
    "970100000000,云海市,city\n"
    "970101000000,甲区,county\n"
    "970101001000,甲街道,township\n"
    "970101001001,东社区居委会,village\n"
    "970101001002,西社区居委会,village\n"
    "970101002000,乙街道,township\n"
    "970101002001,南社区居委会,village\n"
)
DAY, BEFORE = dt.date(2024, 7, 1), dt.date(2024, 6, 30)

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str, name: str = "list.csv", header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes((header + text).encode(encoding))
        return path

    return write


@pytest.fixture
def small(written: Any) -> Any:
    """The small list, already in; calling it imports the list with lines replaced."""
    import_divisions(written(SMALL))
    DirtyMark.objects.all().delete()

    def edition(*replaced: tuple[str, str], **options: Any) -> ImportReport:
        text = SMALL
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        return import_divisions(written(text), **options)

    return edition


def place(code: str, level: Level | None = None) -> Division:
    found = Division.objects.filter(code_now=code)
    return found.get(level=level) if level is not None else found.get()


def everything() -> list[Any]:
    """All that an import may write, to see that nothing was written."""
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (Division, DivisionRecord, DivisionCode, ChangeRecord, DirtyMark)
    ]


# ---------------------------------------------------------------- the first load


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


# ---------------------------------------------------------------- later editions


def test_a_renamed_place_keeps_its_identity_and_gets_a_second_record(small: Any) -> None:
    community = place("970101001001")
    report = small(("东社区居委会", "东方社区居委会"), on=DAY)
    assert (report.renamed, report.created) == (1, 0)
    renamed = place("970101001001")
    assert (renamed.pk, renamed.public_id, renamed.version) == (community.pk, community.public_id, 2)
    assert (renamed.name_now, renamed.initials) == ("东方社区居委会", "dfsqjwh")
    assert renamed.records.as_of(BEFORE).get().name == "东社区居委会"
    assert renamed.records.as_of(DAY).get().name == "东方社区居委会"
    assert DirtyMark.objects.get().division == renamed


def test_marks_stand_on_the_place_above_all_that_changed(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), ("西社区居委会", "西方社区居委会"), on=DAY)
    assert DirtyMark.objects.get().division == place("970101001000")


def test_differences_need_a_day(small: Any) -> None:
    before = everything()
    with pytest.raises(ImportRefused, match="970101001001 东社区居委会 → 东方社区居委会"):
        small(("东社区居委会", "东方社区居委会"))
    assert everything() == before


def test_a_day_before_what_is_recorded_is_refused(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), on=DAY)
    before = everything()
    with pytest.raises(ImportRefused, match="在该日之后已有记录"):
        small(("东社区居委会", "东海社区居委会"), on=BEFORE)
    assert everything() == before


def test_the_same_day_again_corrects_the_record_in_place(small: Any) -> None:
    small(("东社区居委会", "东方社区居委会"), on=DAY)
    small(("东社区居委会", "东海社区居委会"), on=DAY)
    names = place("970101001001").records.order_by("valid").values_list("name", flat=True)
    assert sorted(names) == sorted(["东社区居委会", "东海社区居委会"])


@time_machine.travel("2024-06-30 12:00+08:00")
def test_a_day_to_come_is_refused(small: Any) -> None:
    with pytest.raises(ImportRefused, match="晚于今天"):
        small(on=DAY)


def test_a_new_code_is_a_new_place_from_the_day_on(small: Any) -> None:
    report = small(("970101002000,", "970101001003,北社区居委会,village\n970101002000,"), on=DAY)
    assert (report.created, report.renamed) == (1, 0)
    new = place("970101001003")
    assert new.parent_now == place("970101001000")
    assert not new.records.as_of(BEFORE).exists()
    assert new.codes.as_of(DAY).get().code == "970101001003"


def test_what_is_gone_is_told_and_stays_unless_asked_otherwise(small: Any) -> None:
    report = small(("970101001002,西社区居委会,village\n", ""), on=DAY)
    assert list(report.findings) == [(Oddity.GONE, 1, ["970101001002 西社区居委会"])]
    assert not report.has_changes
    assert not place("970101001002").is_closed


def test_what_is_gone_is_closed_on_request(small: Any) -> None:
    report = small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    assert report.closed == 1
    gone = place("970101001002")
    assert gone.is_closed
    assert gone.records.as_of(BEFORE).exists()
    assert not gone.records.as_of(DAY).exists()
    assert not gone.codes.as_of(DAY).exists()
    assert ChangeRecord.objects.latest("pk").after["closed"] == 1


def test_closing_needs_a_day(small: Any) -> None:
    with pytest.raises(ImportRefused, match="--on"):
        small(close_missing=True)


def test_a_place_in_use_is_not_closed_nor_is_what_lies_above_it(small: Any) -> None:
    factories.committee(place("970101002001"))
    report = small(
        ("970101002000,乙街道,township\n970101002001,南社区居委会,village\n", ""),
        ("970101001002,西社区居委会,village\n", ""),
        on=DAY,
        close_missing=True,
    )
    told = {oddity: examples for oddity, _n, examples in report.findings}
    assert told[Oddity.STILL_IN_USE] == ["970101002000 乙街道", "970101002001 南社区居委会"]
    assert list(Division.objects.filter(is_closed=True)) == [place("970101001002")]


def test_a_list_of_one_street_says_nothing_about_others(small: Any, written: Any) -> None:
    part = "970101001000,甲街道,township\n970101001001,东社区居委会,village\n"
    report = import_divisions(written(part), on=DAY, close_missing=True)
    assert report.closed == 1
    assert list(Division.objects.filter(is_closed=True)) == [place("970101001002")]
    assert Oddity.NO_PARENT not in {oddity for oddity, *_rest in report.findings}


def test_a_code_used_again_after_abolition_is_another_place(small: Any) -> None:
    first = place("970101001002")
    small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    later = DAY + dt.timedelta(days=366)
    report = small(("西社区居委会", "新西社区居委会"), on=later)
    assert report.created == 1
    second = Division.objects.get(code_now="970101001002", is_closed=False)
    assert second.pk != first.pk
    codes = DivisionCode.objects.filter(code="970101001002")
    assert codes.as_of(BEFORE).get().division == first
    assert codes.as_of(later).get().division == second
    with pytest.raises(DivisionCode.DoesNotExist):
        codes.as_of(DAY).get()


def test_a_code_is_not_used_again_without_a_day(small: Any) -> None:
    small(("970101001002,西社区居委会,village\n", ""), on=DAY, close_missing=True)
    with pytest.raises(ImportRefused, match="970101001002"):
        small()


def test_a_parent_that_appears_later_takes_its_places_over(written: Any) -> None:
    county = "970101000000,甲区,county\n"
    import_divisions(written(SMALL.replace(county, "")))
    street, community = place("970101001000"), place("970101001001")
    assert street.parent_now == place("970100000000")
    # The list of the new county names one street only; the communities below come along.
    report = import_divisions(
        written(county + "970101001000,甲街道,township\n970101002000,乙街道,township\n"), on=DAY
    )
    assert report.created == 1
    new = place("970101000000")
    moved, below = place("970101001000"), place("970101001001")
    assert (moved.parent_now, below.parent_now) == (new, moved)
    assert Span.below(new.path_now).covers(below.path_now)
    assert below.records.as_of(BEFORE).get().path == community.path_now
    assert below.records.as_of(DAY).get().path == below.path_now
    assert moved.records.as_of(BEFORE).get().parent == street.parent_now


# ---------------------------------------------------------------- the second list


def test_class_codes_fill_what_was_unknown_and_need_a_day_to_change(small: Any, written: Any) -> None:
    def listed(value: str) -> Path:
        return written(
            f"970101001001,{value}\n970101001002,999\n970109001001,220\n",
            name="classes.csv",
            header="code,class\n",
        )

    report = small(classes=listed("111"))
    assert report.classified == 1
    told = {oddity: examples for oddity, _n, examples in report.findings}
    assert told == {
        Oddity.UNKNOWN_CLASS: ["第 3 行 970101001002 999"],
        Oddity.CLASS_WITHOUT_PLACE: ["第 4 行 970109001001 220"],
    }
    record = place("970101001001").records.get()
    assert (record.urban_rural_class, record.valid.lower) == ("111", None)
    assert not small().has_changes
    assert not small(classes=listed("111")).has_changes
    with pytest.raises(ImportRefused):
        small(classes=listed("121"))
    small(classes=listed("121"), on=DAY)
    records = place("970101001001").records
    assert records.as_of(BEFORE).get().urban_rural_class == "111"
    assert records.as_of(DAY).get().urban_rural_class == "121"


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_usual_encodings_are_read(written: Any, encoding: str) -> None:
    import_divisions(written(SMALL, encoding=encoding))
    assert place("970101001001").name_now == "东社区居委会"


def test_a_packed_file_with_more_columns_in_another_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    text = "Level,note,Name , CODE\r\nprovince,x,云海省,970000000000\r\n\r\ncity,,云海市 ,970100000000\r\n"
    path.write_bytes(gzip.compress(text.encode()))
    import_divisions(path)
    assert place("970100000000").name_now == "云海市"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "文件是空的"),
        (b"code,name\n970000000000,x\n", r"第 1 行\(表头\)缺少列:level;现有的列:code、name"),
        (HEADER.encode() + SMALL.encode() + b"970101002002,\xff\xff,village\n", "第 10 行的编码既不是 UTF-8"),
        (HEADER.encode() + b"970000000000,a\x00b,province\n", "第 2 行的编码"),
        ((HEADER + SMALL).encode("utf-16"), "第 1 行的编码"),
        (HEADER.encode() + SMALL.encode() + b"970101002002,x\n", "第 10 行只有 2 列,应有 3 列"),
        (HEADER.encode() + SMALL.encode() + b'970101002002,"x,village\n', "第 10 行不是完整的 CSV"),
        (HEADER.encode(), "没有一行可以导入"),
        (HEADER.encode() + b"97,x,province\n", "没有一行可以导入"),
    ],
)
def test_a_broken_file_is_told_in_chinese_and_nothing_is_loaded(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    before = everything()
    with pytest.raises(CommandError, match=message):
        call_command("import_divisions", path)
    assert everything() == before


def test_a_damaged_archive_and_a_missing_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress((HEADER + SMALL * 50).encode())[:-30])
    with pytest.raises(CommandError, match="压缩文件已损坏"):
        call_command("import_divisions", path)
    path.write_bytes(b"not packed")
    with pytest.raises(CommandError, match="压缩文件已损坏"):
        call_command("import_divisions", path)
    with pytest.raises(CommandError, match="打不开文件"):
        call_command("import_divisions", tmp_path / "none.csv")


def test_the_command_tells_what_it_met_and_what_it_did() -> None:
    out = StringIO()
    call_command("import_divisions", EXTRACT, "--examples=1", stdout=out)
    text = out.getvalue()
    assert "代码有误,该行未导入:3\n  第 30 行 98010100100X 坏码社区\n  ……另有 2 条" in text
    assert f"读入 {USABLE} 行,对应 {PLACES} 个区划。" in text
    assert f"完成:新增区划 {PLACES}、登记代码 {USABLE - 1}。" in text


def test_the_command_takes_a_day_and_a_second_list(written: Any) -> None:
    listed = written("970101001001,111\n", name="classes.csv", header="code,class\n")
    call_command(
        "import_divisions", written(SMALL), "--on=2024-07-01", f"--classes={listed}", stdout=StringIO()
    )
    record = place("970101001001").records.get()
    assert (record.valid.lower, record.urban_rural_class) == (DAY, "111")
