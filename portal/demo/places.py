"""The tree of a city: districts, streets and towns, communities, with what they were called before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from communities.choices import (
    BuildingClass,
    CommunityKind,
    DivisionKind,
    Level,
    LocationClass,
)
from portal.demo.chance import Dice
from portal.demo.names import NEW_ESTATES, OLD_STREETS, OUTSKIRTS, CommunityNames, stems
from portal.demo.plan import CityPlan, CommunityPlan, EarlierRecord, Place, Ring
from portal.demo.specs import CitySpec, DistrictSpec
from portal.demo.timeline import Timeline, years_after

FIRST_TOWN_NUMBER = 100
CITY_PREFIX = "99{:02d}"

# Shares of building classes, kinds and households by ring: inner districts are old and dense, the outskirts new
# or rural.
BUILDING_CLASSES = {
    Ring.INNER: {BuildingClass.OLD: 46, BuildingClass.RENOVATED: 46, BuildingClass.NEW: 8},
    Ring.MIDDLE: {BuildingClass.OLD: 36, BuildingClass.RENOVATED: 46, BuildingClass.NEW: 18},
    Ring.OUTER: {BuildingClass.OLD: 48, BuildingClass.RENOVATED: 30, BuildingClass.NEW: 22},
}
KINDS = {
    Ring.INNER: {CommunityKind.URBAN: 100},
    Ring.MIDDLE: {CommunityKind.URBAN: 92, CommunityKind.CONVERTED: 8},
    Ring.OUTER: {
        CommunityKind.URBAN: 45,
        CommunityKind.FARM_RELATED: 28,
        CommunityKind.CONVERTED: 17,
        CommunityKind.OUTSKIRTS_RURAL: 10,
    },
}
HOUSEHOLDS = {Ring.INNER: (1_500, 4_200), Ring.MIDDLE: (1_100, 3_400), Ring.OUTER: (500, 2_300)}


class Atlas:
    """Draws one city. Names of streets and communities never come twice in a city."""

    def __init__(self, spec: CitySpec, province: Place, timeline: Timeline) -> None:
        self.spec = spec
        self.timeline = timeline
        self.dice = Dice(f"places {spec.name}")
        self._street_names: Iterator[str] = stems(self.dice)
        self._community_names = CommunityNames(self.dice)
        prefix = CITY_PREFIX.format(spec.number)
        place = Place(Level.CITY, DivisionKind.PREFECTURE_CITY, spec.name, prefix + "0" * 8, province)
        self.city = CityPlan(place, [place])

    def draw(self) -> CityPlan:
        for index, district_spec in enumerate(self.spec.districts):
            district = self._district(index, district_spec)
            for street, communities in self._streets(district, district_spec):
                for number in range(1, communities + 1):
                    self._community(index, street, number)
        return self.city

    def _add(self, place: Place) -> Place:
        self.city.places.append(place)
        return place

    def _district(self, index: int, spec: DistrictSpec) -> Place:
        code = f"{CITY_PREFIX.format(self.spec.number)}{index + 1:02d}" + "0" * 6
        return self._add(
            Place(Level.DISTRICT, DivisionKind.DISTRICT, spec.name, code, self.city.place, spec.ring)
        )

    def _streets(self, district: Place, spec: DistrictSpec) -> list[tuple[Place, int]]:
        """The streets and towns of a district, each with its number of communities (at least two)."""
        streets = [self._street(district, number) for number in range(1, spec.streets + 1)]
        streets += [self._town(district, FIRST_TOWN_NUMBER + number) for number in range(spec.towns)]
        sizes = [2] * len(streets)
        for _ in range(spec.communities - sum(sizes)):
            sizes[self.dice.randrange(len(sizes))] += 1
        return list(zip(streets, sizes, strict=True))

    def _street(self, district: Place, number: int) -> Place:
        stem = next(self._street_names)
        code = f"{district.code[:6]}{number:03d}" + "0" * 3
        street = self._add(
            Place(Level.STREET, DivisionKind.STREET, f"{stem}街道", code, district, district.ring)
        )
        # Some streets of the outskirts were towns before, under a code of the towns' range.
        if district.ring == Ring.OUTER and self.dice.percent(12):
            before = f"{district.code[:6]}{FIRST_TOWN_NUMBER + 50 + number:03d}" + "0" * 3
            until = years_after(dt.date(self.timeline.anchor.year, 1, 1), -self.dice.randint(1, 8))
            street.earlier.append(EarlierRecord(until, f"{stem}镇", DivisionKind.TOWN, before))
        return street

    def _town(self, district: Place, number: int) -> Place:
        is_township = self.dice.percent(15)
        kind, suffix = (DivisionKind.TOWNSHIP, "乡") if is_township else (DivisionKind.TOWN, "镇")
        code = f"{district.code[:6]}{number:03d}" + "0" * 3
        return self._add(
            Place(Level.STREET, kind, next(self._street_names) + suffix, code, district, district.ring)
        )

    def _community(self, district: int, street: Place, number: int) -> None:
        ring = street.ring
        kind = self.dice.weighted(KINDS[ring])
        building_class = self.dice.weighted(BUILDING_CLASSES[ring])
        name = self._community_names.draw(endings(kind, building_class))
        place = Place(
            Level.COMMUNITY,
            DivisionKind.RESIDENTS_COMMUNITY,
            f"{name}社区",
            f"{street.code[:9]}{number:03d}",
            street,
            ring,
        )
        classify(place, kind, is_seat=street.kind != DivisionKind.STREET and number == 1)
        self._recall(place, street)
        low, high = HOUSEHOLDS[ring]
        self._add(place)
        self.city.communities.append(
            CommunityPlan(
                place,
                district,
                kind=kind,
                building_class=building_class,
                households=self.dice.randint(low, high),
            )
        )

    def _recall(self, place: Place, street: Place) -> None:
        """What the community was called, and which code it bore, while its street was a town; rare renamings."""
        for record in street.earlier:
            code = f"{record.code[:9]}{place.code[9:]}"
            place.earlier.append(EarlierRecord(record.until, place.name, place.kind, code))
        if not place.earlier and self.dice.percent(1):
            until = self.dice.day(dt.date(2006, 1, 1), self.timeline.anchor)
            old = self._community_names.draw(OLD_STREETS)
            place.earlier.append(EarlierRecord(until, f"{old}社区", place.kind, place.code))


def endings(kind: CommunityKind, building_class: BuildingClass) -> str:
    """The third characters that suit a community."""
    if kind != CommunityKind.URBAN:
        return OUTSKIRTS
    return NEW_ESTATES if building_class == BuildingClass.NEW else OLD_STREETS


def classify(place: Place, kind: CommunityKind, *, is_seat: bool) -> None:
    """Location class and the statistics office's urban-rural class."""
    match kind:
        case CommunityKind.FARM_RELATED:
            place.location_class, place.urban_rural_class = LocationClass.OUTSKIRTS, "112"
        case CommunityKind.OUTSKIRTS_RURAL:
            place.location_class, place.urban_rural_class = LocationClass.RURAL, "220"
        case _ if is_seat:
            place.location_class, place.urban_rural_class = LocationClass.TOWN_SEAT, "121"
        case _ if place.ring == Ring.OUTER:
            place.location_class, place.urban_rural_class = LocationClass.OUTSKIRTS, "112"
        case _:
            place.location_class, place.urban_rural_class = LocationClass.CENTRAL, "111"
