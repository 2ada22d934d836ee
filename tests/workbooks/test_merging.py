"""A workbook becomes rows: created, changed, unchanged, refused; with records, marks and placements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from communities.actions import imports
from communities.base import actions
from communities.models import ChangeRecord, DirtyMark, Premises
from tests.conftest import World
from tests.workbooks.conftest import Send, book, confirmed, edited, exported, row, told

pytestmark = pytest.mark.django_db(transaction=False)


def test_new_rooms_come_from_a_workbook(world: World, send: Send) -> None:
    batch = send(
        book([row(), row(用房名称="活动室", 用途="活动场所", 使用单位="", 建筑面积="1，050．5 平方米")])
    )
    assert (batch.state, batch.refusal) == ("ready", "")
    assert batch.counts == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert not Premises.objects.filter(name="活动室").exists()
    DirtyMark.objects.all().delete()
    batch = confirmed(batch)
    assert batch.state == "done", batch.refusal
    room = Premises.objects.get(name="活动室")
    assert (room.area, room.obtained_on, room.version) == (Decimal("1050.50"), dt.date(2025, 3, 1), 1)
    assert list(room.placements.values_list("division", flat=True)) == [world.community.pk]
    assert set(DirtyMark.objects.values_list("division_id", flat=True)) == {world.community.pk}
    record = ChangeRecord.objects.get(object_id=room.public_id)
    assert (record.verb, record.act, record.user) == ("create", batch.act, world.users["street_clerk"])
    assert record.division_id == world.community.pk
    # Word for word what one row saved by itself would have left.
    twin = Premises(
        **{
            f.name: getattr(room, f.name)
            for f in Premises._meta.concrete_fields
            if f.name in imports.target_of(batch).names
        }
    )
    actions.save(twin, by=world.users["street_clerk"])
    alone = ChangeRecord.objects.get(object_id=twin.public_id)
    assert (record.after, record.before, record.object_label) == (
        alone.after,
        alone.before,
        alone.object_label,
    )


def test_an_export_comes_back_unchanged(world: World, send: Send) -> None:
    batch = send(exported(world))
    assert batch.refusal == ""
    assert told(batch) == []
    assert batch.counts == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    records = ChangeRecord.objects.count()
    assert confirmed(batch).state == "done"
    assert ChangeRecord.objects.count() == records


def test_a_cell_changed_in_an_export_changes_that_field(world: World, send: Send) -> None:
    def mend(sheet: Any) -> None:
        sheet["F5"] = 98.5

    batch = send(edited(exported(world), mend))
    assert told(batch) == []
    assert batch.counts["changed"] == 1
    room = (
        Premises.objects.order_by("division_now__path_now", "pk").filter(division_now=world.community).get()
    )
    assert room.area == Decimal(120)
    assert confirmed(batch).state == "done"
    room.refresh_from_db()
    assert (room.area, room.version) == (Decimal("98.50"), 2)
    record = ChangeRecord.objects.get(object_id=room.public_id)
    assert (record.before, record.after) == ({"area": "120.00"}, {"area": "98.50"})
