"""What would earn more: for each shape the values that its next better result asks for.

A candidate is only a guess at a turning point of the rule; what it would earn is told by evaluating the item anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch

from communities.base.rules.combined import Combined
from communities.base.rules.items import Item
from communities.base.rules.readings import Absence, Inputs, Reading
from communities.base.rules.shapes import (
    Bands,
    Bonus,
    Counted,
    Gate,
    OneValue,
    ProRata,
    Shape,
    Shortfall,
    Threshold,
)

# So far a value must pass a bound that is not itself included.
BEYOND = Fraction(1, 100)


@dataclass(frozen=True)
class Step:
    """One value changed so that an item earns more: ``gain`` in hundredths. ``now`` None: not there yet."""

    code: str
    now: Fraction | None
    then: Fraction
    gain: int

    @property
    def gap(self) -> Fraction:
        """How far it is, as a share of the larger of both values: smaller steps come first."""
        if self.now is None:
            return Fraction(1)
        return abs(self.then - self.now) / max(abs(self.then), abs(self.now))


def next_step(item: Item, inputs: Inputs) -> Step | None:
    """The smallest change of one value by which the item earns more; None where there is none."""
    earned = item.score(inputs).points
    if earned is None:
        return None
    found = []
    for code, then in dict.fromkeys(turning_points(item.rule, inputs)):
        now = inputs.value(code)
        if then == now or then < 0:
            continue
        gain = (item.score(with_value(inputs, code, then)).points or 0) - earned
        if gain > 0:
            found.append(Step(code, None if isinstance(now, Absence) else now, then, gain))
    return min(found, key=lambda step: (step.gap, -step.gain), default=None)


def with_value(inputs: Inputs, code: str, value: Fraction) -> Inputs:
    """The same readings with another value for one code."""
    reading = Reading(Decimal(value.numerator), Decimal(value.denominator))
    return Inputs({**inputs.readings, code: reading}, inputs.names)


def _bound(operator: str, target: Fraction) -> Fraction:
    """The nearest value that fulfils a comparison."""
    return {"ge": target, "gt": target + BEYOND, "le": target, "lt": target - BEYOND}[operator]


@singledispatch
def turning_points(rule: Shape, inputs: Inputs) -> Iterator[tuple[str, Fraction]]:
    """Values at which a rule may give more, by code."""
    raise NotImplementedError(type(rule).__name__)


@turning_points.register
def _one_value(rule: OneValue, inputs: Inputs) -> Iterator[tuple[str, Fraction]]:  # noqa: ARG001
    match rule:
        case Threshold():
            yield rule.value, _bound(rule.operator, Fraction(rule.target))
        case Bands():
            for band in rule.bands:
                if band.least is not None:
                    least = Fraction(band.least)
                    yield rule.value, least if band.inclusive else least + BEYOND
                    # Where fewer are better, the better band lies below.
                    yield rule.value, least - BEYOND if band.inclusive else least
        case ProRata() | Shortfall():
            yield rule.value, Fraction(rule.target)


@turning_points.register
def _counted(rule: Counted, inputs: Inputs) -> Iterator[tuple[str, Fraction]]:
    for each in rule.occurrences:
        now = inputs.value(each.value)
        count = Fraction(0) if isinstance(now, Absence) else now
        yield each.value, count + 1 if isinstance(rule, Bonus) else max(count - 1, Fraction(0))


@turning_points.register
def _gate(rule: Gate, inputs: Inputs) -> Iterator[tuple[str, Fraction]]:
    condition = rule.condition
    turned = {"ge": "lt", "gt": "le", "le": "gt", "lt": "ge"}
    operator = turned[condition.operator] if rule.effect == "veto" else condition.operator
    yield condition.value, _bound(operator, Fraction(condition.target))
    yield from turning_points(rule.rule, inputs)


@turning_points.register
def _combined(rule: Combined, inputs: Inputs) -> Iterator[tuple[str, Fraction]]:
    for part in rule.parts:
        yield from turning_points(part.rule, inputs)
