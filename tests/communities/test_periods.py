"""The quarter that holds a day, and that it is opened once."""

from __future__ import annotations

import datetime as dt

import pytest

from communities.actions.periods import open_quarter, quarter_of
from communities.models import Period


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-01-01", ("2026Q1", "2026-01-01", "2026-04-01")),
        ("2026-09-30", ("2026Q3", "2026-07-01", "2026-10-01")),
        ("2026-12-31", ("2026Q4", "2026-10-01", "2027-01-01")),
        ("2028-02-29", ("2028Q1", "2028-01-01", "2028-04-01")),
    ],
)
def test_the_quarter_of_a_day(day: str, expected: tuple[str, str, str]) -> None:
    code, first, end = quarter_of(dt.date.fromisoformat(day))
    assert (code, first.isoformat(), end.isoformat()) == expected


@pytest.mark.django_db
def test_a_quarter_is_opened_once() -> None:
    first = open_quarter(dt.date(2026, 11, 22))
    assert open_quarter(dt.date(2026, 12, 31)) == first
    assert Period.objects.get().closed_at is None
