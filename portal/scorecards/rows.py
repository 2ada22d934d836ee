"""The rows behind a figure: asked live, by the very statements that made the card, and checked against it.

Rows may have changed since the card was written; ``changed_since`` says so rather than letting page and figure
disagree in silence. Unlike totals, rows are shown only inside the asker's own places.
"""

# ruff: noqa: S608 - statements are put together from literals of the engine; values are parameters

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from communities.base.actions import OutOfScope
from communities.base.measures import Assessment, Grain, Indicator, Measure, Outcome, Validity
from communities.base.models import Row
from communities.base.places import Span
from communities.base.querysets import valid_on
from communities.base.roles import Action
from communities.models import Committee, Division, Period, Threshold
from portal.scorecards.engine.cards import Measuring
from portal.scorecards.engine.frame import communities_in, paths_on
from portal.scorecards.engine.sources import Days, rows_of
from portal.scorecards.engine.sql import Sql, of_queryset
from portal.scorecards.models import CurrentRun, MeasureCard, RunKind

PERCENT = 100


@dataclass(frozen=True)
class Room:
    """Rooms that entered a subject's value; ``shared`` ones serve the whole community and name no committee."""

    row: Any
    shared: bool


@dataclass(frozen=True)
class Subject:
    """A committee or community, its value, the standard it is held against with its clause, and the outcome.

    ``value`` is None where nothing was reported or a share has nothing to divide by. ``low`` and ``high`` are the
    bounds in effect, steps by households included. ``temporary_until`` marks a subject that falls short while it
    uses stopgap rooms: the last due date.
    """

    subject: Committee | Division
    community: Division
    outcome: Outcome
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None
    threshold: Threshold | None
    low: Decimal | None
    high: Decimal | None
    is_exempt: bool
    rooms: tuple[Room, ...]
    temporary_until: dt.date | None


@dataclass(frozen=True)
class SubjectPage:
    """One page; ``after`` for the next (None: the last page); ``outcomes`` of all subjects as rows now stand."""

    subjects: list[Subject]
    after: uuid.UUID | None
    outcomes: Mapping[str, int]
    changed_since: bool
    anchor_date: dt.date


@dataclass(frozen=True)
class RowPage:
    """Source rows of a plain figure; ``total`` in base units as the rows now stand."""

    rows: list[Any]
    after: uuid.UUID | None
    total: int
    changed_since: bool
    anchor_date: dt.date


class _Scene:
    """One place in one period, measured live at the anchor of the current run."""

    def __init__(self, division: Division, period: Period, by: Any) -> None:
        mine = Division.objects.visible_to(by, Action.VIEW) if by is not None else Division.objects.all()
        if not mine.filter(pk=division.pk).exists():
            raise OutOfScope(_("不在您的管辖范围内。"))
        current = CurrentRun.objects.select_related("run__period").get(kind=RunKind.MEASURE, period=period)
        self.measuring = Measuring(current.run)
        self.day = current.run.anchor_date
        self.card = MeasureCard.objects.filter(run=current.run, division=division).first()
        spans = [Span.below(path) for path in paths_on([division.pk], self.day)]
        if communities_in(self.day, spans) > settings.MEASURING_CHUNK:
            raise ValidationError(_("该地区范围过大,请选择下级地区查看明细。"))
        self.measuring.name_frame(spans)

    def totals(self, slots: Sequence[str]) -> tuple[list[int], bool]:
        """The slots as the rows now yield them, and whether the card says otherwise."""
        positions = [self.measuring.positions[slot] for slot in slots]
        sums = ", ".join(f"coalesce(sum(values[{position + 1}]), 0)::bigint" for position in positions)
        (live,) = (Sql(f"SELECT {sums} FROM (") + self.measuring.measured() + ") fresh").rows()
        values = self.card.values if self.card is not None else []
        stored = [values[position] if position < len(values) else None for position in positions]
        return list(live), list(live) != stored


