"""Rules as SQL expressions that give exactly what their evaluation gives.

Every amount is a fraction of whole-number expressions, and nothing is divided before the points are rounded to
hundredths by whole-number division: quotients of ``numeric`` are rounded themselves, and a half would go the wrong
way now and then. Decimals of a rule become fractions of whole numbers. A NULL top: the rule does not apply.

Whole numbers are ``bigint``, much quicker than ``numeric``, where the largest number that a step can give is known
to fit; each amount carries its own bound. Otherwise, and for columns that are not whole, all is ``numeric``.

Texts are put together from the literals of this module, from numbers that were parsed, and from the column
expressions of the caller; never from words of a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce, singledispatch
from math import lcm

from communities.base.rules.combined import Combined, Member
from communities.base.rules.conditions import Condition
from communities.base.rules.items import HUNDREDTHS, Item, rounded
from communities.base.rules.shapes import (
    Bands,
    Counted,
    Deduction,
    Gate,
    OneValue,
    ProRata,
    Shape,
    Shortfall,
    Threshold,
)

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


Columns = Mapping[str, Column]


def kind_of(columns: Columns) -> str:
    """What whole numbers are reckoned in, as far as the columns go."""
    return "numeric" if any(column.bound is None for column in columns.values()) else "int8"


@dataclass(frozen=True)
class Ratio:
    """``top / (bottom * part)``, exact: expressions of whole numbers, the bottom above zero, and a constant.

    ``most`` and ``most_below`` bound the sizes of top and bottom. Raises TooLarge where ``int8`` might not do.
    """

    top: str
    bottom: str = "1"
    part: int = 1
    most: int = 0
    most_below: int = 1
    kind: str = "numeric"

    def __post_init__(self) -> None:
        if self.kind == "int8" and max(self.most, self.most_below * self.part) > LARGEST:
            raise TooLarge

    def made(
        self, top: str, most: int, *, bottom: str | None = None, part: int | None = None, below: int = 0
    ) -> Ratio:
        """Another amount of the same kind."""
        return Ratio(
            top,
            self.bottom if bottom is None else bottom,
            self.part if part is None else part,
            most,
            below or self.most_below,
            self.kind,
        )

    def whole(self, value: int) -> str:
        """A constant."""
        return f"{value}::{self.kind}" if value >= 0 else f"({value})::{self.kind}"

    def _times(self, text: str, factor: int) -> str:
        return text if factor == 1 else f"({text} * {self.whole(factor)})"

    def over(self, other: Ratio) -> tuple[Ratio, Ratio]:
        """Both over one bottom."""
        part = lcm(self.part, other.part)
        one, two = part // self.part, part // other.part
        first, second = self._times(self.top, one), self._times(other.top, two)
        most, more = self.most * one, other.most * two
        if self.bottom == other.bottom:
            return self.made(first, most, part=part), self.made(second, more, part=part)
        bottom, below = _product(self.bottom, other.bottom), self.most_below * other.most_below
        return (
            self.made(
                _product(first, other.bottom), most * other.most_below, bottom=bottom, part=part, below=below
            ),
            self.made(
                _product(second, self.bottom), more * self.most_below, bottom=bottom, part=part, below=below
            ),
        )

    def plus(self, other: Ratio) -> Ratio:
        one, two = self.over(other)
        return one.made(f"({one.top} + {two.top})", one.most + two.most)

    def minus(self, other: Ratio) -> Ratio:
        one, two = self.over(other)
        return one.made(f"({one.top} - {two.top})", one.most + two.most)

    def times(self, factor: Decimal) -> Ratio:
        top, part = _fraction(factor)
        return self.made(self._times(self.top, top), self.most * abs(top), part=self.part * part)

    def divided(self, by: Decimal) -> Ratio:
        """By a number that is not zero."""
        top, part = _fraction(by)
        sign = -1 if top < 0 else 1
        return self.made(self._times(self.top, sign * part), self.most * part, part=self.part * abs(top))

    def product(self, top: str, most: int) -> Ratio:
        """Times a whole number."""
        return self.made(_product(self.top, top), self.most * most)

    def quotient(self, below: str, most: int) -> Ratio:
        """Divided by a whole number above zero."""
        return self.made(
            self.top, self.most, bottom=_product(self.bottom, below), below=self.most_below * most
        )

    def extreme(self, function: str, other: Ratio) -> Ratio:
        """``greatest`` or ``least``; of a NULL and a number the number."""
        one, two = self.over(other)
        return one.made(f"{function}({one.top}, {two.top})", max(one.most, two.most))

    def clamped(self, least: Decimal | None, most: Decimal | None) -> Ratio:
        """Within bounds; must not be NULL."""
        found = self if least is None else self.extreme("greatest", self.number(least))
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
        return Ratio(found, most=self.most + 1, kind=self.kind)


def _fraction(value: Decimal) -> tuple[int, int]:
    return value.as_integer_ratio()


def _product(one: str, other: str) -> str:
    if one == "1":
        return other
    return one if other == "1" else f"({one} * {other})"


def nothing(kind: str) -> Ratio:
    """What does not apply."""
    return Ratio(f"NULL::{kind}", kind=kind)


def number(value: Decimal, kind: str) -> Ratio:
    """A parsed number, exact whatever it meets."""
    top, part = _fraction(value)
    text = f"{top}::{kind}" if top >= 0 else f"({top})::{kind}"
    return Ratio(text, part=part, most=abs(top), kind=kind)


def item_sql(item: Item, columns: Columns) -> str:
    """Hundredths of an item's points as ``int``, NULL where it does not apply: :meth:`Item.score` in SQL."""
    return settled_sql(item, exact_sql(item, columns))


