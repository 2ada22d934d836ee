"""What pages of scores have in common: which versions speak of a place, and how classes and counts are named."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from communities.base.places import Span
from communities.choices import BuildingClass, CommunityKind, Level, LocationClass
from communities.models import Division, Period
from portal.scorecards.models import PeerClass, RatingGrade, RatingSchemeVersion
from portal.scorecards.scoring import reading
from portal.scorecards.scoring.sheet import CLASSES

CLASS_WORDS: dict[str, dict[str, Any]] = {
    PeerClass.BUILDING: dict(BuildingClass.choices),
    PeerClass.LOCATION: dict(LocationClass.choices),
    PeerClass.KIND: dict(CommunityKind.choices),
}
# In an address, the places without any grade.
NO_GRADE = "none"


def class_word(named: str, classes: Sequence[str]) -> str:
    """One of a place's classes as people call it."""
    code = classes[CLASSES.index(named)]
    return str(CLASS_WORDS[named].get(code, _("未登记类别")))


def is_about(version: RatingSchemeVersion, place: Division) -> bool:
    """Whether a version rates the place, places below it, or places beside it."""
    rates = version.scheme.jurisdiction.path_now
    return Span.below(rates).covers(place.path_now) or Span.below(place.path_now).covers(rates)


def versions_about(user: Any, place: Division, period: Period) -> list[RatingSchemeVersion]:
    """The versions that scored a period and concern a place: first those of its own city, for communities."""
    found = [each for each in reading.scored_versions(user, period) if is_about(each, place)]

    def nearness(version: RatingSchemeVersion) -> tuple[bool, bool, int]:
        rates = version.scheme.jurisdiction.path_now
        covers = Span.below(rates).covers(place.path_now)
        return not covers, version.scheme.level != Level.COMMUNITY, -len(rates)

    return sorted(found, key=nearness)


def named_version(rows: Any, text: str) -> RatingSchemeVersion:
    """The version that an address names among those the reader may name. Raises Http404."""
    try:
        version: RatingSchemeVersion | None = rows.filter(public_id=uuid.UUID(text)).first()
    except ValueError as error:
        raise Http404 from error
    if version is None:
        raise Http404
    return version


@dataclass(frozen=True)
class Bar:
    """How many places have one grade; ``width`` in thousandths of the longest bar."""

    grade: RatingGrade | None
    code: str
    number: int
    width: int


def bars(row: Any) -> list[Bar]:
    """The grades of a roll-up with their counts, the highest first; those without any last, if there are."""
    counts = row.grade_counts
    most = max((number for _grade, number in counts), default=0) or 1
    return [
        Bar(grade, NO_GRADE if grade is None else str(at), number, number * 1000 // most)
        for at, (grade, number) in enumerate(counts, 1)
        if grade is not None or number
    ]


def mean(row: Any) -> Decimal | None:
    """The mean total of a roll-up in hundredths; None where nobody was scored."""
    return Decimal(row.total) / row.scored if row is not None and row.scored else None


@dataclass(frozen=True)
class Spread:
    """How the places below a place fared by one scheme, beside the period before."""

    row: Any
    former: Any

    @property
    def version(self) -> RatingSchemeVersion:
        version: RatingSchemeVersion = self.row.scheme_version
        return version

    @property
    def bars(self) -> list[Bar]:
        return bars(self.row)

    @property
    def mean(self) -> Decimal | None:
        return mean(self.row)

    @property
    def change(self) -> Decimal | None:
        """Of the mean total, in hundredths."""
        now, before = mean(self.row), mean(self.former)
        return None if now is None or before is None else now - before


def spreads(user: Any, place: Division, period: Period, previous: Period | None) -> list[Spread]:
    """Three queries, one less where there is no period before."""
    former = {} if previous is None else reading.former_roll_ups(user, place, previous)
    rows = reading.roll_ups_for(user, place, period)
    rows.sort(key=lambda row: -row.scheme_version.scheme.level)  # communities first, stable by name
    return [Spread(row, former.get(row.scheme_version.scheme_id)) for row in rows]


def previous_of(periods: Sequence[Period], period: Period) -> Period | None:
    """Of periods listed from the latest down, the one of the same kind before one of them."""
    earlier = (each for each in periods if each.kind == period.kind and each.first_day < period.first_day)
    return next(earlier, None)
