"""One door for one row: rules, lock, scope, record and mark together."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

from communities.base.actions import OutOfScope, StaleVersion, save
from communities.base.roles import Action
from communities.choices import PremisesKind, Tenure
from communities.models import ChangeRecord, Committee, DirtyMark, Premises, Threshold
from tests import factories
from tests.conftest import World


def new_room(world: World, **kwargs: object) -> Premises:
    kwargs.setdefault("division_now", world.community)
    kwargs.setdefault("area", Decimal("210.50"))
    return Premises(name="服务用房", kind=PremisesKind.SERVICE, tenure=Tenure.RENTED, **kwargs)


def test_a_new_row_leaves_record_placement_and_mark(world: World) -> None:
    clerk = world.users["street_clerk"]
    room = save(new_room(world), by=clerk, reason="补录")

    record = ChangeRecord.objects.get()
    assert (record.user, record.verb, record.object_id, record.reason) == (
        clerk,
        "create",
        room.public_id,
        "补录",
    )
    assert record.after["area"] == "210.50"
    assert record.division == world.community
    assert room.placements.get().division == world.community
    assert DirtyMark.objects.get().division == world.community


def test_a_change_records_only_what_differs(world: World) -> None:
    room = world.premises["community"]
    room.area = Decimal("98.50")
    save(room, by=world.users["street_clerk"])
    record = ChangeRecord.objects.get()
    assert record.before == {"area": "120.00"}
    assert record.after == {"area": "98.50"}
    assert Premises.objects.get(pk=room.pk).version == 2


def test_the_second_editor_is_told(world: World) -> None:
    first = Premises.objects.get(pk=world.premises["community"].pk)
    second = Premises.objects.get(pk=first.pk)
    first.floor = "二层"
    save(first, by=world.users["street_clerk"])
    with pytest.raises(StaleVersion) as caught:
        save(second, by=world.users["district_officer"])
    assert caught.value.stored.version == 2


def test_a_row_in_which_nothing_differs_is_left_as_it_stands(world: World) -> None:
    room = Premises.objects.get(pk=world.premises["community"].pk)
    save(room, by=world.users["street_clerk"])
    assert room.version == Premises.objects.get(pk=room.pk).version == 1
    assert not ChangeRecord.objects.filter(object_id=room.public_id).exists()
    assert not DirtyMark.objects.exists()


@pytest.mark.parametrize("ends", [(None, None), (None, dt.date(2030, 1, 1)), (dt.date(2020, 1, 1), None)])
def test_a_time_with_an_open_end_is_the_same_however_it_is_written(
    world: World, ends: tuple[dt.date | None, dt.date | None]
) -> None:
    """PostgreSQL reads an open end as outside the range, a form writes it as inside."""
    body = world.committees["community"]
    Committee.objects.filter(pk=body.pk).update(valid=ends)
    row = Committee.objects.get(pk=body.pk)
    row.valid = DateRange(*ends)
    save(row, by=world.users["street_clerk"])
    assert Committee.objects.get(pk=body.pk).version == 1
    assert not ChangeRecord.objects.exists()


def test_numbers_up_to_a_most_are_the_same(world: World) -> None:
    number = factories.threshold("premises.office.area", world.district, households=(None, 3000))
    row = Threshold.objects.get(pk=number.pk)
    row.households = NumericRange(None, 3000)
    save(row, by=world.users["standards_officer"], needs=Action.EDIT_STANDARDS)
    assert Threshold.objects.get(pk=number.pk).version == 1


@pytest.mark.parametrize("place", ["other_community", "far_community"])
def test_nobody_writes_outside_his_places(world: World, place: str) -> None:
    with pytest.raises(OutOfScope):
        save(new_room(world, division_now=getattr(world, place)), by=world.users["street_clerk"])
    with pytest.raises(OutOfScope):
        save(world.premises[place], by=world.users["street_clerk"])
    assert not ChangeRecord.objects.exists()
    assert not DirtyMark.objects.exists()


def test_a_row_cannot_be_moved_out_of_scope(world: World) -> None:
    room = save(new_room(world), by=world.users["street_clerk"])
    room.division_now = world.other_community
    with pytest.raises(OutOfScope):
        save(room, by=world.users["street_clerk"])
    assert Premises.objects.get(pk=room.pk).division_now == world.community


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"area": Decimal(-20)}, "面积须大于 0"),
        ({"area": Decimal("100000.01")}, "面积不能超过 100,000"),
        ({"lost_on": "2026-01-01"}, "失去日期和失去原因须同时填写"),
        ({"is_temporary": True}, "临时过渡用房须填写过渡期限"),
        ({"kind": PremisesKind.OFFICE}, "办公用房须填写使用单位"),
    ],
)
def test_rules_are_told_in_chinese_and_nothing_is_saved(world: World, wrong: dict, message: str) -> None:
    room = new_room(world)
    for name, value in wrong.items():
        setattr(room, name, value)
    before = Premises.objects.count()
    with pytest.raises(ValidationError) as caught:
        save(room, by=world.users["street_clerk"])
    assert message in str(caught.value)
    assert Premises.objects.count() == before


def test_a_committee_of_another_community_is_refused(world: World) -> None:
    with pytest.raises(ValidationError, match="所填委员会不在该社区"):
        save(new_room(world, committee=world.committees["neighbour"]), by=world.users["street_clerk"])


def test_a_refused_row_can_be_mended_and_saved(world: World) -> None:
    room = world.premises["community"]
    clerk = world.users["street_clerk"]
    room.area = Decimal(-5)
    with pytest.raises(ValidationError):
        save(room, by=clerk)
    room.area = Decimal(105)
    assert save(room, by=clerk).version == 2

    fresh = new_room(world, division_now=world.other_community)
    with pytest.raises(OutOfScope):
        save(fresh, by=clerk)
    fresh.division_now = world.community
    assert save(fresh, by=clerk).placements.count() == 1
