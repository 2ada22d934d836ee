"""Score cards: what a version of a scheme gave to a place in a period, and how those below a place fared."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.base.models import NewPublicId
from communities.base.querysets import DivisionScopedQuerySet
from communities.base.roles import Action
from communities.models import Division, Period
from portal.scorecards.models.cards import Run
from portal.scorecards.models.schemes import RatingSchemeVersion


class ScoreCardQuerySet(DivisionScopedQuerySet):
    read_action = Action.COMPARE

    def current(self) -> ScoreCardQuerySet:
        """Of the runs that readers see."""
        return self.filter(run__current__isnull=False)


class Scored(models.Model):
    """What both tables name; no key constraints, for the reason that measure cards have none."""

    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    parent = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        Period, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    scheme_version = models.ForeignKey(
        RatingSchemeVersion, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    computed_at = models.DateTimeField()

    objects = ScoreCardQuerySet.as_manager()

    class Meta:
        abstract = True


class ScoreCard(Scored):
    """The score of one place: a row exists only where a scheme of its level ran.

    ``points`` are hundredths by item in the order of the version, NULL where the item was dropped; ``absent`` lists
    the items (from 1) that did not apply, so that what their policy gave them can be told from what was earned.
    ``total`` NULL: no item applied. ``grade`` counts from 1, the highest; NULL: none. ``vetoes`` has a bit for each
    veto that holds, the first being bit 0. ``classes`` are the place's building, location and community class on
    the anchor day. ``rank`` is among the ``peers`` places of one city that have the same class where the version
    tells them apart: equal totals share a rank, and the next one is skipped.
    """

    public_id = models.UUIDField(db_default=NewPublicId(), editable=False)
    points = ArrayField(models.IntegerField(null=True), default=list)
    absent = ArrayField(models.SmallIntegerField(), default=list)
    total = models.BigIntegerField(_("总分"), null=True)
    grade = models.PositiveSmallIntegerField(_("等级"), null=True)
    vetoes = models.BigIntegerField(_("否决事项"), default=0)
    classes = ArrayField(models.CharField(max_length=20), default=list)
    rank = models.PositiveIntegerField(_("名次"), null=True)
    peers = models.PositiveIntegerField(_("同组数"), default=0)

    class Meta(Scored.Meta):
        verbose_name = _("评分卡")
        verbose_name_plural = _("评分卡")
        constraints = [
            models.UniqueConstraint(fields=["run", "division"], name="scorecard_one_per_place"),
            models.UniqueConstraint(fields=["run", "public_id"], name="scorecard_public_id"),
        ]
        indexes = [models.Index(fields=["run", "parent"], name="scorecard_children")]

    def __str__(self) -> str:
        return f"{self.division_id} {self.period_id}"


class ScoreRollUp(Scored):
    """How the scored places below a place fared: how many, the sum of their totals, how many got which grade.

    ``grades`` has one count for each grade, the highest first, and last those without one.
    """

    scored = models.PositiveIntegerField(_("参评数"))
    total = models.BigIntegerField(_("总分合计"))
    grades = ArrayField(models.IntegerField(), default=list)

    class Meta(Scored.Meta):
        verbose_name = _("评分汇总")
        verbose_name_plural = _("评分汇总")
        constraints = [models.UniqueConstraint(fields=["run", "division"], name="scorerollup_one_per_place")]
        indexes = [models.Index(fields=["run", "parent"], name="scorerollup_children")]

    def __str__(self) -> str:
        return f"{self.division_id} {self.period_id}"
