"""The frame: communities in force on the anchor day, what tells them apart, the household count they use."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F

from communities.base.places import Span
from communities.base.querysets import valid_on
from communities.base.standards import (
    STRIVE_TO,
    Rule,
    household_breaks,
    household_steps,
    jurisdictions,
)
from communities.choices import Level
from communities.models import DivisionRecord, PreferredCountSource, Threshold
from portal.scorecards.engine.sql import Sql, joined

EVERYWHERE = (Span("", "~"),)
# Communities measured by one statement: its memory grows with them, so more are done range by range.
CHUNK = 20_000


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


def rule_book(day: dt.date) -> RuleBook:
    """Read the rule books in force on a day: two statements. Places not in force on the day set nothing."""
    placed = {
        "jurisdiction__deleted_at__isnull": True,
        "jurisdiction__records__valid__contains": day,
    }
    thresholds = Threshold.objects.in_force(day).exclude(force=STRIVE_TO).filter(**placed)
    sources = PreferredCountSource.objects.live().filter(valid_on(day), **placed)
    return RuleBook(
        day,
        tuple(
            _rule(row) for row in thresholds.annotate(path=F("jurisdiction__records__path")).order_by("pk")
        ),
        tuple(sources.order_by("pk").values_list("jurisdiction__records__path", "source", "definition")),
    )


def _rule(row: Threshold) -> Rule:
    def words(values: list[str] | None) -> frozenset[str] | None:
        return None if values is None else frozenset(values)

    return Rule(
        threshold=row.pk,
        key=row.key,
        path=row.path,  # type: ignore[attr-defined]
        operator=row.operator,
        low=row.low,
        high=row.high,
        force=row.force,
        step=row.step,
        step_households=row.step_households,
        building_classes=words(row.building_classes),
        location_classes=words(row.location_classes),
        community_kinds=words(row.community_kinds),
        households=None if row.households is None else (row.households.lower, row.households.upper),
    )


def frame(book: RuleBook, spans: Sequence[Span]) -> Sql:
    """One row per community in force below ``spans`` (paths on the day): ids, path, count and profile.

    ``profile`` names the communities that no rule of the book tells apart. Below the deepest jurisdiction the path
    does not matter; households matter by the breakpoints and started steps of the thresholds in force.
    """
    place, households = _places(book, spans), Sql(_HOUSEHOLDS, (book.day,))
    bucket, bucket_params = _bucket(book)
    return (
        Sql(
            f"""SELECT place.*, reading.id AS count_id, reading.households,
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
    SELECT counted.id, counted.households FROM communities_householdcount counted
    WHERE counted.division_id = place.division_id AND counted.source = place.source
      AND counted.definition = place.definition AND counted.counted_on <= %s AND counted.deleted_at IS NULL
    ORDER BY counted.counted_on DESC LIMIT 1
) reading ON true"""


def _bucket(book: RuleBook) -> tuple[str, tuple[object, ...]]:
    text, params = "", ()
    if book.breaks:
        text += ", coalesce(width_bucket(households, %s::int[])::text, '?')"
        params += (list(book.breaks),)
    for step in book.steps:
        text += ", coalesce(((households + %s - 1) / %s)::text, '?')"
        params += (step, step)
    return text, params


def _places(book: RuleBook, spans: Sequence[Span]) -> Sql:
    jurisdiction, jurisdiction_joins = _nearest(
        "ruled", dict.fromkeys(jurisdictions(book.rules), ()), ("path",)
    )
    preferred, preferred_joins = _nearest(
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
        + span_table(spans)
        + Sql(
            """
    JOIN communities_divisionrecord record ON record.path >= span.low AND record.path < span.high
        AND record.valid @> %s::date
    JOIN communities_division division ON division.id = record.division_id
        AND division.level = %s AND division.deleted_at IS NULL
    LEFT JOIN communities_communityrecord community ON community.division_id = division.id
        AND community.valid @> %s::date AND community.deleted_at IS NULL
""",
            (day, Level.COMMUNITY.value, day),
        )
        + jurisdiction_joins
        + preferred_joins
    )


def span_table(spans: Sequence[Span]) -> Sql:
    return Sql(
        """unnest(%s::text[] COLLATE "C", %s::text[] COLLATE "C") AS span(low, high)""",
        ([span.low for span in spans], [span.high for span in spans]),
    )


def _nearest(
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
    records = DivisionRecord.objects.filter(valid_on(day), division__in=division_ids)
    return list(records.values_list("path", flat=True))


def chunks(day: dt.date, spans: Sequence[Span], size: int = CHUNK) -> list[tuple[Span, ...]]:
    """``spans`` cut into groups of at most about ``size`` communities each, in order of path; together the same."""
    count = """
        SELECT path FROM (
            SELECT record.path, row_number() OVER (ORDER BY record.path) AS number FROM {spans}
            JOIN communities_divisionrecord record ON record.path >= span.low AND record.path < span.high
                AND record.valid @> %s::date
            JOIN communities_division division ON division.id = record.division_id
                AND division.level = %s AND division.deleted_at IS NULL
        ) numbered WHERE number %% %s = 0 ORDER BY path
    """
    source = span_table(spans)
    found = Sql(count.format(spans=source.text), (*source.params, day, Level.COMMUNITY.value, size)).rows()
    groups: list[tuple[Span, ...]] = []
    rest = sorted(spans)
    for (cut,) in found:
        groups.append(tuple(Span(s.low, min(s.high, cut)) for s in rest if s.low < cut))
        rest = [Span(max(s.low, cut), s.high) for s in rest if s.high > cut]
    return [group for group in (*groups, tuple(rest)) if group]
