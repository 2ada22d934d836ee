"""Exact amounts as SQL: fractions of whole-number expressions, with what is known of them.

See :mod:`communities.base.rules.sql`, which reckons with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import lcm

COMPARE = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
LARGEST = 2**63 - 1


class TooLarge(Exception):
    """A step could give a number that no ``bigint`` holds."""


@dataclass(frozen=True)
class Column:
    """Where a reading stands: expressions of its top (NULL: nobody reported) and bottom (0: nothing to divide by).

    Both in people's units; the bottom is never NULL nor below 0. ``bound``: both are whole numbers of at most that
    size; None: they may have decimals.
    """

    top: str
    bottom: str = "1"
    bound: int | None = None

    @property
    def divides_by(self) -> int | None:
        """The bottom where it is a whole number above zero, the same for all."""
        return int(self.bottom) if self.bottom.isdigit() else None


Columns = Mapping[str, Column]


def kind_of(columns: Columns) -> str:
    """What whole numbers are reckoned in, as far as the columns go."""
    return "numeric" if any(column.bound is None for column in columns.values()) else "int8"


@dataclass(frozen=True)
class Ratio:
    """``top / (bottom * part)``, exact: expressions of whole numbers, the bottom above zero, and a constant.

    ``most`` and ``most_below`` bound the sizes of top and bottom. Raises TooLarge where ``int8`` might not do.

    What is known of it saves the database work: the number of a ``constant``; that it is ``natural``, never below
    zero; that it is ``sure``, never NULL where it is reached; or the ``cases`` that it was chosen from, each an
    amount by itself, with the condition "true" last.
    """

    top: str
    bottom: str = "1"
    part: int = 1
    most: int = 0
    most_below: int = 1
    kind: str = "numeric"
    constant: Decimal | None = None
    natural: bool = False
    sure: bool = False
    cases: tuple[tuple[str, Ratio], ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "int8" and max(self.most, self.most_below * self.part) > LARGEST:
            raise TooLarge

    def made(
        self,
        top: str,
        most: int,
        *,
        bottom: str | None = None,
        part: int | None = None,
        below: int = 0,
        natural: bool = False,
    ) -> Ratio:
        """Another amount of the same kind."""
        return Ratio(
            top,
            self.bottom if bottom is None else bottom,
            self.part if part is None else part,
            most,
            below or self.most_below,
            self.kind,
            natural=natural,
        )

    def column(self, top: str, bottom: str) -> Ratio:
        """The same amount by the names of columns that hold it."""
        return replace(self, top=top, bottom=bottom, constant=None, cases=())

    @property
    def is_nothing(self) -> bool:
        """What does not apply to anybody."""
        return self.top == f"NULL::{self.kind}"

    def whole(self, value: int) -> str:
        """A constant."""
        return f"{value}::{self.kind}" if value >= 0 else f"({value})::{self.kind}"

    def _times(self, text: str, factor: int) -> str:
        return text if factor == 1 else f"({text} * {self.whole(factor)})"

    def over(self, other: Ratio) -> tuple[Ratio, Ratio]:
        """Both over one bottom."""
        part = lcm(self.part, other.part)
        one, two = part // self.part, part // other.part
        if self.bottom == other.bottom:
            return self.raised(one, self, part), other.raised(two, other, part)
        together = self.made(
            "", 0, bottom=_product(self.bottom, other.bottom), below=self.most_below * other.most_below
        )
        return (
            self.raised(one, together, part, other.bottom, other.most_below),
            other.raised(two, together, part, self.bottom, self.most_below),
        )

    def raised(self, factor: int, over: Ratio, part: int, bottom: str = "1", below: int = 1) -> Ratio:
        """The same amount over the bottom of ``over``: the top times what it is divided by more."""
        top = self.top if self.constant == 0 else _product(self._times(self.top, factor), bottom)
        most = self.most * factor * below
        return over.made(top, most, part=part, natural=self.natural)

    def plus(self, other: Ratio) -> Ratio:
        if self.constant == 0 or other.constant == 0:
            return other if self.constant == 0 else self
        one, two = self.over(other)
        natural = one.natural and two.natural
        return one.made(f"({one.top} + {two.top})", one.most + two.most, natural=natural)

    def minus(self, other: Ratio) -> Ratio:
        if other.constant == 0:
            return self
        one, two = self.over(other)
        return one.made(f"({one.top} - {two.top})", one.most + two.most)

    def times(self, factor: Decimal) -> Ratio:
        top, part = fraction(factor)
        return self.made(
            self._times(self.top, top),
            self.most * abs(top),
            part=self.part * part,
            natural=self.natural and top >= 0,
        )

    def divided(self, by: Decimal) -> Ratio:
        """By a number that is not zero."""
        top, part = fraction(by)
        sign = -1 if top < 0 else 1
        return self.made(
            self._times(self.top, sign * part),
            self.most * part,
            part=self.part * abs(top),
            natural=self.natural and top > 0,
        )

    def product(self, top: str, most: int) -> Ratio:
        """Times a whole number."""
        return self.made(_product(self.top, top), self.most * most)

    def quotient(self, below: str, most: int) -> Ratio:
        """Divided by a whole number above zero."""
        return self.made(
            self.top,
            self.most,
            bottom=_product(self.bottom, below),
            below=self.most_below * most,
            natural=self.natural,
        )

    def extreme(self, function: str, other: Ratio) -> Ratio:
        """``greatest`` or ``least``; of a NULL and a number the number."""
        one, two = self.over(other)
        known = any if function == "greatest" else all
        natural = known((one.natural, two.natural))
        return one.made(f"{function}({one.top}, {two.top})", max(one.most, two.most), natural=natural)

    def clamped(self, least: Decimal | None, most: Decimal | None) -> Ratio:
        """Within bounds; must not be NULL."""
        is_above = least is None or (self.natural and least <= 0)
        found = self if is_above else self.extreme("greatest", self.number(least or Decimal(0)))
        return found if most is None else found.extreme("least", self.number(most))

    def number(self, value: Decimal) -> Ratio:
        """A constant of the same kind."""
        return number(value, self.kind)

    def compared(self, operator: str, target: Decimal) -> str:
        one, two = self.over(self.number(target))
        return f"{one.top} {COMPARE[operator]} {two.top}"

    @property
    def below(self) -> str:
        """All that the top is divided by."""
        return self._times(self.bottom, self.part) if self.bottom != "1" else self.whole(self.part)

    def div(self, top: str, below: str) -> str:
        """The whole part of a quotient of what is not negative."""
        return f"({top} / {below})" if self.kind == "int8" else f"div({top}, {below})"

    def steps(self, *, up: bool = False) -> Ratio:
        """The whole number below, or with ``up`` above, of what is not negative."""
        found = self.div(self.top, self.below)
        if up:
            found = f"({found} + CASE WHEN mod({self.top}, {self.below}) > 0 THEN 1 ELSE 0 END)"
        return Ratio(found, most=self.most + 1, kind=self.kind, natural=True)


def fraction(value: Decimal) -> tuple[int, int]:
    """A number as one whole number over another."""
    return value.as_integer_ratio()


def _product(one: str, other: str) -> str:
    if one == "1":
        return other
    return one if other == "1" else f"({one} * {other})"


def nothing(kind: str) -> Ratio:
    """What does not apply."""
    return Ratio(f"NULL::{kind}", kind=kind, natural=True)


def number(value: Decimal, kind: str) -> Ratio:
    """A parsed number, exact whatever it meets."""
    top, part = fraction(value)
    text = f"{top}::{kind}" if top >= 0 else f"({top})::{kind}"
    return Ratio(text, part=part, most=abs(top), kind=kind, constant=value, natural=value >= 0)
