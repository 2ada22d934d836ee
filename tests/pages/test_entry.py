"""Rows entered, corrected, removed and brought back in the browser, as a clerk and against another clerk."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from communities.models import (
    ChangeRecord,
    Clause,
    DirtyMark,
    HouseholdCount,
    Premises,
    PremisesFunctionArea,
    Threshold,
)
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader

pytestmark = pytest.mark.django_db

NEW = "/premises/new/"


def filled(world: World, **changes: Any) -> dict[str, Any]:
    """A room as a clerk would type it."""
    return {
        "name": "新办公室",
        "kind": "office",
        "division_now": str(world.community.public_id),
        "committee": str(world.committees["community"].public_id),
        "area": "1,234.5",
        "tenure": "owned",
        "obtained_on": "2025年3月1日",
    } | changes


def edit_of(room: Premises) -> str:
    return reverse("premises-edit", args=[room.public_id])


def as_shown(page: str) -> dict[str, str]:
    """The fields of a form as the page holds them: what a browser would send back untouched."""
    fields = dict(re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    for name, body in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        fields[name] = chosen.group(1) if chosen else ""
    return {
        name: value
        for name, value in fields.items()
        if name not in {"csrfmiddlewaretoken", "q", "next", "switch"}
    }


def test_a_clerk_enters_a_room(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    assert "登记" in clerk.get("/premises/").content.decode()
    page = clerk.get(NEW, {"place": world.community.public_id}).content.decode()
    assert f'value="{world.community.public_id}" selected' in page
    assert FOREIGN not in page
    answer = clerk.post(NEW, filled(world, area="1，234．5平方米"))
    room = Premises.objects.get(name="新办公室")
    assert (answer.status_code, answer.url) == (302, reverse("premises-detail", args=[room.public_id]))
    assert (room.area, room.obtained_on) == (Decimal("1234.50"), dt.date(2025, 3, 1))
    record = ChangeRecord.objects.get(object_id=room.public_id)
    assert (record.verb, record.user) == ("create", world.users["street_clerk"])
    assert DirtyMark.objects.filter(division=world.community).exists()
    assert "已登记「新办公室」" in clerk.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " \u3000"}, "请填写此项。"),
        ({"area": "一百"}, "请填写数字，例如 120.5。"),
        ({"area": "12.345"}, "最多保留 2 位小数。"),
        ({"area": "0"}, "面积须大于 0 平方米。"),
        ({"area": "1e3"}, "请填写数字"),
        ({"area": "万"}, "请填写数字"),
        ({"area": "1.5万亿"}, "请填写数字"),
        ({"area": "0.0000001万"}, "最多保留 2 位小数。"),
        ({"area": "1亿"}, "面积不能超过 100,000 平方米。"),
        ({"area": "999999999999"}, "数字过大。"),
        ({"kind": "palace"}, "不在可选范围内"),
        ({"obtained_on": "2025-02-30"}, "请填写日期"),
        ({"obtained_on": "0226-02-03"}, "年份须在 1900 至 2100 之间。"),
        ({"lost_on": "2025-01-01", "lost_reason": "拆迁"}, "失去日期须晚于取得日期。"),
        ({"lost_on": "2026-01-01"}, "失去日期和失去原因须同时填写。"),
        ({"committee": ""}, "办公用房须填写使用单位。"),
        ({"is_temporary": "on"}, "临时过渡用房须填写过渡期限"),
        ({"name": "坏\x00名"}, "「坏」之后(第 2 个字)有看不见的控制字符"),
        ({"name": "\x00名"}, "开头有看不见的控制字符，请全部删去，重新输入。"),
        ({"name": "名" * 101}, "最多 100 个字，现有 101 个。"),
    ],
)
def test_bad_values_are_named_and_nothing_is_saved(
    world: World, as_role: Reader, changes: dict[str, str], message: str
) -> None:
    before = Premises.objects.count()
    answer = as_role("street_clerk").post(NEW, filled(world, **changes))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert message in text
    assert re.findall("没有保存：有 1 处需要修改", text), re.findall(
        r'class="alert.*?</section>', text, re.DOTALL
    )
    assert Premises.objects.count() == before
    assert "新办公室" in text or "name" in changes  # what was typed is still there


def test_all_that_is_wrong_is_said_at_once(world: World, as_role: Reader) -> None:
    text = as_role("street_clerk").post(NEW, filled(world, name="", area="x", kind="")).content.decode()
    assert "有 3 处需要修改" in text
    assert 'href="#id_area"' in text


def test_foreign_places_cannot_be_named(world: World, as_role: Reader) -> None:
    """Neither by id nor by name, and the answer does not tell a foreign one from one that does not exist."""
    clerk = as_role("street_clerk")
    said = []
    for place in (str(world.other_community.public_id), "外社区", "0190a0a0-0000-7000-8000-000000000000"):
        answer = clerk.post(NEW, filled(world, division_now=place, committee="", kind="service"))
        assert answer.status_code == 422
        said += re.findall(r"没有找到[^<]*", answer.content.decode())[:1]
    assert len(said) == 3
    assert len({text.split("」")[1] for text in said}) == 1


def test_a_form_sent_back_untouched_changes_nothing(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    clerk = as_role("street_clerk")
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    answer = clerk.post(edit_of(room), shown | {"change_reason": "只有原因"}, follow=True)
    said = answer.content.decode()
    assert "「一社区用房」没有改动，未保存。" in said
    assert "已保存" not in said
    room.refresh_from_db()
    assert room.version == 1
    assert not ChangeRecord.objects.filter(object_id=room.public_id).exists()


def test_the_second_of_two_editors_sees_what_the_first_wrote(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    mine, theirs = (as_shown(each.get(edit_of(room)).content.decode()) for each in (clerk, officer))
    assert officer.post(edit_of(room), theirs | {"area": "88"}).status_code == 302
    answer = clerk.post(edit_of(room), mine | {"area": "99"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "district_officer" in text
    assert re.search(r"建筑面积</th><td>88.00</td><td>99.00", text)
    room.refresh_from_db()
    assert room.area == 88
    assert clerk.post(edit_of(room), as_shown(text)).status_code == 302
    room.refresh_from_db()
    assert room.area == 99


def test_removed_with_a_reason_and_brought_back(world: World, as_role: Reader) -> None:
    room = world.premises["community"]
    PremisesFunctionArea.objects.create(premises=room, function="service_station", area=9)
    clerk = as_role("street_clerk")
    url = reverse("premises-remove", args=[room.public_id])
    version = as_shown(clerk.get(url).content.decode())["version"]
    assert "请填写删除原因" in clerk.post(url, {"version": version}).content.decode()
    assert clerk.post(url, {"version": version, "reason": "重复登记"}).status_code == 302
    room.refresh_from_db()
    assert (room.deleted_by, room.deleted_reason) == (world.users["street_clerk"], "重复登记")
    back = reverse("premises-bring-back", args=[room.public_id])
    assert back in clerk.get("/premises/").content.decode()
    assert "重复登记" in clerk.get(reverse("premises-detail", args=[room.public_id])).content.decode()
    assert "重复登记" in clerk.get(back).content.decode()
    assert clerk.post(back).status_code == 302
    room.refresh_from_db()
    assert room.deleted_at is None
    verbs = (
        ChangeRecord.objects.filter(object_id=room.public_id).order_by("pk").values_list("verb", flat=True)
    )
    assert list(verbs) == ["delete", "restore"]


def test_a_committee_with_rooms_stays(world: World, as_role: Reader) -> None:
    body = world.committees["community"]
    url = reverse("committee-remove", args=[body.public_id])
    clerk = as_role("street_clerk")
    text = clerk.get(url).content.decode()
    assert "暂不能删除" in text
    assert "一社区用房" in text
    assert clerk.post(url, {"version": "1", "reason": "误登"}).status_code == 422
    body.refresh_from_db()
    assert body.deleted_at is None


@pytest.mark.parametrize("role", ["auditor", "platform_administrator", "standards_officer", "nobody"])
def test_who_may_not_write_finds_no_door(world: World, as_role: Reader, role: str) -> None:
    reader, room = as_role(role), world.premises["community"]
    assert reader.get(NEW).status_code == 403
    assert reader.get(edit_of(room)).status_code == 403
    if role == "standards_officer":
        assert "edit" not in reader.get(reverse("premises-detail", args=[room.public_id])).content.decode()


def test_foreign_rows_are_not_found(world: World, as_role: Reader) -> None:
    clerk, room = as_role("street_clerk"), world.premises["other_community"]
    for name in ("edit", "remove", "bring-back"):
        url = reverse(f"premises-{name}", args=[room.public_id])
        assert clerk.post(url, {"version": "1", "reason": "x"}).status_code == 404


@pytest.mark.parametrize("register", ["committee", "nil-statement", "household-count", "exemption"])
def test_every_register_has_its_page(world: World, as_role: Reader, register: str) -> None:
    page = as_role("street_clerk").get(reverse(f"{register}-new")).content.decode()
    assert "保存" in page
    assert FOREIGN not in page


def test_a_count_is_entered_once(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    asked = {
        "division": "一社区",
        "source": "公安户籍登记",
        "definition": "registered",
        "counted_on": "2026.6.30",
        "households": "１，２００户",
        "residents": "3000",
    }
    answer = clerk.post("/household-counts/new/", asked)
    assert answer.status_code == 302, re.findall(r'class="wrong".*?</p>', answer.content.decode())
    assert HouseholdCount.objects.get().households == 1200
    again = clerk.post("/household-counts/new/", asked)
    assert "已有数据" in again.content.decode()


def test_more_rows_than_a_list_shows_are_named(
    world: World, as_role: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form sent back untouched keeps community and committee, however many there are to choose from."""
    monkeypatch.setattr("communities.base.entry.fields.MOST_OFFERED", 1)
    room, clerk = world.premises["community"], as_role("district_officer")
    page = clerk.get(edit_of(room)).content.decode()
    assert 'value="一社区"' in page
    shown = as_shown(page)
    assert clerk.post(edit_of(room), shown | {"area": "77"}).status_code == 302
    room.refresh_from_db()
    assert (room.area, room.committee, room.division_now) == (
        77,
        world.committees["community"],
        world.community,
    )


