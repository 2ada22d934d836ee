"""The rows that a plain measure counted or summed: what a mean or a share is made of."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from communities.base.measures import Measure, Validity
from communities.base.models import Row
from communities.models import Division
from portal.scorecards.engine.sources import Days, placed_at, rows_of
from portal.scorecards.engine.sql import Sql, of_queryset
from portal.scorecards.rows.scene import Listing, Position, PositionLost, Scene, listing


@dataclass(frozen=True)
class SourceRow:
    """A row, the community in which it counted, and what it gave in people's units.

    ``amount`` is None where a community counts once, however many such rows it has. ``holder`` is the thing that
    the row is part of, the row itself where it stands alone.
    """

    row: Row
    holder: Row
    community: Division
    amount: Decimal | None


@dataclass(frozen=True)
class SourceRowPage:
    """One page in the order of places; ``number`` of all rows, and their ``total`` in people's units, as of now.

    ``communities`` are those measured: of readings, each has one row at most, and one without counts for nothing.
    """

    rows: list[SourceRow]
    previous: uuid.UUID | None
    next: uuid.UUID | None
    number: int
    total: Decimal
    communities: int
    changed_since: bool
    anchor_date: dt.date


def source_rows(
    scene: Scene,
    measure: Measure,
    *,
    position: Position | None = None,
    limit: int = 50,
) -> SourceRowPage:
    """The rows that a plain measure (an indicator's numerator or denominator) counted or summed, page by page.

    Raises PositionLost.
    """
    (total,), changed = scene.totals(measure.slots)
    counted = _counted(scene, measure)
    page = _page(scene, counted, position, limit)
    rows = _described(measure, page.rows)
    return SourceRowPage(
        rows,
        rows[0].row.public_id if page.has_previous else None,
        rows[-1].row.public_id if page.has_next else None,
        _number(scene, counted),
        Decimal(total) / measure.scale,
        scene.communities,
        changed,
        scene.day,
    )


def _counted(scene: Scene, measure: Measure) -> QuerySet[Any]:
    """The rows in the frame, with the community in which each stands and that one's path."""
    model: type[Row] = apps.get_model(measure.model)
    if measure.validity == Validity.READING:
        chosen = RawSQL("SELECT count_id FROM place WHERE count_id IS NOT NULL", [])
        rows = model._default_manager.filter(pk__in=chosen)
    else:
        rows = rows_of(measure, Days(scene.day, scene.period.first_day)).filter(measure.where)
    place = placed_at(model, measure.via)
    path = "path_now" if model is Division else f"{place.removesuffix('_id')}__path_now"
    return rows.annotate(counts_in=F(place), stands_at=F(path))


def _number(scene: Scene, rows: QuerySet[Any]) -> int:
    keys = of_queryset(rows.order_by().values_list("pk"))
    counted = Sql("SELECT count(*) FROM (") + keys + ") counted"  # noqa: S608 - the ORM's own statement
    ((number,),) = scene.measuring.over_places(counted).rows()
    return int(number)


def _page(scene: Scene, rows: QuerySet[Any], position: Position | None, limit: int) -> Listing:
    """(row, community) ids in the order of places."""
    over, order = "gt", ("stands_at", "pk")
    if position is not None:
        at = rows.filter(public_id=position.row).order_by().values_list("stands_at", "pk")
        found = scene.measuring.over_places(of_queryset(at)).rows()
        if not found:
            raise PositionLost(str(position.row))
        if position.backwards:
            over, order = "lt", ("-stands_at", "-pk")
        path, pk = found[0]
        rows = rows.filter(Q(**{f"stands_at__{over}": path}) | Q(stands_at=path, **{f"pk__{over}": pk}))
    page = of_queryset(rows.order_by(*order).values_list("pk", "counts_in")[: limit + 1])
    return listing(scene.measuring.over_places(page).rows(), limit, position)


def _described(measure: Measure, ids: list[tuple[int, int]]) -> list[SourceRow]:
    """Two queries, whatever the number of rows."""
    model: type[Row] = apps.get_model(measure.model)
    queryset = model._default_manager.select_related(*([measure.via] if measure.via else []))
    rows = queryset.in_bulk([pk for pk, _place in ids])
    places = Division.objects.defer("search").in_bulk([place for _pk, place in ids])
    return [
        SourceRow(
            row := rows[pk],
            getattr(row, measure.via) if measure.via else row,
            places[place],
            _amount(measure, row),
        )
        for pk, place in ids
    ]


def _amount(measure: Measure, row: Row) -> Decimal | None:
    if measure.distinct:
        return None
    return Decimal(1) if measure.column is None else Decimal(getattr(row, measure.column))
