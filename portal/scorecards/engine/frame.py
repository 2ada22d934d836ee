"""The frame: communities in force on the anchor day, what tells them apart, the household count they use."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from communities.base.places import Span
from communities.base.standards import (
    STRIVE_TO,
    Rule,
    household_breaks,
    household_steps,
    jurisdictions,
)
from communities.choices import Level
from portal.scorecards.engine.sql import Sql, joined

EVERYWHERE = (Span("", "~"),)


@dataclass(frozen=True)
class RuleBook:
    """What jurisdictions have laid down, in force on the anchor day: thresholds and preferred sources of counts."""

    day: dt.date
    rules: tuple[Rule, ...]
    # (path of the jurisdiction, source, definition)
    count_sources: tuple[tuple[str, str, str], ...]
    breaks: tuple[int, ...] = field(init=False)
    steps: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "breaks", tuple(household_breaks(self.rules)))
        object.__setattr__(self, "steps", tuple(household_steps(self.rules)))


def rule_book(day: dt.date, places: Collection[int] | None = None) -> RuleBook:
    """Read what jurisdictions lay down on a day: two statements. A place not in force on the day sets nothing.

    With ``places`` only what these lay down: enough for communities if all places above them are named.
    """
    wanted = None if places is None else sorted(places)
    concerned = (wanted, wanted, day, day)
    rules = Sql(_RULES, (*concerned, STRIVE_TO)).rows()
    return RuleBook(day, tuple(_rule(*row) for row in rules), tuple(Sql(_SOURCES, concerned).rows()))


# Dated records have one index for those without an end and one for the others; a look-up by division finds them
# only when it names both.
WHENEVER = "(upper_inf(record.valid) OR NOT upper_inf(record.valid))"
_CONCERNED = f"""
JOIN communities_division division ON division.id = rule.jurisdiction_id AND division.deleted_at IS NULL
    AND (%s::bigint[] IS NULL OR rule.jurisdiction_id = ANY(%s))
JOIN LATERAL (
    SELECT path FROM communities_divisionrecord record
    WHERE record.division_id = division.id AND record.valid @> %s::date AND {WHENEVER} LIMIT 1
) record ON true
WHERE rule.deleted_at IS NULL AND rule.valid @> %s::date"""
_RULES = f"""SELECT rule.id, rule.key, record.path, rule.operator, rule.low, rule.high, rule.force, rule.step,
    rule.step_households, rule.building_classes::text[], rule.location_classes::text[],
    rule.community_kinds::text[], lower(rule.households), upper(rule.households), rule.households IS NULL
FROM communities_threshold rule{_CONCERNED} AND rule.force <> %s ORDER BY rule.id"""
_SOURCES = f"""SELECT record.path, rule.source, rule.definition
FROM communities_preferredcountsource rule{_CONCERNED} ORDER BY rule.id"""


def _rule(*row: Any) -> Rule:
    (
        threshold,
        key,
        path,
        operator,
        low,
        high,
        force,
        step,
        per,
        building,
        location,
        kinds,
        least,
        end,
        any_count,
    ) = row
    return Rule(
        threshold=threshold,
        key=key,
        path=path,
        operator=operator,
        low=low,
        high=high,
        force=force,
        step=step,
        step_households=per,
        building_classes=_words(building),
        location_classes=_words(location),
        community_kinds=_words(kinds),
        households=None if any_count else (least, end),
    )


def _words(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)


def frame(book: RuleBook, spans: Sequence[Span]) -> Sql:
    """One row per community in force below ``spans`` (paths on the day): ids, path, count and profile.

    ``profile`` names the communities that no rule of the book tells apart. Below the deepest jurisdiction the path
    does not matter; households matter by the breakpoints and started steps of the thresholds in force.
    """
    place, households = _places(book, spans), Sql(_HOUSEHOLDS, (book.day,))
    bucket, bucket_params = _bucket(book)
    return (
        Sql(
            f"""SELECT place.*, 1 AS communities, reading.id AS count_id, reading.households, reading.residents,
    concat_ws('|', jurisdiction, location_class, community_kind, building_class{bucket}) COLLATE "C" AS profile
