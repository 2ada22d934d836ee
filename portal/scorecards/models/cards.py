"""Cards and runs: measured figures in integer arrays, rolled up to every place."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId
from communities.base.querysets import DivisionScopedQuerySet
from communities.base.roles import Action
from communities.models import Division, Job, Period


class MeasureSlot(models.Model):
    """A position in the arrays of measure cards. Append-only: a position is never used again."""

    code = models.CharField(max_length=100, unique=True, db_collation="C")
    position = models.PositiveIntegerField(unique=True)

    class Meta:
        verbose_name = _("指标槽位")
        verbose_name_plural = _("指标槽位")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position} {self.code}"


class TargetSet(models.Model):
    """The standards resolved for one profile of communities, stored once and named on its cards.

    ``targets`` maps a threshold key to ``{threshold, operator, low, high, step, step_households}``, numbers as
    strings; a key without a standard is absent.
    """

    digest = models.CharField(max_length=64, unique=True, db_collation="C")
    targets = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("标准组合")
        verbose_name_plural = _("标准组合")

    def __str__(self) -> str:
        return self.digest[:12]


class RunKind(models.TextChoices):
    MEASURE = "measure", _("测算")
    SCORE = "score", _("评分")


class RunQuerySet(models.QuerySet):
    def visible_to(self, user: Any, action: Action | None = None) -> RunQuerySet:
        """A run covers all places and shows none of their rows: readable by whoever may compare."""
        return self if user.spans(action or Action.COMPARE) else self.none()


class Run(models.Model):
    """One computation of all cards of a period, done by a job: measures, or scores by a version of a scheme.

    A scoring run reads the cards of the measuring run ``measured``, which are kept as long as it is current.
    ``anchor_date`` is the day on which stock counts: the last day of a closed period, the day of the run in an
    open one. A run's cards are readable only once it is current (:class:`CurrentRun`).
    """

    public_id = models.UUIDField(db_default=NewPublicId(), unique=True, editable=False)
    kind = models.CharField(_("类型"), max_length=10, choices=RunKind.choices, default=RunKind.MEASURE)
    period = models.ForeignKey(
        Period, verbose_name=_("报告期"), on_delete=models.PROTECT, related_name="runs"
    )
    scheme_version = models.ForeignKey(
        "scorecards.RatingSchemeVersion",
        verbose_name=_("评分表版本"),
        on_delete=models.PROTECT,
        null=True,
        related_name="runs",
    )
    measured = models.ForeignKey(
        "self", verbose_name=_("所据测算"), on_delete=models.PROTECT, null=True, related_name="scorings"
    )
    anchor_date = models.DateField(_("基准日"))
    job = models.OneToOneField(Job, verbose_name=_("任务"), on_delete=models.PROTECT, related_name="run")
    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    computed_at = models.DateTimeField(_("完成时间"), null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("测算")
        verbose_name_plural = _("测算")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=RunKind.MEASURE, scheme_version__isnull=True, measured__isnull=True)
                | Q(kind=RunKind.SCORE, scheme_version__isnull=False),
                name="run_fits_its_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.anchor_date:%Y-%m-%d}"


class CurrentRun(models.Model):
    """Which run readers see for a period, and for scores a version of a scheme.

    Moved in one statement when a run is complete.
    """

    kind = models.CharField(max_length=10, choices=RunKind.choices)
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="+")
    scheme_version = models.ForeignKey(
        "scorecards.RatingSchemeVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="current")
    since = models.DateTimeField(auto_now=True)
    # A closed period is not recomputed; this says since when its rows would give other figures.
    differs_since = models.DateTimeField(_("与已公布数据不一致起"), null=True)

    class Meta:
        verbose_name = _("现行测算")
        verbose_name_plural = _("现行测算")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "period", "scheme_version"],
                nulls_distinct=False,
                name="currentrun_one_per_period",
            )
        ]

    def __str__(self) -> str:
        return f"{self.period}"


class MeasureCardQuerySet(DivisionScopedQuerySet):
    read_action = Action.COMPARE

    def current(self) -> MeasureCardQuerySet:
        """Cards of the runs that readers see."""
        return self.filter(run__current__isnull=False)


class MeasureCard(models.Model):
    """All measured values of one place in one period, in base units, by slot.

    ``values`` has NULL where nothing was measured (a slot younger than the card). Cards of places above
    community level hold sums over the communities that lay below them on the anchor date; ``parent`` is the place
    directly above on that date, so a place's card is the sum of the cards that name it.
    """

    public_id = models.UUIDField(db_default=NewPublicId(), editable=False)
    # No key constraints: five look-ups a row would cost more than measuring it, and only the engine writes here,
    # by INSERT ... SELECT from the very rows that the keys name.
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="cards", db_index=False, db_constraint=False
    )
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    parent = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        Period, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    values = ArrayField(models.BigIntegerField(null=True), default=list)
    target_set = models.ForeignKey(
        TargetSet, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    anchor_date = models.DateField()
    computed_at = models.DateTimeField()

    objects = MeasureCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("指标卡")
        verbose_name_plural = _("指标卡")
        constraints = [
            models.UniqueConstraint(fields=["run", "division"], name="measurecard_one_per_place"),
            models.UniqueConstraint(fields=["run", "public_id"], name="measurecard_public_id"),
        ]
        indexes = [models.Index(fields=["run", "parent"], name="measurecard_children")]

    def __str__(self) -> str:
        return f"{self.division_id} {self.period_id}"
