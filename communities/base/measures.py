"""What can be measured, declared beside the facts: measures, assessments, indicators.

The engine in ``portal.scorecards`` reads these declarations and makes one grouped statement per source, validity
and grain for all of them; nothing here runs a query.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.base.standards import ThresholdKey

EACH = _("个")


class Validity(StrEnum):
    """Which rows count for a period, at its anchor day."""

    STOCK = "stock"  # row and placement valid on the anchor
    FLOW = "flow"  # its date lies within the period
    READING = "reading"  # the latest row up to the anchor, of the preferred source


class Grain(StrEnum):
    """The subject that an assessment judges."""

    COMMITTEE = "committee"  # each residents' committee in force
    COMMUNITY = "community"  # each community in force


class Outcome(StrEnum):
    """The five outcomes, in the order of their numbers 1 to 5 and of their slots on a card."""

    MEETS = "meets"
    FALLS_SHORT = "falls_short"
    EXEMPT = "exempt"
    NO_STANDARD = "no_standard"
    NOT_REPORTED = "not_reported"

    @property
    def number(self) -> int:
        return list(Outcome).index(self) + 1


@dataclass(frozen=True)
class Measure:
    """A count of rows or an exact sum of one column, per community.

    ``scale`` turns the column into the integer base unit that cards hold: 100 for m² kept as hundredths; ``unit``
    is what people count it in.
    ``model`` is ``app.Model``; ``where`` is a condition on its rows; ``distinct`` counts communities (1 or 0)
    rather than rows. A row that is part of a placed thing says by which key (``via``), and counts while that thing
    does. A flow says which date of the row must lie in the period (``dated``).
    """

    code: str
    name: Any
    model: str
    validity: Validity
    column: str | None = None  # None: count rows
    scale: int = 1
    unit: Any = EACH
    where: Q = field(default_factory=Q)
    distinct: bool = False
    via: str = ""
    dated: str = ""

    @property
    def slots(self) -> tuple[str, ...]:
        return (self.code,)


@dataclass(frozen=True)
class Assessment:
    """A value per subject held against the standard in force for it, counted by outcome.

    The value is ``numerator`` or, for a share, ``numerator / denominator`` in percent. For committees a room
    counts for the committee that it names; with ``shared`` one that names none counts in full for each
    committee of its community (architecture: data-model "Measuring").
    """

    code: str
    name: Any
    key: ThresholdKey
    grain: Grain
    numerator: Measure
    denominator: Measure | None = None
    shared: bool = False
    # The premises kinds that make a subject "reported"; empty: any kind.
    reported_by: frozenset[str] = frozenset()

    @property
    def slots(self) -> tuple[str, ...]:
        """One slot per outcome, in order."""
        return tuple(f"{self.code}.{outcome}" for outcome in Outcome)


@dataclass(frozen=True)
class Indicator:
    """A figure that people read: numerator over denominator, times ``scale``, in ``unit``.

    Either both are measures, or ``assessment`` is given and the figure is its rate of all subjects, with the
    rate of those judged beside it. Rates roll up by summing numerators and denominators. ``places`` is the
    number of decimals shown, rounded half up. ``numerator_scale`` undoes the base unit of cards (100 for
    hundredths of m²).
    """

    code: str
    name: Any
    name_en: str
    unit: Any
    description: Any
    higher_is_better: bool | None
    assessment: Assessment | None = None
    numerator: Measure | None = None
    denominator: Measure | None = None
    scale: int = 1
    numerator_scale: int = 1
    denominator_scale: int = 1
    places: int = 2
    source: Any = ""
    # What a single community does that lacks it altogether: 设置调解室.
    remedy: Any = ""

    def part(self, name: str) -> Measure | None:
        """The measure above (``numerator``) or below (``denominator``) the line of a plain figure."""
        return {"numerator": self.numerator, "denominator": self.denominator}[name]

    @property
    def measures(self) -> tuple[Measure, ...]:
        own = [m for m in (self.numerator, self.denominator) if m]
        if self.assessment:
            own += [m for m in (self.assessment.numerator, self.assessment.denominator) if m]
        return tuple(dict.fromkeys(own))


def measures_of(indicators: Iterable[Indicator]) -> list[Measure]:
    """The measures that the indicators need, each once."""
    return list(dict.fromkeys(measure for indicator in indicators for measure in indicator.measures))


def assessments_of(indicators: Iterable[Indicator]) -> list[Assessment]:
    """The assessments that the indicators need, each once."""
    return list(dict.fromkeys(indicator.assessment for indicator in indicators if indicator.assessment))


def slots_of(indicators: Iterable[Indicator]) -> list[str]:
    """Slot codes that the indicators need, in order of declaration: measures first seen first, then outcomes."""
    codes: dict[str, None] = {}
    for indicator in indicators:
        for measure in indicator.measures:
            codes.update(dict.fromkeys(measure.slots))
        if indicator.assessment:
            codes.update(dict.fromkeys(indicator.assessment.slots))
    return list(codes)
