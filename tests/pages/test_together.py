"""Rows ticked in a list and changed together: counted first, all or none, nothing out of one's places."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from communities.base import actions
from communities.models import ChangeRecord, Premises
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader

pytestmark = pytest.mark.django_db

KEYS_FREED = ("premises.office.area", "premises.service.area")
BULK = "/premises/bulk/"


@pytest.fixture
def rooms(world: World) -> list[Premises]:
    """Two rooms in 一社区 and one in 二社区."""
    body = world.committees["community"]
    more = factories.premises(world.community, "office", "80", committee=body, name="一社区旧房")
    return [world.premises["community"], more, world.premises["neighbour"]]


def ids(rooms: list[Any]) -> list[str]:
    return [str(room.public_id) for room in rooms]


def read(page: str) -> list[str]:
    """The rows with the versions that the page read."""
    return re.findall(r'name="row" value="([0-9a-f-]{36}:\d+)"', page)


def change(marks: list[str], **values: Any) -> dict[str, Any]:
    return {"step": "save", "row": marks, "change_reason": "普查更正"} | values


def test_a_list_offers_boxes_to_those_who_may_write(as_role: Reader) -> None:
    page = as_role("street_clerk").get("/premises/").content.decode()
    assert 'aria-label="选择 一社区用房"' in page
    assert "选择全部 2 条筛选结果" in page
    assert 'name="row"' not in as_role("standards_officer").get("/premises/").content.decode()
    assert 'name="row"' not in as_role("street_clerk").get("/divisions/").content.decode()


def test_count_and_places_are_said_first(rooms: list[Premises], as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    page = clerk.post(BULK, {"row": ids(rooms)}).content.decode()
    assert "将修改 3 条社区用房，涉及 1 个街镇的 2 个社区" in page
    assert "一社区 2 条、二社区 1 条" in page
    assert page.index("将修改 3 条") < page.index('name="ticked_tenure"')
    assert len(read(page)) == 3
    assert 'name="division_now"' not in page
    assert 'name="name"' not in page
    assert FOREIGN not in page


def test_only_ticked_fields_change_in_one_act(rooms: list[Premises], as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    asked = change(marks, ticked_tenure="on", tenure="rented", back="kind=office&sort=area")
    answer = clerk.post(BULK, asked)
    assert answer.status_code == 302, re.findall(r"<main.*?</section>", answer.content.decode(), re.DOTALL)
    assert answer.url == "/premises/?kind=office&sort=area"
    assert "已修改 3 条。" in clerk.get(answer.url).content.decode()
    assert {room.tenure for room in Premises.objects.filter(public_id__in=ids(rooms))} == {"rented"}
    records = ChangeRecord.objects.filter(object_id__in=ids(rooms))
    assert (records.count(), records.values("act").distinct().count()) == (3, 1)
    assert {record.reason for record in records} == {"普查更正"}
    assert {tuple(record.after) for record in records} == {("tenure",)}
    # Once more: nothing differs, nothing is written.
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    clerk.post(BULK, change(marks, ticked_tenure="on", tenure="rented"))
    assert records.count() == 3


@pytest.mark.parametrize(
    ("values", "message", "target"),
    [
        ({}, "请至少勾选一个要修改的项目。", ""),
        ({"tenure": "rented"}, "没有勾选", "id_tenure"),
        ({"ticked_area": "on", "area": "十"}, "请填写数字", "id_area"),
        ({"ticked_area": "on", "area": ""}, "请填写此项。", "id_area"),
        ({"ticked_is_zoned": "on"}, "请填写此项。", "id_is_zoned"),
        ({"ticked_lost_on": "on", "lost_on": "2026-02-30"}, "请填写日期", "id_lost_on"),
        (
            {"ticked_tenure": "on", "tenure": "rented", "change_reason": " "},
            "请填写修改原因",
            "id_change_reason",
        ),
    ],
)
def test_what_is_wrong_is_told_on_top_and_at_its_field(
    rooms: list[Premises], as_role: Reader, values: dict[str, str], message: str, target: str
) -> None:
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    answer = clerk.post(BULK, change(marks, **values))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>有 1 处需要修改" in page
    assert page.count(message) == (2 if target else 1)
    if target:
        assert f'<a href="#{target}">' in page
        assert f'id="{target}"' in page
    assert not ChangeRecord.objects.exists()


def test_one_row_that_cannot_be_changed_keeps_all(rooms: list[Premises], as_role: Reader) -> None:
    """It is named with its reason; left out with one tick, the others are changed with nothing typed again."""
    Premises.objects.filter(pk=rooms[1].pk).update(obtained_on="2026-03-01")
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    asked = change(
        marks, ticked_lost_on="on", lost_on="2026-01-01", ticked_lost_reason="on", lost_reason="拆迁"
    )
    answer = clerk.post(BULK, asked)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "3 条中有 1 条不能这样修改，全部未改动" in page
    assert "失去日期须晚于取得日期" in page
    assert reverse("premises-detail", args=[rooms[1].public_id]) in page
    assert not Premises.objects.filter(lost_on__isnull=False).exists()
    assert 'value="2026-01-01"' in page
    assert "这 1 条都不改，只改其余 2 条" in page
    refused = re.findall(r'name="refused" value="([^"]+)"', page)
    assert refused == [str(rooms[1].public_id)]
    again = asked | {"row": read(page), "refused": refused, "leave": "refused"}
    assert clerk.post(BULK, again).status_code == 302
    assert Premises.objects.filter(lost_on="2026-01-01").count() == 2


def test_a_row_changed_meanwhile_is_named_with_who(rooms: list[Premises], as_role: Reader) -> None:
    clerk, officer = as_role("street_clerk"), as_role("district_officer")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    theirs = read(officer.post(BULK, {"row": ids(rooms[:1])}).content.decode())
    assert officer.post(BULK, change(theirs, ticked_floor="on", floor="二层")).status_code == 302
    answer = clerk.post(BULK, change(marks, ticked_floor="on", floor="一层"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "3 条中有 1 条" in page
    assert re.search("已被 district_officer 于 .* 修改", page)
    assert not Premises.objects.filter(floor="一层").exists()
    asked = change(read(page), ticked_floor="on", floor="一层") | {"told": told(page)}
    assert clerk.post(BULK, asked).status_code == 302
    assert Premises.objects.filter(floor="一层").count() == 3


def told(page: str) -> list[str]:
    """The clashes that a page has shown."""
    return re.findall(r'name="told" value="([^"]+)"', page)


def wrote(room: Premises, world: World, **values: Any) -> None:
    """Somebody else changes a row."""
    stored = Premises.objects.get(pk=room.pk)
    for name, value in values.items():
        setattr(stored, name, value)
    actions.save(stored, by=world.users["district_officer"])


@pytest.mark.parametrize("other", ["no reason", "removed meanwhile"])
def test_a_page_refused_for_another_reason_keeps_the_versions_of_its_first_showing(
    world: World, rooms: list[Premises], as_role: Reader, other: str
) -> None:
    clerk = as_role("street_clerk")
    asked = change(
        read(clerk.post(BULK, {"row": ids(rooms)}).content.decode()), ticked_floor="on", floor="六楼"
    )
    wrote(rooms[0], world, floor="三楼")
    if other == "removed meanwhile":
        actions.remove(
            Premises.objects.get(pk=rooms[1].pk), by=world.users["district_officer"], reason="误登"
        )
        answer = clerk.post(BULK, asked)
    else:
        answer = clerk.post(BULK, asked | {"change_reason": ""})
    assert answer.status_code == 422
    answer = clerk.post(BULK, asked | {"row": read(answer.content.decode())})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "已被 district_officer 于" in page
    assert Premises.objects.get(pk=rooms[0].pk).floor == "三楼"
    assert not Premises.objects.filter(floor="六楼").exists()
    # A fault of one's own on top does not take the knowledge of the clash away again.
    asked |= {"row": read(page), "told": told(page)}
    page = clerk.post(BULK, asked | {"change_reason": ""}).content.decode()
    assert clerk.post(BULK, asked | {"row": read(page), "told": told(page)}).status_code == 302


def test_a_clash_shows_what_the_other_wrote_and_what_is_entered(
    world: World, rooms: list[Premises], as_role: Reader
) -> None:
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    wrote(rooms[0], world, floor="三楼", tenure="rented")
    both = {"ticked_floor": "on", "floor": "六楼", "ticked_tenure": "on", "tenure": "rented"}
    page = clerk.post(BULK, change(marks, **both)).content.decode()
    assert '<th scope="row">楼层</th><td>三楼</td><td>六楼</td>' in page
    assert '<th scope="row">权属性质</th>' not in page
    assert page.count("<td>六楼</td>") == 1


def test_a_clash_that_is_not_shown_is_not_taken_as_read(
    world: World, rooms: list[Premises], as_role: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("communities.base.entry.together.REFUSALS_SHOWN", 1)
    clerk = as_role("street_clerk")
    asked = change(
        read(clerk.post(BULK, {"row": ids(rooms)}).content.decode()), ticked_floor="on", floor="六楼"
    )
    for room in rooms[:2]:
        wrote(room, world, floor="三楼")
    for number in (2, 1):
        page = clerk.post(BULK, asked).content.decode()
        assert f"3 条中有 {number} 条" in page
        asked |= {"row": read(page), "told": told(page)}
    assert clerk.post(BULK, asked).status_code == 302


def test_a_field_ticked_after_the_clash_is_told_as_well(
    world: World, rooms: list[Premises], as_role: Reader
) -> None:
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    wrote(rooms[0], world, floor="三楼", address="他人路 1 号")
    one = {"ticked_address": "on", "address": "我路 2 号"}
    page = clerk.post(BULK, change(marks, **one)).content.decode()
    assert "<td>他人路 1 号</td><td>我路 2 号</td>" in page
    assert "三楼" not in page
    both = one | {"ticked_floor": "on", "floor": "六楼"}
    answer = clerk.post(BULK, change(read(page), **both) | {"told": told(page)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<th scope="row">楼层</th><td>三楼</td><td>六楼</td>' in page
    assert Premises.objects.get(pk=rooms[0].pk).floor == "三楼"
    assert clerk.post(BULK, change(read(page), **both) | {"told": told(page)}).status_code == 302


def test_rows_without_the_version_that_was_read_are_not_written_over(
    rooms: list[Premises], as_role: Reader
) -> None:
    clerk = as_role("street_clerk")
    answer = clerk.post(BULK, change(ids(rooms), ticked_floor="on", floor="六楼"))
    assert answer.status_code == 422
    assert not Premises.objects.filter(floor="六楼").exists()


def test_why_rows_change_is_no_field_of_theirs(world: World, as_role: Reader) -> None:
    """An exemption has grounds of its own, called 原因 as well."""
    rows: list[Any] = [factories.exemption(world.community, key=key) for key in KEYS_FREED]
    for row in rows:
        row.refresh_from_db()
    clerk, bulk = as_role("street_clerk"), "/exemptions/bulk/"
    marks = read(clerk.post(bulk, {"row": ids(rows)}).content.decode())
    answer = clerk.post(bulk, change(marks, ticked_review_on="on", review_on="2026-12-31"))
    assert answer.status_code == 302, answer.content.decode()
    for row in rows:
        row.refresh_from_db()
        assert (row.reason, str(row.review_on)) == ("危房改造", "2026-12-31")
    marks = read(clerk.post(bulk, {"row": ids(rows)}).content.decode())
    answer = clerk.post(bulk, change(marks, ticked_reason="on", reason="拆迁"))
    assert answer.status_code == 302, answer.content.decode()
    rows[0].refresh_from_db()
    assert rows[0].reason == "拆迁"


def test_foreign_unknown_and_deleted_rows_are_left_out_alike(world: World, as_role: Reader) -> None:
    own, foreign = world.premises["community"], world.premises["other_community"]
    clerk = as_role("street_clerk")
    for other in (str(foreign.public_id), "0190a0a0-0000-7000-8000-000000000000"):
        page = clerk.post(BULK, {"row": [str(own.public_id), other]}).content.decode()
        assert "所选记录中有 1 条已删除或不在您可修改的范围内" in page
        assert len(read(page)) == 1
        answer = clerk.post(
            BULK, change([f"{own.public_id}:1", f"{other}:1"], ticked_floor="on", floor="九层")
        )
        assert answer.status_code == 422
    assert (
        clerk.post(BULK, change([f"{foreign.public_id}:1"], ticked_floor="on", floor="九层")).status_code
        == 409
    )
    assert not Premises.objects.filter(floor="九层").exists()


def test_all_that_the_filters_leave(world: World, rooms: list[Premises], as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    answer = clerk.get("/premises/chosen/", {"place": world.community.public_id, "sort": "-area"})
    assert set(answer.json()["ids"]) == set(ids(rooms[:2]))
    page = clerk.post(f"{BULK}?place={world.community.public_id}", {"all": "1"}).content.decode()
    assert len(read(page)) == 2
    assert clerk.get("/premises/chosen/", {"odd": "1"}).status_code == 400
    assert clerk.get("/premises/chosen/", {"place": world.other_community.public_id}).status_code == 404
    assert as_role("standards_officer").get("/premises/chosen/").status_code == 403


def test_odd_marks_are_refused(
    as_role: Reader, rooms: list[Premises], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = as_role("street_clerk")
    for odd in ("x", "x:1", f"{rooms[0].public_id}:-1", f"{rooms[0].public_id}:1e3", "\x00"):
        assert clerk.post(BULK, {"row": [odd]}).status_code == 400
    monkeypatch.setattr("communities.base.selection.MOST_CHOSEN", 2)
    assert clerk.post(BULK, {"row": ids(rooms)}).status_code == 400
    assert len(clerk.get("/premises/chosen/").json()["ids"]) == 2


def test_as_many_queries_for_many_rows(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    numbers = []
    for more in (1, 30):
        for n in range(more):
            factories.premises(
                world.neighbour,
                "service",
                "50",
                committee=world.committees["neighbour"],
                name=f"房{more}-{n}",
            )
        chosen = clerk.get("/premises/chosen/").json()["ids"]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert clerk.post(BULK, {"row": chosen}).status_code == 200
        numbers.append(len(asked))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("role", "route"),
    [
        ("street_clerk", "committees"),
        ("street_clerk", "nil-statements"),
        ("street_clerk", "household-counts"),
        ("street_clerk", "exemptions"),
        ("standards_officer", "policy-documents"),
        ("standards_officer", "thresholds"),
    ],
)
def test_every_register_has_its_page(world: World, as_role: Reader, role: str, route: str) -> None:
    factories.nil_statement(world.community)
    factories.household_count(world.community)
    factories.exemption(world.community)
    document = factories.document(world.district, "甲区办法")
    factories.threshold(
        "premises.office.area", world.district, clause=factories.clause(world.district, document=document)
    )
    reader = as_role(role)
    page = reader.post(
        f"/{route}/bulk/", {"row": reader.get(f"/{route}/chosen/").json()["ids"]}
    ).content.decode()
    assert "将修改 1 条" in page or "将修改 2 条" in page
    assert "ticked_" in page


def test_what_was_typed_survives_the_end_of_a_session(rooms: list[Premises], as_role: Reader) -> None:
    """Rows, versions, ticks, values, reason and the way back: kept as a draft, offered where one comes back to."""
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    typed = change(marks, ticked_tenure="on", tenure="rented", back="kind=office")
    page = clerk.post(BULK, {"row": ids(rooms)}).content.decode()
    assert f'data-draft="{BULK}draft/"' in page
    assert clerk.post(f"{BULK}draft/", typed | {"odd": "x"}).status_code == 200
    Premises.objects.filter(pk=rooms[0].pk).update(version=5)
    page = clerk.get(BULK).content.decode()
    assert "data-draft-offer" in page
    page = clerk.get(BULK, {"draft": "1"}).content.decode()
    assert sorted(read(page)) == sorted(marks)
    assert re.search('name="ticked_tenure"[^>]* checked', page)
    assert '<option value="rented" selected>' in page
    assert 'value="普查更正"' in page
    assert "需要修改" not in page
    assert "?kind=office" in page
    answer = clerk.post(BULK, typed)
    assert answer.status_code == 422
    assert "已被" in answer.content.decode()
    assert clerk.post(BULK, typed | {"told": told(answer.content.decode())}).status_code == 302
    assert "data-draft-offer" not in clerk.get(BULK).content.decode()


def test_a_draft_of_many_rows_is_discarded(rooms: list[Premises], as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    assert clerk.post(f"{BULK}draft/", change(ids(rooms))).status_code == 200
    assert clerk.post(f"{BULK}draft/", {"act": "discard"}).url == BULK
    assert "data-draft-offer" not in clerk.get(BULK).content.decode()
    assert as_role("auditor").post(f"{BULK}draft/", {}).status_code == 403


def test_nothing_changed_is_said(rooms: list[Premises], as_role: Reader) -> None:
    clerk = as_role("street_clerk")
    marks = read(clerk.post(BULK, {"row": ids(rooms)}).content.decode())
    answer = clerk.post(BULK, change(marks, ticked_tenure="on", tenure="owned"), follow=True)
    page = answer.content.decode()
    assert "这 3 条原来就是这样，没有改动，未保存。" in page
    assert "已修改" not in page
