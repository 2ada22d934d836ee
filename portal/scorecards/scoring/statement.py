"""One statement that scores places from their measure cards: points, totals, vetoes, grades and ranks."""

# ruff: noqa: S608 - statements are put together from literals of this package and parsed numbers

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from communities.base.places import Span
from communities.base.rules.ratios import LARGEST, Column
from communities.base.rules.sql import condition_sql, exact_sql, is_settled_at_once, settled_sql
from communities.choices import Level
from portal.scorecards.engine.frame import WHENEVER, nearest, records_below
from portal.scorecards.engine.sql import SOME_RUN, Sql, with_ctes
from portal.scorecards.models import VetoEffect
from portal.scorecards.scoring.inputs import columns, inputs
from portal.scorecards.scoring.sheet import CLASSES, Sheet, SheetItem, hundredths

# More than an item's points can be, in hundredths, and than there can be places.
LARGEST_POINTS, PLACES = 2**31, 2**24
# What a scored place has besides its points; :func:`ranked` gives these columns.
PLACE = "division_id, parent_id, city, classes"
RESULT = "division_id, parent_id, city, classes, points, absent, total, grade, vetoes, rank, peers"


@dataclass(frozen=True)
class Subjects:
    """Which places are scored: those of the sheet's level below ``spans``, by the cards of a measuring run."""

    sheet: Sheet
    measured: int
    day: dt.date
    spans: Sequence[Span]
    positions: Mapping[str, int]


def ranked(of: Subjects) -> Sql:
    """One row for each place: :data:`RESULT`. All peers of a place must be among them for its rank to be right.

    What a later step names several times is a column of an earlier one, or it would be reckoned as often. Columns
    that nobody asks of the last step are not reckoned at all.
    """
    steps = _steps(of.sheet, tuple(sorted(of.positions.items())))
    return with_ctes([_step("subject", _subject(of)), *steps[:-1]], steps[-1])


def _step(name: str, content: Sql) -> Sql:
    """A step that the planner leaves apart (OFFSET 0), but whose rows it does not store before they are read."""
    return (content + "\nOFFSET 0").named(name)


@lru_cache(maxsize=64)
def _steps(sheet: Sheet, positions: tuple[tuple[str, int], ...]) -> tuple[Sql, ...]:
    """What follows from the sheet alone, put together once; the last is the main statement."""
    peer = "''" if not sheet.version.peer_class else f"classes[{CLASSES.index(sheet.version.peer_class) + 1}]"
    ctes = [
        *_earned(sheet, dict(positions)),
        *_means(sheet, peer),
        _step("filled", _filled(sheet, peer)),
        _step("weighed", _weighed(sheet)),
        _step("grouped", _grouped(sheet)),
        _step("added", _added(sheet)),
        _step("totalled", _totalled(sheet)),
    ]
    window = f"PARTITION BY city, {peer}"
    main = Sql(
        f"""SELECT division_id, parent_id, city, classes, points, absent, total, {_grade(sheet)} AS grade, vetoes,
    CASE WHEN total IS NOT NULL THEN rank() OVER ({window} ORDER BY total DESC NULLS LAST) END AS rank,
    count(total) OVER ({window}) AS peers
FROM totalled"""
    )
    return (*ctes, main)


def _subject(of: Subjects) -> Sql:
    """Cards with what tells places apart on the anchor day; the city within which they are ranked."""
    city, city_joins = nearest("ranked", dict.fromkeys(_cities(of), ()), ("path",))
    return (
        Sql(
            f"""SELECT card.division_id, card.parent_id, {_slots(of)}, coalesce({city["path"]}, '') AS city,
    ARRAY[coalesce(community.building_class, ''), coalesce(record.location_class, ''),
        coalesce(community.kind, '')]::text[] AS classes
FROM """
        )
        + records_below(of.spans)
        + Sql(
            f""" JOIN communities_division division ON division.id = record.division_id
    AND record.valid @> %s::date AND division.level = %s AND division.deleted_at IS NULL
JOIN scorecards_measurecard card ON card.division_id = record.division_id AND card.run_id = {SOME_RUN}
LEFT JOIN communities_communityrecord community ON community.division_id = division.id
    AND community.valid @> %s::date AND community.deleted_at IS NULL
""",
            (of.day, of.sheet.version.scheme.level, of.measured, of.day),
        )
        + city_joins
    )


