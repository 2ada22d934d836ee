"""One place in one period measured live, and where one stands in a list of its rows."""

# ruff: noqa: S608 - statements are put together from literals of the engine; values are parameters

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from communities.base.actions import OutOfScope
from communities.base.places import Span
from communities.base.roles import Action
from communities.models import Division, Period
from portal.scorecards.engine.cards import FEW, Measuring
from portal.scorecards.engine.frame import communities_in, paths_on
from portal.scorecards.engine.sql import Sql
from portal.scorecards.models import CurrentRun, MeasureCard, RunKind


class PositionLost(LookupError):
    """The row from which to turn the page is not in this list, or no longer."""


@dataclass(frozen=True)
class Position:
    """The page after the row with this public id; with ``backwards`` the page before it."""

    row: uuid.UUID
    backwards: bool = False


@dataclass(frozen=True)
class Listing:
    """A page of rows in their order, and whether there are others before and after."""

    rows: list[Any]
    has_previous: bool
    has_next: bool


def listing(found: Sequence[Any], limit: int, position: Position | None) -> Listing:
    """Out of one row more than a page holds, read in the direction asked for."""
    more = len(found) > limit
    rows = list(found[:limit])
    if position is not None and position.backwards:
        return Listing(rows[::-1], more, bool(rows))
    return Listing(rows, position is not None and bool(rows), more)


class Scene:
    """One place in one period, measured live at the anchor of the current run; set once for all that a page lists.

    Raises OutOfScope for a place outside the asker's own, CurrentRun.DoesNotExist for a period without figures,
    ValidationError for a place too large to list.
    """

    def __init__(self, division: Division, period: Period, by: Any) -> None:
        self.by = by
        if not self.mine(Division).filter(pk=division.pk).exists():
            raise OutOfScope(_("不在您的管辖范围内。"))
        current = CurrentRun.objects.select_related("run__period").get(kind=RunKind.MEASURE, period=period)
        self.measuring = Measuring(current.run)
        self.day, self.period = current.run.anchor_date, current.run.period
        self.card = MeasureCard.objects.filter(run=current.run, division=division).first()
        spans = [Span.below(path) for path in paths_on([division.pk], self.day)]
        self.communities = communities_in(self.day, spans)
        if self.communities > settings.MEASURING_CHUNK:
            raise ValidationError(_("该地区范围过大，请选择下级地区查看明细。"))
        if self.communities <= FEW:
            self.measuring.list_frame(spans, stored=False)
        else:
            self.measuring.name_frame(spans)

    def mine(self, model: Any) -> QuerySet[Any]:
        """The rows of a model inside the asker's own places; all of them for a job of the portal itself."""
        rows: QuerySet[Any] = model.objects.all()
        return model.objects.visible_to(self.by, Action.VIEW) if self.by is not None else rows

    def totals(self, slots: Sequence[str]) -> tuple[list[int], bool]:
        """The slots as the rows now yield them, and whether the card says otherwise."""
        positions = [self.measuring.positions[slot] for slot in slots]
        live = [self._live[position] for position in positions]
        values = self.card.values if self.card is not None else []
        stored = [values[position] if position < len(values) else None for position in positions]
        return live, live != stored

    @cached_property
    def _live(self) -> list[int]:
        """All slots as the rows yield them: one statement, whatever is asked of it."""
        size = max(self.measuring.positions.values(), default=-1) + 1
        sums = ", ".join(f"coalesce(sum(values[{number}]), 0)::bigint" for number in range(1, size + 1))
        live_sums = Sql(f"SELECT {sums} FROM (") + self.measuring.measured() + ") fresh"
        (live,) = self.measuring.looked_up(live_sums)
        return list(live)
