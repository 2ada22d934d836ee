"""Working days of China: weekends, public holidays, and the days that are worked instead of them (调休)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

SATURDAY = 5
ONE_DAY = dt.timedelta(days=1)
# No holiday is as long: who finds no working day in so many days was given a calendar without any.
FARTHEST = 400


@dataclass(frozen=True)
class DueDay:
    """A last day. ``is_certain``: the schedules of all years on the way to it are known.

    Otherwise weekends alone were counted, and holidays that are not yet published may move it.
    """

    day: dt.date
    is_certain: bool = True


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked: ``off`` and ``on`` are exceptions to the weekend, known for the ``years``."""

    off: frozenset[dt.date] = frozenset()
    on: frozenset[dt.date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_worked(self, day: dt.date) -> bool:
        """Whether people work on the day."""
        return day in self.on or (day.weekday() < SATURDAY and day not in self.off)

    def after(self, day: dt.date, number: int, *, stopped: Collection[dt.date] = ()) -> DueDay:
        """The last of ``number`` working days that follow ``day``, which does not count itself; 0: the day.

        Days ``stopped`` are passed over. Raises ValueError for a negative number.
        """
        if number < 0:
            raise ValueError("a term has no negative length")
        left, at, idle = number, day, 0
        while left:
            at += ONE_DAY
            if self.is_worked(at) and at not in stopped:
                left, idle = left - 1, 0
            else:
                idle += 1
                if idle > FARTHEST:
                    raise ValueError(f"no working day after {day}")
        return DueDay(at, all(year in self.years for year in range(day.year, at.year + 1)))

    def between(self, first: dt.date, last: dt.date) -> int:
        """Working days after ``first`` up to and including ``last``; below zero where ``last`` comes before."""
        if last < first:
            return -self.between(last, first)
        days = (first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(self.is_worked(day) for day in days)
