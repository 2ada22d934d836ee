"""Cards: one array per place, written range by range for communities and then summed upward."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction

from communities.base.measures import assessments_of, measures_of
from communities.base.places import LABEL_WIDTH, Span
from communities.choices import Level
from communities.models import DivisionRecord
from portal.scorecards.catalogue import INDICATORS, slots
from portal.scorecards.engine.frame import WHENEVER, frame, records_below, rule_book
from portal.scorecards.engine.judging import Judging
from portal.scorecards.engine.slots import register
from portal.scorecards.engine.sources import Days, Grouped, framed, grouped
from portal.scorecards.engine.sql import SOME_RUN, Sql, joined, standing, with_ctes
from portal.scorecards.engine.targets import PROFILE_COLUMNS, Resolver, profiles_in
from portal.scorecards.models import Run

COLUMNS = (
    "run_id, division_id, parent_id, period_id, values, target_set_id, anchor_date, computed_at, public_id"
)
TABLE = "scorecards_measurecard"
LONGEST_PATH = DivisionRecord._meta.get_field("path").max_length
# What measuring needs to know of a community of the frame, apart from what its standards depend on.
LISTED = {
    "division_id": "bigint",
    "parent_id": "bigint",
    "count_id": "bigint",
    "path": "text",
    "profile": "text",
    "communities": "int",
    "households": "int",
    "residents": "int",
}
# Communities for which a statement's own list of places is quicker than a temporary table of them.
FEW = 100
# Only a card that says something else is written, so that running twice changes nothing.
UPSERT = f"""
ON CONFLICT (run_id, division_id) DO UPDATE SET values = excluded.values, parent_id = excluded.parent_id,
    target_set_id = excluded.target_set_id, computed_at = excluded.computed_at
WHERE ({TABLE}.values, {TABLE}.parent_id, {TABLE}.target_set_id)
    IS DISTINCT FROM (excluded.values, excluded.parent_id, excluded.target_set_id)"""


@dataclass(frozen=True)
class Parts:
    """What a run's statements are made of: it depends on the catalogue and on the days alone."""

    judging: Judging
    tables: tuple[Grouped, ...]
    ctes: Sql


@lru_cache(maxsize=64)
def parts_of(days: Days) -> Parts:
    """Put together once for each day and remembered: the ORM takes longer to write them than a place to measure."""
    measures = measures_of(INDICATORS.values())
    judging = Judging(assessments_of(INDICATORS.values()), measures, days.anchor)
    sources = grouped([measure for measure in measures if not judging.covers(measure)], days)
    tables = [framed(measures), *sources, *judging.tables()]
    ctes = [source.sql.named(source.name) for source in sources] + judging.ctes()
    counted = [table.sql.named(table.name) for table in judging.tables() if table.sql.text]
    return Parts(judging, tuple(tables), joined(",\n", [*ctes, *counted]))


