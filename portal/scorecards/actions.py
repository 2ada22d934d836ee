"""Runs: asked for once, done by whoever takes the job, current in one statement; marks brought to the cards.

Who waits for whom. A full run reads the rows range by range in several transactions; the sweep brings marked places
up to date in one. If a sweep took a mark away between two ranges of a full run, the change behind it could be
missing from the cards that become current. So a run is taken under the same advisory lock as a sweep works, and a
sweep leaves all marks alone while a run of an open period is being done. A full run therefore takes no marks away
itself: those left before it cost a second, cheap look; those left by transactions that it could not see survive.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communities.actions import jobs
from communities.actions.jobs import Lease, LeaseLost
from communities.actions.periods import open_quarter
from communities.base.places import Span
from communities.base.querysets import today
from communities.base.roles import Action
from communities.base.standards import Conflict
from communities.base.wakeup import SWEEP_TASK, wake_after_commit
from communities.choices import JobState
from communities.models import DirtyMark, Job, Period, Threshold
from portal.scorecards.catalogue import slots
from portal.scorecards.engine.cards import Measuring
from portal.scorecards.engine.frame import EVERYWHERE, chunks, communities_in
from portal.scorecards.engine.refresh import differs, refresh
from portal.scorecards.engine.slots import register
from portal.scorecards.engine.targets import listed
from portal.scorecards.models import CurrentRun, MeasureCard, Run, RunKind, ScoreCard, ScoreRollUp
from portal.scorecards.scoring import runs as scoring

logger = logging.getLogger(__name__)

JOB_KIND = "measure"
# Whatever fails as often as this would fail again: somebody has to look.
MAX_FAILURES = 3
# One sweep ends after so many rounds even if rows change without pause; the next wake-up goes on.
MAX_ROUNDS = 50
# Cards of one run from which on the planner must know of them at once, not when autovacuum comes by.
MANY_CARDS = 10_000
_MEASURING_LOCK = 0x5C0_0001


def request_run(period: Period, *, by: Any) -> Run:
    """The unfinished run of a period, begun now if there is none. ``by`` None: the timetable.

    Raises PermissionDenied for who may not run, ValidationError for a period that has not begun, or is closed and
    has its figures.
    """
    if by is not None and not by.may(Action.RUN):
        raise PermissionDenied(_("您没有发起测算的权限。"))
    if period.first_day > today():
        raise ValidationError(_("报告期尚未开始，不能测算。"))
    with transaction.atomic():
        # Whoever closes the period waits for us here, or we for him.
        period = Period.objects.select_for_update(no_key=True).get(pk=period.pk)
        measured = CurrentRun.objects.filter(kind=RunKind.MEASURE, period=period)
        if period.is_closed and measured.exists():
            raise ValidationError(_("报告期已关闭，不再测算。"), code="closed")
        job, made = jobs.enqueue(
            key=f"{RunKind.MEASURE}:{period.code}", kind=JOB_KIND, params={"period": period.code}, by=by
        )
        if made:
            Run.objects.create(kind=RunKind.MEASURE, period=period, anchor_date=period.anchor_date, job=job)
        # All that the answer tells is read at one moment: the run may be finished the next.
        run = Run.objects.select_related("job", "period", "current").get(job=job)
        wake_after_commit(scoring.RUN_TASK, str(run.public_id))
    return run


def request_open_runs() -> list[Run]:
    """A run of each open period that has begun: the nightly round, which moves their anchor to today.

    The quarter of today is set up first, so that a portal in service never lacks an open period.
    """
    open_quarter(today())
    begun = Period.objects.live().filter(closed_at__isnull=True, span__startswith__lte=today())
    return [request_run(period=period, by=None) for period in begun.order_by("span")]


def execute_run(run_id: uuid.UUID | str) -> bool:
    """Do a run, or go on with it where a worker left it; False when it is done or in other hands.

    The same message delivered twice, or after the run is done, changes nothing.
    """
    run = Run.objects.select_related("period", "job", "scheme_version__scheme").get(public_id=run_id)
    with transaction.atomic():
        _lock_measuring()
        lease = jobs.take(job_id=run.job_id)
    if lease is None:
        return False
    try:
        if run.kind == RunKind.SCORE:
            scoring.score(run, lease, _make_current)
        else:
            _measure(run, lease)
    except LeaseLost:
        logger.warning("run %s went to another worker", run.public_id)
        return False
    except Exception as error:
        again = lease.attempts < MAX_FAILURES
        with suppress(LeaseLost):
            (jobs.give_back if again else jobs.fail)(lease, f"{type(error).__name__}: {error}")
        raise
    clean_up(run.period)
    return True


def _measure(run: Run, lease: Lease) -> None:
    measuring = Measuring(run)
    if "ranges" not in lease.result:
        _plan(measuring, lease)
    ranges = lease.result["ranges"]
    for number in range(lease.result["ranges_done"], len(ranges)):
        with transaction.atomic():
            jobs.hold(lease)
            replaced = _replaced(run)
            measuring.lay_frame([Span(*span) for span in ranges[number]])
            done = lease.done + measuring.write(replaced, anew=number == 0)
            lease.result |= {"ranges_done": number + 1, "conflicts": _conflicts(measuring, lease)}
            if number + 1 < len(ranges):
                jobs.advance(lease, done=done, total=max(lease.total, done))
            else:
                _complete(measuring, lease, replaced, done)


def _plan(measuring: Measuring, lease: Lease) -> None:
    """Cut the country into ranges once, so that a later worker goes on with the same; at least one."""
    communities = communities_in(measuring.day, EVERYWHERE)
    ranges = chunks(measuring.day, EVERYWHERE, communities)
    lease.result = {
        "ranges": [[list(span) for span in group] for group in ranges],
        "ranges_done": 0,
        "slots": max(measuring.positions.values(), default=-1) + 1,
        "conflicts": [],
    }
    jobs.advance(lease, done=0, total=communities)


def _complete(measuring: Measuring, lease: Lease, replaced: int | None, cards: int) -> None:
    """Roll up, show the figures and finish the job, in the transaction that wrote the last of so many cards."""
    if cards > MANY_CARDS:
        measuring.tell_planner()
    measuring.roll_up(EVERYWHERE, replaced=replaced, anew=True)
    _make_current(measuring.run)
    lease.result["conflicts"] = _named(lease.result["conflicts"])
    jobs.finish(lease)
    scoring.follow_versions(measuring.run, anew=True)
    # Rows may have changed meanwhile; the sweep held back for this run.
    wake_after_commit(SWEEP_TASK)


def _replaced(run: Run) -> int | None:
    current = CurrentRun.objects.filter(
        kind=run.kind, period=run.period_id, scheme_version=run.scheme_version_id
    )
    return current.values_list("run_id", flat=True).first()


def _make_current(run: Run) -> None:
    run.computed_at = timezone.now()
    Run.objects.filter(pk=run.pk).update(computed_at=run.computed_at)
    CurrentRun.objects.bulk_create(
        [CurrentRun(kind=run.kind, period=run.period, scheme_version=run.scheme_version, run=run)],
        update_conflicts=True,
        unique_fields=["kind", "period", "scheme_version"],
        update_fields=["run", "since", "differs_since"],
    )


def _conflicts(measuring: Measuring, lease: Lease) -> list[list[Any]]:
    known = {Conflict(key, tuple(ids)) for key, ids in lease.result["conflicts"]}
    return [[one.key, list(one.thresholds)] for one in listed(known | measuring.resolver.conflicts)]


def _named(conflicts: list[list[Any]]) -> list[dict[str, Any]]:
    """Conflicts as the run's result tells them: public ids."""
    named = Threshold.objects.filter(pk__in={pk for _key, pks in conflicts for pk in pks})
    ids = dict(named.values_list("pk", "public_id"))
    return [{"key": key, "thresholds": [str(ids[pk]) for pk in pks]} for key, pks in conflicts]


