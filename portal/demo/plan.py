"""The demo as plain objects, before any of it is a row.

Areas are whole hundredths of a square metre. A day that is None means "before our records" at the beginning of
something and "still" at its end.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from communities.choices import (
    BuildingClass,
    CommitteeKind,
    CommunityKind,
    CommunityState,
    Condition,
    CountDefinition,
    CountSource,
    DivisionKind,
    Level,
    LocationClass,
    LossReason,
    PremisesFunction,
    PremisesKind,
    Tenure,
)


class Ring(StrEnum):
    """Where in the city a district lies; nearly everything varies by it."""

    INNER = "inner"
    MIDDLE = "middle"
    OUTER = "outer"


class Standing(StrEnum):
    """How a committee is to stand on the anchor day; its rooms are drawn to fit."""

    MEETS = "meets"
    SHORT = "short"
    EXEMPT = "exempt"
    SILENT = "silent"  # nothing was ever reported
    SPLIT = "split"  # two committees share rooms that suffice for one of them only
    NO_STANDARD = "no_standard"


@dataclass(frozen=True)
class EarlierRecord:
    """What a place was called before a day."""

    until: dt.date
    name: str
    kind: DivisionKind
    code: str


@dataclass(eq=False)
class Place:
    """A division; ``pk`` and ``path`` are given when it is stored."""

    level: Level
    kind: DivisionKind
    name: str
    code: str
    parent: Place | None
    ring: Ring = Ring.MIDDLE
    since: dt.date | None = None
    location_class: LocationClass | str = ""
    urban_rural_class: str = ""
    earlier: list[EarlierRecord] = field(default_factory=list)
    pk: int = 0
    path: str = ""


@dataclass(frozen=True)
class PlaceRecord:
    """Kind, building class and state of a community for a time."""

    since: dt.date | None
    until: dt.date | None
    kind: CommunityKind
    building_class: BuildingClass
    state: CommunityState


@dataclass(eq=False)
class Body:
    """A committee; ``founded`` None: it was there before 2003."""

    community: CommunityPlan
    kind: CommitteeKind
    name: str
    founded: dt.date | None = None
    ended: dt.date | None = None
    office: Standing = Standing.SHORT
    term_number: int | None = None
    elected_on: dt.date | None = None
    expires_on: dt.date | None = None
    pk: int = 0

    def in_force(self, day: dt.date) -> bool:
        return (self.founded is None or self.founded <= day) and (self.ended is None or day < self.ended)


@dataclass(eq=False)
class Room:
    """One set of rooms."""

    name: str
    kind: PremisesKind
    body: Body | None
    area: int
    tenure: Tenure
    obtained: dt.date | None = None
    lost: dt.date | None = None
    reason: LossReason | str = ""
    condition: Condition | str = ""
    temporary_until: dt.date | None = None
    address: str = ""
    floor: str = ""
    has_open_counter: bool = False
    is_one_door: bool = False
    functions: dict[PremisesFunction, int] = field(default_factory=dict)
    pk: int = 0

    def held(self, day: dt.date) -> bool:
        return (self.obtained is None or self.obtained <= day) and (self.lost is None or day < self.lost)


@dataclass(frozen=True)
class Nil:
    """A dated statement that there are no rooms of a kind."""

    kind: PremisesKind
    stated_on: dt.date
    body: Body | None = None


@dataclass(frozen=True)
class ExemptionPlan:
    """A decision that frees a committee, or the whole community, from a standard."""

    key: str
    since: dt.date
    until: dt.date | None
    reason: str
    number: int
    review_on: dt.date | None = None
    body: Body | None = None


@dataclass(frozen=True)
class Count:
    """Households and residents by one source on one day."""

    source: CountSource
    definition: CountDefinition
    counted_on: dt.date
    households: int
    residents: int


@dataclass(eq=False)
class CommunityPlan:
    """A community with all that stands on it."""

    place: Place
    district: int  # index of its district
    kind: CommunityKind = CommunityKind.URBAN
    building_class: BuildingClass = BuildingClass.OLD
    state: CommunityState = CommunityState.ACTIVE
    renovated_on: dt.date | None = None
    converted_on: dt.date | None = None
    service: Standing = Standing.NO_STANDARD
    households: int = 0
    bodies: list[Body] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)
    nils: list[Nil] = field(default_factory=list)
    exemptions: list[ExemptionPlan] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """The name without its kind."""
        return self.place.name.removesuffix("社区")

    def judged(self, day: dt.date) -> list[Body]:
        """The residents' committees in force on a day."""
        return [b for b in self.bodies if b.kind == CommitteeKind.RESIDENTS and b.in_force(day)]

    def held(self, day: dt.date) -> list[Room]:
        return [room for room in self.rooms if room.held(day)]


@dataclass(eq=False)
class CityPlan:
    """A city, its places from the top down, and its communities."""

    place: Place
    places: list[Place] = field(default_factory=list)
    communities: list[CommunityPlan] = field(default_factory=list)