def subjects(
    division: Division,
    period: Period,
    indicator: Indicator,
    *,
    by: Any,
    outcome: Outcome | None = None,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> SubjectPage:
    """The subjects that an assessment counted below a place, in the order of places, page by page.

    Raises OutOfScope for a place outside the asker's own, CurrentRun.DoesNotExist for a period without figures,
    ValidationError for a place too large to list.
    """
    assessment = indicator.assessment
    if assessment is None:
        raise ValueError(f"{indicator.code} judges nobody")
    scene = _Scene(division, period, by)
    counts, changed = scene.totals(assessment.slots)
    found = _page(scene, assessment, outcome, after, limit + 1)
    listed = _described(scene, assessment, found[:limit])
    return SubjectPage(
        listed,
        listed[-1].subject.public_id if len(found) > limit else None,
        dict(zip((str(one) for one in Outcome), counts, strict=True)),
        changed,
        scene.day,
    )


def _page(
    scene: _Scene, assessment: Assessment, outcome: Outcome | None, after: uuid.UUID | None, limit: int
) -> list[dict[str, Any]]:
    number = scene.measuring.parts.judging.assessments.index(assessment)
    columns = ("subject_id", "division_id", "profile", *(f"{name}_{number}" for name in _JUDGED))
    conditions, params = ["true"], []
    if outcome is not None:
        conditions.append(f"outcome_{number} = %s")
        params.append(outcome.number)
    if after is not None:
        model = Committee if assessment.grain == Grain.COMMITTEE else Division
        conditions.append(
            f"(path, subject_id) > (SELECT path, subject_id FROM {assessment.grain}_judged WHERE subject_id = %s)"
        )
        params.append(model._default_manager.values_list("pk", flat=True).get(public_id=after))
    main = Sql(
        f"SELECT {', '.join(columns)} FROM {assessment.grain}_judged WHERE {' AND '.join(conditions)}"
        " ORDER BY path, subject_id LIMIT %s",
        (*params, limit),
    )
    rows = scene.measuring.over_subjects(main).rows()
    names = ("subject", "division", "profile", *_JUDGED)
    return [dict(zip(names, row, strict=True)) for row in rows]


_JUDGED = ("top", "bottom", "reported", "exempt", "outcome", "low", "high")


def _described(scene: _Scene, assessment: Assessment, found: list[dict[str, Any]]) -> list[Subject]:
    """Names, rooms and clauses of one page's subjects: one statement for each kind of row."""
    communities = Division.objects.defer("search").in_bulk([row["division"] for row in found])
    of_committees = assessment.grain == Grain.COMMITTEE
    bodies = Committee.objects.in_bulk([row["subject"] for row in found]) if of_committees else communities
    chosen = {
        name: targets.get(assessment.key.code) for name, targets in scene.measuring.resolver.chosen.items()
    }
    thresholds = Threshold.objects.select_related("clause__document").in_bulk(
        {target.threshold for target in chosen.values() if target is not None}
    )
    rooms = _rooms(scene, assessment, [row["division"] for row in found])
    listed = []
    for row in found:
        target = chosen[row["profile"]]
        entered = tuple(
            room for room in rooms.get(row["division"], ()) if _enters(assessment, room, row["subject"])
        )
        outcome = list(Outcome)[row["outcome"] - 1]
        due = [room.row.temporary_until for room in entered if room.row.is_temporary]
        listed.append(
            Subject(
                subject=bodies[row["subject"]],
                community=communities[row["division"]],
                outcome=outcome,
                value=_value(assessment, row),
                numerator=Decimal(row["top"]) / assessment.numerator.scale,
                denominator=_over(assessment, row),
                threshold=thresholds[target.threshold] if target is not None else None,
                low=row["low"],
                high=row["high"],
                is_exempt=row["exempt"],
                rooms=entered,
                temporary_until=max(due) if due and outcome == Outcome.FALLS_SHORT else None,
            )
        )
    return listed


def _value(assessment: Assessment, row: dict[str, Any]) -> Decimal | None:
    if not row["reported"] or not row["bottom"]:
        return None
    top = Decimal(row["top"]) / assessment.numerator.scale
    if assessment.denominator is None:
        return top
    return top * PERCENT * assessment.denominator.scale / Decimal(row["bottom"])


def _over(assessment: Assessment, row: dict[str, Any]) -> Decimal | None:
    return Decimal(row["bottom"]) / assessment.denominator.scale if assessment.denominator else None


def _rooms(scene: _Scene, assessment: Assessment, division_ids: list[int]) -> dict[int, list[Room]]:
    """Rooms held on the day in each community that count for the value or for what it is a share of."""
    counted = assessment.numerator.where
    if assessment.denominator is not None:
        counted = Q(counted) | assessment.denominator.where if assessment.denominator.where else Q()
    rooms = apps.get_model(assessment.numerator.model)._default_manager.filter(
        counted,
        valid_on(scene.day),
        deleted_at__isnull=True,
        placements__valid__contains=scene.day,
        placements__division__in=division_ids,
    )
    found: dict[int, list[Room]] = {}
    for row in rooms.annotate(stands_in=F("placements__division_id")).order_by("pk"):
        found.setdefault(row.stands_in, []).append(Room(row, row.committee_id is None))
    return found


def _enters(assessment: Assessment, room: Room, subject_id: int) -> bool:
    if assessment.grain == Grain.COMMUNITY:
        return True
    return assessment.shared if room.shared else bool(room.row.committee_id == subject_id)


def source_rows(
    division: Division,
    period: Period,
    measure: Measure,
    *,
    by: Any,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> RowPage:
    """The rows that a plain measure (an indicator's numerator or denominator) counted or summed, page by page.

    Raises as :func:`subjects` does.
    """
    scene = _Scene(division, period, by)
    (total,), changed = scene.totals(measure.slots)
    model: type[Row] = apps.get_model(measure.model)
    if measure.validity == Validity.READING:
        counts = RawSQL("SELECT count_id FROM place WHERE count_id IS NOT NULL", [])
        rows = model._default_manager.filter(pk__in=counts)
    else:
        rows = rows_of(measure, Days(scene.day, period.first_day)).filter(measure.where)
    if after is not None:
        rows = rows.filter(pk__gt=model._default_manager.values("pk").get(public_id=after)["pk"])
    page = of_queryset(rows.order_by("pk").values_list("pk")[: limit + 1])
    ids = [pk for (pk,) in scene.measuring.over_places(page).rows()]
    found = model._default_manager.in_bulk(ids[:limit])
    listed = [found[pk] for pk in ids[:limit]]
    return RowPage(listed, listed[-1].public_id if len(ids) > limit else None, total, changed, scene.day)
