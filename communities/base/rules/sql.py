"""Rules as SQL expressions that give exactly what their evaluation gives.

Every amount is a pair of ``numeric`` expressions, top over bottom with the bottom above zero, and nothing is
divided before the points are rounded to hundredths by whole-number division: quotients of ``numeric`` are rounded
themselves, and a half would go the wrong way now and then. A NULL top means that the rule does not apply.

Texts are put together from the literals of this module, from numbers that were parsed, and from the column
expressions of the caller; never from words of a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce, singledispatch

from communities.base.rules.combined import Combined, Member
from communities.base.rules.items import HUNDREDTHS, Item
from communities.base.rules.shapes import (
    Bands,
    Condition,
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


@dataclass(frozen=True)
class Column:
    """Where a reading stands: expressions of its top (NULL: nobody reported) and bottom (0: nothing to divide by).

    Both in people's units; the bottom is never NULL nor below 0.
    """

    top: str
    bottom: str = "1"


Columns = Mapping[str, Column]


@dataclass(frozen=True)
class Ratio:
    """``top / bottom``, exact; the bottom is above zero."""

    top: str
    bottom: str = "1"

    def over(self, other: Ratio) -> tuple[str, str]:
        """Both tops over one bottom."""
        if self.bottom == other.bottom:
            return self.top, other.top
        return _times(self.top, other.bottom), _times(other.top, self.bottom)

    def plus(self, other: Ratio) -> Ratio:
        top, more = self.over(other)
        bottom = self.bottom if self.bottom == other.bottom else _times(self.bottom, other.bottom)
        return Ratio(f"({top} + {more})", bottom)

    def minus(self, other: Ratio) -> Ratio:
        return self.plus(Ratio(_times(other.top, "-1"), other.bottom))

    def times(self, factor: Decimal) -> Ratio:
        return Ratio(_times(self.top, literal(factor)), self.bottom) if factor != 1 else self

    def divided(self, by: Decimal) -> Ratio:
        """By a number that is not zero."""
        return Ratio(_times(self.top, "-1" if by < 0 else "1"), _times(self.bottom, literal(abs(by))))

    def extreme(self, function: str, other: Ratio) -> Ratio:
        """``greatest`` or ``least``; of a NULL and a number the number."""
        top, more = self.over(other)
        bottom = self.bottom if self.bottom == other.bottom else _times(self.bottom, other.bottom)
        return Ratio(f"{function}({top}, {more})", bottom)

    def clamped(self, least: Decimal | None, most: Decimal | None) -> Ratio:
        """Within bounds; must not be NULL."""
        found = self if least is None else self.extreme("greatest", number(least))
        return found if most is None else found.extreme("least", number(most))

    def compared(self, operator: str, target: Decimal) -> str:
        return f"{self.top} {COMPARE[operator]} {_times(literal(target), self.bottom)}"


NOTHING = Ratio("NULL::numeric")


def literal(value: Decimal) -> str:
    """A parsed number as SQL, exact whatever it meets."""
    return f"({value:f})::numeric"


def number(value: Decimal) -> Ratio:
    return Ratio(literal(value))


def _times(one: str, other: str) -> str:
    if one == "1":
        return other
    return one if other == "1" else f"({one} * {other})"


def item_sql(item: Item, columns: Columns) -> str:
    """Hundredths of an item's points as ``int``, NULL where it does not apply: :meth:`Item.score` in SQL."""
    return settled_sql(item, exact_sql(item, columns))


def exact_sql(item: Item, columns: Columns) -> Ratio:
    """The exact points of an item, before its bounds and its rounding."""
    return points_sql(item.rule, columns, item.full_mark)


def settled_sql(item: Item, points: Ratio) -> str:
    """Hundredths within the item's bounds. It names the points several times: best they are columns by then."""
    # greatest() and least() pass over a NULL, which must stay one.
    held = points.clamped(item.least, item.most)
    return f"CASE WHEN {points.top} IS NOT NULL THEN {rounded_sql(held, item.places, item.mode)} END"


