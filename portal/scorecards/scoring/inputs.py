"""What a rule of a scheme may read, by code: the indicators of the catalogue and the slots of measure cards.

Each input says how its value is reckoned from a card's integers, once as SQL and once as a reading; both give the
same exact fraction, in people's units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from communities.base.measures import Indicator, Measure, Outcome, measures_of
from communities.base.rules import Named, Reading
from communities.base.rules.ratios import Column, Columns
from portal.scorecards.catalogue import INDICATORS

INDICATOR_GROUP = _("指标")
COUNT_GROUP = _("逐个判断的结果数")
MEASURE_GROUP = _("原始数量")
JUDGED = ".of_judged"
# Sources that are still to come, by the beginning of their codes: drafts may name what they will hold.
AWAITED = {"visit": _("创建活动填报")}
OUTCOME_WORDS = {
    Outcome.MEETS: _("达标"),
    Outcome.FALLS_SHORT: _("不达标"),
    Outcome.EXEMPT: _("豁免"),
    Outcome.NO_STANDARD: _("无标准"),
    Outcome.NOT_REPORTED: _("未报"),
}


@dataclass(frozen=True)
class Input:
    """A value that rules may read.

    It is the sum of the slots ``top`` over the sum of the slots ``bottom`` (none: a plain amount), times ``scale``;
    ``top_scale`` and ``bottom_scale`` undo the base units of cards. Of subjects judged one by one nobody reported
    anything (the value is missing) where ``reported`` adds up to nothing and ``unreported`` does not; and there is
    nothing to meet where all of ``bottom`` are ``hollow``.
    """

    code: str
    name: Any
    unit: Any
    group: Any
    top: tuple[str, ...]
    bottom: tuple[str, ...] = ()
    scale: int = 1
    top_scale: int = 1
    bottom_scale: int = 1
    reported: tuple[str, ...] = ()
    unreported: str = ""
    hollow: str = ""
    source: Any = ""
    # What leads to the rows behind it: of a plain amount or ratio the measures, of subjects judged who and how.
    measures: tuple[Measure, ...] = ()
    indicator: Indicator | None = None
    outcome: Outcome | None = None

    @property
    def named(self) -> Named:
        return Named(str(self.name), str(self.unit))

    @property
    def slots(self) -> tuple[str, ...]:
        """All slots that it reads."""
        others = [code for code in (self.unreported, self.hollow) if code]
        return tuple(dict.fromkeys((*self.top, *self.bottom, *self.reported, *others)))

    def column(self, slot: Callable[[str], str], largest: int) -> Column:
        """Expressions over a card; ``slot`` writes the expression of a slot, at most ``largest``, or NULL."""
        most = max(len(self.top) * self.scale * self.bottom_scale, len(self.bottom) * self.top_scale)
        bound = most * largest
        top = f"({_added(self.top, slot)}){_times(self.scale * self.bottom_scale)}"
        if self.reported:
            nothing = f"{_added(self.reported, slot)} = 0 AND {slot(self.unreported)} > 0"
            top = f"(CASE WHEN {nothing} THEN NULL ELSE {top} END)"
        if not self.bottom:
            return Column(top, str(self.top_scale), bound)
        whole = _added(self.bottom, slot)
        if self.hollow:
            whole = f"CASE WHEN {whole} = {slot(self.hollow)} THEN 0 ELSE {whole} END"
        return Column(top, f"coalesce(({whole}){_times(self.top_scale)}, 0)", bound)

    def parts(self, slot: Callable[[str], int | None]) -> tuple[Decimal | None, Decimal | None]:
        """Numerator and denominator in people's units, before ``scale``; no denominator: a plain amount."""
        top = _sum(slot(code) for code in self.top)
        if self.reported and _sum(map(slot, self.reported)) == 0 and (slot(self.unreported) or 0) > 0:
            top = None
        numerator = None if top is None else Decimal(top) / self.top_scale
        if not self.bottom:
            return numerator, None
        whole = _sum(slot(code) for code in self.bottom)
        if self.hollow and whole == slot(self.hollow):
            whole = 0
        return numerator, Decimal(whole or 0) / self.bottom_scale

    def reading(self, slot: Callable[[str], int | None]) -> Reading:
        """The value of a card as rules read it."""
        numerator, denominator = self.parts(slot)
        top = None if numerator is None else numerator * self.scale
        return Reading(top) if denominator is None else Reading(top, denominator)


def _added(codes: Sequence[str], slot: Callable[[str], str]) -> str:
    return " + ".join(slot(code) for code in codes)