def exact_sql(item: Item, columns: Columns) -> Ratio:
    """The exact points of an item, before its bounds and its rounding: in ``bigint`` where all steps fit."""
    read = {code: columns[code] for code in item.rule.reads()}
    try:
        points = points_sql(item.rule, read, item.full_mark)
        settled_sql(item, points)
    except TooLarge:
        wide = {code: Column(column.top, column.bottom) for code, column in read.items()}
        return points_sql(item.rule, wide, item.full_mark)
    return points


def settled_sql(item: Item, points: Ratio) -> str:
    """Hundredths within the item's bounds. It names the points several times: best they are columns by then."""
    # greatest() and least() pass over a NULL, which must stay one.
    held = points.clamped(item.least, item.most)
    settled = rounded_sql(held, item.places, item.mode)
    # Rounding to fewer places than a bound has may pass it.
    for function, bound in (("greatest", item.least), ("least", item.most)):
        if bound is not None and bound * 10**item.places % 1:
            settled = f"{function}({settled}, {rounded(Fraction(bound))})"
    return f"CASE WHEN {points.top} IS NOT NULL THEN {settled} END"


def rounded_sql(points: Ratio, places: int = 2, mode: str = "half_up") -> str:
    """Hundredths after rounding to so many places, halves away from zero: :func:`rounded` in SQL."""
    unit = 10**places
    size = points.made(f"(abs({points.top}) * {points.whole(unit)})", points.most * unit)
    match mode:
        case "half_up":
            doubled = size.made(
                f"(2 * {size.top} + {size.below})", 2 * size.most + size.most_below * size.part
            )
            whole = doubled.made(doubled.top, doubled.most, part=2 * size.part).steps().top
        case "down":
            whole = size.div(size.top, size.below)
        case _:
            whole = size.steps(up=True).top
    if unit != HUNDREDTHS:
        whole = f"({whole} * {HUNDREDTHS // unit})"
    return f"(CASE WHEN {points.top} < 0 THEN -{whole} ELSE {whole} END)::int"


@singledispatch
def points_sql(rule: Shape, columns: Columns, full: Decimal) -> Ratio:
    """Exact points of a rule out of ``full``: :meth:`Shape.evaluate` in SQL."""
    raise NotImplementedError(type(rule).__name__)


def _reading(columns: Columns, code: str) -> Ratio:
    """A value as whole numbers; columns with decimals are taken as ``numeric``, which is as exact."""
    column, kind = columns[code], kind_of(columns)
    bottom = column.bottom if column.bottom == "1" else f"coalesce(nullif({column.bottom}, 0), 1)"
    cast = "" if kind == "int8" else "::numeric"
    most = column.bound or 0
    below = bottom if bottom == "1" else f"({bottom}){cast}"
    return Ratio(
        f"({column.top}){cast}", below, most=most, most_below=1 if bottom == "1" else most, kind=kind
    )


