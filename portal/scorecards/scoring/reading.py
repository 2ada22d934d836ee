"""Reading scores: cards that one may compare, with grade, vetoes and movement at hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from communities.base.roles import Action
from communities.models import Division, Period
from portal.scorecards.models import (
    CurrentRun,
    RatingGrade,
    RatingScheme,
    RatingSchemeVersion,
    RatingVeto,
    RunKind,
    ScoreCard,
    ScoreCardQuerySet,
    ScoreRollUp,
)

RELATED = ("division", "period", "run", "scheme_version__scheme")


@dataclass(frozen=True)
class Before:
    """The score of the same place by the same scheme, whatever its version, in the latest earlier such period."""

    period: Period
    version: RatingSchemeVersion
    total: int | None
    rank: int | None
    peers: int
    grade: RatingGrade | None

    def places_risen(self, rank: int | None) -> int | None:
        """By how many places the rank went up since, fewer being better; None where either has none."""
        return None if self.rank is None or rank is None else self.rank - rank


def cards_for(
    user: Any,
    *,
    version: RatingSchemeVersion | None = None,
    period: Period | None = None,
    division: Division | None = None,
) -> ScoreCardQuerySet:
    """The current score cards that ``user`` may compare, with what they name; unordered."""
    cards: ScoreCardQuerySet = ScoreCard.objects.visible_to(user, Action.COMPARE).current()
    asked = {"scheme_version": version, "period": period, "division": division}
    cards = cards.filter(**{name: value for name, value in asked.items() if value is not None})
    return cards.select_related(*RELATED).defer("division__search")


def grades_of(version_ids: Iterable[int]) -> dict[int, list[RatingGrade]]:
    """The grades of versions, the highest first: a card's grade counts from 1."""
    found: dict[int, list[RatingGrade]] = defaultdict(list)
    for grade in (
        RatingGrade.objects.live().filter(scheme_version__in=set(version_ids)).order_by("-least", "pk")
    ):
        found[grade.scheme_version_id].append(grade)
    return found


def vetoes_of(version_ids: Iterable[int]) -> dict[int, list[RatingVeto]]:
    """The vetoes of versions in the order of the bits of a card."""
    found: dict[int, list[RatingVeto]] = defaultdict(list)
    for veto in (
        RatingVeto.objects.live().filter(scheme_version__in=set(version_ids)).order_by("position", "pk")
    ):
        found[veto.scheme_version_id].append(veto)
    return found


def dress(cards: Sequence[Any]) -> None:
    """Attach ``grade_row``, ``veto_rows`` and ``before`` to cards: three queries for all."""
    earlier = _earlier(cards)
    versions = {card.scheme_version_id for card in cards} | {
        one.scheme_version_id for found in earlier.values() for one in found
    }
    grades, vetoes = grades_of(versions), vetoes_of(card.scheme_version_id for card in cards if card.vetoes)
    for card in cards:
        card.grade_row = _grade(card, grades)
        listed = vetoes.get(card.scheme_version_id, [])
        card.veto_rows = [veto for at, veto in enumerate(listed) if card.vetoes >> at & 1]
        card.before = _before(
            card, earlier.get((card.scheme_version.scheme_id, card.division_id), []), grades
        )


def _grade(card: Any, grades: dict[int, list[RatingGrade]]) -> RatingGrade | None:
    return grades[card.scheme_version_id][card.grade - 1] if card.grade else None


def _earlier(cards: Sequence[Any]) -> dict[tuple[int, int], list[Any]]:
    """All current cards of the same places by the same schemes, by scheme and place."""
    found: dict[tuple[int, int], list[Any]] = defaultdict(list)
    rows = ScoreCard.objects.current().filter(
        division__in={card.division_id for card in cards},
        scheme_version__scheme__in={card.scheme_version.scheme_id for card in cards},
    )
    for one in rows.select_related("period", "scheme_version").defer("points"):
        found[one.scheme_version.scheme_id, one.division_id].append(one)
    return found


def _before(card: Any, others: Sequence[Any], grades: dict[int, list[RatingGrade]]) -> Before | None:
    past = [
        one
        for one in others
        if one.period.kind == card.period.kind and one.period.first_day < card.period.first_day
    ]
    if not past:
        return None
    one = max(past, key=lambda each: (each.period.first_day, each.scheme_version.number))
    return Before(one.period, one.scheme_version, one.total, one.rank, one.peers, _grade(one, grades))


def roll_ups_for(user: Any, division: Division, period: Period) -> list[Any]:
    """How the places below a place fared, by scheme; with ``grade_counts``: (grade or None, number)."""
    rows = (
        ScoreRollUp.objects.visible_to(user, Action.COMPARE)
        .current()
        .filter(division=division, period=period)
        .select_related("scheme_version__scheme", "run")
        .order_by("scheme_version__scheme__name", "pk")
    )
    found: list[Any] = list(rows)
    grades = grades_of(row.scheme_version_id for row in found)
    for row in found:
        row.grade_counts = list(zip([*grades.get(row.scheme_version_id, []), None], row.grades, strict=True))
    return found


def former_roll_ups(user: Any, division: Division, period: Period) -> dict[int, ScoreRollUp]:
    """How the places below a place fared in an earlier period, by the id of the scheme."""
    rows = ScoreRollUp.objects.visible_to(user, Action.COMPARE).current()
    found = rows.filter(division=division, period=period).select_related("scheme_version")
    return {row.scheme_version.scheme_id: row for row in found.order_by("scheme_version__number")}


def all_periods_of(user: Any, card: ScoreCard) -> list[Any]:
    """The cards of the same place by the same scheme, the latest period first, with ``grade_row``: two queries."""
    scheme = card.scheme_version.scheme_id
    cards = cards_for(user, division=card.division).filter(scheme_version__scheme=scheme)
    found: list[Any] = list(cards.order_by("-period__span", "-scheme_version__number"))
    grades = grades_of(one.scheme_version_id for one in found)
    for one in found:
        one.grade_row = _grade(one, grades)
    return found


def scored_versions(user: Any, period: Period) -> list[RatingSchemeVersion]:
    """The versions by which the period is scored, that the user may read."""
    current = CurrentRun.objects.filter(kind=RunKind.SCORE, period=period).values("scheme_version")
    versions = RatingSchemeVersion.objects.visible_to(user).filter(pk__in=current)
    return list(
        versions.select_related("scheme__jurisdiction").order_by("scheme__level", "scheme__name", "pk")
    )


def schemes_read(user: Any) -> Any:
    """The schemes that a user may name."""
    return RatingScheme.objects.live().visible_to(user, Action.COMPARE)


def versions_run(user: Any) -> Any:
    """The versions by which a user may have places scored: those of his places, above and below."""
    return RatingSchemeVersion.objects.live().visible_to(user, Action.RUN)


def versions_read(user: Any) -> Any:
    """The versions that a user may name."""
    return RatingSchemeVersion.objects.live().visible_to(user, Action.COMPARE)
