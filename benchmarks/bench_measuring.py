"""G1 to G7: sixty indicators from the rows to cards, points, stars, ranks and sums; one change; what-if; one score.

At a city, a province (22 cities) and, with ``BENCH_CITIES=450``, the country. The floor of a run is what nobody can
do without: read every input row once and insert the finished cards of both kinds, indexes included.
"""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.generate import INPUTS, PER_CITY, plant_cities
from benchmarks.harness import Timing, milliseconds, report, timed
from benchmarks.sixty import scheme_of_sixty, sixty_indicators
from communities.base.actions import mark_dirty
from communities.choices import Level
from communities.models import Division, Job, Period, Premises
from portal.scorecards import actions
from portal.scorecards.engine.sql import Sql
from portal.scorecards.models import RatingSchemeVersion, Run, RunKind, ScoreCard
from portal.scorecards.scoring.explaining import explain
from portal.scorecards.scoring.reading import RELATED
from portal.scorecards.scoring.runs import request_score_run
from portal.scorecards.scoring.whatif import what_if

SIZES = [int(size) for size in os.environ.get("BENCH_CITIES", "1,22").split(",")]


def main() -> None:
    with sixty_indicators():
        at_each_size()


def at_each_size() -> None:
    previous: tuple[int, float] | None = None
    for cities in SIZES:
        size = cities * PER_CITY
        plant_cities(cities)
        version = scheme_of_sixty(Division.objects.get(level=Level.COUNTRY))
        period = open_period()
        run = timed(lambda period=period: measure(period), runs=9 if cities == 1 else 3)
        parts(period, version)
        floor = timed(lambda period=period: read_and_write(period), runs=9 if cities == 1 else 3)
        what = f"run of {size:,} communities, floor {milliseconds(floor.median)}"
        figure = f"{milliseconds(run.median)} ({run.median / floor.median:.1f} x)"
        if cities == 1:
            report("G1", what, figure, "at most 150 ms", met=run.median <= 0.150)
        else:
            report(
                "G3" if cities >= 100 else "G2",
                what,
                figure,
                "at most 4 x" if cities < 100 else "at most 3 x",
                met=run.median <= (4 if cities < 100 else 3) * floor.median,
            )
        if previous is not None:
            times = cities / previous[0] * 1.2
            growth = run.median / previous[1]
            report(
                "G4",
                "against the size before",
                f"{growth:.1f} x",
                f"at most {times:.0f} x",
                met=growth <= times,
            )
        previous = (cities, run.median)
        one_change(size)
        what_would_change(version, period, size)
        one_score(size)


def open_period() -> Period:
    now = timezone.localdate()
    first = dt.date(now.year, 1, 1)
    period = Period.objects.create(code=f"{now.year}", kind="year", span=(first, dt.date(now.year + 1, 1, 1)))
    period.refresh_from_db()
    return period


def measure(period: Period) -> None:
    """From the rows to the scores that readers see."""
    run = actions.request_run(period, by=None)
    assert actions.execute_run(run.public_id)
    for waiting in Run.objects.filter(kind=RunKind.SCORE, job__state__in=Job.UNFINISHED):
        assert actions.execute_run(waiting.public_id)


def parts(period: Period, version: RatingSchemeVersion) -> None:
    """How much of a run is scoring: a scoring run of its own."""

    def score() -> None:
        run = request_score_run(version, period, by=None)
        assert actions.execute_run(run.public_id)

    alone = timed(score, runs=5)
    report("", "of it: points, stars, ranks, sums", milliseconds(alone.median), "", met=True)


