"""Runs of schemes: asked for once for a period, done by a job over the cards of its measuring run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from communities.actions import jobs
from communities.actions.jobs import Lease
from communities.base.places import Span
from communities.base.querysets import valid_on
from communities.base.roles import Action
from communities.base.wakeup import wake_after_commit
from communities.choices import Level
from communities.models import DivisionRecord, Period
from portal.scorecards.engine.frame import communities_in
from portal.scorecards.models import CurrentRun, RatingSchemeVersion, Run, RunKind, ScoreCard
from portal.scorecards.scoring.writing import Scoring

JOB_KIND = "score"
RUN_TASK = "portal.scorecards.run"
# Communities from which on a territory is scored province by province.
MANY = 50_000


def request_score_run(version: RatingSchemeVersion, period: Period, *, by: Any) -> Run:
    """The unfinished run of a version for a period, begun now if there is none. ``by`` None: after a measuring run.

    Raises PermissionDenied for who may not run, ValidationError for a draft, for a period in which the version is
    not in force or that is not measured yet, and for a closed period that has its scores.
    """
    if by is not None and not by.may(Action.RUN):
        raise PermissionDenied(_("您没有发起评分的权限。"))
    if not version.is_published:
        raise ValidationError(_("评分表的这一版还没有发布，只能试算。"), code="draft")
    with transaction.atomic():
        period = Period.objects.select_for_update(no_key=True).get(pk=period.pk)
        measured = (
            CurrentRun.objects.filter(kind=RunKind.MEASURE, period=period).select_related("run").first()
        )
        if measured is None:
            raise ValidationError(_("该报告期尚无测算结果，请先测算。"), code="not_measured")
        if measured.run.anchor_date not in version.valid:
            told = _("%(version)s在该报告期的基准日不施行。") % {"version": version}
            raise ValidationError(told, code="not_in_force")
        scored = CurrentRun.objects.filter(kind=RunKind.SCORE, period=period, scheme_version=version)
        if period.is_closed and scored.exists():
            raise ValidationError(_("报告期已关闭，不再评分。"), code="closed")
        job, made = jobs.enqueue(
            key=f"{RunKind.SCORE}:{version.public_id}:{period.code}",
            kind=JOB_KIND,
            params={"period": period.code, "scheme_version": str(version.public_id)},
            by=by,
        )
        if made:
            Run.objects.create(
                kind=RunKind.SCORE,
                period=period,
                scheme_version=version,
                measured=measured.run,
                anchor_date=measured.run.anchor_date,
                job=job,
            )
        run = Run.objects.select_related("job", "period", "current", "scheme_version").get(job=job)
        wake_after_commit(RUN_TASK, str(run.public_id))
    return run


def versions_in_force(measured: Run) -> list[RatingSchemeVersion]:
    """The published versions that score the period of a measuring run."""
    published = RatingSchemeVersion.objects.published().filter(
        valid_on(measured.anchor_date), scheme__deleted_at__isnull=True
    )
    return list(published.select_related("scheme").order_by("pk"))


def score(run: Run, lease: Lease, become_current: Any) -> None:
    """Do a scoring run, or go on with it where a worker left it."""
    take_newest(run)
    scoring = Scoring(run)
    if lease.result.get("measured") != run.measured_id:
        _plan(scoring, lease)
    ranges = lease.result["ranges"]
    replaced = _replaced(run)
    for number in range(lease.result["ranges_done"], max(len(ranges), 1)):
        with transaction.atomic():
            jobs.hold(lease)
            if number == 0:
                scoring.forget()  # what a worker wrote from figures that have been replaced since
            spans = [Span(*span) for span in ranges[number]] if ranges else []
            done = lease.done + (scoring.write(spans, replaced) if spans else 0)
            lease.result["ranges_done"] = number + 1
            if number + 1 < len(ranges):
                jobs.advance(lease, done=done, total=max(lease.total, done))
                continue
            if done > MANY:
                scoring.tell_planner()
            scoring.roll_up()
            become_current(run)
            jobs.finish(lease)


def _replaced(run: Run) -> int | None:
    """The run whose cards hand their addresses on: of the same version, else of the one that it takes over from."""
    same = CurrentRun.objects.filter(
        kind=run.kind, period=run.period_id, scheme_version=run.scheme_version_id
    )
    former = Run.objects.filter(
        Exists(ScoreCard.objects.filter(run=OuterRef("pk"))),
        kind=run.kind,
        period=run.period_id,
        scheme_version__scheme=run.scheme_version.scheme_id,  # type: ignore[union-attr] # a scoring run has one
        computed_at__isnull=False,
    ).exclude(scheme_version=run.scheme_version_id)
    known = same.values_list("run_id", flat=True).first()
    return known or former.order_by("-pk").values_list("pk", flat=True).first()


def take_newest(run: Run) -> None:
    """The figures may have been measured anew since the run was asked for: it reads those that readers see."""
    newest = CurrentRun.objects.select_related("run").get(kind=RunKind.MEASURE, period=run.period_id).run
    if run.measured_id != newest.pk:
        run.measured, run.anchor_date = newest, newest.anchor_date
        run.save(update_fields=["measured", "anchor_date"])


def _plan(scoring: Scoring, lease: Lease) -> None:
    """Cut the territory into ranges that hold whole peer groups: as a whole, or by province where it is large."""
    territory = scoring.territory
    number = communities_in(scoring.day, territory) if territory else 0
    ranges = [list(territory)] if territory else []
    if number > MANY:
        ranges = _by_province(scoring)
    lease.result = {
        "measured": scoring.run.measured_id,
        "ranges": [[list(span) for span in spans] for spans in ranges],
        "ranges_done": 0,
    }
    jobs.advance(lease, done=0, total=number)


def _by_province(scoring: Scoring) -> list[list[Span]]:
    provinces = (
        DivisionRecord.objects.filter(valid_on(scoring.day), division__level=Level.PROVINCE)
        .order_by("path")
        .values_list("path", flat=True)
    )
    (whole,) = scoring.territory
    cuts = [path for path in provinces if whole.covers(path)]
    ends = [*cuts[1:], whole.high]
    starts = [whole.low, *cuts[1:]]
    return [[Span(low, high)] for low, high in zip(starts, ends, strict=True)]


def follow_versions(measured: Run, *, anew: bool) -> None:
    """Scores by versions that are in force no more go; those of the others are asked for where there are none.

    ``anew``: the figures have just been measured, so that all are asked for.
    """
    current = CurrentRun.objects.filter(kind=RunKind.SCORE, period=measured.period)
    in_force = versions_in_force(measured)
    current.exclude(scheme_version__in=in_force).delete()
    scored = set() if anew else set(current.values_list("scheme_version", flat=True))
    for version in in_force:
        if version.pk not in scored:
            request_score_run(version, measured.period, by=None)


def refresh_scores(measured: Run, division_ids: Sequence[int], positions: Mapping[str, int]) -> int:
    """Bring the scores that rest on a measuring run up to date below some places; how many cards changed."""
    current = CurrentRun.objects.filter(kind=RunKind.SCORE, run__measured=measured).select_related(
        "run__scheme_version__scheme", "run__period"
    )
    changed = 0
    for each in current.order_by("scheme_version"):
        changed += Scoring(each.run, positions=positions).refresh(division_ids)
    return changed
