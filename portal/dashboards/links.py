"""From a measured number to the register that lists what it counts, on the day on which it counted."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.urls import reverse

from communities import indicators
from communities.base.measures import Measure
from communities.choices import CommitteeKind, PremisesFunction, PremisesKind
from communities.models import Division

# Measure code -> (list, filters). A measure without an entry is shown without a link.
REGISTERS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    indicators.OFFICE_AREA.code: ("premises-list", [("kind", PremisesKind.OFFICE)]),
    indicators.SERVICE_AREA.code: ("premises-list", [("kind", PremisesKind.SERVICE)]),
    indicators.TWO_ROOMS_AREA.code: (
        "premises-list",
        [("kind", PremisesKind.OFFICE), ("kind", PremisesKind.SERVICE)],
    ),
    indicators.PREMISES_AREA.code: ("premises-list", []),
    indicators.COMMITTEES.code: ("committee-list", [("kind", CommitteeKind.RESIDENTS)]),
    indicators.COMMUNITIES.code: ("community-list", []),
    indicators.HOUSEHOLDS.code: ("household-count-list", []),
    indicators.STATION_COMMUNITIES.code: ("premises-list", [("function", PremisesFunction.SERVICE_STATION)]),
}


def register_url(measure: Measure | None, place: Division, day: dt.date) -> str | None:
    """The list behind a measure's number; None where there is none."""
    if measure is None or measure.code not in REGISTERS:
        return None
    route, filters = REGISTERS[measure.code]
    asked = [("place", str(place.public_id)), ("as_of", day.isoformat()), *filters]
    return f"{reverse(route)}?{urlencode(asked)}"
