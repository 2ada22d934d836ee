"""What a draft would change: places scored by it from the cards alone, beside their scores. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from communities.base.places import Span
from communities.base.roles import Action
from communities.models import Period
from portal.scorecards.engine.frame import paths_on
from portal.scorecards.engine.slots import register
from portal.scorecards.engine.sql import Sql
from portal.scorecards.models import CurrentRun, RatingGrade, RatingSchemeVersion, Run, RunKind
from portal.scorecards.scoring.inputs import inputs, names_told
from portal.scorecards.scoring.sheet import Sheet, published_sheet, sheet_of
from portal.scorecards.scoring.statement import Subjects, ranked


@dataclass(frozen=True)
class Change:
    """One place: what it would get, and what it has (None: no score)."""

    division_id: int
    total: int | None
    grade: int | None
    rank: int | None
    peers: int
    total_now: int | None
    grade_now: int | None
    rank_now: int | None

    @property
    def gained(self) -> int:
        """Hundredths by which the total would move; 0 where either is missing."""
        return 0 if self.total is None or self.total_now is None else self.total - self.total_now


@dataclass(frozen=True)
class WhatIf:
    """All places of the asker's that a version would score; ``base`` is the run that it is held against."""

    sheet: Sheet
    base: Run | None
    base_sheet: Sheet | None
    changes: tuple[Change, ...]

    @property
    def grades(self) -> list[tuple[RatingGrade | None, int]]:
        """How many places would get which grade, the highest first, and last those without."""
        return _counted(self.sheet.grades, (change.grade for change in self.changes))

    @property
    def grades_now(self) -> list[tuple[RatingGrade | None, int]]:
        """The same as it stands."""
        if self.base_sheet is None:
            return []
        return _counted(self.base_sheet.grades, (change.grade_now for change in self.changes))

    @property
    def mean(self) -> int | None:
        """Hundredths."""
        return _mean(change.total for change in self.changes)

    @property
    def mean_now(self) -> int | None:
        return _mean(change.total_now for change in self.changes)

    def most_changed(self, most: int = 20) -> list[Change]:
        """The places whose totals would move most."""
        moved = [change for change in self.changes if change.gained]
        return sorted(moved, key=lambda change: (-abs(change.gained), change.division_id))[:most]


def _counted(
    grades: Sequence[RatingGrade], given: Iterable[int | None]
) -> list[tuple[RatingGrade | None, int]]:
    counts = Counter(given)
    return [*((grade, counts[at]) for at, grade in enumerate(grades, 1)), (None, counts[None])]


def _mean(totals: Iterable[int | None]) -> int | None:
    known = [total for total in totals if total is not None]
    return round(sum(known) / len(known)) if known else None


def what_if(version: RatingSchemeVersion, period: Period, *, by: Any) -> WhatIf:
    """Score the places that ``by`` may compare by a version, draft or not, for a period. Reads cards only.

    Raises ValidationError where the period is not measured, or a rule reads what nobody measures yet.
    """
    measured = CurrentRun.objects.select_related("run").filter(kind=RunKind.MEASURE, period=period).first()
    if measured is None:
        raise ValidationError(_("该报告期尚无测算结果，请先测算。"), code="not_measured")
    sheet = _sheet(version)
    unknown = [code for code in sheet.codes if code not in inputs()]
    if unknown:
        told = _("这些取值还没有数据来源，不能试算：%(codes)s。") % {"codes": names_told(unknown)}
        raise ValidationError(told, code="no_source")
    if not sheet.items:
        raise ValidationError(_("这一版还没有评分项目。"), code="empty")
    base = _base_of(version, period)
    spans = _asked(version, measured.run, by)
    changes = _changes(sheet, measured.run, spans, base) if spans else []
    base_version = base.scheme_version if base is not None else None
    return WhatIf(sheet, base, _sheet(base_version) if base_version else None, tuple(changes))


def _sheet(version: RatingSchemeVersion) -> Sheet:
    return published_sheet(version.public_id) if version.is_published else sheet_of(version)


def _base_of(version: RatingSchemeVersion, period: Period) -> Run | None:
    """The scores that stand: of the version itself, else of the newest of its scheme."""
    current = CurrentRun.objects.filter(
        kind=RunKind.SCORE, period=period, scheme_version__scheme=version.scheme_id
    ).select_related("run__scheme_version")
    newest = current.order_by("-scheme_version__number").first()
    return None if newest is None else newest.run


def _asked(version: RatingSchemeVersion, measured: Run, by: Any) -> list[Span]:
    """The scheme's territory as far as the asker may compare; whole cities, so that ranks are right."""
    territory = [
        Span.below(path) for path in paths_on([version.scheme.jurisdiction_id], measured.anchor_date)
    ]
    if by is None:
        return territory
    found = []
    for mine in by.spans(Action.COMPARE):
        for span in territory:
            if span.covers(mine.low):
                found.append(mine)
            elif mine.covers(span.low):
                found.append(span)
    return found


def _changes(sheet: Sheet, measured: Run, spans: Sequence[Span], base: Run | None) -> list[Change]:
    fresh = ranked(Subjects(sheet, measured.pk, measured.anchor_date, spans, register(())))
    statement = (
        Sql(
            "SELECT fresh.division_id, fresh.total, fresh.grade, fresh.rank, fresh.peers,"
            " card.total, card.grade, card.rank FROM ("
        )
        + fresh
        + Sql(
            ") fresh LEFT JOIN scorecards_scorecard card"
            " ON card.division_id = fresh.division_id AND card.run_id = %s",
            (None if base is None else base.pk,),
        )
    )
    return [Change(*row) for row in statement.rows()]
