"""Functions of rooms: service stations by quota, and what else goes on there."""

from __future__ import annotations

from communities.choices import PremisesFunction, PremisesKind
from portal.demo.chance import Dice
from portal.demo.plan import CityPlan, CommunityPlan, Room
from portal.demo.specs import CitySpec
from portal.demo.timeline import AFTER_2002, Timeline

STATION = PremisesFunction.SERVICE_STATION
OTHERS = {
    PremisesKind.OFFICE: (
        PremisesFunction.PARTY_CENTRE,
        PremisesFunction.COUNCIL_ROOM,
        PremisesFunction.MEDIATION,
        PremisesFunction.POLICE_ROOM,
        PremisesFunction.STORAGE,
    ),
    PremisesKind.SERVICE: (
        PremisesFunction.SERVICE_HALL,
        PremisesFunction.ELDERLY_CARE,
        PremisesFunction.CHILDREN,
        PremisesFunction.HEALTH,
        PremisesFunction.READING,
    ),
    PremisesKind.ACTIVITY: (
        PremisesFunction.CULTURE,
        PremisesFunction.SPORT,
        PremisesFunction.READING,
        PremisesFunction.ELDERLY_CARE,
    ),
}
# A station is looked for in this order.
HOSTS = (PremisesKind.SERVICE, PremisesKind.OFFICE, PremisesKind.ACTIVITY)
SMALLEST_ZONE = 4_00


def draw_functions(spec: CitySpec, city: CityPlan, timeline: Timeline) -> None:
    """Raises ValueError when too few communities have rooms for a station."""
    dice = Dice(f"functions {spec.name}")
    hosts = {community: _host(community, timeline) for community in city.communities}
    able = [community for community, host in hosts.items() if host is not None]
    if len(able) < spec.quotas.stations:
        msg = (
            f"{len(able)} communities of {spec.name} have rooms, {spec.quotas.stations} are to have a station"
        )
        raise ValueError(msg)
    # The largest rooms first, with luck: who has least is likeliest to go without.
    luck = {community: dice.randrange(60_00) + min(_area(hosts[community]), 120_00) for community in able}
    for community in sorted(able, key=lambda c: -luck[c])[: spec.quotas.stations]:
        _open_station(community, hosts[community], dice)
    for community in city.communities:
        for room in community.rooms:
            _zone(room, dice)


def _host(community: CommunityPlan, timeline: Timeline) -> Room | None:
    held = [room for room in community.held(timeline.anchor) if room.area >= 2 * SMALLEST_ZONE]
    return min(held, key=lambda room: HOSTS.index(room.kind), default=None)


def _area(room: Room | None) -> int:
    return room.area if room is not None else 0


def _open_station(community: CommunityPlan, host: Room | None, dice: Dice) -> None:
    """The station of today; in most places its predecessor stood in the rooms before."""
    if host is None:
        return
    host.functions[STATION] = _part(host.area, dice)
    for room in community.rooms:
        is_predecessor = room.lost is not None and room.obtained is not None and room.obtained >= AFTER_2002
        if is_predecessor and room.area >= 2 * SMALLEST_ZONE and dice.percent(55):
            room.functions[STATION] = _part(room.area, dice)


def _part(area: int, dice: Dice) -> int:
    """Some 25 to 60 percent of the rooms, whole tenths of a square metre."""
    return max(area * dice.randint(25, 60) // 1_000 * 10, SMALLEST_ZONE)


def _zone(room: Room, dice: Dice) -> None:
    """Further zones while there is room for them."""
    choice = list(OTHERS[room.kind])
    dice.shuffle(choice)
    left = room.area - sum(room.functions.values())
    for function in choice[: dice.randrange(4)]:
        area = left * dice.randint(20, 50) // 1_000 * 10
        if area < SMALLEST_ZONE:
            return
        room.functions[function] = area
        left -= area
