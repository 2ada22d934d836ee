"""Brings the drawn areas to the two known totals, without changing how anybody stands.

The mean of today comes from the offices that meet the standard (they may only grow) and the service rooms of old
communities (which no standard judges); the mean of 2002 from rooms of that year which are gone since.
"""

from __future__ import annotations

from collections.abc import Sequence

from communities.choices import BuildingClass, PremisesKind
from portal.demo.plan import CityPlan, CommunityPlan, Room, Standing
from portal.demo.specs import Quotas
from portal.demo.timeline import END_OF_2002, Timeline

TWO_ROOMS = frozenset({PremisesKind.OFFICE, PremisesKind.SERVICE})
SMALLEST = 8_00
# By how much a room may change, in percent of its area.
LEEWAY = 40


def fit_totals(city: CityPlan, quotas: Quotas, timeline: Timeline) -> None:
    """Raises ValueError when the rooms drawn cannot be brought to the totals."""
    rooms = [(community, room) for community in city.communities for room in community.rooms]
    rooms = [(community, room) for community, room in rooms if room.kind in TWO_ROOMS]
    today = [(community, room) for community, room in rooms if room.held(timeline.anchor)]
    in_2002 = [room for _, room in rooms if room.held(END_OF_2002)]
    if quotas.two_rooms_total is not None:
        pliable = [room for community, room in today if _may_grow(community, room)]
        spread(pliable, quotas.two_rooms_total - sum(room.area for _, room in today), may_shrink=False)
    if quotas.two_rooms_total_2002 is not None:
        gone = [room for room in in_2002 if not room.held(timeline.anchor)]
        spread(gone, quotas.two_rooms_total_2002 - sum(room.area for room in in_2002), may_shrink=True)


def _may_grow(community: CommunityPlan, room: Room) -> bool:
    if room.held(END_OF_2002):
        return False
    if room.kind == PremisesKind.SERVICE:
        return community.building_class == BuildingClass.OLD
    # A room that meets the standard to the centimetre is left as it is, for the sake of the boundary.
    return room.body is not None and room.body.office == Standing.MEETS and room.area % 100_00 != 0


def spread(rooms: Sequence[Room], missing: int, *, may_shrink: bool) -> None:
    """Share ``missing`` hundredths of m² out over the rooms, each by at most ``LEEWAY`` percent."""
    leeways = [room.area * LEEWAY // 100 for room in rooms]
    if missing < 0:
        leeways = [
            min(leeway, max(room.area - SMALLEST, 0)) for leeway, room in zip(leeways, rooms, strict=True)
        ]
    whole = sum(leeways)
    if abs(missing) > whole or (missing < 0 and not may_shrink):
        msg = f"{missing} hundredths of m² cannot be shared out over {len(rooms)} rooms"
        raise ValueError(msg)
    sign = 1 if missing > 0 else -1
    left = abs(missing)
    for room, leeway in zip(rooms, leeways, strict=True):
        # The share of what is left that falls on this room among those to come: no rest at the end.
        part = -(-left * leeway // whole) if whole else 0
        part = min(part, leeway)
        room.area += sign * part
        left -= part
        whole -= leeway
