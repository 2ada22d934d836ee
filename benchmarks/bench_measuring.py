"""G1, G4, G5: a measuring run and the sweep of one changed community, at one, ten and a hundred cities.

The floor of a run is what nobody can do without: read every input row once and insert the finished cards, indexes
included. Points, stars and ranks come with scores and are not in these figures.
"""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.generate import INPUTS, PER_CITY, plant_cities
from benchmarks.harness import Timing, milliseconds, report, timed
from communities.base.actions import mark_dirty
from communities.models import Job, Period, Premises
from portal.scorecards import actions
from portal.scorecards.models import Run

SIZES = [int(size) for size in os.environ.get("BENCH_CITIES", "1,10,100").split(",")]


def main() -> None:
    previous: tuple[int, float] | None = None
    for cities in SIZES:
        size = cities * PER_CITY
        plant_cities(cities)
        period = open_period()
        run = timed(lambda period=period: measure(period), runs=9 if cities == 1 else 3)
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
                "at most 4 x",
                met=run.median <= 4 * floor.median,
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


def open_period() -> Period:
    now = timezone.localdate()
    first = dt.date(now.year, 1, 1)
    period = Period.objects.create(code=f"{now.year}", kind="year", span=(first, dt.date(now.year + 1, 1, 1)))
    period.refresh_from_db()
    return period


def measure(period: Period) -> None:
    run = actions.request_run(period, by=None)
    assert actions.execute_run(run.public_id)


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
            FROM scorecards_measurecard card WHERE run_id = (SELECT run_id FROM scorecards_currentrun)""",
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
