"""What a rule is given and what it gives: readings as exact fractions, points with the lines that explain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction


class Absence(StrEnum):
    """Why there is no value: nobody reported one, or there is nothing to divide by."""

    MISSING = "missing"
    NO_BASE = "no_base"


@dataclass(frozen=True)
class Reading:
    """One value that a rule reads: ``top / bottom`` in people's units. ``top`` None: nobody reported it.

    A plain count or amount has the bottom 1. Nothing is divided before the points are rounded.
    """

    top: Decimal | None
    bottom: Decimal = Decimal(1)

    @property
    def value(self) -> Fraction | Absence:
        """The exact value, or why there is none."""
        if self.top is None:
            return Absence.MISSING
        if self.bottom == 0:
            return Absence.NO_BASE
        return Fraction(self.top) / Fraction(self.bottom)


@dataclass(frozen=True)
class Named:
    """How people call an input, and its unit."""

    name: str
    unit: str = ""

    def by(self, number: str) -> str:
        """A difference with the unit: shares differ by points of a hundred, as in 10 个百分点."""
        return f"{number} 个百分点" if self.unit == "%" else self.with_unit(number)

    def with_unit(self, number: str) -> str:
        """A number with the unit, as in 86%."""
        return f"{number}{self.unit}" if self.unit == "%" or not self.unit else f"{number} {self.unit}"


@dataclass(frozen=True)
class Inputs:
    """Readings by code, and the names of the codes; a code without a reading is missing."""

    readings: Mapping[str, Reading]
    names: Mapping[str, Named] = field(default_factory=dict)

    def value(self, code: str) -> Fraction | Absence:
        """The exact value of an input, or why there is none."""
        return self.readings.get(code, Reading(None)).value

    def named(self, code: str) -> Named:
        return named(self.names, code)


def named(names: Mapping[str, Named], code: str) -> Named:
    """The name of a code; the code itself where nobody has named it."""
    return names.get(code, Named(code))


@dataclass(frozen=True)
class Line:
    """One step of the reckoning: what was read, what follows, and the points that it gives or takes."""

    text: str
    points: Fraction | None = None


@dataclass(frozen=True)
class Scored:
    """Exact points before rounding; None where the rule does not apply. ``lines`` say how they came about."""

    points: Fraction | None
    lines: tuple[Line, ...] = ()

    @property
    def applies(self) -> bool:
        return self.points is not None


def number_text(value: Fraction | Decimal) -> str:
    """A number as people write it: exact where it ends within four places, else rounded and marked as such."""
    exact = Fraction(value)
    shown = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    text = f"{shown:f}".rstrip("0").rstrip(".")
    return text if Fraction(shown) == exact else f"约 {text}"