def _times(factor: int) -> str:
    return "" if factor == 1 else f" * {factor}"


def _sum(values: Iterator[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _inputs() -> Iterator[Input]:
    for indicator in INDICATORS.values():
        yield from _of_indicator(indicator)
    sources = {
        measure: indicator.source
        for indicator in reversed(INDICATORS.values())
        for measure in indicator.measures
    }
    for measure in measures_of(INDICATORS.values()):
        yield Input(
            measure.code,
            measure.name,
            measure.unit,
            MEASURE_GROUP,
            (measure.code,),
            top_scale=measure.scale,
            source=sources[measure],
            measures=(measure,),
        )
    for indicator in INDICATORS.values():
        if indicator.assessment is None:
            continue
        for outcome, code in zip(Outcome, indicator.assessment.slots, strict=True):
            name = f"{indicator.assessment.name}：{OUTCOME_WORDS[outcome]}"
            yield Input(
                code,
                name,
                _("个"),
                COUNT_GROUP,
                (code,),
                source=indicator.source,
                indicator=indicator,
                outcome=outcome,
            )


def _of_indicator(indicator: Indicator) -> Iterator[Input]:
    if indicator.assessment is None:
        assert indicator.numerator is not None  # noqa: S101 - one of both, says Indicator
        yield Input(
            indicator.code,
            indicator.name,
            indicator.unit,
            INDICATOR_GROUP,
            (indicator.numerator.code,),
            _codes(indicator.denominator),
            indicator.scale,
            indicator.numerator_scale,
            indicator.denominator_scale,
            source=indicator.source,
            measures=indicator.measures,
            indicator=indicator,
        )
        return
    slots = dict(zip(Outcome, indicator.assessment.slots, strict=True))
    told: dict[str, Any] = {
        "top": (slots[Outcome.MEETS],),
        "scale": indicator.scale,
        "reported": (slots[Outcome.MEETS], slots[Outcome.FALLS_SHORT], slots[Outcome.EXEMPT]),
        "unreported": slots[Outcome.NOT_REPORTED],
        "source": indicator.source,
        "indicator": indicator,
    }
    yield Input(
        indicator.code,
        indicator.name,
        indicator.unit,
        INDICATOR_GROUP,
        bottom=tuple(slots.values()),
        hollow=slots[Outcome.NO_STANDARD],
        **told,
    )
    yield Input(
        indicator.code + JUDGED,
        _("%(name)s(占已判定)") % {"name": indicator.name},
        indicator.unit,
        INDICATOR_GROUP,
        bottom=(slots[Outcome.MEETS], slots[Outcome.FALLS_SHORT]),
        **told,
    )


def _codes(measure: Measure | None) -> tuple[str, ...]:
    return () if measure is None else (measure.code,)


@cache
def inputs() -> dict[str, Input]:
    """All inputs by code, in the order in which people choose among them."""
    return {each.code: each for each in _inputs()}


@cache
def names() -> dict[str, Named]:
    """How explanations call the inputs."""
    return {code: each.named for code, each in inputs().items()}


def names_of(codes: Iterable[str]) -> dict[str, Named]:
    """What people call these codes, also those that nothing feeds yet: nobody reads bare codes."""
    known = names()
    return {code: known.get(code) or Named(_unfed(code)) for code in codes}


def _unfed(code: str) -> str:
    """What to call a value that nothing feeds: of one that is awaited, from where it will come."""
    source = AWAITED.get(code.partition(".")[0])
    if source is not None:
        return gettext("%(source)s的取值(该数据来源尚未建立)") % {"source": source}
    return gettext("未登记的取值(%(code)s)") % {"code": code}


def names_told(codes: Iterable[str]) -> str:
    """The names of codes in a row, as in a sentence."""
    return "、".join(dict.fromkeys(each.name for each in names_of(sorted(codes)).values()))


def columns(codes: Sequence[str], positions: Mapping[str, int], largest: int) -> Columns:
    """The inputs ``codes`` as expressions over columns ``s0``..., one for each position of a slot.

    ``largest`` bounds what a slot holds.
    """

    def slot(code: str) -> str:
        return f"s{positions[code]}" if code in positions else "NULL::bigint"

    return {code: inputs()[code].column(slot, largest) for code in codes}


def slot_of(values: Sequence[int | None], positions: Mapping[str, int]) -> Callable[[str], int | None]:
    """Reads slots of one card by code; None where it has none."""

    def slot(code: str) -> int | None:
        position = positions.get(code)
        return values[position] if position is not None and position < len(values) else None

    return slot
