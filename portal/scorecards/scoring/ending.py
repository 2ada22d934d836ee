"""Which scores go when the time of a published version ends: told before anybody ends it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from communities.models import Period
from portal.scorecards.models import CurrentRun, RatingSchemeVersion, RunKind, ScoreCard


@dataclass(frozen=True)
class Held:
    """The scores that a version gives in one open period, as they stand."""

    period: Period
    anchor: dt.date
    number: int

    def goes_now(self, last_day: dt.date | None) -> bool:
        """Whether the version is not in force on the anchor day any more."""
        return last_day is not None and self.anchor > last_day

    def goes(self, last_day: dt.date | None) -> bool:
        """Now, or once the anchor day, which moves on until the period is over, has passed the last day."""
        return last_day is not None and max(self.anchor, self.period.last_day) > last_day


def scores_held(version: RatingSchemeVersion) -> list[Held]:
    """The open periods that a version scores, the latest first. Two queries."""
    current = CurrentRun.objects.filter(
        kind=RunKind.SCORE, scheme_version=version, period__closed_at__isnull=True
    ).select_related("run", "period")
    runs = {each.run_id: each for each in current.order_by("-period__span")}
    counted = ScoreCard.objects.filter(run__in=list(runs)).values("run").annotate(number=Count("pk"))
    numbers = dict(counted.order_by().values_list("run", "number"))
    return [
        Held(each.period, each.run.anchor_date, numbers[run_id])
        for run_id, each in runs.items()
        if run_id in numbers
    ]


def leaving(version: RatingSchemeVersion, last_day: dt.date | None) -> list[Held]:
    """What goes of that when the version ends on a day; nothing without an end."""
    return [] if last_day is None else [held for held in scores_held(version) if held.goes(last_day)]
