"""Every indicator of the product, gathered from the apps; the order is the order of pages."""

from __future__ import annotations

import communities.indicators
from communities.base.measures import Indicator

INDICATORS: dict[str, Indicator] = {
    indicator.code: indicator for indicator in (*communities.indicators.INDICATORS,)
}
