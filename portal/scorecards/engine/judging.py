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

from communities.base.measures import Assessment, Grain, Measure, Outcome, Validity
from communities.base.querysets import valid_on
from communities.choices import CommitteeKind
from communities.models import Exemption, PremisesNilStatement
from portal.scorecards.engine.sources import PLACES, Grouped, exact_sum
from portal.scorecards.engine.sql import Sql, joined, of_queryset

SUBJECTS = RawSQL("SELECT subject_id FROM committee", [])
PERCENT = 100

_COMMITTEES = """SELECT body.id AS subject_id, place.division_id, place.path, place.profile
FROM place
JOIN communities_committeeplacement stands ON stands.division_id = place.division_id AND stands.valid @> %s::date
JOIN communities_committee body ON body.id = stands.thing_id AND body.deleted_at IS NULL
    AND body.kind = %s AND body.valid @> %s::date"""
_COMMUNITIES = "SELECT division_id AS subject_id, division_id, path, profile FROM place"


class Judging:
    """The assessments of a catalogue as common table expressions over ``place`` and ``target``.

    ``target`` is ``Resolver.table``; its columns, like those made here, are numbered by the position in
    ``assessments``. The rooms of a place are read once: ``register`` sums them by community and by the committee
    that they name, with the measures of the same model, so that figures and judgements cannot drift apart.
    """

    def __init__(self, assessments: Sequence[Assessment], measures: Sequence[Measure], day: dt.date) -> None:
        self.assessments = assessments
        self.day = day
        (self.model,) = {assessment.numerator.model for assessment in assessments}
        # Measured here rather than by ``sources.grouped``.
        self.measures = [measure for measure in measures if self.covers(measure)]
        self._column = {measure: f"m{number}" for number, measure in enumerate(self.measures)}

    def covers(self, measure: Measure) -> bool:
        """Whether a measure is a plain total over the judged register."""
        return (
            measure.model == self.model
            and measure.validity == Validity.STOCK
            and not (measure.via or measure.distinct)
        )

    def ctes(self) -> list[Sql]:
        """From the rooms to ``committee_judged`` and ``community_judged``: one row per subject.

        Columns per assessment n: ``top_n`` and ``bottom_n`` in base units, ``reported_n``, ``exempt_n``,
        ``outcome_n``; beside the subject's id, community and path.
        """
        subjects = Sql(_COMMITTEES, (self.day, CommitteeKind.RESIDENTS.value, self.day))
        return [
            subjects.named("committee", materialized=True),
            Sql(_COMMUNITIES).named("community"),
            self._register().named("register", materialized=True),
            self._totals().named("total", materialized=True),
            *(self._said(name).named(name, materialized=True) for name in ("nil", "exempt")),
            *(self._held(grain).named(f"{grain}_held") for grain in Grain),
            *(self._outcomes(grain).named(f"{grain}_judged", materialized=True) for grain in Grain),
        ]

    def tables(self) -> list[Grouped]:
        """The named statements with one row per community: totals of the register, subjects by outcome."""
        totals = {measure.code: self._column[measure] for measure in self.measures}
        counted = (self._counted(grain) for grain in Grain)
        return [Grouped("total", Sql(""), totals), *(one for one in counted if one.columns)]

    def numbered(self, grain: Grain) -> dict[int, Assessment]:
        """The assessments of one grain under their numbers."""
        return {number: a for number, a in enumerate(self.assessments) if a.grain == grain}

    def _counted(self, grain: Grain) -> Grouped:
        """Subjects of each outcome; a community is its own and only subject."""
        number_of = "({})::int" if grain == Grain.COMMUNITY else "count(*) FILTER (WHERE {})"
        columns, selected = {}, []
        for number, assessment in self.numbered(grain).items():
            for outcome, slot in zip(Outcome, assessment.slots, strict=True):
                column = columns[slot] = f"o{number}_{outcome.number}"
                had = number_of.format(f"outcome_{number} = {outcome.number}")
                selected.append(f"{had} AS {column}")
        text = ", ".join(["SELECT division_id AS place_id", *selected]) + f" FROM {grain}_judged"
        text += "" if grain == Grain.COMMUNITY else " GROUP BY 1"
        return Grouped(f"{grain}_counted", Sql(text), columns)

    def rooms(self) -> QuerySet[Any]:
        """Rows of the judged register that stand in the frame's places, held on the day or lost before.

        Both mean that their subject has *reported*.
        """
        until = DateRange(None, self.day + dt.timedelta(days=1))
        rooms: QuerySet[Any] = apps.get_model(self.model)._default_manager.filter(
            deleted_at__isnull=True,
            valid__overlap=until,
            placements__valid__contains=self.day,
            placements__division__in=PLACES,
        )
        return rooms

    def _register(self) -> Sql:
        held = valid_on(self.day)
        sums: dict[str, Combinable] = {
            column: exact_sum(measure, measure.where & held) for measure, column in self._column.items()
        }
        for number, assessment in enumerate(self.assessments):
            kinds = Q(kind__in=sorted(assessment.reported_by)) if assessment.reported_by else Q()
            sums[f"rows_{number}"] = Count("pk", filter=kinds)
        rooms = self.rooms().order_by().values("committee_id", place_id=F("placements__division_id"))
        return of_queryset(rooms.annotate(**sums))

    def _totals(self) -> Sql:
        columns = [*self._column.values(), *(f"rows_{number}" for number in self.numbered(Grain.COMMUNITY))]
        sums = ", ".join(f"sum({column})::bigint AS {column}" for column in columns)
        return Sql(f"SELECT place_id, {sums} FROM register GROUP BY 1")

    def _said(self, name: str) -> Sql:
        """Statements of none, or exemptions: of a whole community, or of one committee wherever it stands."""
        if name == "nil":
            rows: QuerySet[Any] = PremisesNilStatement.objects.live().filter(stated_on__lte=self.day)
            filters = [Q(kind__in=sorted(a.reported_by)) if a.reported_by else Q() for a in self.assessments]
        else:
            rows = Exemption.objects.live().filter(valid_on(self.day))
            filters = [Q(key=assessment.key.code) for assessment in self.assessments]
        counts = {f"{name}_{number}": Count("pk", filter=which) for number, which in enumerate(filters)}
        by_place = rows.filter(committee__isnull=True, division__in=PLACES).values("division_id")
        by_committee = rows.filter(committee__in=SUBJECTS).values("committee_id")
        return joined(
            "\nUNION ALL\n",
            (
                Sql("SELECT division_id AS key, true AS whole, counted.* FROM (")
                + of_queryset(by_place.order_by().annotate(**counts))
                + ") counted",
                Sql("SELECT committee_id, false, counted.* FROM (")
                + of_queryset(by_committee.order_by().annotate(**counts))
                + ") counted",
            ),
        )

    def _held(self, grain: Grain) -> Sql:
        """Each subject with its values, whether it reported and whether it is exempt."""
        columns = []
        of_committees = grain == Grain.COMMITTEE
        for number, assessment in self.numbered(grain).items():
            rooms = ["whole"] if not of_committees else ["own", "shared"] if assessment.shared else ["own"]
            said = ["own", "whole"] if of_committees else ["whole"]
            rows, none = _total("rooms", rooms, f"rows_{number}"), _total("nil", said, f"nil_{number}")
            bottom = assessment.denominator
            columns += [
                f"{_total('rooms', rooms, self._column[assessment.numerator])} AS top_{number}",
                f"{_total('rooms', rooms, self._column[bottom]) if bottom else 1} AS bottom_{number}",
                f"{rows} + {none} > 0 AS reported_{number}",
                f"{_total('exempt', said, f'exempt_{number}')} > 0 AS exempt_{number}",
            ]
        joins = [
            f"LEFT JOIN {name} {name}_whole ON {name}_whole.whole AND {name}_whole.key = subject.division_id"
            for name in ("nil", "exempt")
        ]
        if not of_committees:
            joins.append("LEFT JOIN total rooms_whole ON rooms_whole.place_id = subject.division_id")
        else:
            joins += [
                f"LEFT JOIN {name} {name}_own ON NOT {name}_own.whole AND {name}_own.key = subject.subject_id"
                for name in ("nil", "exempt")
            ]
            joins.append(
                "LEFT JOIN register rooms_own ON rooms_own.place_id = subject.division_id"
                " AND rooms_own.committee_id = subject.subject_id"
            )
            joins.append(
                "LEFT JOIN register rooms_shared ON rooms_shared.place_id = subject.division_id"
                " AND rooms_shared.committee_id IS NULL"
            )
        selected = ", ".join(["subject.*", *columns])
        return Sql(f"SELECT {selected}\nFROM {grain} subject\n" + "\n".join(joins))

    def _outcomes(self, grain: Grain) -> Sql:
        mine = self.numbered(grain)
        columns = [
            f"{_outcome(number, assessment)} AS outcome_{number}" for number, assessment in mine.items()
        ]
        bounds = [f"{bound}_{number}" for number in mine for bound in ("op", "low", "high")]
        return Sql(
            f"SELECT {', '.join(['held.*', *bounds, *columns])}\nFROM {grain}_held held\n"
            'JOIN target ON target.profile COLLATE "C" = held.profile'
        )


def _total(name: str, sides: list[str], column: str) -> str:
    return "(" + " + ".join(f"coalesce({name}_{side}.{column}, 0)" for side in sides) + ")"


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
    scale = assessment.numerator.scale
    if assessment.denominator is None:
        value, unit = f"top_{number}", f"{scale}"
    else:
        value = f"top_{number} * {assessment.denominator.scale * PERCENT}::numeric"
        unit = f"{scale} * bottom_{number}"
    low, high = f"low_{number} * {unit}", f"high_{number} * {unit}"
    return (
        f"CASE op_{number} WHEN 'ge' THEN {value} >= {low} WHEN 'gt' THEN {value} > {low}"
        f" WHEN 'le' THEN {value} <= {high} WHEN 'lt' THEN {value} < {high}"
        f" WHEN 'between' THEN {value} BETWEEN {low} AND {high} END"
    )