def _slots(of: Subjects) -> str:
    """The slots that the sheet reads as columns ``s0``...: an array would be searched each time."""
    known = inputs()
    codes = {slot for code in of.sheet.codes for slot in known[code].slots}
    return (
        ", ".join(
            f"card.values[{at + 1}] AS s{at}"
            for at in sorted(of.positions[code] for code in codes if code in of.positions)
        )
        or "0 AS nothing"
    )


def _cities(of: Subjects) -> list[str]:
    """Paths, on the day, of cities below the spans, or above them; provinces for places that lie in none."""
    above = sorted({span.low[:end] for span in of.spans for end in range(6, len(span.low) + 1, 6)})
    rows = (
        Sql("SELECT record.path FROM ")
        + records_below(of.spans, above)
        + Sql(
            f""" JOIN communities_division division ON division.id = record.division_id
    AND record.valid @> %s::date AND {WHENEVER} AND division.level IN (%s, %s)""",
            (of.day, Level.PROVINCE.value, Level.CITY.value),
        )
    ).rows()
    return sorted({path for (path,) in rows})


def _earned(sheet: Sheet, positions: Mapping[str, int]) -> list[Sql]:
    """Points of each item before its policy, as ``p1``...; NULL where it does not apply, or was not asked.

    In three steps: what is read, ``t0``...; exact points, ``x1``... over ``y1``..., of the items whose settling
    names them several times; hundredths.
    """
    told = columns(sheet.codes, positions, _largest(sheet))
    cells: dict[str, str] = {}
    read = {code: _named(column, cells) for code, column in told.items()}
    exact, settled = [], []
    for number, each in _numbered(sheet):
        points = exact_sql(each.item, read)
        if not is_settled_at_once(each.item, points):
            has_bottom = points.bottom != "1"
            exact += [
                f"{points.top} AS x{number}",
                *([f"{points.bottom} AS y{number}"] if has_bottom else []),
            ]
            points = points.column(f"x{number}", f"y{number}" if has_bottom else "1")
        cell = settled_sql(each.item, points)
        settled.append(
            f"{cell if each.is_for_all else f'CASE WHEN {_asked(each)} THEN {cell} END'} AS p{number}"
        )
    bits = [
        f"CASE WHEN {condition_sql(condition, read)} THEN {1 << at} ELSE 0 END"
        for at, condition in enumerate(sheet.conditions)
    ]
    settled.append(f"({' + '.join(bits) or '0'})::bigint AS vetoes")
    listed = [f"{text} AS {name}" for text, name in cells.items()]
    steps = {"reading": f"SELECT {', '.join([PLACE, *listed])}\nFROM subject"}
    if exact:
        steps["exact"] = f"SELECT {', '.join(['reading.*', *exact])}\nFROM reading"
    steps["earned"] = f"SELECT {', '.join([PLACE, *settled])}\nFROM {list(steps)[-1]}"
    return [_step(name, Sql(_percents(text))) for name, text in steps.items()]


def _named(column: Column, cells: dict[str, str]) -> Column:
    """A column over the names of its expressions, which are added to ``cells``, each once."""
    top = cells.setdefault(column.top, f"t{len(cells)}")
    if column.divides_by is not None:
        return replace(column, top=top)
    return replace(column, top=top, bottom=cells.setdefault(column.bottom, f"t{len(cells)}"))


def _largest(sheet: Sheet) -> int:
    """More than a slot of a place of the sheet's level holds: a community has no 100 km² of rooms."""
    return 10**10 if sheet.version.scheme.level == Level.COMMUNITY else 10**12


def _percents(text: str) -> str:
    """Texts of rules have no parameters."""
    return text.replace("%", "%%")


def _asked(each: SheetItem) -> str:
    wanted = [
        f"classes[{at}] IN ({', '.join(_word(code) for code in sorted(codes))})"
        for at, codes in enumerate(each.asked_of, 1)
        if codes
    ]
    return f"({' AND '.join(wanted) or 'true'})"


