"""What people read: how a preview names a record, and what the example row of a template shows."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest

from communities.actions import imports
from communities.base.workbooks import columns as workbook
from communities.base.workbooks.columns import columns_of, former_example_of
from communities.models import Committee, ImportBatch
from communities.views.imports import Preview
from tests.conftest import World
from tests.workbooks.conftest import Send, book, confirmed, edited, exported, row, told

pytestmark = pytest.mark.django_db

REGISTERS = ("premises", "committee", "household-count", "nil-statement", "exemption")


def labels(batch: ImportBatch) -> list[str]:
    return [shown.label for shown in Preview(batch).shown(list(batch.rows.order_by("line")))]


def test_records_are_named_in_their_own_words(world: World, send: Send) -> None:
    heads = ["社区", "数据来源", "口径", "数据日期", "户数", "人数"]
    rows = [
        ["一社区", "网格入户采集", "常住", "2026-01-01", 5, 9],
        ["一社区", "网格入户采集", "常住", "昨天", 5, 9],
        ["没有", "网格入户采集", "常住", "2026-01-01", 5, 9],
    ]
    assert labels(send(book(rows, heads), register="household-count")) == [
        "一社区 2026-01-01",
        "一社区 网格入户采集 常住",
        "网格入户采集 常住 2026-01-01",
    ]
    heads = ["用途", "社区", "委员会", "申明日期", "说明"]
    rows = [["活动场所", "一社区", "", "2026-01-01", ""], ["宫殿", "一社区", "", "2026-01-01", ""]]
    assert labels(send(book(rows, heads), register="nil-statement")) == [
        "一社区 活动场所 2026-01-01",
        "一社区 2026-01-01",
    ]
    heads = [
        "标准项目",
        "社区",
        "委员会",
        "豁免期间开始",
        "豁免期间结束",
        "原因",
        "批准文号",
        "批准机关",
        "复核日期",
    ]
    rows = [
        ["居委会办公用房面积", "一社区", "一社区居委会", "", "", "危改", "1", "区民政局", ""],
        [""] * 5 + ["x"],
    ]
    assert labels(send(book(rows, heads), register="exemption"))[0] == "一社区居委会 危改"
    batch = send(
        book([row(), row(用房名称=""), row(用房名称="", 所在社区="没有", 用途="宫殿", 取得日期="x")])
    )
    assert labels(batch) == ["新办公室", "一社区 办公用房 2025-03-01", ""]
    batch = send(edited(exported(world), lambda sheet: sheet.__setitem__("B5", "换名")))
    assert labels(batch)[0] == "一社区用房"


def template_of(world: World, register: str) -> bytes:
    file = io.BytesIO()
    imports.write_template(file, register=register, division=world.street, by=world.users["street_clerk"])
    return file.getvalue()


@pytest.mark.parametrize("register", REGISTERS)
def test_the_example_is_one_that_could_be_true(world: World, send: Send, register: str) -> None:
    """Left as it is, it is passed over; without its mark it would go in just so."""
    content = template_of(world, register)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    shown = [str(cell.value) for cell in sheet[4] if cell.value is not None]
    assert shown[0] == "示例"
    assert not [text for text in shown if text.startswith(("(", "(")) or text in {"120", "120.5"}]
    assert send(content, register=register).refusal_code == "no_rows"
    batch = send(edited(content, lambda sheet: sheet.__setitem__("A4", None)), register=register)
    assert (batch.refusal, told(batch)) == ("", [])
    assert confirmed(batch).counts["created"] == 1


@pytest.mark.parametrize("register", REGISTERS)
def test_the_example_of_a_template_handed_out_before_is_still_passed_over(
    world: World, send: Send, register: str
) -> None:
    form = imports.form_for(imports.registers()[register], world.users["street_clerk"], world.street)
    columns = columns_of(form)
    sheet = openpyxl.load_workbook(io.BytesIO(template_of(world, register))).worksheets[0]
    now: list[Any] = [cell.value for cell in sheet[4]][1:]
    before = [
        former_example_of(column, value or "") if value and not isinstance(value, int) else value
        for column, value in zip(columns, now, strict=True)
    ]
    content = edited(
        template_of(world, register),
        lambda sheet: [sheet.cell(4, at, value) for at, value in enumerate(before, start=2)],
    )
    batch = send(content, register=register)
    assert batch.refusal_code == "no_rows", told(batch)
    assert str(workbook.EXAMPLE) == "示例"


def pixels(vml: str) -> list[tuple[float, float]]:
    """Width and height of each box of a note; the file has them in points."""
    found = re.findall(r"width:([0-9.]+)pt;height:([0-9.]+)pt", vml)
    return [(float(width) / 0.75, float(height) / 0.75) for width, height in found]


@pytest.mark.parametrize("register", REGISTERS)
def test_each_head_says_what_to_type(world: World, register: str) -> None:
    content = template_of(world, register)
    form = imports.form_for(imports.registers()[register], world.users["street_clerk"], world.street)
    heads = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0][3]
    assert heads[0].comment.text == "由系统填写，请勿改动；新增的行留空。"
    notes = [cell.comment.text.splitlines() for cell in heads[1:]]
    for note, column in zip(notes, columns_of(form), strict=True):
        assert note[0] == ("必填。" if column.required else "选填。")
        assert len(note) > 1, column.head
        assert not column.unit or column.unit in "".join(note)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        boxes = pixels(archive.read("xl/drawings/vmlDrawing1.vml").decode())
    # A Chinese character of the notes' size is 12 pixels wide, and a line of them 16 high.
    for (width, height), note in zip(boxes, [[heads[0].comment.text], *notes], strict=True):
        assert sum(-(-len(line) * 12 // (width - 16)) for line in note) * 16 <= height
        assert height < 400


def test_notes_of_heads_say_kind_length_and_unit(world: World) -> None:
    heads = openpyxl.load_workbook(io.BytesIO(template_of(world, "premises"))).worksheets[0][3]
    notes = {cell.value: cell.comment.text.split("\n") for cell in heads}
    assert notes["用房名称"] == ["必填。", "文字，最多 100 个字。"]
    assert notes["建筑面积(平方米)"] == ["必填。", "数字，最多 2 位小数，单位为平方米。"]
    assert notes["取得日期"][-1] == "日期，例如 2026-01-31。"
    assert notes["权属方式"][1].startswith("可填：")
    heads = openpyxl.load_workbook(io.BytesIO(template_of(world, "household-count"))).worksheets[0][3]
    assert heads[5].comment.text == "必填。\n整数，单位为户。"


TERMS = ["名称", "类别", "所在社区", "存续期开始", "存续期结束", "届次", "选举日期", "任期届满日"]


def committee(first: str, last: str) -> list[str]:
    return ["新居委会", "居民委员会", "一社区", first, last, "", "", ""]


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        ("建档前", "至今", None),
        ("2020-01-01", "至今", None),
        ("建档前", "2030-12-31", None),
        ("2020-01-01", "明年", ("存续期结束", "请填写日期，例如 2026-11-22。")),
        ("至今", "", ("存续期开始", "请填写日期，例如 2026-11-22。")),
        ("2020-01-01", "2019-01-01", ("存续期结束", "结束日期不能早于开始日期。")),
        ("0226-01-01", "", ("存续期开始", "年份须在 1900 至 2100 之间。")),
    ],
)
def test_the_ends_of_a_time(
    world: World, send: Send, first: str, last: str, fault: tuple[str, str] | None
) -> None:
    """An open one as pages write it; what is wrong is told under the head of its own column."""
    batch = send(book([committee(first, last)], TERMS), register="committee")
    assert told(batch) == ([fault] if fault else [])
    if fault is None:
        assert confirmed(batch).state == "done"
        valid = Committee.objects.get(name="新居委会").valid
        assert (valid.lower, valid.upper) == (
            None if first == "建档前" else dt.date(2020, 1, 1),
            None if last == "至今" else dt.date(2031, 1, 1),
        )


def test_a_head_is_told_with_its_unit(world: World, send: Send) -> None:
    form = imports.form_for(imports.registers()["household-count"], world.users["street_clerk"], world.street)
    heads = [column.column_name for column in columns_of(form)]
    cells = {"社区": "一社区", "户数": "很多", "人数": "5"}
    batch = send(book([[cells.get(head, "") for head in heads]], heads), register="household-count")
    assert ("户数(户)", "请填写整数。") in told(batch)