def rounded_sql(points: Ratio, places: int = 2, mode: str = "half_up") -> str:
    """Hundredths after rounding to so many places, halves away from zero: :func:`rounded` in SQL."""
    unit = 10**places
    if points.bottom == "1":
        # Of what ends, round() itself is exact, and takes halves away from zero.
        scaled = _times(points.top, str(unit))
        whole = {
            "half_up": f"round({scaled})",
            "down": f"trunc({scaled})",
            "up": f"(sign({points.top}) * ceil(abs({scaled})))",
        }[mode]
    else:
        top, bottom = f"(abs({points.top}) * {unit})", f"({points.bottom})"
        quotient = {
            "half_up": f"div(2 * {top} + {bottom}, 2 * {bottom})",
            "down": f"div({top}, {bottom})",
            "up": _ceiling(top, bottom),
        }[mode]
        whole = f"(sign({points.top}) * {quotient})"
    return f"({_times(whole, str(HUNDREDTHS // unit))})::int"


def _ceiling(top: str, bottom: str) -> str:
    """Of what is not negative."""
    return f"(div({top}, {bottom}) + (mod({top}, {bottom}) > 0)::int)"


@singledispatch
def points_sql(rule: Shape, columns: Columns, full: Decimal) -> Ratio:
    """Exact points of a rule out of ``full``: :meth:`Shape.evaluate` in SQL."""
    raise NotImplementedError(type(rule).__name__)


def _reading(columns: Columns, code: str) -> Ratio:
    column = columns[code]
    bottom = column.bottom if column.bottom == "1" else f"coalesce(nullif({column.bottom}, 0), 1)"
    return Ratio(f"({column.top})::numeric", bottom if bottom == "1" else f"({bottom})::numeric")


def _absences(column: Column) -> tuple[str, str]:
    """Conditions: nobody reported it; nothing to divide by."""
    return f"({column.top}) IS NULL", "false" if column.bottom == "1" else f"({column.bottom}) = 0"


def _cases(cases: Sequence[tuple[str, Ratio]], otherwise: Ratio) -> Ratio:
    """The first ratio whose condition holds."""
    bottoms = {ratio.bottom for _condition, ratio in cases} | {otherwise.bottom}
    if len(bottoms) == 1:
        tops = " ".join(f"WHEN {condition} THEN {ratio.top}" for condition, ratio in cases)
        return Ratio(f"(CASE {tops} ELSE {otherwise.top} END)", otherwise.bottom)
    # Constants stand over any bottom.
    (bottom,) = bottoms - {"1"} or {"1"}
    tops = " ".join(f"WHEN {condition} THEN {_raised(ratio, bottom)}" for condition, ratio in cases)
    return Ratio(f"(CASE {tops} ELSE {_raised(otherwise, bottom)} END)", bottom)


def _raised(ratio: Ratio, bottom: str) -> str:
    return ratio.top if ratio.bottom == bottom else _times(ratio.top, bottom)


def _policy(code: str, full: Decimal) -> Ratio:
    return {"zero": number(Decimal(0)), "full": number(full), "not_applicable": NOTHING}[code]


def _one_value(rule: OneValue, columns: Columns, full: Decimal, give: Callable[[Ratio], Ratio]) -> Ratio:
    missing, no_base = _absences(columns[rule.value])
    cases = [(missing, _policy(rule.missing, full))]
    if no_base != "false":
        cases.append((no_base, _policy(rule.no_base, full)))
    return _cases(cases, give(_reading(columns, rule.value)))


