"""What an import says is wrong: at which cell, in true words, and so that the row can be sent again."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.test import Client

from communities.actions import imports
from communities.base import actions
from communities.base.workbooks.columns import identity_of
from communities.models import Committee, ImportBatch, Premises
from tests import factories
from tests.conftest import World
from tests.workbooks.conftest import GOOD, HEADS, Send, book, confirmed, edited, exported, row, told
from tests.workbooks.test_doors import FIELDS

pytestmark = pytest.mark.django_db

COMMITTEE = [
    "系统编号", "名称", "类别", "所在社区", "存续期开始", "存续期结束", "届次", "选举日期", "任期届满日",
]  # fmt: skip


def faults(batch: ImportBatch) -> list[dict[str, Any]]:
    found = batch.rows.order_by("line")
    return list(imports.errors_of(found, batch, imports.target_of(batch).form))


def moved(body: Committee, place: str) -> bytes:
    """A workbook that puts a committee into another community."""
    mark = identity_of(body.public_id, body.version)
    return book([[mark, body.name, body.get_kind_display(), place, "", "", "", "", ""]], COMMITTEE)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"使用单位": ""}, ("committee", "使用单位", "")),
        ({"失去原因": "拆迁"}, ("lost_reason", "失去原因", "拆迁")),
        ({"失去日期": "2025-03-01", "失去原因": "拆迁"}, ("lost_on", "失去日期", "2025-03-01")),
        ({"临时过渡用房": "是"}, ("temporary_until", "过渡期限", "")),
    ],
)
def test_a_rule_over_several_fields_names_one_of_them_at_every_door(
    world: World, send: Send, changes: dict[str, str], told: tuple[str, str, str]
) -> None:
    name, head, value = told
    clerk = world.users["street_clerk"]
    cells = row(**changes)
    data = dict(zip(FIELDS, cells, strict=True))
    client = Client()
    client.force_login(clerk)
    client.get("/accounts/profile/")

    page = client.post("/premises/new/", data).content.decode()
    assert f'<a href="#id_{name}">{head}</a>' in page
    assert re.search(f'name="{name}"[^>]*aria-invalid="true"', page)

    body = {("division" if field == "division_now" else field): each for field, each in data.items()}
    answer = client.post("/api/v1/premises/", body, content_type="application/json")
    assert [error["attr"] for error in answer.json()["errors"]] == [name]

    batch = send(book([cells]))
    (fault,) = imports.errors_of(batch.rows.all(), batch, imports.target_of(batch).form)
    assert (fault["column"], fault["value"]) == (head, value)
    file = io.BytesIO()
    imports.write_refused(file, batch)
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert any(f"{head}：{fault['message']}" in str(cell.value) for line in sheet.rows for cell in line)


def test_every_field_named_by_a_rule_is_one_of_the_model() -> None:
    for model in apps.get_models():
        named = getattr(model, "constraint_fields", {})
        rules = {rule.name for rule in model._meta.constraints} | set(getattr(model, "trigger_messages", ()))
        assert set(named) <= rules, model
        assert set(named.values()) <= {field.name for field in model._meta.concrete_fields}, model


def test_a_row_named_twice_comes_back_as_itself(world: World, send: Send) -> None:
    def double(sheet: Any) -> None:
        for at in range(1, sheet.max_column + 1):
            sheet.cell(6, at).value = sheet.cell(5, at).value
        sheet["F5"] = 200
        sheet["F6"] = 300

    batch = send(edited(exported(world), double))
    assert batch.counts == {"created": 0, "changed": 1, "unchanged": 0, "refused": 1}, told(batch)
    file = io.BytesIO()
    imports.write_refused(file, batch)
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets[0]
    stated = sheet["B5"].value
    assert stated == batch.rows.get(outcome="changed").object_id.__str__() + "#1"
    again = send(file.getvalue())
    assert again.counts["created"] == 0
    # Once the first of the two is written, the other one is told that it would write over it.
    confirmed(batch)
    late = send(file.getvalue(), name="b.xlsx", by=world.users["district_officer"])
    assert late.counts == {"created": 0, "changed": 0, "unchanged": 0, "refused": 1}
    assert "已被他人修改" in told(late)[0][1]


def test_what_lies_beyond_the_place_of_the_import_is_said_to(world: World, send: Send) -> None:
    own = send(book([row(所在社区="二社区", 使用单位="二社区居委会")]), division=world.community)
    assert told(own) == [
        ("所在社区", "「二社区」不在本次导入所选的地区内。"),
        ("使用单位", "「二社区居委会」不在本次导入所选的地区内。"),
    ]
    foreign = send(book([row(所在社区="外社区")]), division=world.community)
    assert ("所在社区", "没有找到「外社区」，或不在您的管辖范围内。") in told(foreign)
    for key, said in (("neighbour", "不在本次导入所选的地区内"), ("other_community", "不在您的管辖范围内")):
        mark = identity_of(world.premises[key].public_id, 1)
        batch = send(
            book([[mark, *GOOD]], ["系统编号", *HEADS]), division=world.community, name=f"{key}.xlsx"
        )
        assert [said in text for _column, text in told(batch)] == [True]


def test_a_row_that_nobody_wrote_is_not_said_to_be_changed(world: World, send: Send) -> None:
    """A committee moves; meanwhile it is given a room."""
    body = factories.committee(world.community, "错登的居委会")
    batch = send(moved(body, "二社区"), register="committee")
    assert batch.counts["changed"] == 1, told(batch)
    factories.premises(world.community, committee=body, name="新给的房")
    done = confirmed(batch, "all_or_nothing")
    assert (done.state, done.refusal_code) == ("refused", "rows_refused")
    assert "预览之后有 1 行因其他记录变动而不再合格" in done.refusal
    assert "已被他人修改" not in done.refusal
    (fault,) = faults(done)
    assert (fault["column"], fault["value"]) == ("所在社区", "二社区")


def test_a_row_that_somebody_wrote_is(world: World, send: Send) -> None:
    body = factories.committee(world.community, "错登的居委会")
    batch = send(moved(body, "二社区"), register="committee")
    stored = Committee.objects.get(pk=body.pk)
    stored.name = "另一个名字"
    actions.save(stored, by=world.users["district_officer"])
    done = confirmed(batch, "all_or_nothing")
    assert (done.state, done.refusal_code) == ("refused", "stale")
    assert "预览之后有 1 行已被他人修改，没有写入任何内容" in done.refusal


def test_numbers_of_lines_are_passed_over_and_totals_told_once(world: World, send: Send) -> None:
    name, area = HEADS.index("用房名称"), HEADS.index("建筑面积")
    sums = [""] * len(HEADS)
    sums[area] = 120.5
    batch = send(book([[1, *GOOD], ["合 计", *sums], [2, *[""] * len(HEADS)]], ["序号", *HEADS]))
    assert batch.refusal == ""
    assert batch.counts == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert told(batch) == [("", "合计行不导入，请删去。")]
    for word in ("合计", "总计", "小计："):
        sums[name] = word
        batch = send(book([GOOD, sums]), name=f"{word}.xlsx")
        assert told(batch) == [("", "合计行不导入，请删去。")], word
    # What has all that a room must have is a room, whatever it is called.
    batch = send(book([row(用房名称="总计")]))
    assert (told(batch), batch.counts["created"]) == ([], 1)
    # Between the columns it is one that nobody knows.
    odd = send(book([[*GOOD, 1]], [*HEADS, "序号"]))
    assert "不认识的表头「序号」" in odd.refusal


def test_the_api_names_the_import_that_a_file_repeats(world: World, send: Send) -> None:
    content = book([row()])
    first = confirmed(send(content))
    client = Client()
    client.force_login(world.users["street_clerk"])
    again = send(content)
    answer = client.get(f"/api/v1/imports/{again.public_id}/").json()
    assert answer["repeats"]["id"] == str(first.public_id)
    assert set(answer["repeats"]) == {"id", "created_at"}
    assert client.get(f"/api/v1/imports/{first.public_id}/").json()["repeats"] is None
    listed = client.get("/api/v1/imports/").json()["results"]
    assert [bool(each["repeats"]) for each in listed] == [True, False]
    assert Premises.objects.filter(name=GOOD[0]).count() == 1