def test_what_a_row_names_already_may_stay(world: World, as_role: Reader) -> None:
    """A community since closed cannot be chosen, and its rooms can be corrected all the same."""
    room, clerk = world.premises["community"], as_role("street_clerk")
    type(world.community).objects.filter(pk=world.community.pk).update(is_closed=True)
    assert str(world.community.public_id) not in clerk.get(NEW).content.decode().split("<main", 1)[1]
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    assert clerk.post(edit_of(room), shown | {"area": "66"}).status_code == 302
    room.refresh_from_db()
    assert (room.area, room.division_now) == (66, world.community)


def test_zones_are_entered_with_their_rooms(world: World, as_role: Reader) -> None:
    """New ones in empty lines, corrected in theirs, taken out by their box: one act with the rooms."""
    room, clerk = world.premises["community"], as_role("street_clerk")
    kept = PremisesFunctionArea.objects.create(premises=room, function="service_station", area=20)
    gone = PremisesFunctionArea.objects.create(premises=room, function="storage", area=10)
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    assert (shown["functions-0-area"], shown["functions-lines"]) == ("20.00", "5")
    line = {str(kept.public_id): "0", str(gone.public_id): "1"}
    assert {shown[f"functions-{number}-id"]: number for number in ("0", "1")} == line
    changed = {"functions-0-area": "25", "functions-1-goes": "on"}
    new = {"functions-3-function": "reading", "functions-3-area": "30平方米"}
    assert clerk.post(edit_of(room), shown | changed | new).status_code == 302
    now = room.functions.live().order_by("area").values_list("function", "area")
    assert list(now) == [("service_station", 25), ("reading", 30)]
    records = ChangeRecord.objects.filter(model="communities.PremisesFunctionArea")
    assert sorted(records.values_list("verb", flat=True)) == ["change", "create", "delete"]
    assert records.values("act").distinct().count() == 1


