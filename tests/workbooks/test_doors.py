"""The same rows through page, API and workbook: the same words; and what comes back refused goes in once mended."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from communities import forms
from communities.actions import imports
from communities.base import actions
from communities.base.querysets import today
from communities.base.workbooks.columns import columns_of
from communities.models import Committee, HouseholdCount, Premises
from tests import factories
from tests.api.test_writing import as_on_page
from tests.conftest import World
from tests.workbooks.conftest import (
    GOOD,
    HEADS,
    Send,
    book,
    confirmed,
    edited,
    exported,
    heads_of,
    row,
    told,
)

pytestmark = pytest.mark.django_db

FIELDS = (
    "name", "kind", "division_now", "committee", "area", "tenure", "address", "floor", "condition",
    "obtained_on", "lost_on", "lost_reason", "is_temporary", "temporary_until", "is_zoned",
    "has_open_counter", "is_one_door",
)  # fmt: skip
BAD_ROWS: list[dict[str, Any]] = [
    {"用房名称": ""},
    {"用房名称": "名" * 101},
    {"用途": ""},
    {"用途": "宫殿"},
    {"所在社区": ""},
    {"所在社区": "外社区"},
    {"使用单位": ""},
    {"使用单位": "二社区居委会"},
    {"使用单位": "外社区居委会"},
    {"建筑面积": ""},
    {"建筑面积": "0"},
    {"建筑面积": "-1"},
    {"建筑面积": "100000.01"},
    {"建筑面积": "1.234"},
    {"建筑面积": "很大", "用房名称": "", "取得日期": "昨天"},
    {"权属方式": "偷"},
    {"取得日期": "2025-13-01"},
    {"取得日期": "2099-01-01"},
    {"取得日期": "2099-02-01", "失去日期": "2099-01-01", "失去原因": "拆迁"},
    {"失去日期": "2025-03-01", "失去原因": "拆迁"},
    {"失去原因": "拆迁"},
    {"临时过渡用房": "是"},
    {"临时过渡用房": "也许"},
    {"过渡期限": "2027-01-01"},
    {"功能分区": "对"},
    {"建筑面积": "x", "失去原因": "拆迁", "使用单位": ""},
    {"所在社区": "没有", "失去日期": "2020-01-01"},
]


@pytest.mark.parametrize(
    "changes", BAD_ROWS, ids=lambda each: " ".join(f"{k}={v}"[:20] for k, v in each.items())
)
def test_page_api_and_workbook_say_the_same(world: World, send: Send, changes: dict[str, Any]) -> None:
    clerk = world.users["street_clerk"]
    cells = row(**changes)
    data = dict(zip(FIELDS, cells, strict=True))

    form = forms.PremisesForm(data, user=clerk)
    assert not form.is_valid()
    on_page = sorted(
        (name if name != "__all__" else "", text) for name, texts in form.errors.items() for text in texts
    )

    client = Client()
    client.force_login(clerk)
    body = {("division" if name == "division_now" else name): value for name, value in data.items()}
    answer = client.post("/api/v1/premises/", body, content_type="application/json")
    assert answer.status_code == 400
    over_api = sorted(
        (
            {"division": "division_now", "non_field_errors": ""}.get(each["attr"], each["attr"]),
            as_on_page(each),
        )
        for each in answer.json()["errors"]
    )

    batch = send(book([cells]))
    faults = batch.rows.get().errors
    in_workbook = sorted((fault["name"], fault["message"]) for fault in faults)
    assert on_page == over_api == in_workbook


LATER = {
    "household-count": (
        "counted_on",
        {"source": "公安", "definition": "户籍", "households": "5", "residents": "9"},
    ),
    "nil-statement": ("stated_on", {"kind": "办公用房", "committee": "", "note": ""}),
    "committee": ("elected_on", {"name": "新居委会", "kind": "社区居委会", "term_number": "1"}),
}


@pytest.mark.parametrize("register", LATER)
@pytest.mark.parametrize("days", [0, 1])
def test_a_day_to_come_is_refused_in_the_same_words(
    world: World, send: Send, register: str, days: int
) -> None:
    """Counted, stated, elected: not before it happens; the end of a term may lie ahead."""
    clerk = world.users["street_clerk"]
    name, data = LATER[register]
    entry = imports.registers()[register]
    for field, pick in entry.base_fields.items():
        if field in data and hasattr(pick, "choices"):
            data = data | {field: str(pick.choices[0][1])}
    place = "division_now" if "division_now" in entry.base_fields else "division"
    day = (today() + dt.timedelta(days=days)).isoformat()
    data = data | {place: "一社区", name: day}
    if register == "committee":
        data |= {"expires_on": "2100-12-31"}
    expected = [(name, f"不能晚于今天({today().isoformat()})。")] if days else []

    form = entry(data, user=clerk)
    assert [(each, text) for each, texts in form.errors.items() for text in texts] == expected

    client = Client()
    client.force_login(clerk)
    typed = form.fields.items()
    body = {
        ("division" if each == place else each): int(data[each]) if data[each].isdigit() else data[each]
        for each, _field in typed
        if each in data
    }
    answer = client.post(f"/api/v1/{register}s/", body, content_type="application/json")
    told_over_api = [(each["attr"], each["detail"]) for each in answer.json().get("errors", ())]
    assert (answer.status_code, told_over_api) == (400 if days else 201, expected)

    columns = columns_of(form)
    cells = [data.get(str(column.attribute), "") if column.part is None else "" for column in columns]
    batch = send(book([cells], [column.head for column in columns]), register=register)
    assert batch.refusal == ""
    faults = batch.rows.get().errors or []
    assert [(fault["name"], fault["message"]) for fault in faults] == expected


def test_a_document_is_not_issued_ahead_of_time(world: World) -> None:
    client = Client()
    client.force_login(world.users["standards_officer"])
    data = {
        "title": "通知", "number": "", "issuer": "区民政局", "kind": "circular", "issued_on": "2099-01-01",
        "jurisdiction": str(world.district.public_id), "text": "",
    }  # fmt: skip
    body = data | {"valid": {"from": "2099-01-01", "before": None}}
    answer = client.post("/api/v1/policy-documents/", body, content_type="application/json")
    expected = f"不能晚于今天({today().isoformat()})。"
    assert [
        (each["attr"], each["detail"]) for each in answer.json()["errors"] if each["code"] == "future"
    ] == [("issued_on", expected)]
    assert expected in client.post("/policy-documents/new/", data).content.decode()


def test_a_unique_rule_says_the_same(world: World, send: Send) -> None:
    factories.household_count(world.community)
    clerk = world.users["street_clerk"]
    heads = ["社区", "数据来源", "口径", "数据日期", "户数", "人数"]
    cells = ["一社区", "公安", "户籍", "2026-01-01", 5, 9]
    count = HouseholdCount.objects.get()
    cells[1:3] = [count.get_source_display(), count.get_definition_display()]
    batch = send(book([cells], heads), register="household-count")
    assert batch.refusal == ""
    client = Client()
    client.force_login(clerk)
    names = ("division", "source", "definition", "counted_on", "households", "residents")
    page = client.post(
        "/household-counts/new/", dict(zip(names, map(str, cells), strict=True))
    ).content.decode()
    [(_column, message)] = told(batch)
    assert message == "该社区在同一日期、同一来源和口径下已有数据。"
    assert message in page


def test_refused_rows_come_back_marked_and_go_in_once_mended(world: World, send: Send) -> None:
    batch = send(
        book([row(), row(用房名称="坏", 建筑面积="很大", 用途="宫殿"), row(用房名称="=1+1", 地址="@x")])
    )
    assert batch.counts == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}
    assert confirmed(batch).counts["refused"] == 1
    assert Premises.objects.filter(name="=1+1").exists()
    file = io.BytesIO()
    imports.write_refused(file, batch)
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets[0]
    heads = [cell.value for cell in sheet[3]]
    assert heads[:2] == ["错误说明", "系统编号"]
    assert "建筑面积：请填写数字" in sheet["A5"].value
    area = heads.index("建筑面积(平方米)") + 1
    wrong = sheet.cell(5, area)
    assert (wrong.value, wrong.fill.fgColor.rgb) == ("很大", "FFFDE2E0")
    assert "请填写数字" in wrong.comment.text
    assert sheet.max_row == 5

    def mend(page: Any) -> None:
        page.cell(5, area).value = 88
        page.cell(5, heads.index("用途") + 1).value = "办公用房"

    again = send(edited(file.getvalue(), mend))
    assert (told(again), again.counts["created"]) == ([], 1)
    assert confirmed(again, "all_or_nothing").state == "done"
    assert Premises.objects.get(name="坏").area == 88


def test_what_is_wrong_with_a_whole_row_is_marked_at_its_identity(world: World, send: Send) -> None:
    """Gone, stale or repeated; lines are those of the file that was sent. A rule of several cells names its own."""
    content = exported(world)
    room = world.premises["community"]
    room.refresh_from_db()
    room.area = 300
    actions.save(room, by=world.users["district_officer"])

    def spoil(sheet: Any) -> None:
        sheet["F5"] = 200
        heads = [cell.value for cell in sheet[3]]
        for at, changes in enumerate(({}, {}, {"失去原因": "拆迁"}, {"建筑面积(平方米)": "很大"}), start=7):
            new = dict(zip(heads[1:], GOOD, strict=True)) | changes
            for number, head in enumerate(heads[1:], start=2):
                sheet.cell(at, number).value = new[head] or None

    batch = send(edited(content, spoil))
    assert batch.counts == {"created": 1, "changed": 0, "unchanged": 1, "refused": 4}, told(batch)
    file = io.BytesIO()
    imports.write_refused(file, batch)
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets[0]
    reasons = [sheet.cell(at, 1).value.split("\n") for at in range(5, 9)]
    assert [lines[0] for lines in reasons] == [f"原文件第 {line} 行" for line in (5, 8, 9, 10)]
    assert reasons[1][1] == "与原文件第 7 行重复。"
    assert "原文件" in sheet["A2"].value
    lost = [cell.value for cell in sheet[3]].index("失去原因") + 1
    assert sheet.cell(7, lost).comment.text == "失去日期和失去原因须同时填写。"
    for at, (_line, reason) in enumerate(reasons[:2], start=5):
        assert sheet.cell(at, 2).fill.fgColor.rgb == "FFFDE2E0"
        assert sheet.cell(at, 2).comment.text == reason
        # Where the identity is what is wrong, it can be mended; nowhere else.
        assert not sheet.cell(at, 2).protection.locked
    assert sheet["B8"].protection.locked
    assert sheet["B8"].comment is None
    assert sheet["B5"].value == f"{room.public_id}#2"
    assert sheet["B6"].value is None
    again = send(file.getvalue())
    assert again.refusal == ""


def test_texts_never_become_formulas(world: World, send: Send) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\uff1d1", "=HYPERLINK(1)"]
    for name in names:
        factories.premises(world.community, "service", name=name)
    sheet = openpyxl.load_workbook(io.BytesIO(exported(world))).worksheets[0]
    column = [cell.value for cell in sheet[3]].index("用房名称") + 1
    found = {
        sheet.cell(at, column).value: sheet.cell(at, column).data_type for at in range(5, sheet.max_row + 1)
    }
    assert {name: found[name] for name in names} == dict.fromkeys(names, "s")
    batch = send(exported(world))
    assert (told(batch), batch.counts["unchanged"]) == ([], 8)


def test_two_editors_and_a_file(world: World, send: Send) -> None:
    """A row that somebody else wrote since the download is refused; the second try is made knowingly."""
    content = exported(world)
    room = world.premises["community"]
    room.refresh_from_db()
    room.area = 300
    actions.save(room, by=world.users["district_officer"])
    batch = send(edited(content, lambda sheet: sheet.__setitem__("F5", 200)))
    assert batch.counts == {"created": 0, "changed": 0, "unchanged": 1, "refused": 1}
    assert "已被他人修改" in told(batch)[0][1]
    file = io.BytesIO()
    imports.write_refused(file, batch)
    again = send(file.getvalue())
    assert again.counts["changed"] == 1
    confirmed(again)
    room.refresh_from_db()
    assert (room.area, room.version) == (200, 3)


def test_rows_that_change_between_preview_and_word(world: World, send: Send) -> None:
    content = edited(
        exported(world), lambda sheet: (sheet.__setitem__("F5", 200), sheet.__setitem__("F6", 201))
    )
    for mode, state, written in (("all_or_nothing", "refused", 0), ("good_rows", "done", 1)):
        batch = send(content)
        assert batch.counts["changed"] == 2
        room = Premises.objects.get(pk=world.premises["community"].pk)
        room.floor += "层"
        actions.save(room, by=None)
        batch = confirmed(batch, mode)
        assert (batch.state, batch.counts["refused"]) == (state, 1)
        assert Premises.objects.filter(area=201).count() == written
        content = exported(world)
        content = edited(content, lambda sheet: (sheet.__setitem__("F5", 200), sheet.__setitem__("F6", 201)))


def test_a_role_lost_between_upload_and_word(world: World, send: Send) -> None:
    batch = send(book([row()]))
    clerk = world.users["street_clerk"]
    clerk.role_assignments.update(deleted_at="2026-01-01T00:00:00Z")
    clerk.__dict__.pop("_held_roles", None)
    imports.confirm(batch, mode="good_rows", by=clerk)
    imports.work(batch.public_id)
    batch.refresh_from_db()
    assert batch.state == "refused"
    assert not Premises.objects.filter(name="新办公室").exists()


def test_templates_know_what_they_are_for(world: World, send: Send) -> None:
    file = io.BytesIO()
    clerk = world.users["street_clerk"]
    imports.write_template(file, register="premises", division=world.street, by=clerk)
    content = edited(
        file.getvalue(), lambda sheet: [sheet.cell(5, n + 2, v or None) for n, v in enumerate(GOOD)]
    )
    assert heads_of(world)[0] == "系统编号"
    assert len(heads_of(world)) == len(HEADS) + 1
    assert send(content).counts["created"] == 1
    other = send(content, register="committee")
    assert (other.state, other.refusal_code) in {("refused", "no_head"), ("refused", "other_register")}
    elsewhere = send(content, division=world.community)
    assert (elsewhere.refusal_code, "与所选的地区「一社区」不符" in elsewhere.refusal) == (
        "other_place",
        True,
    )

    def forge(path: str) -> bytes:
        workbook = openpyxl.load_workbook(io.BytesIO(content))
        workbook["_identity"]["A1"] = path
        out = io.BytesIO()
        workbook.save(out)
        return out.getvalue()

    assert send(forge("forged:mark")).refusal_code == "identity"


def test_an_old_template_is_good_for_one_quarter_more(world: World, send: Send, monkeypatch: Any) -> None:
    content = exported(world)
    from communities.actions.imports import identities

    now = identities.quarter_now()
    monkeypatch.setattr(identities, "quarter_now", lambda: now + 1)
    assert send(content).state == "ready"
    monkeypatch.setattr(identities, "quarter_now", lambda: now + 2)
    assert send(content[:-1] + content[-1:], name="b.xlsx").refusal_code in {"too_old", ""}


def test_the_same_file_twice_is_recognised(world: World, send: Send) -> None:
    content = book([row()])
    old = send(content)
    # Checked anew under its new name: what stood in the register may have changed since.
    first = send(content, name="又一次.xlsx")
    old.refresh_from_db()
    assert (old.state, first.state, first.file_name) == ("expired", "ready", "又一次.xlsx")
    confirmed(first)
    again = send(content)
    assert again.repeats_id == first.pk
    assert again.counts == {"created": 0, "changed": 0, "unchanged": 1, "refused": 0}
    assert send(book([row(建筑面积=99)])).counts["refused"] == 1


def test_areas_in_ten_thousands_are_read(world: World, send: Send) -> None:
    batch = send(book([row(建筑面积="1.5万"), row(建筑面积="0.2万平方米", 用房名称="另一处")]))
    assert (batch.refusal, told(batch)) == ("", [])
    confirmed(batch)
    assert sorted(Premises.objects.filter(area__gte=2000).values_list("area", flat=True)) == [2000, 15000]


def test_zones_never_exceed_the_rooms(world: World, send: Send) -> None:
    room = world.premises["community"]
    room.functions.create(function="other", area=90)
    batch = send(edited(exported(world), lambda sheet: sheet.__setitem__("F5", 80)))
    assert told(batch) == [("建筑面积(平方米)", "各功能分区面积合计不能超过用房面积。")]


def test_what_a_row_names_already_may_stay(world: World, send: Send) -> None:
    """A community closed since, a committee removed since: the row comes back unchanged, no other may name them."""
    world.community.is_closed = True
    world.community.save(update_fields=["is_closed"])
    Committee.objects.filter(pk=world.committees["neighbour"].pk).update(deleted_at="2026-01-01T00:00:00Z")
    content = exported(world)
    batch = send(content)
    assert (told(batch), batch.counts["unchanged"]) == ([], 2)
    batch = send(edited(content, lambda sheet: (sheet.__setitem__("D6", "一社区"), sheet.__setitem__("E6", None),
                                                sheet.__setitem__("C6", "活动场所"))))  # fmt: skip
    assert told(batch) == [("所在社区", "所填的记录已停用、已删除，或不在您的管辖范围内。")]


def test_a_committee_removed_between_preview_and_word(world: World, send: Send) -> None:
    batch = send(book([row()]))
    Committee.objects.filter(pk=world.committees["community"].pk).update(deleted_at="2026-01-01T00:00:00Z")
    batch = confirmed(batch)
    assert (batch.state, batch.counts["created"], batch.counts["refused"]) == ("done", 0, 1)
    assert told(batch) == [("使用单位", "所填的记录已停用、已删除，或不在您的管辖范围内。")]


def test_names_that_repeat_are_told_apart_by_code(world: World, send: Send) -> None:
    twin = factories.community("一社区", world.street)
    factories.premises(twin, "service", name="孪生")
    batch = send(exported(world))
    assert (told(batch), batch.counts["unchanged"]) == ([], 3)
    assert "不止一个" in told(send(book([row(使用单位="", 用途="活动场所")])))[0][1]
    right = send(book([row(所在社区=f"一社区({twin.code_now})", 使用单位="", 用途="活动场所")]))
    assert right.counts["created"] == 1


@pytest.mark.parametrize("register", ["committee", "nil-statement", "household-count", "exemption"])
def test_every_register_comes_back_unchanged(world: World, send: Send, register: str) -> None:
    from communities.models import Exemption, PremisesNilStatement

    factories.household_count(world.community)
    PremisesNilStatement.objects.create(
        division=world.community, kind="activity", stated_on="2026-01-01", note="=无"
    )
    Exemption.objects.create(
        key="premises.office.area", division=world.community, committee=world.committees["community"],
        valid=("2026-01-01", "2027-01-01"), reason="危改", decision_number="1", decided_by="区民政局",
    )  # fmt: skip
    clerk = world.users["street_clerk"]
    model = imports.registers()[register]._meta.model
    file = io.BytesIO()
    rows = model.objects.visible_to(clerk).live().below(world.street.path_now)
    imports.write_register(file, rows, register=register, division=world.street, by=clerk)
    batch = send(file.getvalue(), register=register)
    assert (batch.refusal, told(batch)) == ("", [])
    assert batch.counts == {"created": 0, "changed": 0, "unchanged": rows.count(), "refused": 0}


def test_numbers_that_a_column_cannot_hold_are_refused(world: World, send: Send) -> None:
    """Said by the field itself: page, API and workbook alike, before anything reaches the database."""
    heads = ["名称", "类别", "所在社区", "存续期开始", "存续期结束", "届次", "选举日期", "任期届满日"]
    form = imports.form_for(imports.registers()["committee"], world.users["street_clerk"], world.street)
    kind = str(form.fields["kind"].choices[0][1])
    rows = [[f"委{n}", kind, "一社区", "", "", term, "", ""] for n, term in enumerate((-1, 0, 99999))]
    batch = send(book(rows, heads), register="committee")
    assert batch.refusal == ""
    assert told(batch) == [("届次", "不能小于 0。"), ("届次", "不能大于 32,767。")]
    assert confirmed(batch).counts["created"] == 1
    page = forms.CommitteeForm({"term_number": "99999"}, user=world.users["street_clerk"])
    assert page.errors["term_number"] == ["不能大于 32,767。"]


def test_what_comes_back_says_of_itself_what_was_sent(world: World, send: Send) -> None:
    """A damaged identity stays as it was, a row that is gone and a second one of a row keep their own."""
    room = Premises.objects.order_by("division_now__path_now", "pk")[0]
    content = exported(world)
    own = f"{room.public_id}#{room.version}"

    def spoil(sheet: Any) -> None:
        sheet["A5"] = own.partition("#")[0]
        for column in range(1, sheet.max_column + 1):
            sheet.cell(7, column).value = sheet.cell(6, column).value
            sheet.cell(8, column).value = sheet.cell(6, column).value
        sheet["A8"] = "0190a0a0-0000-7000-8000-000000000000#4"

    batch = send(edited(content, spoil))
    assert batch.counts["refused"] == 3, told(batch)
    twice = batch.rows.get(outcome="unchanged")
    file = io.BytesIO()
    imports.write_refused(file, batch)
    sheet = openpyxl.load_workbook(io.BytesIO(file.getvalue())).worksheets[0]
    assert [sheet.cell(at, 2).value for at in (5, 6, 7)] == [
        own.partition("#")[0], f"{twice.object_id}#{twice.object_version}",
        "0190a0a0-0000-7000-8000-000000000000#4",
    ]  # fmt: skip
    assert sheet.protection.sheet
    assert not sheet["B5"].protection.locked
    assert not sheet["D5"].protection.locked


def test_other_units_and_examples_that_were_written_over(world: World, send: Send) -> None:
    heads = ["建筑面积(亩)" if head == "建筑面积" else head for head in HEADS]
    assert send(book([row()], heads)).refusal == "表头「建筑面积(亩)」的单位应为「平方米」，请换算后再导入。"
    file = io.BytesIO()
    imports.write_template(file, register="premises", division=world.street, by=world.users["street_clerk"])
    assert send(file.getvalue()).refusal_code == "no_rows"
    batch = send(edited(file.getvalue(), lambda sheet: sheet.__setitem__("B4", "真的一间")))
    assert "第一列写着「示例」" in told(batch)[0][1]
    other = send(file.getvalue(), register="household-count")
    assert other.refusal == "这是另一种台账的模板，请在对应的台账中导入。"
