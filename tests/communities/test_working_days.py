"""Terms in working days: holidays, worked weekends, years without a schedule."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from communities.base.actions import save
from communities.base.working_days import DueDay, WorkingDays
from communities.models import HolidaySchedule, SpecialDay
from tests.conftest import World


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def calendar(db: None) -> WorkingDays:
    return HolidaySchedule.objects.working_days()


@pytest.mark.parametrize(
    ("first", "number", "due"),
    [
        ("2026-11-20", 1, "2026-11-23"),  # Friday to Monday
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is worked
        ("2026-02-14", 1, "2026-02-24"),  # nine days of 春节
        ("2026-02-14", 5, "2026-02-28"),  # and the Saturday worked after them
        ("2026-09-19", 1, "2026-09-20"),  # a Sunday that is worked
        ("2026-09-30", 2, "2026-10-09"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2025-12-31", 1, "2026-01-04"),
        ("2026-05-01", 0, "2026-05-01"),
    ],
)
def test_terms_by_the_published_schedules(calendar: WorkingDays, first: str, number: int, due: str) -> None:
    assert calendar.after(day(first), number) == DueDay(day(due))


def test_a_year_without_a_schedule_gives_a_date_and_says_so(calendar: WorkingDays) -> None:
    """R16."""
    assert calendar.after(day("2026-12-30"), 2) == DueDay(day("2027-01-01"), is_certain=False)
    assert calendar.after(day("2026-12-30"), 1) == DueDay(day("2026-12-31"))
    assert calendar.after(day("2031-01-29"), 250).is_certain is False


def test_stopped_days_do_not_count(calendar: WorkingDays) -> None:
    stopped = {day("2026-11-23"), day("2026-11-24")}
    assert calendar.after(day("2026-11-20"), 1, stopped=stopped) == DueDay(day("2026-11-25"))


@given(st.dates(day("2024-06-01"), day("2027-06-01")), st.integers(0, 300))
def test_so_many_days_are_worked_between(first: dt.date, number: int) -> None:
    off = frozenset(day("2026-10-01") + dt.timedelta(days=n) for n in range(7))
    calendar = WorkingDays(off=off, on=frozenset({day("2026-10-10")}), years=frozenset({2025, 2026}))
    due = calendar.after(first, number)
    assert calendar.between(first, due.day) == number == -calendar.between(due.day, first)
    assert number == 0 or calendar.is_worked(due.day)
    assert due.is_certain == all(year in (2025, 2026) for year in range(first.year, due.day.year + 1))


def test_impossible_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        WorkingDays().after(day("2026-01-01"), -1)
    never = frozenset(day("2026-01-01") + dt.timedelta(days=n) for n in range(500))
    with pytest.raises(ValueError, match="no working day"):
        WorkingDays(off=never).after(day("2026-01-01"), 1)


def test_the_seeded_schedules_are_those_published(calendar: WorkingDays) -> None:
    """国办发明电〔2024〕12号 and 〔2025〕7号: 28 and 33 days off, 5 and 6 weekend days worked."""
    assert calendar.years == {2025, 2026}
    count = {year: sum(each.year == year for each in calendar.off) for year in calendar.years}
    assert count == {2025: 28, 2026: 33}
    assert {year: sum(each.year == year for each in calendar.on) for year in calendar.years} == {
        2025: 5,
        2026: 6,
    }
    assert all(each.weekday() >= 5 for each in calendar.on)


def test_only_a_weekend_is_worked_instead(world: World) -> None:
    schedule = HolidaySchedule.objects.create(year=2027, number="国办发明电〔2026〕1号")
    monday = SpecialDay(schedule=schedule, day=day("2027-01-04"), is_worked=True, name="元旦")
    with pytest.raises(ValidationError, match="只有周末才会调休上班"):
        save(monday, by=None)
    assert not HolidaySchedule.objects.visible_to(world.users["street_clerk"], "edit_standards").exists()
    assert HolidaySchedule.objects.visible_to(world.users["street_clerk"]).count() == 3
