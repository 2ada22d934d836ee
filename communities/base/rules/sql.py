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

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce, singledispatch
from math import lcm

from communities.base.rules.combined import Combined, Member
from communities.base.rules.conditions import Condition
from communities.base.rules.items import HUNDREDTHS, Item, rounded
from communities.base.rules.ratios import (
    Column,
    Columns,
    Ratio,
    TooLarge,
    fraction,
    kind_of,
    nothing,
    number,
)
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
    """Hundredths within the item's bounds, of each case by itself: constants are rounded here.

    Unless :func:`is_settled_at_once` it names the points several times: best they are columns by then.
    """
    if points.cases:
        *cases, (_true, last) = points.cases
        whens = " ".join(f"WHEN {condition} THEN {settled_sql(item, each)}" for condition, each in cases)
        return f"CASE {whens} ELSE {settled_sql(item, last)} END"
    if points.constant is not None:
        return f"({item.settled(Fraction(points.constant))})"
    if points.is_nothing:
        return "NULL::int"
    # greatest() and least() pass over a NULL, which must stay one.
    settled = rounded_sql(points.clamped(item.least, item.most), item.places, item.mode)
    # Rounding to fewer places than a bound has may pass it.
    for function, bound in (("greatest", item.least), ("least", item.most)):
        if bound is not None and bound * 10**item.places % 1:
            settled = f"{function}({settled}, {rounded(Fraction(bound))})"
    return settled if points.sure else f"CASE WHEN {points.top} IS NOT NULL THEN {settled} END"


def is_settled_at_once(item: Item, points: Ratio) -> bool:
    """Whether settling names each amount once."""
    if points.cases:
        return all(is_settled_at_once(item, each) for _condition, each in points.cases)
    if points.constant is not None or points.is_nothing:
        return True
    return points.sure and (points.natural or item.least >= 0) and item.mode != "up"


def rounded_sql(points: Ratio, places: int = 2, mode: str = "half_up") -> str:
    """Hundredths after rounding to so many places, halves away from zero: :func:`rounded` in SQL."""
    unit = 10**places
    bare = points.top if points.natural else f"abs({points.top})"
    size = points.made(f"({bare} * {points.whole(unit)})", points.most * unit)
    match mode:
        case "half_up":
            doubled = f"({bare} * {points.whole(2 * unit)} + {size.below})"
            most = 2 * size.most + size.most_below * size.part
            whole = size.made(doubled, most, part=2 * size.part).steps().top
        case "down":
            whole = size.div(size.top, size.below)
        case _:
            whole = size.steps(up=True).top
    if unit != HUNDREDTHS:
        whole = f"({whole} * {HUNDREDTHS // unit})"
    return (
        f"({whole})::int"
        if points.natural
        else f"(CASE WHEN {points.top} < 0 THEN -{whole} ELSE {whole} END)::int"
    )


@singledispatch
def points_sql(rule: Shape, columns: Columns, full: Decimal) -> Ratio:
    """Exact points of a rule out of ``full``: :meth:`Shape.evaluate` in SQL."""
    raise NotImplementedError(type(rule).__name__)


def _reading(columns: Columns, code: str, *, has_base: bool = False) -> Ratio:
    """A value as whole numbers; columns with decimals are taken as ``numeric``, which is as exact.

    ``has_base``: it is only reached where the bottom is not zero.
    """
    column, kind = columns[code], kind_of(columns)
    cast = "" if kind == "int8" else "::numeric"
    top, most = f"({column.top}){cast}", column.bound or 0
    if column.divides_by is not None:
        return Ratio(top, part=column.divides_by, most=most, kind=kind)
    bottom = column.bottom if has_base else f"coalesce(nullif({column.bottom}, 0), 1)"
    return Ratio(top, f"({bottom}){cast}", most=most, most_below=most, kind=kind)


def _absences(column: Column) -> tuple[str, str]:
    """Conditions: nobody reported it; nothing to divide by."""
    return f"({column.top}) IS NULL", "false" if column.divides_by is not None else f"({column.bottom}) = 0"


def _sure(points: Ratio) -> Ratio:
    """What is known never to be NULL where it is reached."""
    cases = tuple((condition, _sure(each)) for condition, each in points.cases)
    return replace(points, sure=True, cases=cases)


def _cases(cases: Sequence[tuple[str, Ratio]], otherwise: Ratio, alone: Ratio | None = None) -> Ratio:
    """The first ratio whose condition holds. ``alone``: the last as it may be written where no other holds."""
    part = lcm(otherwise.part, *(ratio.part for _condition, ratio in cases))
    widest = next(
        (r for r in (*(ratio for _condition, ratio in cases), otherwise) if r.bottom != "1"), otherwise
    )

    def raised(ratio: Ratio) -> Ratio:
        factor = 1 if ratio.is_nothing else part // ratio.part
        if ratio.bottom == widest.bottom or ratio.is_nothing:
            return ratio.raised(factor, widest, part)
        # Constants stand over any bottom.
        return ratio.raised(factor, widest, part, widest.bottom, widest.most_below)

    found = [(condition, raised(ratio)) for condition, ratio in cases]
    last = raised(otherwise)
    tops = " ".join(f"WHEN {condition} THEN {ratio.top}" for condition, ratio in found)
    most = max(last.most, *(ratio.most for _condition, ratio in found))
    chosen = last.made(
        f"(CASE {tops} ELSE {last.top} END)",
        most,
        natural=last.natural and all(ratio.natural for _condition, ratio in found),
    )
    return replace(chosen, cases=(*cases, ("true", alone or otherwise)))


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
    alone = _sure(give(_reading(columns, rule.value, has_base=True)))
    return _cases(cases, give(_reading(columns, rule.value)), alone)


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
    total = _sure(total)
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
    places = lcm(*(fraction(each)[1] for each in worth))
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