def _absences(column: Column) -> tuple[str, str]:
    """Conditions: nobody reported it; nothing to divide by."""
    return f"({column.top}) IS NULL", "false" if column.bottom == "1" else f"({column.bottom}) = 0"


def _cases(cases: Sequence[tuple[str, Ratio]], otherwise: Ratio) -> Ratio:
    """The first ratio whose condition holds."""
    part = lcm(otherwise.part, *(ratio.part for _condition, ratio in cases))
    widest = next(
        (r for r in (*(ratio for _condition, ratio in cases), otherwise) if r.bottom != "1"), otherwise
    )

    def raised(ratio: Ratio) -> Ratio:
        factor = part // ratio.part
        top, most = ratio._times(ratio.top, factor), ratio.most * factor  # noqa: SLF001 - of the same module
        if ratio.bottom == widest.bottom:
            return ratio.made(top, most, part=part)
        # Constants stand over any bottom.
        return widest.made(_product(top, widest.bottom), most * widest.most_below, part=part)

    found = [(condition, raised(ratio)) for condition, ratio in cases]
    last = raised(otherwise)
    tops = " ".join(f"WHEN {condition} THEN {ratio.top}" for condition, ratio in found)
    most = max(last.most, *(ratio.most for _condition, ratio in found))
    return last.made(f"(CASE {tops} ELSE {last.top} END)", most)


def _policy(code: str, full: Decimal, kind: str) -> Ratio:
    if code == "not_applicable":
        return nothing(kind)
    return number(full if code == "full" else Decimal(0), kind)


def _one_value(rule: OneValue, columns: Columns, full: Decimal, give: Callable[[Ratio], Ratio]) -> Ratio:
    kind = kind_of(columns)
    missing, no_base = _absences(columns[rule.value])
    cases = [(missing, _policy(rule.missing, full, kind))]
    if no_base != "false":
        cases.append((no_base, _policy(rule.no_base, full, kind)))
    return _cases(cases, give(_reading(columns, rule.value)))


