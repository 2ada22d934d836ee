"""What a rule can give at all, whatever the values: its least and most points, and whether it may not apply.

Counts are taken to be 0 or more. Of parts that read the same value each is taken by itself, so that a rule may give
less than its reach has; never more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch

from communities.base.rules.combined import Combined, Member
from communities.base.rules.shapes import (
    Bands,
    Bonus,
    Counted,
    Deduction,
    Gate,
    OneValue,
    ProRata,
    Shape,
    Shortfall,
    Threshold,
    clamped,
)

NOTHING = Fraction(0)


@dataclass(frozen=True)
class Reach:
    """The least and the most points of a rule where it applies; ``may_drop``: somewhere it may not."""

    least: Fraction
    most: Fraction
    may_drop: bool = False


def _over(points: Iterable[Fraction], full: Decimal, policies: Iterable[str]) -> Reach:
    """From the points that values give, and what absent ones give."""
    policies = list(policies)
    given = {"zero": NOTHING, "none": None, "full": Fraction(full), "not_applicable": None}
    found = [*points, *(each for policy in policies if (each := given[policy]) is not None)]
    return Reach(min(found), max(found), "not_applicable" in policies)


@singledispatch
def reach(rule: Shape, full: Decimal) -> Reach:
    """Between which points a rule worth ``full`` stays."""
    raise NotImplementedError(type(rule).__name__)


@reach.register
def _one_value(rule: OneValue, full: Decimal) -> Reach:
    mark, points = Fraction(full), [NOTHING]
    match rule:
        case Threshold():
            points = [mark, Fraction(rule.otherwise)]
        case Bands():
            given = [Fraction(band.points) for band in rule.bands]
            points = given if rule.counts == "points" else [mark - each for each in given]
        case ProRata():
            points = [NOTHING, mark * Fraction(rule.ceiling) / 100]
        case Shortfall():
            points = [mark, Fraction(rule.floor)]
    return _over(points, full, (rule.missing, rule.no_base))


@reach.register
def _counted(rule: Counted, full: Decimal) -> Reach:
    limits = [NOTHING if each.each == 0 else each.at_most for each in rule.occurrences]
    known = [Fraction(each) for each in limits if each is not None]
    points = [rule.total(NOTHING, full)]
    if len(known) == len(limits):
        points.append(rule.total(sum(known, NOTHING), full))
    elif isinstance(rule, Deduction):
        points.append(Fraction(rule.floor))
    elif isinstance(rule, Bonus):
        points.append(Fraction(full if rule.cap is None else rule.cap))
    return _over(points, full, (rule.missing,))


@reach.register
def _gate(rule: Gate, full: Decimal) -> Reach:
    inner = reach(rule.rule, full)
    return Reach(min(inner.least, NOTHING), max(inner.most, NOTHING), inner.may_drop)


@reach.register
def _combined(rule: Combined, full: Decimal) -> Reach:
    parts = [_part(rule, part, full) for part in rule.parts]
    kept = [each for each in parts if not each.may_drop]
    match rule.how:
        case "best":
            least = max(each.least for each in kept) if kept else min(each.least for each in parts)
            most = max(each.most for each in parts)
        case "worst":
            least = min(each.least for each in parts)
            most = min(each.most for each in kept) if kept else max(each.most for each in parts)
        case "deductions":
            least, most = _after_deductions(parts, Fraction(full))
        case _:
            least, most = _in_proportion(rule, parts, full)
    least, most = (clamped(each, rule.floor, rule.cap) for each in (least, most))
    return Reach(least, most, not kept)


def _part(rule: Combined, part: Member, full: Decimal) -> Reach:
    """A part after the policy for parts that do not apply."""
    mark = rule.full_of(part, full)
    found = reach(part.rule, mark)
    if not found.may_drop or rule.not_applicable == "drop":
        return found
    instead = Fraction(mark) if rule.not_applicable == "full" else NOTHING
    return Reach(min(found.least, instead), max(found.most, instead))


def _after_deductions(parts: Sequence[Reach], full: Fraction) -> tuple[Fraction, Fraction]:
    """A part that does not apply takes nothing."""
    most_taken = [max(full - each.least, NOTHING) if each.may_drop else full - each.least for each in parts]
    least_taken = [min(full - each.most, NOTHING) if each.may_drop else full - each.most for each in parts]
    return full - sum(most_taken, NOTHING), full - sum(least_taken, NOTHING)


def _in_proportion(rule: Combined, parts: Sequence[Reach], full: Decimal) -> tuple[Fraction, Fraction]:
    """Sums and weights: what is there stands for the whole, so that dropping a poor part raises the points."""
    marks = [Fraction(rule.full_of(part, full)) for part in rule.parts]
    if rule.how == "weighted":
        masses, whole = [Fraction(part.weight or 0) for part in rule.parts], Fraction(full)
    else:
        masses, whole = marks, sum(marks, NOTHING)
    least, most = (
        [
            (each.may_drop, mass, mass * points / mark)
            for each, mass, points, mark in zip(parts, masses, found, marks, strict=True)
        ]
        for found in ([each.least for each in parts], [each.most for each in parts])
    )
    return whole * min(_shares(least, 1)), whole * max(_shares(most, -1))


def _shares(parts: Sequence[tuple[bool, Fraction, Fraction]], sign: int) -> Iterator[Fraction]:
    """Shares of the whole with more and more of the parts that may drop; ``sign`` 1 from the poorest on."""
    kept = [(mass, points) for may_drop, mass, points in parts if not may_drop]
    rest = [(mass, points) for may_drop, mass, points in parts if may_drop]
    rest.sort(key=lambda part: sign * part[1] / part[0])
    for number in range(len(rest) + 1):
        there = [*kept, *rest[:number]]
        if there:
            yield sum((points for _m, points in there), NOTHING) / sum((mass for mass, _p in there), NOTHING)


def counts_of(rule: Shape) -> frozenset[str]:
    """The values that a rule takes for numbers of occurrences."""
    match rule:
        case Counted():
            return rule.reads()
        case Gate():
            return counts_of(rule.rule)
        case Combined():
            return frozenset().union(*(counts_of(part.rule) for part in rule.parts))
    return frozenset()
