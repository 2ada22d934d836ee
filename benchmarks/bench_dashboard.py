"""G13: a district's dashboard, read from cards alone: its own card, those of its streets, its history.

"Database" is the time of the statements themselves, as the driver sees them; "a second" counts whole readings,
rows to objects included, by two connections at once, as two web processes would.
"""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from django.db import connection, connections

from benchmarks.bench_measuring import measure, open_period
from benchmarks.generate import plant_cities
from benchmarks.harness import milliseconds, report, timed
from communities.base.places import Span
from communities.choices import Level
from communities.models import Division, Period
from portal.scorecards.models import MeasureCard
from portal.scorecards.reading import cards_for, current_card

CITIES = 10
SECONDS = 3.0


class Officer:
    """Somebody who may compare everything: scope itself is measured in G14."""

    def spans(self, _action: Any) -> tuple[Span, ...]:
        return (Span.below(Division.objects.get(level=Level.COUNTRY).path_now),)


def main() -> None:
    plant_cities(CITIES)
    period = open_period()
    measure(period)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    district = Division.objects.filter(level=Level.DISTRICT).order_by("pk")[7]
    statement = statement_of(district, period)
    with connection.cursor() as cursor:
        database = timed(lambda: (cursor.execute(*statement), cursor.fetchall()), runs=200, warm_up=5)
    figures = milliseconds(database.median)
    report(
        "G13",
        f"district's dashboard, {CITIES * 1380:,} communities",
        figures,
        "2 ms of database",
        met=database.median <= 0.002,
    )

    connections.close_all()  # the two processes open their own
    with multiprocessing.get_context("fork").Pool(2) as pool:
        counts = pool.starmap(readings, [statement, statement])
    a_second = sum(counts) / SECONDS
    report(
        "G13", "readings a second, two connections", f"{a_second:,.0f}", "at least 800", met=a_second >= 800
    )
    whole = timed(lambda: whole_reading(district, period), runs=30)
    report(
        "G13", "the same through the ORM, joined names included", milliseconds(whole.median), "-", met=True
    )


def statement_of(district: Division, period: Period) -> tuple[str, tuple[Any, ...]]:
    """The district's own card and those of its streets in one statement, as a dashboard's API reads them."""
    own = MeasureCard.objects.current().filter(period=period, division=district)
    streets = MeasureCard.objects.current().filter(period=period, parent=district)
    return (own | streets).values_list("division_id", "values").query.sql_with_params()


def readings(sql: str, values: tuple[Any, ...]) -> int:
    done = 0
    over = time.perf_counter() + SECONDS
    with connection.cursor() as cursor:
        while time.perf_counter() < over:
            cursor.execute(sql, values)
            cursor.fetchall()
            done += 1
    return done


def whole_reading(district: Division, period: Period) -> list[Any]:
    officer = Officer()
    return [
        current_card(officer, district, period),
        *cards_for(officer, period=period).filter(parent=district),
    ]
