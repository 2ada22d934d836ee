"""Households and residents: sources that disagree, each on its own days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from communities.choices import CommunityState, CountDefinition, CountSource
from portal.demo.chance import Dice
from portal.demo.plan import CityPlan, CommunityPlan, Count
from portal.demo.specs import CitySpec
from portal.demo.timeline import Timeline

CENSUSES = (dt.date(2000, 11, 1), dt.date(2010, 11, 1), dt.date(2020, 11, 1))
BASE_YEAR = 2020
# Households of each source in percent of the true number; growth a year in tenths of a percent.
LEVELS = {CountSource.POLICE: (82, 108), CountSource.GRID: (94, 104), CountSource.CENSUS: (97, 103)}
GROWTH = 12


def draw_counts(spec: CitySpec, city: CityPlan, timeline: Timeline) -> None:
    """Counts by police and grid workers (half-yearly) and census (every ten years)."""
    dice = Dice(f"counts {spec.name}")
    days = list(_days(timeline))
    for community in city.communities:
        if community.state == CommunityState.BEING_SET_UP:
            continue
        size = dice.randint(225, 305)  # persons in a hundred households
        levels = {source: dice.randint(*bounds) for source, bounds in LEVELS.items()}
        for source, day in days:
            wobble = dice.randint(-6, 6)
            if community.place.since is None or community.place.since <= day:
                community.counts.append(_count(community, source, day, levels[source] * 10 + wobble, size))


def _days(timeline: Timeline) -> Iterator[tuple[CountSource, dt.date]]:
    for day in CENSUSES:
        if day <= timeline.anchor:
            yield CountSource.CENSUS, day
    quarters = [timeline.quarters[0].shifted(by) for by in range(-2, len(timeline.quarters))]
    for quarter in quarters:
        if quarter.number in {2, 4} and quarter.last <= timeline.anchor:
            yield CountSource.POLICE, quarter.last
            yield CountSource.GRID, quarter.last


def _count(community: CommunityPlan, source: CountSource, day: dt.date, permille: int, size: int) -> Count:
    registered = source == CountSource.POLICE
    grown = 1_000 + GROWTH * (day.year - BASE_YEAR) * (0 if registered else 1)
    households = max(community.households * permille * grown // 1_000_000, 30)
    return Count(
        source,
        CountDefinition.REGISTERED if registered else CountDefinition.RESIDENT,
        day,
        households,
        households * size // 100,
    )
