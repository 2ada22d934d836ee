"""A version of a scheme made ready for scoring: read once, pure afterwards, the reference of the statement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from communities.base.rules import Inputs, Item, ItemScore, Reading
from communities.base.rules.conditions import Condition
from communities.base.rules.items import (
    HUNDREDTHS,
    GroupPart,
    bonus_total,
    filled,
    grade_of,
    group_total,
)
from portal.scorecards.models import (
    PeerClass,
    RatingGrade,
    RatingGroup,
    RatingItem,
    RatingSchemeVersion,
    RatingVeto,
)
from portal.scorecards.scoring.inputs import inputs, names, slot_of

# The classes of a community on the anchor day, in the order in which score cards keep them.
CLASSES = (PeerClass.BUILDING.value, PeerClass.LOCATION.value, PeerClass.KIND.value)


def hundredths(points: Decimal) -> int:
    """Points as cards hold them."""
    return int(points * HUNDREDTHS)


@dataclass(frozen=True)
class SheetItem:
    """One item: its row, its arithmetic, and of which classes it asks (None: of any)."""

    row: RatingItem
    item: Item
    group: int
    asked_of: tuple[frozenset[str] | None, ...]

    @property
    def full(self) -> int:
        return hundredths(self.row.full_mark)

    @property
    def is_for_all(self) -> bool:
        return not any(self.asked_of)

    def is_asked(self, classes: Sequence[str]) -> bool:
        """Whether the item concerns a place of these classes."""
        return all(not wanted or has in wanted for wanted, has in zip(self.asked_of, classes, strict=True))


@dataclass(frozen=True)
class SubjectScore:
    """What a version gives to one place: hundredths, None where an item or group was dropped."""

    raw: list[int | None]
    points: list[int | None]
    groups: list[int | None]
    total: int | None
    vetoes: int
    grade: int | None


@dataclass(frozen=True, eq=False)
class Sheet:
    """Groups, items, grades (highest first) and vetoes of a version, in the order in which people read them."""

    version: RatingSchemeVersion
    groups: tuple[RatingGroup, ...]
    items: tuple[SheetItem, ...]
    grades: tuple[RatingGrade, ...]
    vetoes: tuple[RatingVeto, ...]

    @cached_property
    def full(self) -> int:
        return hundredths(self.version.full_mark)

    @cached_property
    def codes(self) -> list[str]:
        """The inputs that items and vetoes read."""
        read = {code for each in self.items for code in each.item.rule.reads()}
        return sorted(read | {veto.value for veto in self.vetoes})

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The vetoes as conditions of rules."""
        return tuple(Condition(veto.value, veto.operator, veto.target) for veto in self.vetoes)

    @property
    def needs_peers(self) -> bool:
        """Whether what a place gets depends on what its peers got."""
        return any(each.item.not_applicable == "peers_mean" for each in self.items)

    def items_of(self, group: int) -> list[tuple[int, SheetItem]]:
        """Items of a group with their positions on the sheet."""
        return [(at, each) for at, each in enumerate(self.items) if each.group == group]

    def readings(self, values: Sequence[int | None], positions: Mapping[str, int]) -> dict[str, Reading]:
        """What the sheet reads of one measure card."""
        slot = slot_of(values, positions)
        known = inputs()
        return {code: known[code].reading(slot) for code in self.codes if code in known}

    def earned(self, readings: Mapping[str, Reading], classes: Sequence[str]) -> list[ItemScore]:
        """Each item before its policy for places to which it does not apply."""
        given = Inputs(readings, names())
        return [each.item.score(given) if each.is_asked(classes) else ItemScore(None) for each in self.items]

    def score(
        self,
        readings: Mapping[str, Reading],
        classes: Sequence[str],
        peers: Mapping[int, Sequence[int | None]] | None = None,
    ) -> SubjectScore:
        """All of one place; ``peers`` has, by position of an item, what the peer group earned on it."""
        raw = [each.points for each in self.earned(readings, classes)]
        points = [
            filled(each.item, earned, (peers or {}).get(at, ()), is_asked=each.is_asked(classes))
            for at, (each, earned) in enumerate(zip(self.items, raw, strict=True))
        ]
        groups = self.group_points(points)
        total = self.total(groups)
        given = Inputs(readings)
        holds = [condition.fulfilled(given) for condition in self.conditions]
        vetoes = sum(1 << at for at, held in enumerate(holds) if held)
        return SubjectScore(raw, points, groups, total, vetoes, self.grade(total, vetoes))

    def group_points(self, points: Sequence[int | None]) -> list[int | None]:
        """What each group got."""
        found: list[int | None] = []
        for at, group in enumerate(self.groups):
            of_group = [(points[number], item.full) for number, item in self.items_of(at)]
            least = None if group.may_go_below_zero else 0
            full = hundredths(group.full_mark)
            if group.is_bonus:
                found.append(bonus_total([each for each, _full in of_group], full, least=least))
            else:
                parts = [GroupPart(each, worth) for each, worth in of_group]
                found.append(group_total(parts, full, least=least))
        return found

    def total(self, groups: Sequence[int | None]) -> int | None:
        """Groups together, in proportion to those that applied, and what bonus groups add; None: none applied."""
        base = [
            GroupPart(points, hundredths(group.full_mark))
            for group, points in zip(self.groups, groups, strict=True)
            if not group.is_bonus
        ]
        total = group_total(base, self.full, least=None)
        if total is None:
            return None
        more = [each for group, each in zip(self.groups, groups, strict=True) if group.is_bonus]
        return total + sum(each or 0 for each in more)

    def grade(self, total: int | None, vetoes: int) -> int | None:
        """Counted from 1, the highest; None: none."""
        if total is None:
            return None
        effects = [veto.effect for at, veto in enumerate(self.vetoes) if vetoes >> at & 1]
        return grade_of([hundredths(grade.least) for grade in self.grades], total, effects)

    def grade_row(self, number: int | None) -> RatingGrade | None:
        """The grade of a card's number."""
        return self.grades[number - 1] if number else None

    def peer_class(self, classes: Sequence[str]) -> str:
        """Of a place's classes the one by which it is ranked."""
        named = self.version.peer_class
        return classes[CLASSES.index(named)] if named else ""


def sheet_of(version: RatingSchemeVersion) -> Sheet:
    """A version with all its rows: four statements."""
    groups = tuple(version.groups.live().order_by("position", "pk"))
    at = {group.pk: number for number, group in enumerate(groups)}
    rows = RatingItem.objects.live().filter(group__in=groups).select_related("clause__document__jurisdiction")
    items = sorted(rows, key=lambda row: (at[row.group_id], row.position, row.pk))
    return Sheet(
        version,
        groups,
        tuple(_item(row, at[row.group_id]) for row in items),
        tuple(version.grades.live().order_by("-least", "pk")),
        tuple(version.vetoes.live().order_by("position", "pk")),
    )


@lru_cache(maxsize=32)
def published_sheet(public_id: uuid.UUID) -> Sheet:
    """The sheet of a published version, read once for each process: it does not change any more."""
    versions = RatingSchemeVersion.objects.published().select_related("scheme")
    return sheet_of(versions.get(public_id=public_id))


def _item(row: RatingItem, group: int) -> SheetItem:
    lists: tuple[Any, ...] = (row.building_classes, row.location_classes, row.community_kinds)
    return SheetItem(row, row.arithmetic, group, tuple(frozenset(each) if each else None for each in lists))
