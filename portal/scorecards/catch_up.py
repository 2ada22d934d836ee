"""A nightly round that nobody did, because the machine was off: asked for once, at the next sweep."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from communities.actions.periods import quarter_of
from communities.base.querysets import today
from communities.models import Period
from portal.scorecards.actions import request_open_runs
from portal.scorecards.models import Run

# Beat is given so long after the hour before its round counts as missed.
GRACE = dt.timedelta(minutes=10)


def catch_up() -> bool:
    """Ask for last night's round if it was missed; whether it was.

    A run that was asked for and failed is not asked for again: somebody has to look.
    """
    due = timezone.make_aware(dt.datetime.combine(today(), settings.NIGHTLY_AT)) + GRACE
    if timezone.now() < due or not is_missed():
        return False
    request_open_runs()
    return True


def is_missed() -> bool:
    """Whether today's quarter is not there, or an open period has no run of its present anchor. One query."""
    day = today()
    at_the_end = Q(anchor_date__gte=OuterRef("span__endswith") - dt.timedelta(days=1))
    asked = Run.objects.filter(Q(anchor_date=day) | at_the_end, period=OuterRef("pk"))
    begun = Period.objects.live().filter(closed_at__isnull=True, span__startswith__lte=day)
    told = begun.aggregate(
        quarters=Count("pk", filter=Q(code=quarter_of(day)[0])),
        unasked=Count("pk", filter=~Exists(asked)),
    )
    return not told["quarters"] or bool(told["unasked"])