def _word(code: str) -> str:
    """A code of a closed list as a literal. Raises ValueError for anything else."""
    if not code.isidentifier():
        raise ValueError(f"{code} is not the code of a class")
    return f"'{code}'"


def _numbered(sheet: Sheet) -> Iterator[tuple[int, SheetItem]]:
    return enumerate(sheet.items, 1)


def _means(sheet: Sheet, peer: str) -> list[Sql]:
    """What the peers earned on average, for the items whose policy asks for it."""
    if not sheet.needs_peers:
        return []
    cells = ", ".join(_mean(number) for number, each in _numbered(sheet) if _by_peers(each))
    return [Sql(f"SELECT city, {peer} AS peer, {cells} FROM earned GROUP BY 1, 2").named("mean")]


def _by_peers(each: SheetItem) -> bool:
    return each.item.not_applicable == "peers_mean"


def _mean(number: int) -> str:
    quotient = _half_up(f"sum(p{number})", 1, f"count(p{number})", PLACES * LARGEST_POINTS)
    return f"CASE WHEN count(p{number}) > 0 THEN {quotient} END AS m{number}"


def _half_up(top: str, factor: int, bottom: str, most: int) -> str:
    """``top * factor / bottom`` as a whole number, halves away from zero; the bottom is above zero.

    In ``bigint`` where no step can be too large for it, ``most`` being the largest sizes of top and bottom.
    Division of either kind cuts off towards zero.
    """
    half = f"CASE WHEN {top} < 0 THEN -{bottom} ELSE {bottom} END"
    if most * (2 * factor + 2) <= LARGEST:
        return f"(({top} * {2 * factor}::bigint + {half}) / (2 * {bottom}))"
    return f"div({top} * {2 * factor}::numeric + {half}, 2 * {bottom})::bigint"


def _filled(sheet: Sheet, peer: str) -> Sql:
    """Points after the policy for what does not apply, as ``f1``...; NULL: dropped."""
    cells = "".join(f",\n    {_fill(number, each)} AS f{number}" for number, each in _numbered(sheet))
    joined = f" LEFT JOIN mean ON mean.city = earned.city AND mean.peer = {peer}" if sheet.needs_peers else ""
    return Sql(f"SELECT earned.*{cells}\nFROM earned{joined}")


def _fill(number: int, each: SheetItem) -> str:
    policy = each.item.not_applicable
    if policy == "drop":
        return f"p{number}"
    instead = {"full": str(each.full), "zero": "0", "peers_mean": f"m{number}"}[policy]
    if not each.is_for_all:
        instead = f"CASE WHEN {_asked(each)} THEN {instead} END"
    return f"coalesce(p{number}, {instead})"


def _weighed(sheet: Sheet) -> Sql:
    """What each group earned, and out of how much: ``e1``, ``w1``...; the items as arrays."""
    numbers = [number for number, _each in _numbered(sheet)]
    cells = []
    for at in range(len(sheet.groups)):
        parts = [(f"f{number + 1}", each.full) for number, each in sheet.items_of(at)]
        cells.append(f"{_sum_there(parts)} AS e{at + 1}, {_worth(parts)} AS w{at + 1}")
    absent = ", ".join(f"CASE WHEN p{number} IS NULL THEN {number}::smallint END" for number in numbers)
    none = _nulls([f"p{number}" for number in numbers])
    return Sql(
        "SELECT division_id, parent_id, city, classes, vetoes,\n"
        f"    ARRAY[{', '.join(f'f{number}' for number in numbers)}]::integer[] AS points,\n"
        f"    CASE WHEN {none} = 0 THEN '{{}}'\n"
        f"        ELSE array_remove(ARRAY[{absent}]::smallint[], NULL) END AS absent,\n    "
        + ",\n    ".join(cells)
        + "\nFROM filled"
    )


Parts = Sequence[tuple[str, int]]


def _nulls(names: Sequence[str]) -> str:
    """How many are NULL; a function takes a hundred arguments at most."""
    pieces = (names[start : start + 100] for start in range(0, len(names), 100))
    return " + ".join(f"num_nulls({', '.join(piece)})" for piece in pieces) or "0"


