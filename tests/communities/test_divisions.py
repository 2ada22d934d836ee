"""Dated records and codes of places: the database itself keeps them apart in time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from communities.actions.divisions import create_division
from communities.choices import CodeScheme, DivisionKind, Level
from communities.models import Division, DivisionCode, DivisionRecord
from tests import factories
from tests.conftest import World

pytestmark = pytest.mark.django_db

SPRING, SUMMER, AUTUMN = dt.date(2024, 3, 1), dt.date(2024, 6, 1), dt.date(2024, 9, 1)
Bounds = tuple[dt.date | None, dt.date | None]


@pytest.fixture
def place() -> Division:
    """A place without any record or code yet."""
    place = factories.division("云省", Level.PROVINCE, factories.root())
    place.records.all().delete()
    place.codes.all().delete()
    return place


def record(place: Division, valid: Bounds, **kwargs: Any) -> DivisionRecord:
    kwargs.setdefault("name", place.name_now)
    return DivisionRecord.objects.create(
        division=place,
        valid=valid,
        kind=place.kind_now,
        parent=place.parent_now,
        path=place.path_now,
        **kwargs,
    )


def code(place: Division, valid: Bounds, **kwargs: Any) -> DivisionCode:
    kwargs.setdefault("level", place.level)
    return DivisionCode.objects.create(
        division=place, scheme=CodeScheme.STATISTICAL, code="980000000000", valid=valid, **kwargs
    )


OVERLAPS: list[tuple[Bounds, Bounds]] = [
    ((None, None), (None, None)),
    ((SPRING, None), (AUTUMN, None)),
    ((SPRING, AUTUMN), (SUMMER, None)),
    ((SUMMER, None), (SPRING, AUTUMN)),
    ((SPRING, AUTUMN), (None, None)),
    ((None, None), (SPRING, AUTUMN)),
    ((None, AUTUMN), (None, SUMMER)),
    ((SPRING, SUMMER), (SPRING, AUTUMN)),
]
NEIGHBOURS: list[tuple[Bounds, Bounds]] = [
    ((None, SUMMER), (SUMMER, None)),
    ((SUMMER, None), (None, SUMMER)),
    ((SPRING, SUMMER), (SUMMER, AUTUMN)),
    ((SPRING, SUMMER), (AUTUMN, None)),
]


@pytest.mark.parametrize("make", [record, code])
@pytest.mark.parametrize(("first", "second"), OVERLAPS)
def test_no_two_at_one_time(place: Division, make: Any, first: Bounds, second: Bounds) -> None:
    make(place, first)
    with pytest.raises(IntegrityError), transaction.atomic():
        make(place, second)


@pytest.mark.parametrize("make", [record, code])
@pytest.mark.parametrize(("first", "second"), NEIGHBOURS)
def test_one_after_the_other_is_well(place: Division, make: Any, first: Bounds, second: Bounds) -> None:
    make(place, first)
    make(place, second)


@pytest.mark.parametrize("make", [record, code])
def test_a_change_is_held_against_the_others_too(place: Division, make: Any) -> None:
    closed, current = make(place, (SPRING, SUMMER)), make(place, (SUMMER, None))
    closed.valid = (SPRING, AUTUMN)
    with pytest.raises(IntegrityError, match="open_against_closed"), transaction.atomic():
        closed.save()
    current.valid = (SPRING, None)
    with pytest.raises(IntegrityError, match="open_against_closed"), transaction.atomic():
        current.save()


@pytest.mark.parametrize("make", [record, code])
def test_many_rows_in_one_statement_are_held_against_one_another(place: Division, make: Any) -> None:
    row = make(place, (SPRING, SUMMER))
    row.delete()
    rows = [type(row)(**values(row) | {"valid": valid}) for valid in ((SPRING, AUTUMN), (SUMMER, None))]
    with pytest.raises(IntegrityError, match="open_against_closed"), transaction.atomic():
        type(row).objects.bulk_create(rows)


def values(row: Any) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name != "id"
    }


@pytest.mark.parametrize("make", [record, code])
def test_a_period_holds_a_day_at_least(place: Division, make: Any) -> None:
    with pytest.raises(DatabaseError, match="valid_not_empty"), transaction.atomic():
        make(place, (SPRING, SPRING))


@pytest.mark.parametrize("table", ["communities_divisionrecord", "communities_divisioncode"])
def test_the_trigger_never_reads_a_table_whole(table: str) -> None:
    """A session keeps the plan of its first call: one made on an empty table must serve the country's load."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = %s", [f"{table}_open_against_closed"])
        assert cursor.fetchone()[0] == ["enable_seqscan=off"]


def test_there_is_one_root_known_from_before_our_records_on() -> None:
    root = Division.objects.get(level=Level.COUNTRY)
    assert (root.name_now, root.parent_now) == ("全国", None)
    known = root.records.get()
    assert (known.path, known.valid.lower, known.valid.upper) == (root.path_now, None, None)


def test_one_code_may_stand_at_two_levels_at_once(place: Division) -> None:
    code(place, (None, None))
    code(place, (None, None), level=Level.CITY)


def test_a_code_is_used_again_after_abolition(place: Division) -> None:
    other = factories.division("岭省", Level.PROVINCE, factories.root())
    code(place, (None, SUMMER))
    code(other, (AUTUMN, None))
    codes = DivisionCode.objects.filter(code="980000000000")
    assert codes.as_of(SPRING).get().division == place
    assert not codes.as_of(SUMMER).exists()
    assert codes.as_of(AUTUMN).get().division == other


def test_what_a_place_was_called_on_a_day(place: Division) -> None:
    record(place, (None, SUMMER), name="旧名")
    record(place, (SUMMER, None), name="新名")
    names = {
        day: place.records.as_of(day).get().name for day in (SPRING, SUMMER - dt.timedelta(days=1), SUMMER)
    }
    assert list(names.values()) == ["旧名", "旧名", "新名"]


def test_a_place_is_set_up_with_record_code_path_and_search_keys(world: World) -> None:
    made = create_division(
        name="重庆路街道",
        level=Level.STREET,
        kind=DivisionKind.STREET,
        parent=world.district,
        code="990101009000",
        since=SUMMER,
    )
    made.refresh_from_db()
    assert made.path_now.startswith(world.district.path_now)
    assert (made.sort_key, made.initials) == ("chong qing lu jie dao", "cqljd")
    assert made.records.get().valid.lower == made.codes.get().valid.lower == SUMMER
    assert not made.records.as_of(SPRING).exists()


def test_a_place_without_a_code_has_none(world: World) -> None:
    made = create_division(
        name="在建社区", level=Level.COMMUNITY, kind=DivisionKind.RESIDENTS_COMMUNITY, parent=world.street
    )
    assert not made.codes.exists()