def clean_up(period: Period) -> None:
    """Drop the cards of a period's runs that nobody reads any more; the runs themselves are kept.

    What current scores rest on is read until they are reckoned anew: their explanations show it. Scores that
    another version of their scheme takes over stay until its run is done, for it takes their addresses over too.
    """
    unread = Run.objects.filter(period=period, current__isnull=True).exclude(job__state__in=Job.UNFINISHED)
    scored_anew = Run.objects.filter(period=period, kind=RunKind.SCORE, job__state__in=Job.UNFINISHED)
    unread = unread.exclude(scheme_version__scheme__in=scored_anew.values("scheme_version__scheme"))
    ScoreCard.objects.filter(run__in=unread).delete()
    ScoreRollUp.objects.filter(run__in=unread).delete()
    MeasureCard.objects.filter(run__in=unread.exclude(scorings__current__isnull=False)).delete()


def sweep() -> None:
    """Do what waits: runs whose wake-up or worker was lost, and marked places. Cheap when nothing waits.

    Any number may be called at once: one works, the others return, and the one that works looks again after it has
    let go of the lock, so no mark waits for the next call.
    """
    for run_id in Run.objects.filter(job__in=Job.objects.filter(jobs.waiting())).values_list(
        "public_id", flat=True
    ):
        try:
            execute_run(run_id)
        except Exception:
            # Its job keeps the reason; the other runs and the marks must not wait for it.
            logger.exception("run %s failed", run_id)
    for _round in range(MAX_ROUNDS):
        if not (show_marks() or compare_closed()):
            return


