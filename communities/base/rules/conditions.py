"""Comparisons of values with numbers, and what every entry of a rule has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from communities.base.rules.params import Choice, InputCode, Number, param
from communities.base.rules.readings import Absence, Inputs, Named, named, number_text

OPERATORS = (("ge", "不低于"), ("gt", "高于"), ("le", "不高于"), ("lt", "低于"))
ABSENT = {Absence.MISSING: "未报", Absence.NO_BASE: "分母为 0"}
Names = Mapping[str, Named]


def word_of(choices: tuple[tuple[str, str], ...], code: str) -> str:
    """The words of a choice."""
    return dict(choices)[code]


def holds(operator: str, value: Fraction, target: Fraction) -> bool:
    """Whether a comparison is true; values on the target belong to ``ge`` and ``le``."""
    return {
        "ge": value >= target,
        "gt": value > target,
        "le": value <= target,
        "lt": value < target,
    }[operator]


@dataclass(frozen=True)
class Part:
    """What every entry of a rule can say of itself."""

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """(parameter, reason) where parameters that are right alone do not go together."""
        yield from ()


@dataclass(frozen=True)
class Condition(Part):
    """A comparison of one value with a number. A value that is absent fulfils nothing."""

    value: str = param(InputCode("取值"))
    operator: str = param(Choice("比较", choices=OPERATORS))
    target: Decimal = param(Number("界限"))

    def fulfilled(self, inputs: Inputs) -> bool:
        value = inputs.value(self.value)
        return not isinstance(value, Absence) and holds(self.operator, value, Fraction(self.target))

    def absence(self, inputs: Inputs) -> str:
        """As in 安全事故未报; empty where there is a value."""
        value = inputs.value(self.value)
        return f"{inputs.named(self.value).name}{ABSENT[value]}" if isinstance(value, Absence) else ""

    def words(self, names: Names) -> str:
        """As in 安全事故高于 0 起."""
        return f"{named(names, self.value).name}{bound(self.operator, self.target, named(names, self.value))}"


def bound(operator: str, target: Decimal, name: Named) -> str:
    """As in 不低于 80%."""
    return f"{word_of(OPERATORS, operator)} {name.with_unit(number_text(target))}"
