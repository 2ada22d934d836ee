"""Figures in words: 万 and 亿 where people say them, and why there is none where there is none."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from communities.base.measures import Indicator, Outcome
from communities.base.tables import number_text
from portal.scorecards.figures import Figure

WAN = Decimal(10_000)
YI = Decimal(100_000_000)
TWO_PLACES = Decimal("0.01")
# Below this people read the digits out; 9,999 and 54,321 stay as they are.
FROM = Decimal(100_000)


def large_number(value: Decimal | int) -> str:
    """``1,403``, ``23.46万``, ``1.2亿``: rounded half up to two decimals, trailing zeros dropped."""
    number = Decimal(value)
    size = abs(number)
    if size < FROM:
        return number_text(int(number) if number == number.to_integral_value() else number.normalize())
    unit, word = (YI, "亿") if size >= YI else (WAN, "万")
    short = (number / unit).quantize(TWO_PLACES, rounding=ROUND_HALF_UP).normalize()
    return f"{short:,f}{word}"


class State(StrEnum):
    """Whether a figure has a number, or which of the three kinds of nothing stands in its place."""

    KNOWN = "known"
    NO_STANDARD = "no_standard"
    NOT_APPLICABLE = "not_applicable"
    NOT_REPORTED = "not_reported"


WORDS: dict[State, Any] = {
    State.NO_STANDARD: _("无标准"),
    State.NOT_APPLICABLE: _("不适用"),
    State.NOT_REPORTED: _("未报"),
}


def state_of(figure: Figure) -> State:
    """No standard for anybody is 无标准, nobody there to judge or to divide among 不适用, nothing known 未报."""
    outcomes = figure.outcomes
    if outcomes and outcomes[Outcome.NO_STANDARD] == sum(outcomes.values()) > 0:
        return State.NO_STANDARD
    if figure.value is not None:
        return State.KNOWN
    return without_denominator(figure.indicator) if figure.denominator == 0 else State.NOT_REPORTED


def without_denominator(indicator: Indicator) -> State:
    """What a zero below the line says: nobody there, or an area or number of households nobody reported."""
    is_sum = indicator.denominator is not None and indicator.denominator.column is not None
    return State.NOT_REPORTED if is_sum else State.NOT_APPLICABLE


def figure_text(figure: Figure) -> str:
    """The figure with its decimals, or the word for why there is none."""
    state = state_of(figure)
    if state == State.KNOWN:
        return number_text(figure.value, figure.indicator.places)
    return str(WORDS[state])