def _sum_there(parts: Parts) -> str:
    """What is not NULL added up."""
    names = [name for name, _full in parts]
    there = " + ".join(f"coalesce({name}, 0)" for name in names)
    return f"coalesce({' + '.join(names)}, {there})::bigint" if parts else "0::bigint"


def _worth(parts: Parts) -> str:
    """What is not NULL is worth."""
    if not parts:
        return "0::bigint"
    worth = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE {full} END" for name, full in parts)
    all_there = f"{_nulls([name for name, _full in parts])} = 0"
    return f"(CASE WHEN {all_there} THEN {sum(full for _name, full in parts)} ELSE {worth} END)::bigint"


CARRIED = "division_id, parent_id, city, classes, vetoes, points, absent"


def _grouped(sheet: Sheet) -> Sql:
    """Points of groups as ``g1``...; NULL: none of its items applies."""
    cells = []
    for at, group in enumerate(sheet.groups, 1):
        full = hundredths(group.full_mark)
        earned = len(sheet.items_of(at - 1)) * LARGEST_POINTS
        points = f"least(e{at}, {full})"
        if not group.is_bonus:
            points = _in_proportion(f"e{at}", f"w{at}", full, earned)
        if not group.may_go_below_zero:
            # Points of zero and below are as the sum that they are a proportion of.
            points = f"CASE WHEN e{at} <= 0 AND w{at} > 0 THEN 0 ELSE {points} END"
        cells.append(f"{points} AS g{at}")
    return Sql(f"SELECT {CARRIED},\n    " + ",\n    ".join(cells) + "\nFROM weighed")


def _in_proportion(earned: str, worth: str, full: int, most: int) -> str:
    """``group_total`` of the reference, before its floor; at most ``most`` can be earned."""
    return (
        f"(CASE WHEN {worth} = 0 THEN NULL WHEN {worth} = {full} THEN {earned}"
        f" ELSE {_half_up(earned, full, worth, most)} END)"
    )


def _added(sheet: Sheet) -> Sql:
    """What the groups earned, and out of how much, as ``earned`` and ``worth``; ``more``: by bonus groups."""
    base: list[tuple[str, int]] = []
    bonus: list[str] = []
    for at, group in enumerate(sheet.groups, 1):
        if group.is_bonus:
            bonus.append(f"g{at}")
        else:
            base.append((f"g{at}", hundredths(group.full_mark)))
    more = " + ".join(bonus) or "0"
    cells = f"{_sum_there(base)} AS earned, {_worth(base)} AS worth, {more} AS more"
    return Sql(f"SELECT {CARRIED},\n    {cells}\nFROM grouped")


def _totalled(sheet: Sheet) -> Sql:
    # Of a group of which but one item of one hundredth applies, that one's points count for all.
    most = sum(
        len(sheet.items_of(at)) * LARGEST_POINTS * (hundredths(group.full_mark) + 1)
        for at, group in enumerate(sheet.groups)
    )
    total = _in_proportion("earned", "worth", sheet.full, most)
    return Sql(f"SELECT {CARRIED},\n    ({total} + more)::bigint AS total\nFROM added")


def _grade(sheet: Sheet) -> str:
    if not sheet.grades:
        return "NULL::smallint"
    steps = " ".join(
        f"WHEN total >= {hundredths(grade.least)} THEN {number}"
        for number, grade in enumerate(sheet.grades, 1)
    )
    masks = dict.fromkeys(VetoEffect.values, 0)
    drops = []
    for at, veto in enumerate(sheet.vetoes):
        masks[veto.effect] |= 1 << at
        if veto.effect == VetoEffect.DROP:
            drops.append(f" + (vetoes >> {at} & 1)")
    if not sheet.vetoes:
        return f"CASE {steps} END::smallint"
    reached = f"(CASE {steps} END{''.join(drops)})"
    barred = f"vetoes & {masks[VetoEffect.BAR_TOP]} <> 0 AND {reached} = 1"
    held = f"CASE WHEN {barred} THEN 2 ELSE {reached} END"
    return (
        f"CASE WHEN vetoes & {masks[VetoEffect.FAIL]} <> 0 OR {held} > {len(sheet.grades)} THEN NULL"
        f" ELSE {held} END::smallint"
    )
