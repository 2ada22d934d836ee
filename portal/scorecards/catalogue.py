"""Every indicator of the product, gathered from the apps; the order is the order of pages."""

from __future__ import annotations

from functools import cache

import communities.indicators
from communities.base.measures import Indicator, slots_of

INDICATORS: dict[str, Indicator] = {
    indicator.code: indicator for indicator in (*communities.indicators.INDICATORS,)
}


@cache
def slots() -> tuple[str, ...]:
    """The codes of all slots that the indicators need, in order of declaration."""
    return tuple(slots_of(INDICATORS.values()))