@points_sql.register
def _threshold(rule: Threshold, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        met = (value.compared(rule.operator, rule.target), value.number(full))
        return _cases([met], value.number(rule.otherwise))

    return _one_value(rule, columns, full, give)


@points_sql.register
def _bands(rule: Bands, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        def points(each: Decimal) -> Ratio:
            return value.number(each if rule.counts == "points" else full - each)

        tiers = [
            (value.compared("ge" if band.inclusive else "gt", band.least), points(band.points))
            for band in rule.bands
            if band.least is not None
        ]
        last = points(rule.bands[-1].points)
        return _cases(tiers, last) if tiers else last

    return _one_value(rule, columns, full, give)


@points_sql.register
def _pro_rata(rule: ProRata, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        share = value.minus(value.number(rule.zero)).divided(rule.target - rule.zero)
        return share.times(full).clamped(Decimal(0), full * rule.ceiling / 100)

    return _one_value(rule, columns, full, give)


@points_sql.register
def _shortfall(rule: Shortfall, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        target = value.number(rule.target)
        short = target.minus(value) if rule.direction == "at_least" else value.minus(target)
        steps = short.clamped(Decimal(0), None).divided(rule.step)
        if rule.part_steps != "exact":
            steps = steps.steps(up=rule.part_steps == "full")
        left = value.number(full).minus(steps.times(rule.points)).clamped(rule.floor, None)
        return _cases([(f"{short.top} <= 0", value.number(full))], left)

    return _one_value(rule, columns, full, give)


@points_sql.register
def _counted(rule: Counted, columns: Columns, full: Decimal) -> Ratio:
    """Both deductions and bonuses."""
    kind = kind_of(columns)
    cases, moved = [], number(Decimal(0), kind)
    for each in rule.occurrences:
        absences = [each_ for each_ in _absences(columns[each.value]) if each_ != "false"]
        points = _reading(columns, each.value).times(each.each).clamped(None, each.at_most)
        if rule.missing == "none":
            points = _cases([(" OR ".join(absences), number(Decimal(0), kind))], points)
        else:
            cases += [(condition, _policy(rule.missing, full, kind)) for condition in absences]
        moved = moved.plus(points)
    if isinstance(rule, Deduction):
        total = number(full, kind).minus(moved).clamped(rule.floor, None)
    else:
        total = moved.clamped(None, full if rule.cap is None else rule.cap)  # type: ignore[attr-defined]
    return _cases(cases, total) if cases else total


def condition_sql(condition: Condition, columns: Columns) -> str:
    """Whether a condition is fulfilled; never NULL. In ``bigint`` where all steps fit."""
    read = {condition.value: columns[condition.value]}
    try:
        return _condition(condition, read)
    except TooLarge:
        return _condition(condition, {code: Column(each.top, each.bottom) for code, each in read.items()})


def _condition(condition: Condition, columns: Columns) -> str:
    held = _reading(columns, condition.value).compared(condition.operator, condition.target)
    missing, no_base = _absences(columns[condition.value])
    return f"(NOT ({missing} OR {no_base}) AND {held})"


@points_sql.register
def _gate(rule: Gate, columns: Columns, full: Decimal) -> Ratio:
    held = condition_sql(rule.condition, columns)
    shut = held if rule.effect == "veto" else f"NOT {held}"
    return _cases([(shut, number(Decimal(0), kind_of(columns)))], points_sql(rule.rule, columns, full))


@points_sql.register
def _combined(rule: Combined, columns: Columns, full: Decimal) -> Ratio:
    found = [(part, _part_points(rule, part, columns, full)) for part in rule.parts]
    none = " AND ".join(f"{points.top} IS NULL" for _part, points in found)
    together = {
        "best": lambda: _chosen("greatest", found),
        "worst": lambda: _chosen("least", found),
        "deductions": lambda: _deductions(found, full),
        "weighted": lambda: _weighted(rule, found, full),
        "sum": lambda: _sum(rule, found, full),
    }[rule.how]()
    return _cases([(none, nothing(kind_of(columns)))], together.clamped(rule.floor, rule.cap))


def _part_points(rule: Combined, part: Member, columns: Columns, full: Decimal) -> Ratio:
    """Points of a part after the policy for parts that do not apply; NULL: dropped."""
    mark = rule.full_of(part, full)
    points = points_sql(part.rule, columns, mark)
    if rule.not_applicable == "drop":
        return points
    instead = points.number(mark if rule.not_applicable == "full" else Decimal(0))
    return _cases([(f"{points.top} IS NULL", instead)], points)


Found = Sequence[tuple[Member, Ratio]]


def _chosen(function: str, found: Found) -> Ratio:
    return reduce(lambda one, other: one.extreme(function, other), (points for _part, points in found))


def _or_zero(points: Ratio) -> Ratio:
    return points.made(f"coalesce({points.top}, 0)", points.most)


def _total(points: Sequence[Ratio]) -> Ratio:
    return reduce(Ratio.plus, points)


def _deductions(found: Found, full: Decimal) -> Ratio:
    lost = [_or_zero(points.number(full).minus(points)) for _part, points in found]
    return lost[0].number(full).minus(_total(lost))


def _taken(earned: Ratio, found: Found, worth: Sequence[Decimal], all_of: Decimal) -> Ratio:
    """What was earned, taken in proportion to what the parts that apply are worth of ``all_of``.

    Worth 1 where none applies, which nobody will see.
    """
    places = lcm(*(_fraction(each)[1] for each in worth))
    whole = [int(each * places) for each in worth]
    parts = [
        f"CASE WHEN {points.top} IS NULL THEN 0 ELSE {points.whole(each)} END"
        for (_part, points), each in zip(found, whole, strict=True)
    ]
    there = f"coalesce(nullif({' + '.join(parts)}, 0), 1)"
    return earned.times(all_of * places).quotient(there, sum(whole))


def _sum(rule: Combined, found: Found, full: Decimal) -> Ratio:
    marks = [rule.full_of(part, full) for part, _points in found]
    earned = _total([_or_zero(points) for _part, points in found])
    return _taken(earned, found, marks, sum(marks, Decimal(0)))


def _weighted(rule: Combined, found: Found, full: Decimal) -> Ratio:
    weights = [part.weight or Decimal(0) for part, _points in found]
    shares = [
        _or_zero(points).times(weight).divided(rule.full_of(part, full))
        for weight, (part, points) in zip(weights, found, strict=True)
    ]
    return _taken(_total(shares), found, weights, full)
