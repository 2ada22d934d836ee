"""Subjects held against the standards in force for them: one outcome each, in one CASE.

Subjects are residents' committees (other kinds never enter) or communities. Nothing here is rounded or divided:
``value * unit >= bound * unit`` in whole base units.
"""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Count, Q, QuerySet
from django.db.models.expressions import Combinable, F, RawSQL

from communities.base.measures import Assessment, Grain, Outcome
from communities.base.querysets import valid_on
from communities.choices import CommitteeKind
from communities.models import Exemption, PremisesNilStatement
from portal.scorecards.engine.sources import PLACES, Grouped, exact_sum
from portal.scorecards.engine.sql import Sql, of_queryset

SUBJECTS = RawSQL("SELECT subject_id FROM committee", [])
PERCENT = 100

_COMMITTEES = """SELECT body.id AS subject_id, place.division_id, place.path, place.profile
FROM place
JOIN communities_committeeplacement stands ON stands.division_id = place.division_id AND stands.valid @> %s::date
JOIN communities_committee body ON body.id = stands.thing_id AND body.deleted_at IS NULL
    AND body.kind = %s AND body.valid @> %s::date"""
_COMMUNITIES = "SELECT division_id AS subject_id, division_id, path, profile FROM place"


def judged(assessments: Sequence[Assessment], grain: Grain, day: dt.date) -> list[Sql]:
    """Common table expressions that end in ``<grain>_judged``: one row per subject with value and outcome.

    They stand after ``place`` and ``target`` (``Resolver.table``), whose columns are numbered by the position in
    ``assessments``. Columns per assessment n: ``top_n`` and ``bottom_n`` (base units,
    NULL where nothing was reported), ``outcome_n``; and the subject's id, community and path.
    """
    mine = {number: a for number, a in enumerate(assessments) if a.grain == grain}
    if not mine:
        return []
    subjects = (
        Sql(_COMMITTEES, (day, CommitteeKind.RESIDENTS.value, day))
        if grain == Grain.COMMITTEE
        else Sql(_COMMUNITIES)
    )
    facts = _facts(mine, grain, day)
    return [
        subjects.named(grain.value, materialized=True),
        *(sql.named(name) for name, sql in facts.items()),
        _held(mine, grain).named(f"{grain}_held"),
        _outcomes(mine, grain).named(f"{grain}_judged", materialized=True),
    ]


def counted(assessments: Sequence[Assessment], grain: Grain) -> Grouped | None:
    """Subjects by outcome for each community: five columns per assessment."""
    columns, selected = {}, []
    for number, assessment in enumerate(assessments):
        if assessment.grain != grain:
            continue
        for outcome, slot in zip(Outcome, assessment.slots, strict=True):
            columns[slot] = f"o{number}_{outcome.number}"
            selected.append(f"count(*) FILTER (WHERE outcome_{number} = {outcome.number}) AS {columns[slot]}")
    if not columns:
        return None
    text = f"SELECT division_id AS place_id, {', '.join(selected)} FROM {grain}_judged GROUP BY 1"
    return Grouped(f"{grain}_counted", Sql(text), columns)


def _facts(mine: dict[int, Assessment], grain: Grain, day: dt.date) -> dict[str, Sql]:
    """What the registers say of each subject: rooms, statements that there are none, exemptions.

    ``*_own`` is by committee; ``*_place`` by community: rooms that name no committee and serve all of its
    committees, or for communities all rooms.
    """
    facts: dict[str, Sql] = {}
    nil = PremisesNilStatement.objects.live().filter(stated_on__lte=day)
    freed = Exemption.objects.live().filter(valid_on(day))
    nil_counts = {
        f"nil_{n}": Count("pk", filter=Q(kind__in=a.reported_by) if a.reported_by else Q())
        for n, a in mine.items()
    }
    freed_counts = {f"exempt_{n}": Count("pk", filter=Q(key=a.key.code)) for n, a in mine.items()}
    for name, rows, counts in (("nil", nil, nil_counts), ("exempt", freed, freed_counts)):
        by_place = rows.filter(committee__isnull=True, division__in=PLACES)
        facts[f"{grain}_{name}_place"] = _by(by_place, "division_id", counts)
        if grain == Grain.COMMITTEE:
            facts[f"{grain}_{name}_own"] = _by(rows.filter(committee__in=SUBJECTS), "committee_id", counts)
    sums = _sums(mine, day)
    if grain == Grain.COMMUNITY:
        facts[f"{grain}_rooms_place"] = _by(
            _rooms(mine, day, placements__division__in=PLACES), "placements__division_id", sums
        )
        return facts
    facts[f"{grain}_rooms_own"] = _by(_rooms(mine, day, committee__in=SUBJECTS), "committee_id", sums)
    shared = _sums({number: a for number, a in mine.items() if a.shared}, day)
    if shared:
        facts[f"{grain}_rooms_place"] = _by(
            _rooms(mine, day, committee__isnull=True, placements__division__in=PLACES),
            "placements__division_id",
            shared,
        )
    return facts


