"""Closing a period: its figures stand from then on, as of its last day, whatever its rows become."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.base.actions import save
from communities.base.querysets import today
from communities.base.roles import Action
from communities.base.tables import written
from communities.choices import JobState
from communities.models import DirtyMark, Job, Period, holds_highest
from portal.scorecards.actions import try_lock_measuring
from portal.scorecards.models import CurrentRun, Run, RunKind


@transaction.atomic
def close_period(period: Period, *, by: Any, reason: str = "") -> Period:
    """Close an ended period whose figures are complete.

    No run of the period can begin meanwhile, and no sweep change its figures; a row changed from now on makes the
    period differ, and is told so. Raises PermissionDenied, ValidationError that says what is missing.
    """
    if by is not None and not may_close(by):
        raise PermissionDenied(_("您没有关闭报告期的权限。"))
    if not try_lock_measuring():
        raise ValidationError(_("数字正在更新，请几秒后再试。"), code="busy")
    period = Period.objects.live().select_for_update(of=("self",), no_key=True).get(pk=period.pk)
    missing = obstacles(period)
    if missing:
        raise ValidationError(missing)
    period.closed_at = timezone.now()
    save(period, by=by, reason=reason or _("关闭报告期"), needs=Action.CLOSE_PERIODS)
    return period


def may_close(user: Any) -> bool:
    """Whether the user closes periods, and nobody who does stands above: a period is one for all places."""
    return holds_highest(user, Action.CLOSE_PERIODS)


def obstacles(period: Period) -> list[str]:
    """What stands in the way of closing, in people's words; empty when it may be closed."""
    if period.is_closed:
        return [_("报告期已经关闭。")]
    day = written(period.last_day)
    if period.last_day >= today():
        return [_("报告期到%(day)s才结束，结束后才能关闭。") % {"day": day}]
    found = []
    unfinished = Run.objects.filter(period=period, job__state__in=Job.UNFINISHED)
    if unfinished.exists():
        found.append(_("测算还没有完成，请等它完成。"))
    elif not _is_measured_at_its_end(period):
        found.append(_("还没有以最后一天(%(day)s)为基准日的测算结果，请先重新测算。") % {"day": day})
    if DirtyMark.objects.filter(is_shown=False).exists():
        found.append(_("有改动尚未计入数字，通常几秒内自动重算，请稍后再试。"))
    return found


def _is_measured_at_its_end(period: Period) -> bool:
    return CurrentRun.objects.filter(
        kind=RunKind.MEASURE,
        period=period,
        run__anchor_date=period.last_day,
        run__job__state=JobState.DONE,
    ).exists()