class Measuring:
    """The cards of one run: which statements there are depends on the catalogue and the anchor day alone.

    Each method that writes must be called inside a transaction of the caller, whose temporary tables it uses.
    """

    def __init__(
        self,
        run: Run,
        jurisdictions: Collection[int] | None = None,
        positions: Mapping[str, int] | None = None,
    ) -> None:
        """``jurisdictions``: ids of all places whose rules can concern what will be measured; None: every place.

        ``positions`` of the slots, by whoever has just registered them.
        """
        self.run = run
        self.day = run.anchor_date
        self.parts = parts_of(Days(self.day, run.period.first_day))
        self.resolver = Resolver(rule_book(self.day, jurisdictions))
        self.positions = register(slots()) if positions is None else positions
        self.place: Sql | None = None
        self.is_listed = False
        self.names: list[str] = []

    def lay_frame(self, spans: Sequence[Span]) -> None:
        """Lay out the communities below ``spans`` as a table and settle which standards hold for them."""
        plan_briefly()
        lay_table("place", frame(self.resolver.book, spans), joined_by="division_id, profile")
        self.place, self.is_listed = None, False
        self.names = self.resolver.learn(profiles_in(Sql("place")))
        self.resolver.store(self.names)

    def name_frame(self, spans: Sequence[Span]) -> None:
        """The same as a part of each statement, for those who only look (:mod:`portal.scorecards.rows`).

        Nothing is stored by this.
        """
        place = frame(self.resolver.book, spans)
        self.place = place.named("place", materialized=True)
        self.names = self.resolver.learn(profiles_in(Sql("(") + place + ") framed"))

    def list_frame(self, spans: Sequence[Span], *, stored: bool = True) -> None:
        """The same for a few communities: read once, then values in a statement that is always the same.

        ``stored``: False for those who only look.
        """
        framed = Sql(f"SELECT {', '.join((*LISTED, *PROFILE_COLUMNS))} FROM (")
        rows = (framed + frame(self.resolver.book, spans) + ") framed").rows()
        values = tuple([row[number] for row in rows] for number in range(len(LISTED)))
        places = ", ".join(f"%s::{kind}[]" for kind in LISTED.values())
        listed = Sql(f"SELECT * FROM unnest({places}) AS place({', '.join(LISTED)})", values)
        self.place, self.is_listed = listed.named("place", materialized=True), True
        self.names = self.resolver.learn(row[len(LISTED) :] for row in rows)
        if stored:
            self.resolver.store(self.names)

    def over_places(self, main: Sql) -> Sql:
        """A statement that names ``place``."""
        return main if self.place is None else with_ctes([self.place], main)

    def over_subjects(self, main: Sql) -> Sql:
        """A statement that names ``place``, and each grain's ``..._judged``."""
        target = self.resolver.table(self.names, self.parts.judging.assessments)
        ctes = [target.named("target", materialized=True), self.parts.ctes]
        return with_ctes([self.place, *ctes] if self.place is not None else ctes, main)

    def measured(self) -> Sql:
        """``(division_id, parent_id, target_set, values)`` of every community of the frame."""
        cells = {
            self.positions[code]: f"coalesce({table.name}.{column}, 0)"
            for table in self.parts.tables
            for code, column in table.columns.items()
        }
        joins = "".join(
            f"LEFT JOIN {table.name} ON {table.name}.place_id = place.division_id\n"
            for table in self.parts.tables
            if table.name != "place"
        )
        return self.over_subjects(
            Sql(
                f"SELECT place.division_id, place.parent_id, target.target_set, {self._array(cells)} AS values\n"
                f'FROM place JOIN target ON target.profile COLLATE "C" = place.profile\n{joins}'
            )
        )

    def write(self, replaced: int | None, *, anew: bool) -> int:
        """Write the frame's cards; a card keeps the public id that its place has in run ``replaced``.

        ``anew``: the run has none yet. Otherwise a place that moved in the meantime may have been written with
        another range of the run, and the later card holds.
        """
        cards = self._insert(self.measured(), replaced)
        return (cards if anew else cards + UPSERT).execute()

    def refresh(self) -> int:
        """Bring the frame's cards up to date; how many changed."""
        statement = self._insert(self.measured(), None) + UPSERT
        return statement.execute() if self.place is None else statement.execute_prepared()

    def looked_up(self, statement: Sql) -> list[tuple[Any, ...]]:
        """The rows of a statement over the frame, for those who only look.

        Over a few communities, which are values in a text that is always the same, it is planned once for each
        connection: planning takes several times as long as running it.
        """
        if not self.is_listed:
            return statement.rows()
        with transaction.atomic(savepoint=False):
            return statement.rows_prepared()

    def differs(self) -> bool:
        """Whether the frame's rows would give other figures than the run's cards, as far as their slots reach."""
        statement = (
            Sql("SELECT EXISTS (SELECT 1 FROM (")
            + self.measured()
            + Sql(
                f""") fresh
LEFT JOIN {TABLE} stored ON stored.division_id = fresh.division_id AND stored.run_id = %s
WHERE stored.values IS DISTINCT FROM fresh.values[1:coalesce(cardinality(stored.values), 0)])""",
                (self.run.pk,),
            )
        )
        return bool(statement.rows()[0][0])

    def remove_vanished(self, spans: Sequence[Span], division_ids: Sequence[int]) -> list[int]:
        """Drop cards of places, once below ``spans`` or named, that are not in force; ids of their parents."""
        statement = (
            Sql(f"DELETE FROM {TABLE} card WHERE run_id = %s AND division_id IN (", (self.run.pk,))
            + "SELECT record.division_id FROM "
            + records_below(spans)
            + Sql(
                f"""
    UNION ALL SELECT unnest(%s::bigint[])
) AND NOT EXISTS (
    SELECT 1 FROM communities_divisionrecord record JOIN communities_division division ON division.id = division_id
    WHERE record.division_id = card.division_id AND record.valid @> %s::date AND division.deleted_at IS NULL
        AND {WHENEVER}
) RETURNING parent_id""",
                (list(division_ids), self.day),
            )
        )
        return [parent for (parent,) in statement.rows() if parent is not None]

    def roll_up(
        self,
        spans: Sequence[Span],
        alone: Sequence[str] = (),
        *,
        replaced: int | None = None,
        anew: bool = False,
    ) -> int:
        """Sum cards upward into the places above community level, all levels in one statement.

        These are the places below ``spans`` and those at the paths ``alone``, which must not lie inside them. A
        place without communities gets a card of zeros. ``anew``: none of them has a card in this run yet;
        otherwise only what changed is written.
        """
        statement = self._insert(self._summed(spans, alone), replaced)
        if anew:
            return statement.execute()
        statement += UPSERT
        return statement.execute() if spans else statement.execute_prepared()

    @staticmethod
    def tell_planner() -> None:
        """Have the database count the cards by run and parent anew.

        Otherwise it takes the new run, which it has never met, for empty, and reads all of it to sum up a street.
        """
        Sql(f"ANALYZE {TABLE} (run_id, division_id, parent_id)").execute()

    def _summed(self, spans: Sequence[Span], alone: Sequence[str]) -> Sql:
        """What the places above community level add up to, all levels at once.

        ``direct`` sums, under each place, the cards right below it that are not themselves to be summed; every
        place then adds up what is direct to itself and to the places below it, found by their common path.
        """
        active = sorted({self.positions[code] for table in self.parts.tables for code in table.columns})

        def sums(values: str) -> str:
            return self._array(
                {position: f"coalesce(sum({values}[{position + 1}]), 0)::bigint" for position in active}
            )

        uppers = Sql("SELECT record.path, division.id AS division_id, record.parent_id FROM ")
        uppers += records_below(spans, alone)
        uppers += Sql(
            """ JOIN communities_division division ON division.id = record.division_id
    AND record.valid @> %s::date AND division.level < %s AND division.deleted_at IS NULL""",
            (self.day, Level.COMMUNITY.value),
        )
        direct = Sql(
            f"SELECT upper.path, {sums('card.values')} AS values FROM upper\n"
            f"JOIN {TABLE} card ON card.parent_id = upper.division_id AND card.run_id = {SOME_RUN}\n"
            "WHERE card.division_id NOT IN (SELECT division_id FROM upper) GROUP BY upper.path",
            (self.run.pk,),
        )
        lengths = f"generate_series({LABEL_WIDTH}, {LONGEST_PATH}, {LABEL_WIDTH})"
        main = Sql(
            "SELECT upper.division_id, upper.parent_id, NULL::bigint AS target_set,"
            f" {sums('part.values')} AS values\nFROM upper LEFT JOIN (\n"
            "    SELECT left(direct.path, length) AS path, values FROM direct"
            f" JOIN {lengths} AS length ON length <= length(direct.path)\n"
            ") part USING (path)\nGROUP BY upper.division_id, upper.parent_id"
        )
        return with_ctes([uppers.named("upper", materialized=True), direct.named("direct")], main)

    def _array(self, cells: dict[int, str]) -> str:
        """All slots in order of position; NULL where the catalogue no longer measures."""
        size = max(self.positions.values(), default=-1) + 1
        return f"ARRAY[{', '.join(cells.get(position, 'NULL') for position in range(size))}]::bigint[]"

    def _insert(self, cards: Sql, replaced: int | None) -> Sql:
        return (
            Sql(
                f"INSERT INTO {TABLE} ({COLUMNS})\n"
                "SELECT %s::bigint, fresh.division_id, fresh.parent_id, %s::bigint, fresh.values, fresh.target_set,"
                " %s::date, clock_timestamp(), coalesce(old.public_id, new_public_id())\nFROM (",
                (self.run.pk, self.run.period_id, self.day),
            )
            + cards
            + ") fresh "
            + standing(TABLE, replaced)
        )


def plan_briefly() -> None:
    """For the present transaction: try fewer orders of joins.

    The parts of a measuring statement join up to four tables each, all of them together dozens; planning every
    order of those takes longer than measuring a community.
    """
    Sql("SET LOCAL join_collapse_limit = 5").execute()


def lay_table(name: str, content: Sql, *, joined_by: str) -> None:
    """A temporary table of the present transaction; one of that name is replaced.

    The planner learns how many rows it has, and the distribution of the columns ``joined_by``.
    """
    create = Sql(f"DROP TABLE IF EXISTS pg_temp.{name}; CREATE TEMP TABLE {name} ON COMMIT DROP AS ")
    (create + content + f"; ANALYZE {name} ({joined_by})").execute()
