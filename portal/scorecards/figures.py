"""From a card's integers to the figure that people read: the long form, in exact decimals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from communities.base.measures import Indicator, Outcome
from portal.scorecards.models import MeasureSlot


@dataclass(frozen=True)
class Figure:
    """One indicator of one place in one period.

    ``numerator`` and ``denominator`` are in people's units (m², committees); ``value`` is the figure in the
    indicator's unit, rounded half up, None where the denominator is zero, nothing was measured or no standard
    applies to anybody. For an assessment ``outcomes`` counts the subjects by outcome and the two rates stand
    beside each other; elsewhere they are None.
    """

    indicator: Indicator
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    outcomes: Mapping[str, int] | None = None
    rate_of_all: Decimal | None = None
    rate_of_judged: Decimal | None = None
    anchor_date: dt.date | None = None


def slot_positions() -> dict[str, int]:
    """Code to position of every slot: one query."""
    return dict(MeasureSlot.objects.values_list("code", "position"))


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as people round."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def ratio(numerator: Decimal | int, denominator: Decimal | int, scale: int, places: int) -> Decimal | None:
    """``numerator / denominator * scale`` rounded once; None for a zero denominator."""
    if not denominator:
        return None
    return rounded(Decimal(numerator) * scale / Decimal(denominator), places)


def figure(indicator: Indicator, values: Sequence[int | None], positions: Mapping[str, int]) -> Figure:
    """The figure of one indicator from one card's array."""

    def slot(code: str) -> int | None:
        position = positions.get(code)
        return values[position] if position is not None and position < len(values) else None

    if indicator.assessment is not None:
        counts = {
            outcome: slot(code) for outcome, code in zip(Outcome, indicator.assessment.slots, strict=True)
        }
        if any(count is None for count in counts.values()):
            return Figure(indicator, None, None, None)
        return assessed(indicator, {str(outcome): count or 0 for outcome, count in counts.items()})

    if indicator.numerator is None:
        raise ValueError(f"indicator {indicator.code} names neither assessment nor numerator")
    top = slot(indicator.numerator.code)
    numerator = None if top is None else Decimal(top) / indicator.numerator_scale
    if indicator.denominator is None:
        value = None if numerator is None else rounded(numerator * indicator.scale, indicator.places)
        return Figure(indicator, numerator, None, value)
    bottom = slot(indicator.denominator.code)
    denominator = None if bottom is None else Decimal(bottom) / indicator.denominator_scale
    value = None
    if numerator is not None and denominator is not None:
        value = ratio(numerator, denominator, indicator.scale, indicator.places)
    return Figure(indicator, numerator, denominator, value)


def assessed(indicator: Indicator, outcomes: Mapping[str, int]) -> Figure:
    """Rates of an assessment: of all subjects, and of those judged (meeting or falling short).

    Where no standard applies to anybody there is nothing to meet, and no rate.
    """
    meets = outcomes[Outcome.MEETS]
    everyone = sum(outcomes.values())
    judged = meets + outcomes[Outcome.FALLS_SHORT]
    of_all = None
    if outcomes[Outcome.NO_STANDARD] < everyone:
        of_all = ratio(meets, everyone, indicator.scale, indicator.places)
    return Figure(
        indicator,
        Decimal(meets),
        Decimal(everyone),
        of_all,
        outcomes,
        of_all,
        ratio(meets, judged, indicator.scale, indicator.places),
    )