def show_marks() -> bool:
    """Bring marked places up to date in the open periods; whether there were any that could be."""
    if not DirtyMark.objects.filter(is_shown=False).exists():
        return False
    with transaction.atomic():
        if not _may_sweep(_running().filter(run__period__closed_at__isnull=True)):
            return False
        currents = _currents(closed=False)
        positions = register(slots())
        if _outgrown(currents, positions):
            return False
        division_ids = _taken(
            "UPDATE communities_dirtymark SET is_shown = true WHERE NOT is_shown RETURNING division_id"
        )
        for current in currents:
            scoring.follow_versions(current.run, anew=False)
            if refresh(current.run, division_ids, positions):
                scoring.refresh_scores(current.run, division_ids, positions)
                CurrentRun.objects.filter(pk=current.pk).update(since=timezone.now())
    return True


def compare_closed() -> bool:
    """Take away marks that are shown, after noting closed periods which their places' rows no longer yield."""
    if not DirtyMark.objects.filter(is_shown=True).exists():
        return False
    with transaction.atomic():
        if not _may_sweep(_running()):
            return False
        division_ids = _taken("DELETE FROM communities_dirtymark WHERE is_shown RETURNING division_id")
        for current in _currents(closed=True):
            if current.differs_since is None and differs(current.run, division_ids):
                current.differs_since = timezone.now()
                current.save(update_fields=["differs_since"])
    return True


def _currents(*, closed: bool) -> list[CurrentRun]:
    currents = CurrentRun.objects.filter(kind=RunKind.MEASURE, period__closed_at__isnull=not closed)
    return list(currents.select_related("run__period", "run__job"))


def _outgrown(currents: Sequence[CurrentRun], positions: Mapping[str, int]) -> bool:
    """Whether the catalogue has grown since a run: its cards lack slots and are not added to, but measured anew."""
    size = max(positions.values(), default=-1) + 1
    old = [current for current in currents if current.run.job.result.get("slots") != size]
    for current in old:
        request_run(period=current.period, by=None)
    return bool(old)


def _running() -> Any:
    return Job.objects.filter(kind__in=(JOB_KIND, scoring.JOB_KIND), state=JobState.RUNNING)


def _may_sweep(running: Any) -> bool:
    """Whether nobody else sweeps and no run is being done that would read around us; held to the commit."""
    return try_lock_measuring() and not running.exists()


def try_lock_measuring() -> bool:
    """Whether no sweep works and no run is just being taken; if so, none does until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_MEASURING_LOCK])
        return bool(cursor.fetchone()[0])


def _lock_measuring() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MEASURING_LOCK])


def _taken(statement: str) -> list[int]:
    """Places of the marks that a statement takes."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted({division_id for (division_id,) in cursor.fetchall()})
