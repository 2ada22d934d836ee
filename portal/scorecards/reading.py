"""Reading cards: what dashboards and the API ask, each in at most two statements and never from a source table.

Whoever may compare reads the totals of all places of his own city; ``MeasureCardQuerySet.visible_to`` says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery

from communities.base.measures import Indicator
from communities.base.places import Span, within
from communities.base.roles import Action
from communities.choices import Level
from communities.models import Division, DivisionRecord, Period
from portal.scorecards.figures import Figure, figure
from portal.scorecards.models import CurrentRun, MeasureCard, MeasureCardQuerySet, Run, RunKind


@dataclass(frozen=True)
class PlaceCard:
    """A card with its place, period and run at hand: reading its attributes asks the database nothing."""

    card: MeasureCard

    @property
    def division(self) -> Division:
        return self.card.division

    @property
    def period(self) -> Period:
        return self.card.period

    @property
    def run(self) -> Run:
        return self.card.run

    @property
    def level(self) -> Level:
        return Level(self.card.division.level)

    @property
    def differs_since(self) -> dt.datetime | None:
        """Since when the rows would give other figures than a closed period published."""
        return self.card.run.current.differs_since

    def figure(self, indicator: Indicator, positions: Mapping[str, int]) -> Figure:
        """``positions`` from ``figures.slot_positions()``, asked once for all cards."""
        return figure(indicator, self.card.values, positions)


def cards_for(
    user: Any, *, level: Level | None = None, division: Division | None = None, period: Period | None = None
) -> MeasureCardQuerySet:
    """The current cards that ``user`` may compare, with division, period and run joined; unordered."""
    cards: MeasureCardQuerySet = MeasureCard.objects.visible_to(user, Action.COMPARE).current()
    if level is not None:
        cards = cards.filter(division__level=level)
    if division is not None:
        cards = cards.filter(division=division)
    if period is not None:
        cards = cards.filter(period=period)
    return cards.select_related("division", "period", "run__current").defer("division__search")


def current_card(user: Any, division: Division, period: Period) -> PlaceCard | None:
    """The card of one place; None where nothing is computed or the place is not the user's to compare."""
    card = cards_for(user, division=division, period=period).first()
    return PlaceCard(card) if card is not None else None


def children_cards(
    user: Any, division: Division, period: Period, level: Level | None = None
) -> list[PlaceCard]:
    """Cards of the places directly below ``division`` on the anchor day, or of all places of ``level`` below it."""
    cards = cards_for(user, level=level, period=period).order_by("division__code_now", "division__path_now")
    if level is None:
        return [PlaceCard(card) for card in cards.filter(parent=division)]
    path_then = DivisionRecord.objects.filter(division=division, valid__contains=OuterRef("run__anchor_date"))
    current = (
        CurrentRun.objects.filter(kind=RunKind.MEASURE, period=period)
        .annotate(path=Subquery(path_then.values("path")[:1]))
        .values_list("run__anchor_date", "path")
        .first()
    )
    if current is None or current[1] is None:
        return []
    anchor, path = current
    below = DivisionRecord.objects.filter(within("path", [Span.below(path)]), valid__contains=anchor)
    return [PlaceCard(card) for card in cards.filter(division__in=below.values("division"))]


def history(user: Any, division: Division) -> list[PlaceCard]:
    """The cards of one place over all computed periods, oldest first: the place as it was recorded."""
    return [PlaceCard(card) for card in cards_for(user, division=division).order_by("period__span")]


def values_in(user: Any, divisions: Iterable[Division], period: Period | None) -> dict[int, list[int | None]]:
    """Division id to card values in a period, for movement against it; empty without a period."""
    if period is None:
        return {}
    ids = [division.pk for division in divisions]
    cards = (
        MeasureCard.objects.visible_to(user, Action.COMPARE).current().filter(period=period, division__in=ids)
    )
    return dict(cards.values_list("division_id", "values"))


def computed_periods() -> list[Period]:
    """Every period with a current run, oldest first."""
    computed = CurrentRun.objects.filter(kind=RunKind.MEASURE)
    return list(Period.objects.live().filter(pk__in=computed.values("period")).order_by("span"))


def default_period() -> Period | None:
    """What a page shows first: the computed period that begins last; None before the first run."""
    periods = computed_periods()
    return periods[-1] if periods else None


def previous_period(period: Period) -> Period | None:
    """The computed period of the same kind that ends before this one begins, for movement."""
    computed = CurrentRun.objects.filter(kind=RunKind.MEASURE)
    earlier = Period.objects.live().filter(
        pk__in=computed.values("period"), kind=period.kind, span__fully_lt=period.span
    )
    return earlier.order_by("-span").first()
