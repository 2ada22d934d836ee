"""``manage.py measure``: ask for measuring runs, and do them here if wanted."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from communities.base.querysets import today
from communities.choices import JobState
from communities.models import Job, Period
from portal.scorecards.actions import execute_run, request_run, sweep
from portal.scorecards.models import Run

POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "Measures one period, all periods that have begun, or (by default) the open ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--period", metavar="CODE", help="one period, as 2026Q3")
        which.add_argument("--all", action="store_true", help="every period that has begun")
        parser.add_argument(
            "--wait", action="store_true", help="do the runs in this process and end with them"
        )

    def handle(self, **options: Any) -> None:
        for period in self._periods(options):
            run = request_run(period=period, by=None)
            if not options["wait"]:
                self.stdout.write(f"{period} requested")
                continue
            self._finish(run)
        if options["wait"]:
            sweep()

    def _periods(self, options: dict[str, Any]) -> list[Period]:
        begun = Period.objects.live().filter(span__startswith__lte=today()).order_by("span")
        if options["period"]:
            begun = begun.filter(code=options["period"])
        elif not options["all"]:
            begun = begun.filter(closed_at__isnull=True)
        periods = list(begun)
        if not periods:
            raise CommandError("no such period has begun")
        return periods

    def _finish(self, run: Run) -> None:
        """Do the run here, or wait for the worker that has taken it."""
        started = time.monotonic()
        while not execute_run(run.public_id):
            job = Job.objects.get(pk=run.job_id)
            if job.state == JobState.FAILED:
                raise CommandError(f"{run.period} failed: {job.error}")
            if job.state == JobState.DONE:
                break
            time.sleep(POLL_SECONDS)
        places = run.cards.count()
        self.stdout.write(f"{run.period} measured: {places} places in {time.monotonic() - started:.1f} s")
