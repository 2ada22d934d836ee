"""One statement that scores places from their measure cards: points, totals, vetoes, grades and ranks."""

# ruff: noqa: S608 - statements are put together from literals of this package and parsed numbers

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from communities.base.places import Span
from communities.base.rules.sql import Column, condition_sql, exact_sql, settled_sql
from communities.choices import Level
from portal.scorecards.engine.frame import WHENEVER, nearest, records_below
from portal.scorecards.engine.sql import Sql, with_ctes
from portal.scorecards.models import VetoEffect
from portal.scorecards.scoring.inputs import columns, inputs
from portal.scorecards.scoring.sheet import CLASSES, Sheet, SheetItem, hundredths

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

    What a later step names several times is a column of an earlier one, or it would be reckoned as often.
    """
    steps = _steps(of.sheet, tuple(sorted(of.positions.items())))
    return with_ctes([_subject(of).named("subject", materialized=True), *steps[:-1]], steps[-1])


@lru_cache(maxsize=64)
def _steps(sheet: Sheet, positions: tuple[tuple[str, int], ...]) -> tuple[Sql, ...]:
    """What follows from the sheet alone, put together once; the last is the main statement."""
    peer = "''" if not sheet.version.peer_class else f"classes[{CLASSES.index(sheet.version.peer_class) + 1}]"
    ctes = [
        *_earned(sheet, dict(positions)),
        *_means(sheet, peer),
        _filled(sheet, peer).named("filled"),
        _weighed(sheet).named("weighed", materialized=True),
        _grouped(sheet).named("grouped"),
        _totalled(sheet).named("totalled", materialized=True),
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
            """ JOIN communities_division division ON division.id = record.division_id
    AND record.valid @> %s::date AND division.level = %s AND division.deleted_at IS NULL
JOIN scorecards_measurecard card ON card.division_id = record.division_id AND card.run_id = %s
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

    In three steps: what is read, ``t1``... over ``b1``...; exact points, ``x1``... over ``y1``...; hundredths.
    """
    told = columns(sheet.codes, positions, _largest(sheet))
    read, cells = {}, []
    for at, (code, column) in enumerate(told.items(), 1):
        has_bottom = column.bottom != "1"
        read[code] = Column(f"t{at}", f"b{at}" if has_bottom else "1", column.bound)
        cells += [f"{column.top} AS t{at}", *([f"{column.bottom} AS b{at}"] if has_bottom else [])]
    exact, settled = [], []
    for number, each in _numbered(sheet):
        points = exact_sql(each.item, read)
        has_bottom = points.bottom != "1"
        exact += [f"{points.top} AS x{number}", *([f"{points.bottom} AS y{number}"] if has_bottom else [])]
        named = replace(points, top=f"x{number}", bottom=f"y{number}" if has_bottom else "1")
        cell = settled_sql(each.item, named)
        settled.append(
            f"{cell if each.is_for_all else f'CASE WHEN {_asked(each)} THEN {cell} END'} AS p{number}"
        )
    bits = [
        f"CASE WHEN {condition_sql(condition, read)} THEN {1 << at} ELSE 0 END"
        for at, condition in enumerate(sheet.conditions)
    ]
    exact.append(f"({' + '.join(bits) or '0'})::bigint AS vetoes")
    steps = {
        "reading": f"SELECT {', '.join([PLACE, *cells])}\nFROM subject",
        "exact": f"SELECT {', '.join([PLACE, *exact])}\nFROM reading",
        "earned": f"SELECT {', '.join([PLACE, 'vetoes', *settled])}\nFROM exact",
    }
    return [Sql(_percents(text)).named(name, materialized=True) for name, text in steps.items()]


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
    quotient = _half_up(f"sum(p{number})", "1", f"count(p{number})")
    return f"CASE WHEN count(p{number}) > 0 THEN {quotient} END AS m{number}"


def _half_up(top: str, factor: str, bottom: str) -> str:
    """``top * factor / bottom`` as a whole number, halves away from zero; the bottom is above zero."""
    doubled = f"2 * abs({top})::numeric * {factor} + {bottom}"
    return f"(sign({top}) * div({doubled}, 2 * ({bottom})))::bigint"


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
        parts = [(number + 1, each.full) for number, each in sheet.items_of(at)]
        earned = " + ".join(f"coalesce(f{number}, 0)" for number, _full in parts) or "0"
        worth = " + ".join(f"CASE WHEN f{number} IS NULL THEN 0 ELSE {full} END" for number, full in parts)
        cells.append(f"({earned})::bigint AS e{at + 1}, ({worth or '0'})::bigint AS w{at + 1}")
    absent = ", ".join(f"CASE WHEN p{number} IS NULL THEN {number} END" for number in numbers)
    return Sql(
        "SELECT division_id, parent_id, city, classes, vetoes,\n"
        f"    ARRAY[{', '.join(f'f{number}' for number in numbers)}]::integer[] AS points,\n"
        f"    array_remove(ARRAY[{absent}]::smallint[], NULL) AS absent,\n    "
        + ",\n    ".join(cells)
        + "\nFROM filled"
    )


def _grouped(sheet: Sheet) -> Sql:
    """Points of groups as ``g1``...; NULL: none of its items applies."""
    cells = []
    for at, group in enumerate(sheet.groups, 1):
        full = hundredths(group.full_mark)
        points = f"least(e{at}, {full})" if group.is_bonus else _in_proportion(f"e{at}", f"w{at}", full)
        if not group.may_go_below_zero:
            # greatest() passes over a NULL, which must stay one.
            points = f"CASE WHEN {points} < 0 THEN 0 ELSE {points} END"
        cells.append(f"{points} AS g{at}")
    return Sql(
        "SELECT division_id, parent_id, city, classes, vetoes, points, absent,\n    "
        + ",\n    ".join(cells)
        + "\nFROM weighed"
    )


def _in_proportion(earned: str, worth: str, full: int) -> str:
    """``group_total`` of the reference, before its floor."""
    return (
        f"(CASE WHEN {worth} = 0 THEN NULL WHEN {worth} = {full} THEN {earned}"
        f" ELSE {_half_up(earned, str(full), worth)} END)"
    )


def _totalled(sheet: Sheet) -> Sql:
    base: list[tuple[str, int]] = []
    bonus: list[tuple[str, int]] = []
    for at, group in enumerate(sheet.groups, 1):
        (bonus if group.is_bonus else base).append((f"g{at}", hundredths(group.full_mark)))
    earned = " + ".join(f"coalesce({name}, 0)" for name, _full in base) or "0"
    worth = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE {full} END" for name, full in base) or "0"
    more = "".join(f" + {name}" for name, _full in bonus)
    return Sql(
        "SELECT division_id, parent_id, city, classes, vetoes, points, absent,\n"
        f"    ({_in_proportion(f'({earned})', f'({worth})', sheet.full)}{more})::bigint AS total\nFROM grouped"
    )


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
    reached = f"(CASE {steps} END{''.join(drops)})"
    barred = f"vetoes & {masks[VetoEffect.BAR_TOP]} <> 0 AND {reached} = 1"
    held = f"CASE WHEN {barred} THEN 2 ELSE {reached} END"
    return (
        f"CASE WHEN vetoes & {masks[VetoEffect.FAIL]} <> 0 OR {held} > {len(sheet.grades)} THEN NULL"
        f" ELSE {held} END::smallint"
    )
