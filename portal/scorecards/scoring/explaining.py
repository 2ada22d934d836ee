"""A score explained: all that is needed to reckon it again, line by line, and the rows that entered.

Nothing here is stored: card, version and target set suffice. Rows are asked live, in the asker's own places only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import cached_property

from communities.base.actions import OutOfScope
from communities.base.measures import Measure
from communities.base.rules import Inputs, Line, Named, Reading
from portal.scorecards.engine.slots import register
from portal.scorecards.models import CurrentRun, MeasureCard, RatingGroup, RatingVeto, ScoreCard
from portal.scorecards.rows import Scene, SourceRow, Subject, source_rows, subjects
from portal.scorecards.scoring.inputs import Input, inputs, names, slot_of
from portal.scorecards.scoring.sheet import Sheet, SheetItem, sheet_of
from portal.scorecards.scoring.writing import Scoring

ROWS_SHOWN = 20


@dataclass(frozen=True)
class InputExplained:
    """One value that an item read: its parts in people's units, and the day for which it holds."""

    input: Input
    numerator: Decimal | None
    denominator: Decimal | None
    reading: Reading
    on: dt.date

    @property
    def named(self) -> Named:
        return self.input.named


@dataclass(frozen=True)
class RowsBehind:
    """The first rows behind a value: ``number`` of all of them, or None where the place is not the asker's."""

    rows: Sequence[Subject | SourceRow] = ()
    number: int | None = None
    changed_since: bool = False


@dataclass(frozen=True)
class Peers:
    """What the peers earned on an item: how many it applied to, and their hundredths together."""

    number: int
    points: int


@dataclass(frozen=True)
class ItemExplained:
    """One item: what it read, each step of its reckoning, what was earned, and what its policy made of it."""

    item: SheetItem
    is_asked: bool
    inputs: tuple[InputExplained, ...]
    lines: tuple[Line, ...]
    earned: int | None
    points: int | None
    peers: Peers | None = None

    @property
    def words(self) -> list[str]:
        """The rule in sentences, with the item's own bounds and rounding."""
        return self.item.item.words(names())


@dataclass(frozen=True)
class GroupExplained:
    """A group with its items."""

    row: RatingGroup
    points: int | None
    items: tuple[ItemExplained, ...]


@dataclass(frozen=True)
class VetoExplained:
    """A veto, what it says, whether it holds, and the value that decided."""

    row: RatingVeto
    words: str
    holds: bool
    input: InputExplained | None


@dataclass(frozen=True)
class Explanation:
    """All of one score card. ``measured`` is the card of figures that it rests on."""

    card: ScoreCard
    sheet: Sheet
    measured: MeasureCard
    groups: tuple[GroupExplained, ...] = ()
    vetoes: tuple[VetoExplained, ...] = ()
    by: Any = field(default=None, repr=False)

    @cached_property
    def scene(self) -> Scene | None:
        """The place measured live; None where its rows are not the asker's to see, or too many."""
        try:
            return Scene(self.card.division, self.card.period, self.by)
        except (OutOfScope, ValidationError, CurrentRun.DoesNotExist):
            return None

    def rows_behind(self, one: Input, measure: Measure | None = None) -> RowsBehind:
        """The rows of an input: those judged, or those that ``measure`` counted or summed."""
        if self.scene is None:
            return RowsBehind()
        if one.indicator is not None and one.indicator.assessment is not None:
            judged = subjects(self.scene, one.indicator, outcome=one.outcome, limit=ROWS_SHOWN)
            counts = judged.outcomes
            number = counts[str(one.outcome)] if one.outcome else sum(counts.values())
            return RowsBehind(judged.subjects, number, judged.changed_since)
        page = source_rows(self.scene, measure or one.measures[0], limit=ROWS_SHOWN)
        return RowsBehind(page.rows, page.number, page.changed_since)


def explain(card: ScoreCard, *, by: Any) -> Explanation:
    """Reckon a card again from its measure card, keeping every step."""
    sheet = sheet_of(card.scheme_version)
    measured = MeasureCard.objects.get(run=card.run.measured_id, division=card.division)
    reader = _Reader(sheet, measured, register(()))
    given = Inputs(reader.readings, names())
    scored = sheet.earned(reader.readings, card.classes)
    items = [
        ItemExplained(
            each,
            each.is_asked(card.classes),
            tuple(reader.explained(code) for code in sorted(each.item.rule.reads())),
            earned.lines,
            earned.points,
            card.points[at],
            _peers(card, at) if _takes_mean(each, card, at) else None,
        )
        for at, (each, earned) in enumerate(zip(sheet.items, scored, strict=True))
    ]
    totals = sheet.group_points(card.points)
    groups = tuple(
        GroupExplained(group, totals[at], tuple(items[number] for number, _item in sheet.items_of(at)))
        for at, group in enumerate(sheet.groups)
    )
    vetoes = tuple(
        VetoExplained(row, condition.words(names()), condition.fulfilled(given), reader.explained(row.value))
        for row, condition in zip(sheet.vetoes, sheet.conditions, strict=True)
    )
    return Explanation(card, sheet, measured, groups, vetoes, by)


class _Reader:
    """The inputs of one card."""

    def __init__(self, sheet: Sheet, measured: MeasureCard, positions: dict[str, int]) -> None:
        self.measured = measured
        self.slot = slot_of(measured.values, positions)
        self.readings = sheet.readings(measured.values, positions)

    def explained(self, code: str) -> InputExplained:
        one = inputs()[code]
        numerator, denominator = one.parts(self.slot)
        return InputExplained(one, numerator, denominator, self.readings[code], self.measured.anchor_date)


def _takes_mean(each: SheetItem, card: ScoreCard, at: int) -> bool:
    absent = at + 1 in card.absent
    return absent and each.is_asked(card.classes) and each.item.not_applicable == "peers_mean"


def _peers(card: ScoreCard, at: int) -> Peers:
    """What the places ranked beside this one earned on an item."""
    peers = Scoring(card.run).peers_of(card)
    earned = [
        found
        for points, absent in peers.values_list("points", "absent")
        if at + 1 not in absent and (found := points[at]) is not None
    ]
    return Peers(len(earned), sum(earned))
