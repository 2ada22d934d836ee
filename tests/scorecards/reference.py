"""What the cards must say, worked out row by row in plain Python: slow, naive, and written without the engine.

It shares with the product the declarations of what is measured and nothing else: no SQL, no resolution of
thresholds, no roll-up of the engine is used.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from communities.choices import (
    CommitteeKind,
    Condition,
    Force,
    Level,
    Operator,
    PremisesFunction,
    PremisesKind,
    Tenure,
)
from communities.indicators import ROOMS_COVERED as COVERED
from communities.models import (
    Committee,
    CommunityRecord,
    DivisionRecord,
    Exemption,
    HouseholdCount,
    PreferredCountSource,
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    Threshold,
)

OUTCOMES = ("meets", "falls_short", "exempt", "no_standard", "not_reported")
AMBIGUOUS = "ambiguous"


def covers(span: Any, day: dt.date) -> bool:
    return (span.lower is None or span.lower <= day) and (span.upper is None or day < span.upper)


def begun(span: Any, day: dt.date) -> bool:
    return span.lower is None or span.lower <= day


class Reference:
    """All cards on one day: division id to slot to value."""

    def __init__(self, day: dt.date) -> None:
        self.day = day
        self._loaded: dict[Any, list[Any]] = {}
        records = DivisionRecord.objects.select_related("division").filter(division__deleted_at=None)
        self.places = {r.division_id: r for r in records if covers(r.valid, day)}
        self.cards: dict[int, Counter[str]] = {
            pk: Counter() for pk, r in self.places.items() if r.division.level == Level.COMMUNITY
        }
        self.committees = self._standing(Committee, CommitteeKind.RESIDENTS)
        self.rooms = self._rooms()
        self._plain()
        for pk in list(self.cards):
            self._judge(pk)
        self._roll_up()

    # ------------------------------------------------------------ rows

    def live(self, model: Any) -> list[Any]:
        """All live rows of a model, read once."""
        if model not in self._loaded:
            rows = model.objects.live()
            if hasattr(model, "placements"):
                rows = rows.prefetch_related("placements")
            self._loaded[model] = list(rows)
        return self._loaded[model]

    def _place_of(self, thing: Any) -> int | None:
        for placement in thing.placements.all():
            if covers(placement.valid, self.day):
                return placement.division_id
        return None

    def _standing(self, model: Any, kind: str) -> dict[int, list[Any]]:
        found = defaultdict(list)
        for row in self.live(model):
            if row.kind == kind and covers(row.valid, self.day):
                found[self._place_of(row)].append(row)
        return found

    def _rooms(self) -> dict[int, list[Any]]:
        """Rooms held on the day or before it, by where they stand on the day."""
        found = defaultdict(list)
        for row in self.live(Premises):
            if begun(row.valid, self.day):
                found[self._place_of(row)].append(row)
        return found

    def held(self, pk: int, kinds: Iterable[str] | None = None) -> list[Any]:
        return [r for r in self.rooms[pk] if covers(r.valid, self.day) and (kinds is None or r.kind in kinds)]

    def _line(self, pk: int) -> list[int]:
        """The place and all above it, nearest first."""
        line = []
        while pk in self.places:
            line.append(pk)
            pk = self.places[pk].parent_id
        return line

    def households(self, pk: int) -> int | None:
        for place in self._line(pk):
            for preference in self.live(PreferredCountSource):
                if preference.jurisdiction_id == place and covers(preference.valid, self.day):
                    chosen = (pk, preference.source, preference.definition)
                    counts = [
                        count
                        for count in self.live(HouseholdCount)
                        if (count.division_id, count.source, count.definition) == chosen
                        and count.counted_on <= self.day
                    ]
                    latest = max(counts, key=lambda count: count.counted_on, default=None)
                    return latest.households if latest is not None else None
        return None

    # ------------------------------------------------------------ plain measures

    def _plain(self) -> None:
        for pk, card in self.cards.items():
            card["communities"] = 1
            card["committees.residents"] = len(self.committees[pk])
            card["households"] = self.households(pk) or 0
            for code, kinds in (
                ("premises.office.area", [PremisesKind.OFFICE]),
                ("premises.service.area", [PremisesKind.SERVICE]),
                ("premises.two_rooms.area", [PremisesKind.OFFICE, PremisesKind.SERVICE]),
                ("premises.area", None),
            ):
                card[code] = sum(int(room.area * 100) for room in self.held(pk, kinds))
            held = self.held(pk)
            card["premises.owned.area"] = sum(int(r.area * 100) for r in held if r.tenure == Tenure.OWNED)
            card["premises.good.area"] = sum(int(r.area * 100) for r in held if r.condition == Condition.GOOD)
            card["communities.with_open_counter"] = int(any(room.has_open_counter for room in held))
            card["communities.with_one_door"] = int(any(room.is_one_door for room in held))
            rooms = {room.pk for room in held}
            has = {z.function for z in self.live(PremisesFunctionArea) if z.premises_id in rooms}
            card["communities.with_station"] = int(PremisesFunction.SERVICE_STATION in has)
            for function in COVERED:
                card[f"communities.with_{function.value}"] = int(function in has)

    # ------------------------------------------------------------ standards

    def target(self, pk: int, key: str) -> Any:
        """(threshold, low, high), None, or AMBIGUOUS."""
        near: Any = None
        for place in self._line(pk):
            here = [
                t
                for t in self.live(Threshold)
                if t.key == key
                and t.jurisdiction_id == place
                and covers(t.valid, self.day)
                and t.force != Force.STRIVE_TO
                and self._applies(t, pk)
            ]
            if near is not None:
                here = [t for t in here if t.force == Force.BINDING_FLOOR]
            if not here:
                continue
            most = max(map(conditions, here))
            best = [t for t in here if conditions(t) == most]
            if len(best) > 1:
                return AMBIGUOUS
            bound = self._bound(best[0], pk)
            if near is None:
                near = bound
                continue
            order = stricter(bound, near)
            if order is None:
                return AMBIGUOUS
            if order:
                near = bound
        return near

    def _applies(self, threshold: Threshold, pk: int) -> bool:
        record = next(
            (r for r in self.live(CommunityRecord) if r.division_id == pk and covers(r.valid, self.day)), None
        )
        households = self.households(pk)
        checks = (
            (threshold.building_classes, record.building_class if record else None),
            (threshold.community_kinds, record.kind if record else None),
            (threshold.location_classes, self.places[pk].location_class),
        )
        if any(allowed is not None and value not in allowed for allowed, value in checks):
            return False
        if households is None and (threshold.step is not None or threshold.households is not None):
            return False
        span = threshold.households
        if span is None:
            return True
        return (span.lower is None or span.lower <= households) and (
            span.upper is None or households < span.upper
        )

    def _bound(self, threshold: Threshold, pk: int) -> tuple[Threshold, Decimal | None, Decimal | None]:
        low, high = threshold.low, threshold.high
        if threshold.step is not None:
            started, left = divmod(self.households(pk), threshold.step_households)
            more = threshold.step * (started + (1 if left else 0))
            low = None if low is None else low + more
            high = None if high is None else high + more
        return threshold, low, high

    # ------------------------------------------------------------ judging

    def _judge(self, pk: int) -> None:
        for code, key, kind, shared in (
            ("office", "premises.office.area", PremisesKind.OFFICE, False),
            ("service", "premises.service.area", PremisesKind.SERVICE, True),
        ):
            target = self.target(pk, key)
            for outcome in OUTCOMES:
                self.cards[pk][f"{code}.{outcome}"] = 0
            for body in self.committees[pk]:
                outcome = self._of_committee(pk, body, key, kind, shared=shared, target=target)
                self.cards[pk][f"{code}.{outcome}"] += 1
        for outcome in OUTCOMES:
            self.cards[pk][f"office_share.{outcome}"] = 0
        self.cards[pk][f"office_share.{self._of_share(pk)}"] += 1

    def _of_committee(
        self, pk: int, body: Committee, key: str, kind: str, *, shared: bool, target: Any
    ) -> str:
        def counts(room: Premises) -> bool:
            return room.kind == kind and (
                room.committee_id == body.pk or (shared and room.committee_id is None)
            )

        value = sum((room.area for room in self.held(pk) if counts(room)), Decimal(0))
        stated = any(
            said.kind == kind and said.stated_on <= self.day and concerns(said, pk, body)
            for said in self.live(PremisesNilStatement)
        )
        reported = stated or any(counts(room) for room in self.rooms[pk])
        return outcome_of(Fraction(value) if reported else None, target, exempt=self._exempt(key, pk, body))

    def _of_share(self, pk: int) -> str:
        office = sum((room.area for room in self.held(pk, [PremisesKind.OFFICE])), Decimal(0))
        everything = sum((room.area for room in self.held(pk)), Decimal(0))
        share = Fraction(office) / Fraction(everything) * 100 if everything else None
        key = "premises.office.share"
        return outcome_of(share, self.target(pk, key), exempt=self._exempt(key, pk, None))

    def _exempt(self, key: str, pk: int, body: Committee | None) -> bool:
        return any(
            row.key == key and covers(row.valid, self.day) and concerns(row, pk, body)
            for row in self.live(Exemption)
        )

    # ------------------------------------------------------------ upward

    def _roll_up(self) -> None:
        own = dict(self.cards)
        slots = {slot for card in own.values() for slot in card}
        for pk, record in self.places.items():
            if record.division.level != Level.COMMUNITY:
                self.cards[pk] = Counter(dict.fromkeys(slots, 0))
        for pk, card in own.items():
            for place in self._line(pk)[1:]:
                self.cards[place].update(card)


def concerns(row: Any, pk: int, body: Committee | None) -> bool:
    """Whether a statement or exemption is the whole community's, or this committee's own."""
    if row.committee_id is None:
        return row.division_id == pk
    return body is not None and row.committee_id == body.pk


def conditions(threshold: Threshold) -> int:
    given = (
        threshold.building_classes,
        threshold.location_classes,
        threshold.community_kinds,
        threshold.households,
    )
    return len([condition for condition in given if condition is not None])


def stricter(one: Any, other: Any) -> bool | None:
    """Whether the bound ``one`` leaves fewer values than ``other``; None when they point different ways."""
    (first, low, high), (second, other_low, other_high) = one, other
    minimum, maximum = {Operator.AT_LEAST, Operator.MORE_THAN}, {Operator.AT_MOST, Operator.LESS_THAN}
    if first.operator in minimum and second.operator in minimum:
        if low == other_low:
            return first.operator == Operator.MORE_THAN and second.operator == Operator.AT_LEAST
        return low > other_low
    if first.operator in maximum and second.operator in maximum:
        if high == other_high:
            return first.operator == Operator.LESS_THAN and second.operator == Operator.AT_MOST
        return high < other_high
    if first.operator == second.operator == Operator.BETWEEN:
        return low >= other_low and high <= other_high and (low > other_low or high < other_high)
    return None


def outcome_of(value: Fraction | None, target: Any, *, exempt: bool) -> str:
    if target is None or target == AMBIGUOUS:
        return "no_standard"
    threshold, low, high = target
    if value is not None and meets(value, threshold.operator, low, high):
        return "meets"
    if exempt:
        return "exempt"
    return "not_reported" if value is None else "falls_short"


def meets(value: Fraction, operator: str, low: Decimal | None, high: Decimal | None) -> bool:
    match operator:
        case Operator.AT_LEAST:
            return value >= Fraction(low)
        case Operator.MORE_THAN:
            return value > Fraction(low)
        case Operator.AT_MOST:
            return value <= Fraction(high)
        case Operator.LESS_THAN:
            return value < Fraction(high)
    return Fraction(low) <= value <= Fraction(high)