def test_zones_larger_than_the_rooms_are_refused(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    shown = as_shown(clerk.get(edit_of(room)).content.decode())
    answer = clerk.post(
        edit_of(room), shown | {"functions-0-function": "reading", "functions-0-area": "120.01"}
    )
    text = answer.content.decode()
    told = '<a href="#id_area">建筑面积</a>：各功能分区面积合计不能超过用房面积。'
    assert (answer.status_code, told in text) == (422, True)
    answer = clerk.post(edit_of(room), shown | {"functions-0-function": "reading", "functions-0-area": "x"})
    text = answer.content.decode()
    assert re.findall("有 1 处需要修改", text)
    assert 'href="#id_functions-0-area"' in text
    assert not room.functions.exists()


def test_a_document_is_entered_with_its_clauses(world: World, as_role: Reader) -> None:
    """And a number that one of them sets, in the unit of its key."""
    officer = as_role("standards_officer")
    asked = {
        "title": "社区用房标准",
        "issuer": "区民政局",
        "kind": "district",
        "jurisdiction": "甲区",
        "valid_0": "2026-01-01",
        "clauses-lines": "3",
        "clauses-0-label": "第一条",
        "clauses-0-position": "1",
        "clauses-0-text": "办公用房不少于八十平方米。",
        "clauses-1-position": "0",
    }
    answer = officer.post("/policy-documents/new/", asked)
    assert answer.status_code == 302, re.findall(r'class="wrong".*?</p>', answer.content.decode())
    clause = Clause.objects.get()
    assert (clause.label, clause.document.title) == ("第一条", "社区用房标准")
    page = officer.get(answer.url).content.decode()
    assert reverse("policy-document-edit", args=[clause.document.public_id]) in page
    number = {
        "key": "premises.office.area",
        "operator": "ge",
        "low": "80",
        "clause": str(clause.public_id),
        "jurisdiction": "甲区",
        "valid_0": "2026-01-01",
        "force": "default",
        "building_classes": ["new", "old"],
        "households_0": "1000",
        "households_1": "2999",
    }
    answer = officer.post("/thresholds/new/", number)
    assert answer.status_code == 302, re.findall(r'class="wrong".*?</p>', answer.content.decode())
    row = Threshold.objects.get()
    assert (row.unit, row.building_classes, row.households.upper) == ("平方米", ["new", "old"], 3000)
    form = officer.get(reverse("threshold-edit", args=[row.public_id])).content.decode()
    assert re.search(r'name="households_1" value="2999"', form)
    assert len(re.findall(r'<option value="(?:new|old)" selected', form)) == 2


def test_a_row_like_one_that_stands_is_asked_about(world: World, as_role: Reader) -> None:
    """In the words of a workbook; over REST a row is what its caller says it is."""
    clerk, rooms = as_role("street_clerk"), Premises.objects.filter(name="新办公室")
    assert clerk.post(NEW, filled(world)).status_code == 302
    for change in ({"name": "别的"}, {"obtained_on": "2025-03-02"}, {"kind": "service", "committee": ""}):
        assert clerk.post(NEW, filled(world, **change)).status_code == 302
    asked = clerk.post(NEW, filled(world, area="77"))
    page = asked.content.decode()
    assert (asked.status_code, rooms.filter(obtained_on="2025-03-01", kind="office").count()) == (409, 1)
    assert "已登记过相同的记录。" in page
    assert reverse("premises-detail", args=[rooms.earliest("pk").public_id]) in page
    assert as_shown(page)["area"] == "77"
    assert clerk.post(NEW, filled(world, area="77", again="1")).status_code == 302
    body = {name: value for name, value in filled(world, area="78").items() if name != "division_now"}
    sent = body | {"division": str(world.community.public_id), "obtained_on": "2025-03-01"}
    assert clerk.post("/api/v1/premises/", sent, content_type="application/json").status_code == 201


def test_without_a_day_and_removed_ones(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    blank = filled(world, obtained_on="")
    assert clerk.post(NEW, blank).status_code == 302
    assert clerk.post(NEW, blank).status_code == 409
    Premises.objects.filter(name="新办公室").update(deleted_at=timezone.now(), deleted_reason="x")
    assert clerk.post(NEW, blank).status_code == 302
    # What is wrong anyway is told first, and a correction is no second row.
    assert clerk.post(NEW, blank | {"area": "x"}).status_code == 422
    room = Premises.objects.live().get(name="新办公室")
    page = clerk.get(edit_of(room)).content.decode()
    assert clerk.post(edit_of(room), as_shown(page) | {"area": "66"}).status_code == 302


def test_lines_end_alike_at_every_door(world: World, as_role: Reader) -> None:
    """Browsers send CR LF: a document saved unchanged is none the newer for it."""
    clause = factories.clause(world.district, text="第一行\n第二行")
    document = clause.document
    type(document).objects.filter(pk=document.pk).update(text="甲\n乙")
    officer = as_role("standards_officer")
    url = reverse("policy-document-edit", args=[document.public_id])
    shown = as_shown(officer.get(url).content.decode())
    sent = shown | {"text": "甲\r\n乙", "clauses-0-text": "第一行\r\n第二行"}
    assert officer.post(url, sent).status_code == 302
    document.refresh_from_db()
    clause.refresh_from_db()
    assert (document.version, document.text) == (1, "甲\n乙")
    assert (clause.version, clause.text) == (1, "第一行\n第二行")
