"""Counts and exact sums: one grouped statement for all measures of one source model and validity.

``place`` is the table of communities being measured (:mod:`portal.scorecards.engine.frame`), whether a temporary
one or a common table expression.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db.models import BigIntegerField, Count, F, Model, Q, QuerySet, Sum
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast, Least

from communities.base.measures import Measure, Validity
from communities.models import Division
from portal.scorecards.engine.sql import Sql, of_queryset

PLACES = RawSQL("SELECT division_id FROM place", [])


@dataclass(frozen=True)
class Grouped:
    """A named statement with one row per community (``place_id``) and one column per slot."""

    name: str
    sql: Sql
    columns: dict[str, str]


@dataclass(frozen=True)
class Days:
    """The days that a run measures: its anchor, and the period's first for flows."""

    anchor: dt.date
    first: dt.date


def placed_at(model: type[Model], via: str = "") -> str:
    """The look-up of the community in which a row of ``model`` stands or stood."""
    if model is Division:
        return "pk"
    holder: Any = model
    if via:
        holder = model._meta.get_field(via).related_model
    return _joined(via, "placements__division_id" if hasattr(holder, "placements") else "division_id")


def rows_of(measure: Measure, days: Days) -> QuerySet[Any]:
    """The rows that count for a measure's source and validity in ``place``; ``where`` is not yet applied."""
    model = apps.get_model(measure.model)
    condition = Q(deleted_at__isnull=True)
    match measure.validity:
        case Validity.STOCK:
            condition &= _stock(model, measure.via, days.anchor)
        case Validity.FLOW:
            condition &= Q(**{f"{measure.dated}__gte": days.first, f"{measure.dated}__lte": days.anchor})
            if hasattr(model, "placements"):
                condition &= Q(placements__valid__contains=F(measure.dated))
    place = placed_at(model, measure.via)
    if model is not Division:
        condition &= Q(**{f"{place.removesuffix('_id')}__in": PLACES})
    else:
        condition &= Q(pk__in=PLACES)
    return model._default_manager.filter(condition)


def _stock(model: type[Model], via: str, anchor: dt.date) -> Q:
    """Row, the thing it is part of, and that thing's placement: all valid on the anchor."""
    condition = Q()
    holder: Any = model
    if via:
        holder = model._meta.get_field(via).related_model
        condition &= Q(**{f"{via}__deleted_at__isnull": True})
    for owner, prefix in {model: "", holder: via}.items():
        if any(field.name == "valid" for field in owner._meta.concrete_fields):
            condition &= Q(**{f"{_joined(prefix, 'valid')}__contains": anchor})
    if hasattr(holder, "placements"):
        condition &= Q(**{f"{_joined(via, 'placements')}__valid__contains": anchor})
    return condition


def _joined(prefix: str, lookup: str) -> str:
    return f"{prefix}__{lookup}" if prefix else lookup


def exact_sum(measure: Measure, where: Q) -> Combinable:
    """The sum of a measure's column in base units, or the count of its rows: a bigint, whatever the size.

    The sum of decimals is exact; times the scale it is a whole number.
    """
    if measure.distinct:
        return Least(Count("pk", filter=where), 1)
    if measure.column is None:
        return Count("pk", filter=where)
    return Cast(Sum(measure.column, filter=where) * measure.scale, BigIntegerField())


def framed(measures: Sequence[Measure]) -> Grouped:
    """What stands in the frame itself: readings, whose source it chose, and the communities, each counting one."""
    taken = [measure for measure in measures if _stands_in_frame(measure)]
    if any(measure.where for measure in taken):
        raise ValueError("a reading takes the count that the preferred source gives, whole")
    return Grouped("place", Sql(""), {measure.code: measure.column or "communities" for measure in taken})


def _stands_in_frame(measure: Measure) -> bool:
    counts_communities = apps.get_model(measure.model) is Division and not measure.where
    return measure.validity == Validity.READING or counts_communities


def grouped(measures: Sequence[Measure], days: Days) -> list[Grouped]:
    """One statement per source model, validity and way of placing; what stands in the frame apart."""
    by_source: dict[tuple[Any, ...], list[Measure]] = {}
    for measure in measures:
        if _stands_in_frame(measure):
            continue
        by_source.setdefault((measure.model, measure.validity, measure.via, measure.dated), []).append(
            measure
        )
    return [_grouped(f"source_{n}", listed, days) for n, listed in enumerate(by_source.values())]


def _grouped(name: str, measures: list[Measure], days: Days) -> Grouped:
    model = apps.get_model(measures[0].model)
    place = placed_at(model, measures[0].via)
    columns = {measure.code: f"m{number}" for number, measure in enumerate(measures)}
    totals: dict[str, Combinable] = {}
    for measure in measures:
        totals[columns[measure.code]] = exact_sum(measure, measure.where)
    rows = rows_of(measures[0], days)
    if all(measure.where for measure in measures):
        # Rows that no measure wants are left out before they are joined.
        rows = rows.filter(reduce(or_, (measure.where for measure in measures)))
    grouped_rows = rows.order_by().values(place_id=F(place)).annotate(**totals)
    return Grouped(name, of_queryset(grouped_rows), columns)
