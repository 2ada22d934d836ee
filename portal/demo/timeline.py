"""The days of the demo: eight quarters up to the anchor, and the year 2002."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

# What the demo's rule books and histories need before the first of the eight quarters.
EARLIEST_ANCHOR = dt.date(2015, 1, 1)
LATEST_ANCHOR = dt.date(2100, 1, 1)
QUARTERS = 8
END_OF_2002 = dt.date(2002, 12, 31)
AFTER_2002 = dt.date(2003, 1, 1)


@dataclass(frozen=True)
class Quarter:
    """One quarter; ``after`` is the first day of the next."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        return cls(day.year, (day.month + 2) // 3)

    @property
    def code(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def after(self) -> dt.date:
        return self.shifted(1).first

    @property
    def last(self) -> dt.date:
        return self.after - dt.timedelta(days=1)

    def shifted(self, by: int) -> Quarter:
        """The quarter ``by`` quarters later."""
        year, index = divmod(self.year * 4 + self.number - 1 + by, 4)
        return Quarter(year, index + 1)


@dataclass(frozen=True)
class Timeline:
    """Which days the demo knows, seen from its anchor day.

    What changes from ``visible_from`` on shows in the trend: the first of the eight quarters is measured on the
    day before. Nothing is dated after the anchor but due dates and ends of exemptions, so the figures of the
    open quarter hold on every later day as well.
    """

    anchor: dt.date
    quarters: tuple[Quarter, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Raises ValueError for an anchor that leaves no room for the history."""
        if not EARLIEST_ANCHOR <= self.anchor < LATEST_ANCHOR:
            msg = _("演示数据的今天须在 %(first)s 和 %(last)s 之间。") % {
                "first": EARLIEST_ANCHOR,
                "last": LATEST_ANCHOR,
            }
            raise ValueError(msg)
        now = Quarter.of(self.anchor)
        object.__setattr__(self, "quarters", tuple(now.shifted(by) for by in range(1 - QUARTERS, 1)))

    @property
    def visible_from(self) -> dt.date:
        return self.quarters[0].after

    @property
    def before_visible(self) -> dt.date:
        return self.quarters[0].last


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day of another year; 28 February where there is no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