FROM (""",
            bucket_params,
        )
        + place
        + ") place\n"
        + households
    )


# Each community's latest count up to the day, by the source that its nearest jurisdiction prefers.
_HOUSEHOLDS = """LEFT JOIN LATERAL (
    SELECT counted.id, counted.households, counted.residents FROM communities_householdcount counted
    WHERE counted.division_id = place.division_id AND counted.source = place.source
      AND counted.definition = place.definition AND counted.counted_on <= %s AND counted.deleted_at IS NULL
    ORDER BY counted.counted_on DESC LIMIT 1
) reading ON true"""


def _bucket(book: RuleBook) -> tuple[str, tuple[object, ...]]:
    text = ""
    params: tuple[object, ...] = ()
    if book.breaks:
        text += ", coalesce(width_bucket(households, %s::int[])::text, '?')"
        params += (list(book.breaks),)
    for step in book.steps:
        text += ", coalesce(((households + %s - 1) / %s)::text, '?')"
        params += (step, step)
    return text, params


def _places(book: RuleBook, spans: Sequence[Span]) -> Sql:
    jurisdiction, jurisdiction_joins = nearest(
        "ruled", dict.fromkeys(jurisdictions(book.rules), ()), ("path",)
    )
    preferred, preferred_joins = nearest(
        "counted", {path: rest for path, *rest in book.count_sources}, ("source", "definition")
    )
    day = book.day
    return (
        Sql(f"""
    SELECT division.id AS division_id, record.path, record.parent_id, record.location_class,
        coalesce(community.kind, '') AS community_kind,
        coalesce(community.building_class, '') AS building_class,
        coalesce({jurisdiction["path"]}, '') AS jurisdiction,
        {preferred["source"]} AS source, {preferred["definition"]} AS definition
    FROM """)
        + records_below(spans)
        + Sql(
            """
    JOIN communities_division division ON division.id = record.division_id AND record.valid @> %s::date
        AND division.level = %s AND division.deleted_at IS NULL
    LEFT JOIN communities_communityrecord community ON community.division_id = division.id
        AND community.valid @> %s::date AND community.deleted_at IS NULL
""",
            (day, Level.COMMUNITY.value, day),
        )
        + jurisdiction_joins
        + preferred_joins
    )


def records_below(spans: Sequence[Span], alone: Sequence[str] = ()) -> Sql:
    """Dated records, of all times, of the places below ``spans`` and of those at the paths ``alone``.

    To stand in FROM as ``record``. The ends of a single span are written as constants: the planner then knows how
    many places they hold. Several are looked up one by one (OFFSET 0 keeps the planner from reading all places).
    """
    parts = []
    if len(spans) == 1:
        ((low, high),) = spans
        parts.append(
            Sql("SELECT * FROM communities_divisionrecord WHERE path >= %s AND path < %s", (low, high))
        )
    elif spans:
        ends = ([span.low for span in spans], [span.high for span in spans])
        parts.append(
            Sql(
                """SELECT below.* FROM unnest(%s::text[] COLLATE "C", %s::text[] COLLATE "C") AS span(low, high)
    CROSS JOIN LATERAL (
        SELECT * FROM communities_divisionrecord WHERE path >= span.low AND path < span.high OFFSET 0) AS below""",
                ends,
            )
        )
    if alone or not spans:
        parts.append(Sql("SELECT * FROM communities_divisionrecord WHERE path = ANY(%s)", (list(alone),)))
    return Sql("(") + joined("\n    UNION ALL ", parts) + ") AS record"


def nearest(
    name: str, by_path: dict[str, Sequence[str]], columns: tuple[str, ...]
) -> tuple[dict[str, str], Sql]:
    """For each column the value of the nearest of ``by_path`` at or above a place, and the joins that find it.

    One equality join for each depth at which a jurisdiction stands: a community has one ancestor at each.
    """
    lengths = sorted({len(path) for path in by_path}, reverse=True)
    joins = []
    for length in lengths:
        rows = [(path, *values) for path, values in by_path.items() if len(path) == length]
        listed = dict.fromkeys(("path", *columns))
        joins.append(
            Sql(
                f"    LEFT JOIN unnest({', '.join(['%s::text[]'] * len(listed))})"
                f" AS {name}_{length}({', '.join(listed)})"
                f' ON {name}_{length}.path COLLATE "C" = left(record.path, {length})\n',
                tuple([row[index] for row in rows] for index in range(len(listed))),
            )
        )
    found = {
        column: f"coalesce({', '.join([*(f'{name}_{length}.{column}' for length in lengths), 'NULL'])})"
        + ("" if lengths else "::text")
        for column in columns
    }
    return found, joined("", joins)


def paths_on(division_ids: Sequence[int], day: dt.date) -> list[str]:
    """Paths on a day of the places in force then."""
    return [path for path, in_force, _level in records_of(division_ids, day) if in_force]


def records_of(division_ids: Sequence[int], day: dt.date) -> list[tuple[str, bool, int]]:
    """All dated records of some places: path, whether it is the one in force on the day, level of the place."""
    return Sql(
        f"""SELECT record.path, record.valid @> %s::date AND division.deleted_at IS NULL, division.level
FROM communities_divisionrecord record JOIN communities_division division ON division.id = record.division_id
WHERE record.division_id = ANY(%s) AND {WHENEVER}""",
        (day, list(division_ids)),
    ).rows()


def communities_in(day: dt.date, spans: Sequence[Span]) -> int:
    """How many communities are in force below ``spans`` on a day."""
    ((number,),) = (Sql("SELECT count(*) FROM ") + _in_force(day, spans)).rows()
    return int(number)


def chunks(day: dt.date, spans: Sequence[Span], number: int) -> list[tuple[Span, ...]]:
    """``spans``, with ``number`` communities, cut in order of path into groups that one statement measures."""
    size = settings.MEASURING_CHUNK
    rest = sorted(spans)
    groups: list[tuple[Span, ...]] = []
    if number > size:
        numbered = Sql("SELECT record.path, row_number() OVER (ORDER BY record.path) AS number FROM ")
        cuts = (Sql("SELECT path FROM (") + numbered + _in_force(day, spans)) + Sql(
            ") numbered WHERE number %% %s = 0 ORDER BY path", (size,)
        )
        for (cut,) in cuts.rows():
            groups.append(tuple(Span(span.low, min(span.high, cut)) for span in rest if span.low < cut))
            rest = [Span(max(span.low, cut), span.high) for span in rest if span.high > cut]
    return [group for group in (*groups, tuple(rest)) if group]


def _in_force(day: dt.date, spans: Sequence[Span]) -> Sql:
    return records_below(spans) + Sql(
        """ JOIN communities_division division ON division.id = record.division_id
    AND record.valid @> %s::date AND division.level = %s AND division.deleted_at IS NULL""",
        (day, Level.COMMUNITY.value),
    )
