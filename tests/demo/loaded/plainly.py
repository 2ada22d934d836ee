"""Figures counted plainly from the rows, row by row in Python: nothing here is shared with the engine."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property

from django.db.models import Model

from communities.models import (
    Clause,
    Committee,
    CommitteePlacement,
    CommunityRecord,
    Division,
    DivisionCode,
    DivisionRecord,
    Exemption,
    HouseholdCount,
    Organisation,
    Period,
    PolicyDocument,
    PreferredCountSource,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    PremisesPlacement,
    RoleAssignment,
    Threshold,
    User,
)

OFFICE, SERVICE, SHARE = "premises.office.area", "premises.service.area", "premises.office.share"
OUTCOMES = ("meets", "falls_short", "exempt", "no_standard", "not_reported")


def covers(valid: object, day: dt.date) -> bool:
    lower, upper = valid.lower, valid.upper  # type: ignore[attr-defined]
    return (lower is None or lower <= day) and (upper is None or day < upper)


class Plainly:
    """What one city has on a day, and how its committees and communities stand."""

    def __init__(
        self, city: str, day: dt.date, *, office: int, service: dict[str, int], share: int | None = None
    ) -> None:
        self.city = Division.objects.get(name_now=city)
        self.day = day
        self.office_limit = office
        self.service_limits = service
        self.share_limit = share

    def _in_city(self, rows: Iterable, path: str = "division_now__path_now"):
        return rows.filter(**{f"{path}__startswith": self.city.path_now})

    @cached_property
    def communities(self) -> set[int]:
        records = DivisionRecord.objects.filter(division__level=5, path__startswith=self.city.path_now)
        return {pk for pk, valid in records.values_list("division_id", "valid") if covers(valid, self.day)}

    @cached_property
    def committees(self) -> dict[int, int]:
        """Residents' committees in force, with their communities."""
        rows = self._in_city(Committee.objects.filter(kind="residents"))
        found = rows.values_list("pk", "division_now_id", "valid")
        return {pk: place for pk, place, valid in found if covers(valid, self.day)}

    @cached_property
    def rooms(self) -> list[Premises]:
        return list(self._in_city(Premises.objects.all()))

    @cached_property
    def held(self) -> list[Premises]:
        return [
            room
            for room in self.rooms
            if (room.obtained_on is None or room.obtained_on <= self.day)
            and (room.lost_on is None or room.lost_on > self.day)
        ]

    @cached_property
    def nils(self) -> list[PremisesNilStatement]:
        return list(
            self._in_city(PremisesNilStatement.objects.filter(stated_on__lte=self.day), "division__path_now")
        )

    @cached_property
    def building_classes(self) -> dict[int, str]:
        rows = self._in_city(CommunityRecord.objects.all(), "division__path_now")
        found = rows.values_list("division_id", "building_class", "valid")
        return {place: kind for place, kind, valid in found if covers(valid, self.day)}

    def exempt(self, key: str) -> tuple[set[int], set[int]]:
        """Committees and whole communities that are exempt."""
        rows = self._in_city(Exemption.objects.filter(key=key), "division__path_now")
        found = [row for row in rows if covers(row.valid, self.day)]
        return (
            {row.committee_id for row in found if row.committee_id},
            {row.division_id for row in found if not row.committee_id},
        )

    def known(self, kinds: set[str]) -> list[Premises]:
        """Rooms of some kinds that were there by the day, lost ones included."""
        return [
            r for r in self.rooms if r.kind in kinds and (r.obtained_on is None or r.obtained_on <= self.day)
        ]

    def office_outcomes(self) -> Counter[str]:
        return Counter(self.office_by_committee().values())

    def office_by_committee(self) -> dict[int, str]:
        areas: dict[int, Decimal] = defaultdict(Decimal)
        for room in self.held:
            if room.kind == "office":
                areas[room.committee_id] += room.area
        exempt, exempt_places = self.exempt(OFFICE)
        reported = {room.committee_id for room in self.known({"office"})}
        reported |= {nil.committee_id for nil in self.nils if nil.kind == "office"}
        found = {}
        for pk, place in self.committees.items():
            found[pk] = outcome(
                limit=self.office_limit,
                meets=areas[pk] >= self.office_limit,
                exempt=pk in exempt or place in exempt_places,
                reported=pk in reported,
            )
        return found

    def service_outcomes(self) -> Counter[str]:
        exempt, exempt_places = self.exempt(SERVICE)
        reports = {(room.division_now_id, room.committee_id) for room in self.known({"service"})}
        reports |= {(nil.division_id, nil.committee_id) for nil in self.nils if nil.kind == "service"}
        found: Counter[str] = Counter()
        for pk, place in self.committees.items():
            limit = self.service_limits.get(self.building_classes[place])
            area = sum(
                room.area
                for room in self._held_by_place[place]
                if room.kind == "service" and room.committee_id in {None, pk}
            )
            reported = bool({(place, None), (place, pk)} & reports)
            found[
                outcome(
                    limit=limit,
                    meets=limit is not None and area >= limit,
                    exempt=pk in exempt or place in exempt_places,
                    reported=reported,
                )
            ] += 1
        return found

    @cached_property
    def _held_by_place(self) -> dict[int, list[Premises]]:
        by_place: dict[int, list[Premises]] = defaultdict(list)
        for room in self.held:
            by_place[room.division_now_id].append(room)
        return by_place

    def share_outcomes(self) -> Counter[str]:
        _, exempt_places = self.exempt(SHARE)
        found: Counter[str] = Counter()
        for place in self.communities:
            rooms = self._held_by_place[place]
            whole = sum(room.area for room in rooms)
            office = sum(room.area for room in rooms if room.kind == "office")
            found[
                outcome(
                    limit=self.share_limit,
                    meets=bool(whole)
                    and self.share_limit is not None
                    and office * 100 <= whole * self.share_limit,
                    exempt=place in exempt_places,
                    reported=bool(whole),
                )
            ] += 1
        return found

    def two_rooms_area(self) -> Decimal:
        return sum((room.area for room in self.held if room.kind in {"office", "service"}), Decimal())

    def communities_with_station(self) -> int:
        stations = PremisesFunctionArea.objects.filter(function="service_station").values_list(
            "premises", flat=True
        )
        held = set(stations)
        return len({room.division_now_id for room in self.held if room.pk in held})


