"""Score cards of one run: written for whole cities, brought up to date for single places, summed upward."""

# ruff: noqa: S608 - statements are put together from literals of this package; values are parameters

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from communities.base.places import Span, ancestor_ids, outermost, within
from communities.base.querysets import valid_on
from communities.choices import Level
from communities.models import DivisionRecord
from portal.scorecards.engine.frame import WHENEVER, paths_on, records_below, records_of
from portal.scorecards.engine.slots import register
from portal.scorecards.engine.sql import SOME_RUN, Sql, standing
from portal.scorecards.models import Run, ScoreCard
from portal.scorecards.scoring.sheet import CLASSES, published_sheet
from portal.scorecards.scoring.statement import RESULT, Subjects, ranked

TABLE, ROLL_UPS = "scorecards_scorecard", "scorecards_scorerollup"
# What is written of a place; ``city`` only says among whom it is ranked.
WRITTEN = [name for name in RESULT.split(", ") if name != "city"]
FOUND = [name for name in WRITTEN if name not in ("division_id", "rank", "peers")]


class Scoring:
    """The cards of one scoring run. Each method that writes is called inside a transaction of the caller."""

    def __init__(self, run: Run, positions: Mapping[str, int] | None = None) -> None:
        if run.scheme_version is None or run.measured_id is None:
            raise ValueError(f"run {run.pk} scores nothing")
        self.run = run
        self.day = run.anchor_date
        self.measured: int = run.measured_id
        self.sheet = published_sheet(run.scheme_version.public_id)
        self.positions = register(()) if positions is None else positions

    @cached_property
    def territory(self) -> list[Span]:
        """Everything below the place that made the scheme, as it lay on the anchor day; nothing if it was not."""
        place = self.sheet.version.scheme.jurisdiction_id
        return [Span.below(path) for path in paths_on([place], self.day)]

    def subjects(self, spans: Sequence[Span]) -> Subjects:
        """The places scored below ``spans``."""
        return Subjects(self.sheet, self.measured, self.day, spans, self.positions)

    def write(self, spans: Sequence[Span], replaced: int | None) -> int:
        """Score the places below ``spans``, which hold whole peer groups.

        A card keeps the public id that its place has in run ``replaced``.
        """
        return (self._insert(ranked(self.subjects(spans)), replaced) + self._upsert(WRITTEN)).execute()

    def forget(self) -> None:
        """Drop what stands of the run."""
        ScoreCard.objects.filter(run=self.run).delete()

    def refresh(self, division_ids: Sequence[int]) -> int:
        """Score the places that ``division_ids`` lie in or hold anew and rank their peers; how many cards changed.

        Where what one place gets depends on its peers, its whole city is scored anew.
        """
        parents = self._drop_vanished(division_ids)
        touched = self._inside(self._scored(division_ids))
        inside = touched + (self._inside(paths_on(parents, self.day)) if parents else [])
        if not inside:
            return len(parents)
        cities = self._cities_of(inside)
        if cities is None:
            changed = self.write(self.territory, None)
        elif self.sheet.needs_peers:
            changed = self.write(cities, None)
        else:
            only = outermost(touched)
            found = self._insert(ranked(self.subjects(only)), None) + self._upsert(FOUND)
            changed = (found.execute_prepared() if only else 0) + self._rank_anew(cities)
        if changed or parents:
            above = sorted({pk for path in inside for pk in ancestor_ids(path)})
            self.roll_up(above, may_be_empty=bool(parents))
        return changed + len(parents)

    def _scored(self, division_ids: Sequence[int]) -> list[str]:
        """Paths on the day of the scored places to which some places belong, or else of those below which some lie.

        A street's figures are those of its communities, one that was closed included.
        """
        level = Level(self.sheet.version.scheme.level)
        if level == Level.COMMUNITY:
            return paths_on(division_ids, self.day)
        records = records_of(division_ids, self.day)
        above = self._above([path for path, _in_force, _level in records], level)
        around = tuple(above)
        return above + [
            path for path, in_force, _level in records if in_force and not path.startswith(around)
        ]

    def _inside(self, paths: Sequence[str]) -> list[str]:
        """What of the places and all below them lies in the territory."""
        return [
            path if span.covers(path) else span.low
            for path in paths
            for span in self.territory
            if span.covers(path) or span.low.startswith(path)
        ]

    def _cities_of(self, paths: Sequence[str]) -> list[Span] | None:
        """The cities in which the places lie; None where one lies in none, or holds several."""
        cities = self._above(paths, Level.CITY)
        if any(not any(path.startswith(city) for city in cities) for path in paths):
            return None
        return list(outermost(cities))

    def _above(self, paths: Sequence[str], level: Level) -> list[str]:
        """Paths of the places of one level at or above some places."""
        ids = {pk for path in paths for pk in ancestor_ids(path)}
        records = DivisionRecord.objects.filter(valid_on(self.day), division__in=ids, division__level=level)
        return list(records.values_list("path", flat=True))

    def peers_of(self, card: ScoreCard) -> QuerySet[ScoreCard]:
        """The cards among which one is ranked, itself included.

        Those of its city; of a place in none those of its province that are in none either.
        """
        paths = paths_on([card.division_id], self.day)
        records = DivisionRecord.objects.filter(valid_on(self.day))
        cities = self._above(paths, Level.CITY)
        if cities:
            places = records.filter(within("path", outermost(cities)))
        else:
            wide = outermost(self._above(paths, Level.PROVINCE)) or self.territory
            inner = records.filter(within("path", wide), division__level=Level.CITY)
            places = records.filter(within("path", wide)).exclude(
                within("path", map(Span.below, inner.values_list("path", flat=True)))
            )
        peers: QuerySet[ScoreCard] = ScoreCard.objects.filter(
            run=self.run, division__in=places.values("division")
        )
        named = self.sheet.version.peer_class
        if named:
            at = CLASSES.index(named)
            peers = peers.filter(**{f"classes__{at}": card.classes[at]})
        return peers

    def _insert(self, cards: Sql, replaced: int | None) -> Sql:
        listed = ", ".join(f"fresh.{name}" for name in WRITTEN)
        head = (
            f"INSERT INTO {TABLE} (run_id, period_id, scheme_version_id, computed_at, public_id,"
            f" {', '.join(WRITTEN)})\nSELECT %s::bigint, %s::bigint, %s::bigint, clock_timestamp(),"
            f" coalesce(old.public_id, new_public_id()), {listed}\nFROM ("
        )
        run = self.run
        return (
            Sql(head, (run.pk, run.period_id, run.scheme_version_id))
            + cards
            + ") fresh "
            + standing(TABLE, replaced)
        )

    @staticmethod
    def _upsert(names: Sequence[str]) -> str:
        """Only a card that says something else is written, so that running twice changes nothing."""
        changed = [name for name in names if name != "division_id"]
        stored = ", ".join(f"{TABLE}.{name}" for name in changed)
        fresh = ", ".join(f"excluded.{name}" for name in changed)
        sets = ", ".join(f"{name} = excluded.{name}" for name in (*changed, "computed_at"))
        return (
            f"\nON CONFLICT (run_id, division_id) DO UPDATE SET {sets}\n"
            f"WHERE ({stored}) IS DISTINCT FROM ({fresh})"
        )

    def _rank_anew(self, cities: Sequence[Span]) -> int:
        """Ranks of all places of the cities from the totals that stand."""
        named = self.sheet.version.peer_class
        peer = f"card.classes[{CLASSES.index(named) + 1}]" if named else "''"
        changed = 0
        for city in cities:
            window = f"PARTITION BY {peer}"
            statement = Sql(
                f"""UPDATE {TABLE} card SET rank = fresh.rank, peers = fresh.peers FROM (
    SELECT card.id, CASE WHEN card.total IS NOT NULL
            THEN rank() OVER ({window} ORDER BY card.total DESC NULLS LAST) END AS rank,
        count(card.total) OVER ({window}) AS peers
    FROM """
            )
            statement += records_below([city])
            statement += Sql(
                f""" JOIN {TABLE} card ON card.division_id = record.division_id AND card.run_id = %s
    WHERE record.valid @> %s::date
) fresh WHERE fresh.id = card.id AND (card.rank, card.peers) IS DISTINCT FROM (fresh.rank, fresh.peers)""",
                (self.run.pk, self.day),
            )
            changed += statement.execute()
        return changed

    def _drop_vanished(self, division_ids: Sequence[int]) -> list[int]:
        """Drop cards of places whose measure card is gone; the ids of their parents."""
        dropped = Sql(
            f"""DELETE FROM {TABLE} card WHERE run_id = %s AND division_id = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM scorecards_measurecard measured
    WHERE measured.run_id = %s AND measured.division_id = card.division_id) RETURNING parent_id""",
            (self.run.pk, list(division_ids), self.measured),
        ).rows()
        return [parent for (parent,) in dropped if parent is not None]

    def roll_up(self, division_ids: Sequence[int] | None = None, *, may_be_empty: bool = False) -> None:
        """Add up cards under each place above them, from the deepest level upward; None: under every place.

        ``may_be_empty``: some of the places may have nothing scored below them any more.
        """
        for level in range(self.sheet.version.scheme.level - 1, Level.COUNTRY - 1, -1):
            self._summed(level, division_ids).execute()
            if division_ids is not None and may_be_empty:
                self._drop_empty(level, division_ids)

    def _drop_empty(self, level: int, division_ids: Sequence[int]) -> None:
        """Sums of places that have nothing scored below them any more."""
        Sql(
            f"""DELETE FROM {ROLL_UPS} above USING communities_division division
WHERE above.run_id = %s AND division.id = above.division_id AND division.level = %s AND division.id = ANY(%s)
    AND NOT EXISTS (SELECT 1 FROM {TABLE} card WHERE card.run_id = above.run_id AND card.parent_id = division.id)
    AND NOT EXISTS (
        SELECT 1 FROM {ROLL_UPS} below WHERE below.run_id = above.run_id AND below.parent_id = division.id)""",
            (self.run.pk, level, list(division_ids)),
        ).execute()

    def _summed(self, level: int, division_ids: Sequence[int] | None) -> Sql:
        """The places of one level: what lies directly below them, cards and sums of lower levels alike."""
        grades = len(self.sheet.grades) + 1
        counts = ", ".join(
            f"count(total) FILTER (WHERE coalesce(grade, {grades}) = {number})"
            for number in range(1, grades + 1)
        )
        sums = ", ".join(f"sum(grades[{number}])" for number in range(1, grades + 1))
        wanted = "" if division_ids is None else " AND part.parent_id = ANY(%s)"
        params: tuple[Any, ...] = () if division_ids is None else (list(division_ids),)
        one = (self.run.pk, level, *params)

        def part(table: str, cells: str) -> Sql:
            return Sql(
                f"""SELECT part.parent_id, {cells} FROM {table} part
    JOIN communities_division above ON above.id = part.parent_id
    WHERE part.run_id = {SOME_RUN} AND above.level = %s{wanted} GROUP BY part.parent_id""",
                one,
            )

        cards = part(
            TABLE, f"count(total) AS scored, coalesce(sum(total), 0) AS total, ARRAY[{counts}] AS grades"
        )
        below = part(ROLL_UPS, f"sum(scored), sum(total), ARRAY[{sums}]")
        together = Sql(
            f"SELECT parent_id, sum(scored) AS scored, sum(total) AS total, ARRAY[{sums}]::int[] AS grades FROM ("
        )
        head = Sql(
            f"INSERT INTO {ROLL_UPS} (run_id, division_id, parent_id, period_id, scheme_version_id, computed_at,"
            " scored, total, grades)\nSELECT %s, fresh.parent_id, record.parent_id, %s, %s, clock_timestamp(),"
            " scored, total, grades FROM (",
            (self.run.pk, self.run.period_id, self.run.scheme_version_id),
        )
        tail = Sql(
            f""") fresh JOIN communities_divisionrecord record ON record.division_id = fresh.parent_id
    AND record.valid @> %s::date AND {WHENEVER}
ON CONFLICT (run_id, division_id) DO UPDATE SET scored = excluded.scored, total = excluded.total,
    grades = excluded.grades, parent_id = excluded.parent_id, computed_at = excluded.computed_at
WHERE ({ROLL_UPS}.scored, {ROLL_UPS}.total, {ROLL_UPS}.grades, {ROLL_UPS}.parent_id)
    IS DISTINCT FROM (excluded.scored, excluded.total, excluded.grades, excluded.parent_id)""",
            (self.day,),
        )
        return head + together + cards + " UNION ALL " + below + ") parts GROUP BY parent_id" + tail

    @staticmethod
    def tell_planner() -> None:
        """Have the database count the cards by run and place anew, as after measuring."""
        Sql(f"ANALYZE {TABLE} (run_id, division_id, parent_id)").execute()