def _rooms(mine: dict[int, Assessment], day: dt.date, **where: Any) -> QuerySet[Any]:
    """Rows of the judged register placed somewhere on the day, held then or lost before: both mean *reported*."""
    (model,) = {apps.get_model(a.numerator.model) for a in mine.values()}
    until = DateRange(None, day + dt.timedelta(days=1))
    return model._default_manager.filter(
        deleted_at__isnull=True, valid__overlap=until, placements__valid__contains=day, **where
    )


def _sums(mine: dict[int, Assessment], day: dt.date) -> dict[str, Combinable]:
    """Per assessment: value (and for a share its denominator) over the rows held, and how many rows report."""
    held = valid_on(day)
    sums: dict[str, Combinable] = {}
    for number, assessment in mine.items():
        sums[f"top_{number}"] = exact_sum(assessment.numerator, assessment.numerator.where & held)
        if assessment.denominator is not None:
            sums[f"bottom_{number}"] = exact_sum(assessment.denominator, assessment.denominator.where & held)
        kinds = Q(kind__in=sorted(assessment.reported_by)) if assessment.reported_by else Q()
        sums[f"rows_{number}"] = Count("pk", filter=kinds)
    return sums


def _by(rows: QuerySet[Any], key: str, values: dict[str, Combinable]) -> Sql:
    return of_queryset(rows.order_by().values(key_id=F(key)).annotate(**values))


def _held(mine: dict[int, Assessment], grain: Grain) -> Sql:
    """Each subject with its values, whether it reported and whether it is exempt, and its targets."""
    columns = []
    for number, assessment in mine.items():
        by_place = grain == Grain.COMMUNITY or assessment.shared
        rooms = [name for name, used in (("own", grain == Grain.COMMITTEE), ("place", by_place)) if used]
        statements = ["own", "place"] if grain == Grain.COMMITTEE else ["place"]
        rows, none = _total("rooms", rooms, f"rows_{number}"), _total("nil", statements, f"nil_{number}")
        columns += [
            f"{_total('rooms', rooms, f'top_{number}')} AS top_{number}",
            f"{_total('rooms', rooms, f'bottom_{number}')} AS bottom_{number}"
            if assessment.denominator is not None
            else f"1 AS bottom_{number}",
            f"{rows} + {none} > 0 AS reported_{number}",
            f"{_total('exempt', statements, f'exempt_{number}')} > 0 AS exempt_{number}",
        ]
    joins = [
        f"LEFT JOIN {grain}_{name}_place {name}_place ON {name}_place.key_id = subject.division_id"
        for name in ("nil", "exempt")
    ]
    if grain == Grain.COMMITTEE:
        joins += [
            f"LEFT JOIN {grain}_{name}_own {name}_own ON {name}_own.key_id = subject.subject_id"
            for name in ("nil", "exempt", "rooms")
        ]
    if grain == Grain.COMMUNITY or any(a.shared for a in mine.values()):
        joins.append(f"LEFT JOIN {grain}_rooms_place rooms_place ON rooms_place.key_id = subject.division_id")
    return Sql(f"SELECT subject.*, {', '.join(columns)}\nFROM {grain} subject\n" + "\n".join(joins))


def _total(name: str, sides: list[str], column: str) -> str:
    return "(" + " + ".join(f"coalesce({name}_{side}.{column}, 0)" for side in sides) + ")"


def _outcomes(mine: dict[int, Assessment], grain: Grain) -> Sql:
    columns = [f"{_outcome(number, assessment)} AS outcome_{number}" for number, assessment in mine.items()]
    return Sql(
        f"SELECT held.*, {', '.join(columns)}\nFROM {grain}_held held\n"
        'JOIN target ON target.profile COLLATE "C" = held.profile'
    )


def _outcome(number: int, assessment: Assessment) -> str:
    """The one CASE, in the order of the data model: whoever meets the standard meets it, exempt or not."""
    known = f"reported_{number} AND bottom_{number} <> 0"
    return (
        f"CASE WHEN op_{number} IS NULL THEN {Outcome.NO_STANDARD.number}"
        f" WHEN {known} AND {_meets(number, assessment)} THEN {Outcome.MEETS.number}"
        f" WHEN exempt_{number} THEN {Outcome.EXEMPT.number}"
        f" WHEN NOT ({known}) THEN {Outcome.NOT_REPORTED.number}"
        f" ELSE {Outcome.FALLS_SHORT.number} END"
    )


def _meets(number: int, assessment: Assessment) -> str:
    """Whether the value is within the bounds, multiplied out so that nothing is divided."""
    top, bound = assessment.numerator.scale, "{bound}_{number} * {unit}"
    if assessment.denominator is None:
        value, unit = f"top_{number}", f"{top}"
    else:
        value = f"top_{number} * {assessment.denominator.scale * PERCENT}::numeric"
        unit = f"{top} * bottom_{number}"
    low = bound.format(bound="low", number=number, unit=unit)
    high = bound.format(bound="high", number=number, unit=unit)
    return (
        f"CASE op_{number} WHEN 'ge' THEN {value} >= {low} WHEN 'gt' THEN {value} > {low}"
        f" WHEN 'le' THEN {value} <= {high} WHEN 'lt' THEN {value} < {high}"
        f" WHEN 'between' THEN {value} BETWEEN {low} AND {high} END"
    )
