"""Rows that were removed are found by whoever may bring them back, and by nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.base import actions
from communities.models import Draft, Exemption, Organisation, PolicyDocument, Premises, PremisesNilStatement
from tests import factories
from tests.conftest import FOREIGN, World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown, edit_of

pytestmark = pytest.mark.django_db


def take_out(row: Any, reason: str = "重复登记") -> Any:
    type(row)._default_manager.filter(pk=row.pk).update(deleted_at=timezone.now(), deleted_reason=reason)
    return row


def rooms(world: World, number: int) -> None:
    for each in range(number):
        room = factories.premises(world.community, "service", name=f"误登的房间{each}")
        take_out(room)
    take_out(factories.premises(world.other_community, "service", name="外房间"))


def test_the_clerk_finds_what_was_removed_and_brings_it_back(world: World, as_role: Reader) -> None:
    rooms(world, 2)
    clerk = as_role("street_clerk")
    page = clerk.get("/premises/").content.decode()
    assert "误登的房间" not in page
    assert 'name="removed"' in page
    page = clerk.get("/premises/?removed=true").content.decode()
    assert "共 <b>2</b> 条" in page
    assert "一社区用房" not in page
    assert FOREIGN not in page
    assert "已删除：只看已删除的" in page
    assert 'id="choosing"' not in page
    assert "/premises/export/" not in page
    room = Premises.objects.get(name="误登的房间0")
    back = reverse("premises-bring-back", args=[room.public_id])
    assert f'href="{back}"' in page
    assert f'href="{reverse("premises-detail", args=[room.public_id])}"' not in page
    assert clerk.post(back).status_code == 302
    assert "误登的房间0" in clerk.get("/premises/").content.decode()
    assert "误登的房间0" not in clerk.get("/premises/?removed=true").content.decode()


def test_other_filters_place_sorting_and_views_go_with_it(world: World, as_role: Reader) -> None:
    rooms(world, 2)
    clerk = as_role("street_clerk")
    assert "共 <b>1</b> 条" in clerk.get("/premises/?removed=true&q=房间1").content.decode()
    there = {"removed": "true", "place": str(world.neighbour.public_id)}
    assert "没有符合条件的记录" in clerk.get("/premises/", there).content.decode()
    factories.period("2001Q1", closed_at=timezone.now())
    assert "共 <b>2</b> 条" in clerk.get("/premises/?removed=true&period=2001Q1&sort=-name").content.decode()
    part = clerk.get("/premises/?removed=true", headers={"hx-request": "true"}).content.decode()
    assert "误登的房间1" in part
    view = {"page": "premises", "query": "removed=true", "name": "误登的"}
    assert "误登的房间1" in clerk.post(reverse("saved-view-list"), view, follow=True).content.decode()
    assert clerk.get("/premises/?removed=maybe").status_code == 400
    assert clerk.get("/premises/export/?removed=true").status_code == 400
    assert clerk.get("/premises/chosen/?removed=true").status_code == 400


@pytest.mark.parametrize("role", ["standards_officer", "auditor", "platform_administrator"])
def test_whoever_may_not_bring_back_is_offered_nothing(world: World, as_role: Reader, role: str) -> None:
    rooms(world, 1)
    reader = as_role(role)
    assert 'name="removed"' not in reader.get("/premises/").content.decode()
    answer = reader.get("/premises/?removed=true")
    assert answer.status_code in {400, 403}
    assert "误登的房间" not in answer.content.decode()


def test_the_api_lists_what_stands(world: World, as_role: Reader) -> None:
    rooms(world, 1)
    answer = as_role("street_clerk").get("/api/v1/premises/?removed=true")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_parameter")


def test_every_register_that_is_written_has_it(world: World, as_role: Reader) -> None:
    clerk, officer = as_role("street_clerk"), as_role("standards_officer")
    found = [
        (clerk, take_out(factories.household_count(world.community)), "household-count"),
        (clerk, take_out(factories.committee(world.community)), "committee"),
        (clerk, take_out(PremisesNilStatement.objects.create(
            division=world.community, kind="activity", stated_on="2026-01-01")), "nil-statement"),
        (clerk, take_out(Exemption.objects.create(
            key="premises.office.area", division=world.community, valid=("2026-01-01", None), reason="危改",
            decision_number="1", decided_by="区民政局")), "exemption"),
        (officer, take_out(factories.threshold("premises.office.area", world.district)), "threshold"),
        (officer, take_out(PolicyDocument.objects.get()), "policy-document"),
    ]  # fmt: skip
    for client, row, code in found:
        page = client.get(reverse(f"{code}-list") + "?removed=true").content.decode()
        assert "共 <b>1</b> 条" in page, code
        assert reverse(f"{code}-bring-back", args=[row.public_id]) in page, code


def test_rules_of_the_places_above_are_not_among_them(world: World, as_role: Reader) -> None:
    take_out(factories.threshold("premises.office.area", world.city))
    page = as_role("standards_officer").get("/thresholds/?removed=true").content.decode()
    assert "没有符合条件的记录" in page


def test_the_number_of_queries_does_not_grow(world: World, as_role: Reader) -> None:
    clerk = as_role("street_clerk")

    def asked(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert clerk.get(f"/premises/{query}").status_code == 200
        return len(captured)

    asked("?removed=true")
    rooms(world, 1)
    one = asked("?removed=true")
    rooms(world, 30)
    assert asked("?removed=true") == one <= asked("")


def test_who_edits_a_row_that_is_removed_meanwhile_loses_nothing(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    shown = as_shown(clerk.get(edit_of(room)).content.decode()) | {"address": "新路 9 号"}
    officer = world.users["district_officer"]
    actions.remove(Premises.objects.get(pk=room.pk), by=officer, reason="误登")
    kept = clerk.post(f"{edit_of(room)}draft/", shown)
    assert kept.status_code == 200
    assert kept.json()["removed"] == "这条记录已被district_officer删除，不能保存。"
    Draft.objects.all().delete()
    answer = clerk.post(edit_of(room), shown)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search("已被 district_officer 于 [-0-9 :]+ 删除", page)
    assert "删除原因：误登" in page
    assert 'value="新路 9 号"' in page
    back = reverse("premises-bring-back", args=[room.public_id])
    assert f'href="{back}"' in page
    assert clerk.post(back).status_code == 302
    assert "data-draft-offer" in clerk.get(edit_of(room)).content.decode()
    again = as_shown(clerk.get(edit_of(room), {"draft": "1"}).content.decode())
    assert again["address"] == "新路 9 号"
    assert (
        clerk.get(reverse("premises-edit", args=[world.premises["other_community"].public_id])).status_code
        == 404
    )


def test_a_foreign_row_that_was_removed_is_not_found(world: World, as_role: Reader) -> None:
    room, clerk = take_out(world.premises["other_community"]), as_role("street_clerk")
    assert clerk.post(edit_of(room), {"version": "1"}).status_code == 404
    assert clerk.post(f"{edit_of(room)}draft/", {"version": "1"}).status_code == 404


def removed_by(world: World, room: Premises, reason: str = "误登") -> None:
    actions.remove(Premises.objects.get(pk=room.pk), by=world.users["district_officer"], reason=reason)


@pytest.mark.parametrize("role", ["street_clerk", "standards_officer"])
def test_a_removed_row_is_read_with_its_history(world: World, as_role: Reader, role: str) -> None:
    room = world.premises["community"]
    removed_by(world, room)
    reader = as_role(role)
    page = reader.get(reverse("premises-detail", args=[room.public_id])).content.decode()
    assert re.search("已由 district_officer 于 [-0-9 :]+ 删除", page)
    assert "删除原因：误登" in page
    assert "变更历史" in page
    assert reverse("premises-remove", args=[room.public_id]) not in page
    assert edit_of(room) not in page
    may = role == "street_clerk"
    assert (reverse("premises-bring-back", args=[room.public_id]) in page) == may
    assert 'href="/premises/"' in page
    if may:
        for name in ("edit", "remove"):
            answer = reader.get(reverse(f"premises-{name}", args=[room.public_id]))
            assert (answer.status_code, answer.url) == (
                302,
                reverse("premises-detail", args=[room.public_id]),
            )


def test_whoever_removes_what_is_removed_already_is_told(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    url = reverse("premises-remove", args=[room.public_id])
    shown = as_shown(clerk.get(url).content.decode()) | {"reason": "重复登记，见台账"}
    removed_by(world, room)
    answer = clerk.post(url, shown)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search("已由 district_officer 于 [-0-9 :]+ 删除", page)
    assert "删除原因：误登" in page
    assert "重复登记，见台账" in page
    for name in ("bring-back", "detail"):
        assert f'href="{reverse(f"premises-{name}", args=[room.public_id])}"' in page


def test_two_who_bring_a_row_back(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["community"], as_role("street_clerk")
    back = reverse("premises-bring-back", args=[room.public_id])
    there = reverse("premises-detail", args=[room.public_id])
    assert "没有被删除，无须恢复" in clerk.get(back, follow=True).content.decode()
    removed_by(world, room)
    assert as_role("district_officer").post(back).status_code == 302
    answer = clerk.post(back, follow=True)
    assert answer.redirect_chain == [(there, 302)]
    assert re.search("已由 district_officer 于 [-0-9 :]+ 恢复", answer.content.decode())


def test_a_foreign_row_is_not_found_whether_removed_or_not(world: World, as_role: Reader) -> None:
    room, clerk = world.premises["other_community"], as_role("street_clerk")
    for take in (lambda: None, lambda: take_out(room)):
        take()
        for name in ("detail", "edit", "remove", "bring-back"):
            url = reverse(f"premises-{name}", args=[room.public_id])
            assert clerk.get(url).status_code == 404
            if name != "detail":
                assert clerk.post(url, {"version": "1", "reason": "x"}).status_code == 404


def test_a_removed_organisation_leads_to_its_return(world: World, as_role: Reader) -> None:
    """Its page tells of what is open, and is shown of those that stand only."""
    bureau = take_out(Organisation.objects.create(name="旧局", kind="bureau", division=world.city))
    writer = as_role("platform_administrator")
    answer = writer.get(reverse("organisation-edit", args=[bureau.public_id]))
    assert answer.url == reverse("organisation-bring-back", args=[bureau.public_id])
    assert writer.get(answer.url).status_code == 200
    assert writer.get(reverse("organisation-detail", args=[bureau.public_id])).status_code == 404