def outcome(*, limit: int | None, meets: bool, exempt: bool, reported: bool) -> str:
    if limit is None:
        return "no_standard"
    if meets:
        return "meets"
    if exempt:
        return "exempt"
    return "falls_short" if reported else "not_reported"


def yunzhou(day: dt.date) -> Plainly:
    return Plainly("云州市", day, office=100, service={"renovated": 200, "new": 400})


# Every table of the demo by what its rows say, without ids, public ids and times of writing.
NATURAL: dict[type[Model], tuple[str, ...]] = {
    Division: ("code_now", "name_now", "kind_now", "level", "parent_now__code_now", "sort_key", "initials"),
    DivisionRecord: (
        *("division__code_now", "valid", "name", "kind", "parent__code_now"),
        *("location_class", "urban_rural_class"),
    ),
    DivisionCode: ("division__code_now", "code", "valid"),
    CommunityRecord: ("division__code_now", "valid", "kind", "building_class", "state"),
    Committee: ("division_now__code_now", "name", "kind", "valid", "term_number", "elected_on", "expires_on"),
    CommitteePlacement: ("thing__name", "division__code_now", "valid"),
    Premises: (
        *("division_now__code_now", "committee__name", "name", "kind", "area", "tenure", "address", "floor"),
        *(
            "condition",
            "valid",
            "lost_reason",
            "temporary_until",
            "is_zoned",
            "has_open_counter",
            "is_one_door",
        ),
    ),
    PremisesPlacement: ("thing__name", "division__code_now", "valid"),
    PremisesFunctionArea: (
        "premises__division_now__code_now",
        "premises__name",
        "premises__valid",
        "function",
        "area",
    ),
    PremisesNilStatement: ("division__code_now", "committee__name", "kind", "stated_on"),
    Exemption: (
        "division__code_now",
        "committee__name",
        "key",
        "valid",
        "reason",
        "decision_number",
        "review_on",
    ),
    HouseholdCount: ("division__code_now", "source", "definition", "counted_on", "households", "residents"),
    PreferredCountSource: ("jurisdiction__code_now", "source", "definition", "valid"),
    PolicyDocument: ("number", "title", "issuer", "issued_on", "valid", "text", "jurisdiction__code_now"),
    Clause: ("document__number", "label", "position", "text"),
    Threshold: (
        "clause__document__number",
        "key",
        "operator",
        "low",
        "high",
        "valid",
        "building_classes",
        "deadline",
    ),
    Period: ("code", "kind", "span", "closed_at"),
    Organisation: ("name", "kind", "division__code_now"),
    User: ("username", "name", "organisation__name", "is_demo", "must_change_password"),
    RoleAssignment: ("user__username", "role", "division__name_now", "organisation__name", "valid"),
}


def digest() -> dict[str, str]:
    """One hash per table over what its rows say, whatever their order and ids."""
    return {
        model.__name__: hashlib.sha256(
            "\n".join(sorted(map(str, model._default_manager.values_list(*columns)))).encode()
        ).hexdigest()
        for model, columns in NATURAL.items()
    }
