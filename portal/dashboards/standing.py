"""How subjects stand against the standards, in words: value, target, gap, clause and the rooms that entered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from communities.base.measures import Indicator, Outcome
from communities.base.tables import detail_url, number_text
from communities.base.views import place_lines
from communities.choices import Operator
from communities.models import Division, Period
from portal.dashboards.panels import LOOK_OF, OutcomeLook
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.rows import Scene, Subject, subjects


@dataclass(frozen=True)
class RoomLink:
    text: str
    url: str | None


@dataclass(frozen=True)
class Standing:
    """One judged subject as a table row."""

    name: str
    url: str | None
    place: Division
    place_url: str | None
    above: str
    standard: Any
    look: OutcomeLook
    note: Any
    value: Decimal | None
    unit: str
    target: str
    gap: Decimal | None
    gap_unit: str
    clause: str
    clause_url: str | None
    rooms: tuple[RoomLink, ...]


def standings(found: Sequence[Subject], indicator: Indicator, under: str = "") -> list[Standing]:
    """Table rows of one page of subjects; one query for the names of places above them."""
    lines = place_lines((subject.community for subject in found), under)
    return [_standing(subject, indicator, lines) for subject in found]


def of_place(place: Division, period: Period, by: Any) -> list[Standing]:
    """All that is judged at one community, standard by standard, for its page."""
    found: list[Standing] = []
    scene = Scene(place, period, by)
    for indicator in INDICATORS.values():
        if indicator.assessment is not None:
            page = subjects(scene, indicator)
            found += standings(page.subjects, indicator, under=place.path_now)
    return found


def _standing(subject: Subject, indicator: Indicator, lines: dict[int, str]) -> Standing:
    assessment = indicator.assessment
    if assessment is None:
        raise ValueError(f"{indicator.code} judges nobody")
    unit = assessment.key.unit
    clause = subject.threshold.clause if subject.threshold is not None else None
    return Standing(
        name=str(subject.subject),
        url=detail_url(subject.subject),
        place=subject.community,
        place_url=detail_url(subject.community),
        above=lines.get(subject.community.pk, ""),
        standard=assessment.key.name,
        look=LOOK_OF[subject.outcome],
        note=_note(subject),
        value=None if subject.value is None else round_for(subject.value),
        unit=unit,
        target=target_text(subject, unit),
        gap=gap_of(subject),
        gap_unit="个百分点" if unit == "%" else unit,
        clause=f"《{clause.document.title}》{clause.label}" if clause is not None else "",
        clause_url=detail_url(subject.threshold) if subject.threshold is not None else None,
        rooms=tuple(RoomLink(_room_text(room), detail_url(room.row)) for room in subject.rooms),
    )


def round_for(value: Decimal) -> Decimal:
    """Two decimals; a share that is exact stays exact."""
    return value.quantize(Decimal("0.01"))


def _note(subject: Subject) -> str:
    if subject.outcome == Outcome.FALLS_SHORT and subject.temporary_until is not None:
        return str(_("使用临时过渡用房，期限至 %(day)s") % {"day": day_text(subject.temporary_until)})
    if subject.outcome == Outcome.MEETS and subject.is_exempt:
        return str(_("另有豁免，按达标计"))
    return ""


def day_text(day: dt.date) -> str:
    return day.isoformat()


def target_text(subject: Subject, unit: str) -> str:
    """The bound in effect: 不低于 100 平方米; empty where no standard applies."""
    if subject.threshold is None:
        return ""
    bounds = [
        number_text(bound.normalize() + 0) for bound in (subject.low, subject.high) if bound is not None
    ]
    operator = Operator(subject.threshold.operator)
    if operator == Operator.BETWEEN:
        return f"{' 至 '.join(bounds)} {unit}"
    return f"{operator.label} {' '.join(bounds)} {unit}"


def gap_of(subject: Subject) -> Decimal | None:
    """By how much a subject falls short (or exceeds an upper bound); None where it does not."""
    if subject.outcome != Outcome.FALLS_SHORT or subject.value is None:
        return None
    if subject.low is not None and subject.value < subject.low:
        return round_for(subject.low - subject.value)
    if subject.high is not None and subject.value > subject.high:
        return round_for(subject.value - subject.high)
    return None


def _room_text(room: Any) -> str:
    shared = str(_("(共用)")) if room.shared else ""
    return f"{room.row.name} {number_text(room.row.area)} 平方米{shared}"