def read_and_write(period: Period) -> None:
    """Every input row read once, and the current cards inserted once more, then rolled back."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in INPUTS:
            cursor.execute(f"SELECT sum(id) FROM communities_{table}")
        job = Job.objects.create(key="floor", kind="floor")
        run = Run.objects.create(period=period, anchor_date=timezone.localdate(), job=job)
        cursor.execute(
            """INSERT INTO scorecards_measurecard (public_id, run_id, division_id, parent_id, period_id, values,
                target_set_id, anchor_date, computed_at)
            SELECT public_id, %s, division_id, parent_id, period_id, values, target_set_id, anchor_date, computed_at
            FROM scorecards_measurecard card
            WHERE run_id = (SELECT run_id FROM scorecards_currentrun WHERE kind = 'measure')""",
            [run.pk],
        )
        cursor.execute(
            """INSERT INTO scorecards_scorecard (public_id, run_id, division_id, parent_id, period_id,
                scheme_version_id, points, absent, classes, total, grade, vetoes, rank, peers, computed_at)
            SELECT public_id, %s, division_id, parent_id, period_id, scheme_version_id, points, absent, classes,
                total, grade, vetoes, rank, peers, computed_at
            FROM scorecards_scorecard card
            WHERE run_id = (SELECT run_id FROM scorecards_currentrun WHERE kind = 'score')""",
            [run.pk],
        )
        transaction.set_rollback(True)


def one_change(size: int) -> None:
    """From the mark to fresh cards of the community and everything above it, committed."""
    rooms = Premises.objects.filter(kind="office", lost_on=None).order_by("pk")
    pks = list(rooms.values_list("pk", flat=True)[:: max(1, size // 60)][:60])
    fresh = Timing([])
    for number, pk in enumerate(pks):
        room = Premises.objects.get(pk=pk)
        room.area += Decimal(1)
        with transaction.atomic():
            room.save()
            mark_dirty(room)
        taken = timed(actions.show_marks, runs=1, warm_up=0)
        if number >= 5:
            fresh.runs.extend(taken.runs)
    actions.sweep()
    met = fresh.median <= 0.025 and fresh.p95 <= 0.060
    figures = f"p50 {milliseconds(fresh.median)}, p95 {milliseconds(fresh.p95)}"
    report("G5", f"one community changed, of {size:,}", figures, "p50 25 ms, p95 60 ms", met=met)


def what_would_change(version: RatingSchemeVersion, period: Period, size: int) -> None:
    """G6: every place scored by a version, beside what stands, from the cards alone."""
    asked = timed(lambda: what_if(version, period, by=None), runs=5)
    goal = 0.030 if size == PER_CITY else 0.500
    report(
        "G6",
        f"what-if of {size:,}",
        milliseconds(asked.median),
        f"at most {milliseconds(goal)}",
        met=asked.median <= goal,
    )


def one_score(size: int) -> None:
    """G7: both cards of a community, and every step of its score."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT avg(pg_column_size(c.*)) FROM scorecards_measurecard c JOIN communities_division d"
            " ON d.id = c.division_id WHERE d.level = 5)"
            " + (SELECT avg(pg_column_size(c.*)) FROM scorecards_scorecard c)"
        )
        bytes_of_both = round(cursor.fetchone()[0])
    pks = list(ScoreCard.objects.current().values_list("pk", flat=True)[:50])
    both = (
        "SELECT score.points, measured.values FROM scorecards_scorecard score JOIN scorecards_run run"
        " ON run.id = score.run_id JOIN scorecards_measurecard measured ON measured.run_id = run.measured_id"
        " AND measured.division_id = score.division_id WHERE score.id = %s"
    )
    read = timed(lambda: [Sql(both, (pk,)).rows() for pk in pks])
    cards = list(ScoreCard.objects.filter(pk__in=pks).select_related(*RELATED))
    told = timed(lambda: [explain(card, by=None) for card in cards[:10]], runs=3)
    report(
        "G7",
        f"both cards of a community, of {size:,}",
        f"{bytes_of_both} bytes, {milliseconds(read.median / len(pks))} to read",
        "1,300 bytes, 1 ms",
        met=bytes_of_both <= 1300 and read.median / len(pks) <= 0.001,
    )
    report("", "every step of it explained", milliseconds(told.median / 10), "", met=True)
