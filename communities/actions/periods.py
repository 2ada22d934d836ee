"""Opening periods of measurement. Closing one is a decision, and made in ``portal.scorecards.closing``."""

from __future__ import annotations

import datetime as dt

from communities.choices import PeriodKind
from communities.models import Period


def quarter_of(day: dt.date) -> tuple[str, dt.date, dt.date]:
    """Code, first day and day after the last of the quarter that holds ``day``."""
    number = (day.month + 2) // 3
    first = dt.date(day.year, number * 3 - 2, 1)
    end = dt.date(day.year + number // 4, number * 3 % 12 + 1, 1)
    return f"{day.year}Q{number}", first, end


def open_quarter(day: dt.date) -> Period:
    """The quarter that holds ``day``, set up when it is not there yet."""
    code, first, end = quarter_of(day)
    period, _made = Period.objects.get_or_create(
        code=code, defaults={"kind": PeriodKind.QUARTER, "span": (first, end)}
    )
    return period
