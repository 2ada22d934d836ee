"""Rows that others name: a committee does not move from under its rooms, nothing comes back to what is gone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from communities.actions import imports
from communities.base import actions
from communities.models import ChangeRecord, Committee, Premises
from tests import factories
from tests.conftest import World
from tests.pages.conftest import Reader
from tests.pages.test_entry import as_shown
from tests.pages.test_removed import take_out
from tests.workbooks.conftest import book

pytestmark = pytest.mark.django_db


def refusal(uses: str) -> str:
    return f"该委员会在原社区还有{uses}，不能改到其他社区，请先处理这些记录。"


def uploaded(world: World, body: Committee) -> Any:
    """A workbook that puts a committee into 二社区, as it was checked."""
    heads = [
        "系统编号",
        "名称",
        "类别",
        "所在社区",
        "存续期开始",
        "存续期结束",
        "届次",
        "选举日期",
        "任期届满日",
    ]
    kind = body.get_kind_display()
    cells = [f"{body.public_id}#{body.version}", body.name, kind, "二社区", "", "", "", "", ""]
    batch = imports.upload(
        register="committee",
        division=world.street,
        file=ContentFile(book([cells], heads)),
        name="表.xlsx",
        by=world.users["street_clerk"],
    )
    imports.work(batch.public_id)
    return batch.rows.get()


def test_a_committee_with_rooms_does_not_move(
    world: World, as_role: Reader, settings: Any, tmp_path: Any
) -> None:
    """Said in the same words at all doors."""
    settings.MEDIA_ROOT = tmp_path
    body, clerk = world.committees["community"], as_role("street_clerk")
    factories.premises(world.community, committee=body, name="另一间")
    factories.nil_statement(world.community, committee=body)
    take_out(factories.exemption(world.community, committee=body))
    said = refusal("社区用房 2 条、无用房申明 1 条")
    url = reverse("committee-edit", args=[body.public_id])
    shown = as_shown(clerk.get(url).content.decode())
    answer = clerk.post(url, shown | {"division_now": str(world.neighbour.public_id)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    answer = patched(clerk, body, world)
    assert answer.status_code == 400
    told = [{"code": "in_use", "detail": said, "attr": "division"}]
    assert answer.json()["errors"] == told
    (fault,) = uploaded(world, body).errors
    assert (fault["name"], fault["message"]) == ("division_now", said)
    body.refresh_from_db()
    assert body.division_now == world.community
    assert body.version == 1


def patched(clerk: Client, body: Committee, world: World) -> Any:
    return clerk.patch(
        f"/api/v1/committees/{body.public_id}/",
        {"division": str(world.neighbour.public_id)},
        content_type="application/json",
        headers={"If-Match": f'"{body.version}"'},
    )


def test_a_committee_that_nothing_names_moves(
    world: World, as_role: Reader, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    body = factories.committee(world.community, "错登的居委会")
    assert uploaded(world, body).outcome == "changed"
    assert patched(as_role("street_clerk"), body, world).status_code == 200
    assert body.placements.get().division == world.neighbour


def test_a_room_comes_back_after_its_committee(world: World, as_role: Reader) -> None:
    clerk, officer = as_role("street_clerk"), world.users["district_officer"]
    room, body = world.premises["community"], world.committees["community"]
    actions.remove(Premises.objects.get(pk=room.pk), by=officer, reason="误登")
    actions.remove(Committee.objects.get(pk=body.pk), by=officer, reason="误登")
    answer = clerk.post(reverse("premises-bring-back", args=[room.public_id]), follow=True)
    said = "它所属或所指的居(村)民委员会「一社区居委会」已删除，请先恢复。"
    assert said in answer.content.decode()
    room.refresh_from_db()
    assert room.deleted_at is not None
    for register, row in (("committee", body), ("premises", room)):
        clerk.post(reverse(f"{register}-bring-back", args=[row.public_id]))
        row.refresh_from_db()
        assert row.deleted_at is None


def test_a_number_comes_back_after_its_document(world: World, as_role: Reader) -> None:
    """The clause on which it rests is gone with the document."""
    number = factories.threshold("premises.office.area", world.district)
    take_out(number)
    take_out(number.clause.document)
    answer = as_role("standards_officer").post(
        reverse("threshold-bring-back", args=[number.public_id]), follow=True
    )
    assert "《社区用房建设标准》」已删除，请先恢复" in answer.content.decode()
    number.refresh_from_db()
    assert number.deleted_at is not None


def test_a_number_brings_back_the_clause_that_was_taken_out_after_it(world: World, as_role: Reader) -> None:
    """A clause has no page of its own on which it could be brought back."""
    number = factories.threshold("premises.office.area", world.district)
    clause = number.clause
    take_out(number)
    take_out(clause)
    as_role("standards_officer").post(reverse("threshold-bring-back", args=[number.public_id]))
    number.refresh_from_db()
    clause.refresh_from_db()
    assert (number.deleted_at, clause.deleted_at) == (None, None)
    records = ChangeRecord.objects.filter(verb="restore")
    assert {record.model for record in records} == {"communities.Clause", "communities.Threshold"}
    assert len({record.act for record in records}) == 1


def test_a_clause_whose_label_was_taken_is_named(world: World, as_role: Reader) -> None:
    number = factories.threshold("premises.office.area", world.district)
    clause = number.clause
    take_out(number)
    take_out(clause)
    factories.clause(world.district, clause.label, document=clause.document)
    page = reverse("threshold-bring-back", args=[number.public_id])
    answer = as_role("standards_officer").post(page, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert f"条款「{clause}」不能一同恢复：同一文件的条款号不能重复。" in answer.content.decode()
    number.refresh_from_db()
    assert number.deleted_at is not None


def test_a_rule_between_parts_is_told_at_the_part(world: World, as_role: Reader) -> None:
    clause = factories.clause(world.district, "第一条")
    sent = {
        "title": "办法", "issuer": "局", "kind": "district", "jurisdiction": str(world.district.public_id),
        "version": "1", "clauses-lines": "2", "clauses-0-id": str(clause.public_id),
        "clauses-0-label": "第一条", "clauses-0-position": "0", "clauses-0-text": "一",
        "clauses-1-label": "第一条", "clauses-1-position": "1", "clauses-1-text": "二",
    }  # fmt: skip
    edit = reverse("policy-document-edit", args=[clause.document.public_id])
    page = as_role("standards_officer").post(edit, sent).content.decode()
    assert '<a href="#id_clauses-1-label">条款 条款号</a>：同一文件的条款号不能重复。' in page
    assert page.count('aria-invalid="true"') == 1
