"""``manage.py measure``: ask for measuring runs, and do them here if wanted."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from communities.base.querysets import today
from communities.choices import JobState
from communities.models import Job, Period
from portal.scorecards.actions import execute_run, request_run, sweep
from portal.scorecards.models import CurrentRun, Run

POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = _("测算指定的报告期、全部已开始的报告期，或(默认)未关闭的报告期。")

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--period", metavar="CODE", help=_("一个报告期，如 2026Q3"))
        which.add_argument("--all", action="store_true", help=_("全部已开始的报告期，已关闭且有结果的除外"))
        parser.add_argument("--wait", action="store_true", help=_("在本进程内测算，完成后退出"))

    def handle(self, **options: Any) -> None:
        for period in self._periods(options):
            try:
                run = request_run(period=period, by=None)
            except ValidationError as error:
                raise CommandError(f"{period}：{error.messages[0]}") from error
            if not options["wait"]:
                self.stdout.write(_("%(period)s：已发起测算") % {"period": period})
                continue
            self._finish(run)
        if options["wait"]:
            sweep()

    def _periods(self, options: dict[str, Any]) -> list[Period]:
        begun = Period.objects.live().filter(span__startswith__lte=today()).order_by("span")
        if options["period"]:
            begun = begun.filter(code=options["period"])
        elif options["all"]:
            measured = Exists(CurrentRun.objects.filter(period=OuterRef("pk")))
            begun = begun.exclude(measured, closed_at__isnull=False)
        else:
            begun = begun.filter(closed_at__isnull=True)
        periods = list(begun)
        if not periods:
            raise CommandError(_("没有这样的已开始的报告期。"))
        return periods

    def _finish(self, run: Run) -> None:
        """Do the run here, or wait for the worker that has taken it."""
        started = time.monotonic()
        while not execute_run(run.public_id):
            job = Job.objects.get(pk=run.job_id)
            if job.state == JobState.FAILED:
                raise CommandError(
                    _("%(period)s：测算失败：%(error)s") % {"period": run.period, "error": job.error}
                )
            if job.state == JobState.DONE:
                break
            time.sleep(POLL_SECONDS)
        told = {
            "period": run.period,
            "places": run.cards.count(),
            "seconds": f"{time.monotonic() - started:.1f}",
        }
        self.stdout.write(_("%(period)s：已测算 %(places)d 个地区，用时 %(seconds)s 秒") % told)
