"""The subjects that an assessment judged: each with value, standard, clause, outcome and rooms."""

# ruff: noqa: S608 - statements are put together from literals of the engine; values are parameters

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db.models import F, Q

from communities.base.measures import Assessment, Grain, Indicator, Outcome
from communities.base.querysets import valid_on
from communities.models import Committee, Division, Threshold
from portal.scorecards.engine.sql import Sql
from portal.scorecards.rows.scene import Listing, Position, PositionLost, Scene, listing

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


class SubjectOrder(StrEnum):
    """How subjects are listed: as their places stand in the tree, or those furthest from the standard first."""

    PLACE = "place"
    GAP = "-gap"


@dataclass(frozen=True)
class SubjectPage:
    """One page with its neighbours (None: there is none); ``outcomes`` of all subjects as rows now stand."""

    subjects: list[Subject]
    previous: uuid.UUID | None
    next: uuid.UUID | None
    outcomes: Mapping[str, int]
    changed_since: bool
    anchor_date: dt.date


def subjects(
    scene: Scene,
    indicator: Indicator,
    *,
    outcome: Outcome | None = None,
    order: SubjectOrder = SubjectOrder.PLACE,
    position: Position | None = None,
    limit: int = 50,
) -> SubjectPage:
    """The subjects that an assessment counted below a scene's place, page by page.

    Raises PositionLost.
    """
    assessment = indicator.assessment
    if assessment is None:
        raise ValueError(f"{indicator.code} judges nobody")
    counts, changed = scene.totals(assessment.slots)
    page = _page(scene, assessment, outcome=outcome, order=order, position=position, limit=limit)
    listed = _described(scene, assessment, page.rows)
    return SubjectPage(
        listed,
        listed[0].subject.public_id if page.has_previous else None,
        listed[-1].subject.public_id if page.has_next else None,
        dict(zip((str(one) for one in Outcome), counts, strict=True)),
        changed,
        scene.day,
    )


def _page(
    scene: Scene,
    assessment: Assessment,
    *,
    outcome: Outcome | None,
    order: SubjectOrder,
    position: Position | None,
    limit: int,
) -> Listing:
    number = scene.measuring.parts.judging.assessments.index(assessment)
    columns = ("subject_id", "division_id", "profile", *(f"{name}_{number}" for name in _JUDGED))
    keys = ["path", "subject_id"]
    if order == SubjectOrder.GAP:
        keys.insert(0, f"-{_gap(number, assessment)}")
    key, conditions, params = ", ".join(keys), ["true"], []
    if outcome is not None:
        conditions.append(f"outcome_{number} = %s")
        params.append(outcome.number)
    backwards = position is not None and position.backwards
    if position is not None:
        over = "<" if backwards else ">"
        conditions.append(
            f"({key}) {over} (SELECT {key} FROM {assessment.grain}_judged WHERE subject_id = %s)"
        )
        params.append(_subject_id(scene, assessment, position))
    sorted_by = ", ".join(f"{each} DESC" for each in keys) if backwards else key
    main = Sql(
        f"SELECT {', '.join(columns)} FROM {assessment.grain}_judged WHERE {' AND '.join(conditions)}"
        f" ORDER BY {sorted_by} LIMIT %s",
        (*params, limit + 1),
    )
    names = ("subject", "division", "profile", *_JUDGED)
    rows = scene.measuring.looked_up(scene.measuring.over_subjects(main))
    return listing([dict(zip(names, row, strict=True)) for row in rows], limit, position)


def _subject_id(scene: Scene, assessment: Assessment, position: Position) -> int:
    """A foreign subject is as unknown as one that does not exist."""
    model = Committee if assessment.grain == Grain.COMMITTEE else Division
    found = scene.mine(model).filter(public_id=position.row).values_list("pk", flat=True).first()
    if found is None:
        raise PositionLost(str(position.row))
    return int(found)


def _gap(number: int, assessment: Assessment) -> str:
    """By how much a subject misses the standard, in its unit; 0 where it does not fall short."""
    scale = assessment.numerator.scale
    value = f"top_{number}::numeric / {scale}"
    if assessment.denominator is not None:
        over = f"({scale} * nullif(bottom_{number}, 0))"
        value = f"top_{number}::numeric * {PERCENT * assessment.denominator.scale} / {over}"
    return (
        f"(CASE WHEN outcome_{number} = {Outcome.FALLS_SHORT.number}"
        f" THEN coalesce(greatest(low_{number} - {value}, {value} - high_{number}), 0) ELSE 0 END)"
    )


_JUDGED = ("top", "bottom", "reported", "exempt", "outcome", "low", "high")


def _described(scene: Scene, assessment: Assessment, found: list[dict[str, Any]]) -> list[Subject]:
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


def _rooms(scene: Scene, assessment: Assessment, division_ids: list[int]) -> dict[int, list[Room]]:
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