@points_sql.register
def _threshold(rule: Threshold, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        return _cases([(value.compared(rule.operator, rule.target), number(full))], number(rule.otherwise))

    return _one_value(rule, columns, full, give)


@points_sql.register
def _bands(rule: Bands, columns: Columns, full: Decimal) -> Ratio:
    def points(each: Decimal) -> Ratio:
        return number(each if rule.counts == "points" else full - each)

    def give(value: Ratio) -> Ratio:
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
        share = value.minus(number(rule.zero)).divided(rule.target - rule.zero)
        return share.times(full).clamped(Decimal(0), full * rule.ceiling / 100)

    return _one_value(rule, columns, full, give)


@points_sql.register
def _shortfall(rule: Shortfall, columns: Columns, full: Decimal) -> Ratio:
    def give(value: Ratio) -> Ratio:
        target = number(rule.target)
        short = target.minus(value) if rule.direction == "at_least" else value.minus(target)
        steps = short.clamped(Decimal(0), None).divided(rule.step)
        match rule.part_steps:
            case "ignored":
                steps = Ratio(f"div({steps.top}, {steps.bottom})")
            case "full":
                steps = Ratio(_ceiling(steps.top, steps.bottom))
        left = number(full).minus(steps.times(rule.points)).clamped(rule.floor, None)
        return _cases([(f"{short.top} <= 0", number(full))], left)

    return _one_value(rule, columns, full, give)


@points_sql.register
def _counted(rule: Counted, columns: Columns, full: Decimal) -> Ratio:
    """Both deductions and bonuses."""
    cases, moved = [], number(Decimal(0))
    for each in rule.occurrences:
        absences = [each_ for each_ in _absences(columns[each.value]) if each_ != "false"]
        points = _reading(columns, each.value).times(each.each).clamped(None, each.at_most)
        if rule.missing == "none":
            points = _cases([(" OR ".join(absences), number(Decimal(0)))], points)
        else:
            cases += [(condition, _policy(rule.missing, full)) for condition in absences]
        moved = moved.plus(points)
    if isinstance(rule, Deduction):
        total = number(full).minus(moved).clamped(rule.floor, None)
    else:
        total = moved.clamped(None, full if rule.cap is None else rule.cap)  # type: ignore[attr-defined]
    return _cases(cases, total) if cases else total


def condition_sql(condition: Condition, columns: Columns) -> str:
    """Whether a condition is fulfilled; never NULL."""
    held = _reading(columns, condition.value).compared(condition.operator, condition.target)
    missing, no_base = _absences(columns[condition.value])
    return f"(NOT ({missing} OR {no_base}) AND {held})"


@points_sql.register
def _gate(rule: Gate, columns: Columns, full: Decimal) -> Ratio:
    held = condition_sql(rule.condition, columns)
    shut = held if rule.effect == "veto" else f"NOT {held}"
    return _cases([(shut, number(Decimal(0)))], points_sql(rule.rule, columns, full))


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
    return _cases([(none, NOTHING)], together.clamped(rule.floor, rule.cap))


def _part_points(rule: Combined, part: Member, columns: Columns, full: Decimal) -> Ratio:
    """Points of a part after the policy for parts that do not apply; NULL: dropped."""
    mark = rule.full_of(part, full)
    points = points_sql(part.rule, columns, mark)
    if rule.not_applicable == "drop":
        return points
    instead = number(mark if rule.not_applicable == "full" else Decimal(0))
    return _cases([(f"{points.top} IS NULL", instead)], points)


Found = Sequence[tuple[Member, Ratio]]


def _chosen(function: str, found: Found) -> Ratio:
    return reduce(lambda one, other: one.extreme(function, other), (points for _part, points in found))


def _or_zero(points: Ratio) -> Ratio:
    return Ratio(f"coalesce({points.top}, 0)", points.bottom)


def _total(points: Sequence[Ratio]) -> Ratio:
    return reduce(Ratio.plus, points)


def _deductions(found: Found, full: Decimal) -> Ratio:
    lost = [_or_zero(number(full).minus(points)) for _part, points in found]
    return number(full).minus(_total(lost))


def _there(found: Found, worth: Sequence[Decimal]) -> str:
    """What the parts that apply are worth together; 1 where none applies, which nobody will see."""
    parts = [
        f"CASE WHEN {points.top} IS NULL THEN 0 ELSE {literal(each)} END"
        for (_part, points), each in zip(found, worth, strict=True)
    ]
    return f"coalesce(nullif({' + '.join(parts)}, 0), 1)"


def _sum(rule: Combined, found: Found, full: Decimal) -> Ratio:
    marks = [rule.full_of(part, full) for part, _points in found]
    earned = _total([_or_zero(points) for _part, points in found])
    return Ratio(
        _times(earned.top, literal(sum(marks, Decimal(0)))), _times(earned.bottom, _there(found, marks))
    )


def _weighted(rule: Combined, found: Found, full: Decimal) -> Ratio:
    weights = [part.weight or Decimal(0) for part, _points in found]
    shares = [
        _or_zero(points).times(weight).divided(rule.full_of(part, full))
        for weight, (part, points) in zip(weights, found, strict=True)
    ]
    earned = _total(shares)
    return Ratio(_times(earned.top, literal(full)), _times(earned.bottom, _there(found, weights)))
