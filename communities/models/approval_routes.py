"""In which steps things are decided, and when nothing is: routes and freezes."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from communities.base.approvals import check_decides, check_subject, subject_names
from communities.base.models import Row, not_empty, unique_live
from communities.base.places import ancestor_ids
from communities.base.querysets import valid_on
from communities.choices import Level, OrganisationKind
from communities.models.access import ROLE_CHOICES
from communities.models.divisions import Division
from communities.querysets import RuleBookQuerySet


class ApprovalRoute(Row):
    """In which steps things of one kind are decided in a jurisdiction, for those submitted while it is in force.

    The nearest place at or above that of the case which has a route decides (as with thresholds).
    """

    kind = models.CharField(_("事项"), max_length=40, validators=[check_subject])
    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("适用地区"), on_delete=models.PROTECT, related_name="approval_routes"
    )
    valid = DateRangeField(_("施行期间"))
    note = models.CharField(_("依据"), max_length=200, blank=True)

    constraint_fields = {"approvalroute_valid_not_empty": "valid", "approvalroute_no_overlap": "valid"}

    objects = RuleBookQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批流程")
        verbose_name_plural = _("审批流程")
        ordering = ["kind", "jurisdiction", "valid"]
        constraints = [
            not_empty("valid", "approvalroute_valid_not_empty"),
            ExclusionConstraint(
                name="approvalroute_no_overlap",
                expressions=[
                    (F("kind"), RangeOperators.EQUAL),
                    (F("jurisdiction"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=Q(deleted_at__isnull=True),
                violation_error_message=_("同一地区的同一事项，流程的施行期间不能重叠。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jurisdiction} {self.subject_name}"

    @property
    def subject_name(self) -> str:
        return subject_names([self.kind])

    def scope_division_id(self) -> int:
        return self.jurisdiction_id


class Stage(models.Model):
    """Who decides at a step: so many holders of a role at the place of a level, of one kind of organisation."""

    position = models.PositiveSmallIntegerField(_("顺序"))
    name = models.CharField(_("步骤"), max_length=40)
    role = models.CharField(_("角色"), max_length=40, choices=ROLE_CHOICES, validators=[check_decides])
    level = models.PositiveSmallIntegerField(_("层级"), choices=Level.choices)
    organisation_kind = models.CharField(
        _("机构类别"), max_length=30, choices=OrganisationKind.choices, blank=True
    )
    needed = models.PositiveSmallIntegerField(
        _("须同意人数"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    working_days = models.PositiveSmallIntegerField(
        _("办理时限(工作日)"), default=5, validators=[MinValueValidator(1), MaxValueValidator(250)]
    )

    class Meta:
        abstract = True


class ApprovalStepQuerySet(RuleBookQuerySet):
    jurisdiction = "route__jurisdiction"


class ApprovalStep(Stage, Row):
    """A step of a route, asked for where its conditions hold: an amount in yuan, the level of the place."""

    route = models.ForeignKey(
        ApprovalRoute, verbose_name=_("审批流程"), on_delete=models.PROTECT, related_name="steps"
    )
    amount_from = models.DecimalField(
        _("金额不低于(元)"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    amount_below = models.DecimalField(
        _("金额低于(元)"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    subject_levels = ArrayField(
        models.PositiveSmallIntegerField(choices=Level.choices),
        verbose_name=_("只对这些层级的事项"),
        default=list,
        blank=True,
    )

    part_of = "route"
    constraint_fields = {"approvalstep_unique": "position", "approvalstep_amounts": "amount_from"}

    objects = ApprovalStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批步骤")
        verbose_name_plural = _("审批步骤")
        ordering = ["position", "pk"]
        constraints = [
            unique_live(
                "route", "position", name="approvalstep_unique", message=_("同一流程的步骤顺序不能相同。")
            ),
            models.CheckConstraint(
                condition=Q(amount_from__isnull=True)
                | Q(amount_below__isnull=True)
                | Q(amount_from__lt=F("amount_below")),
                name="approvalstep_amounts",
                violation_error_message=_("金额的下限须小于上限。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.name}"

    @property
    def conditions_text(self) -> str:
        """When the step is asked for, in people's words."""
        parts = ["、".join(str(Level(level).label) for level in self.subject_levels)]
        if self.amount_from is not None:
            parts.append(str(_("金额不低于 %(amount)s 元") % {"amount": f"{self.amount_from:,.2f}"}))
        if self.amount_below is not None:
            parts.append(str(_("金额低于 %(amount)s 元") % {"amount": f"{self.amount_below:,.2f}"}))
        return "；".join(filter(None, parts)) or str(_("全部"))

    def is_asked(self, amount: Any, level: int) -> bool:
        """Whether the conditions hold; a step that hangs on an amount is asked where none is known."""
        if self.subject_levels and level not in self.subject_levels:
            return False
        if amount is None:
            return True
        return (self.amount_from is None or amount >= self.amount_from) and (
            self.amount_below is None or amount < self.amount_below
        )


class ApprovalFreezeQuerySet(RuleBookQuerySet):
    def holding(self, kind: str, division: Division, day: dt.date) -> Self:
        """Freezes that stop a kind of thing at a place on a day."""
        above = ancestor_ids(division.path_now)
        return self.live().filter(
            valid_on(day), Q(kinds=[]) | Q(kinds__contains=[kind]), jurisdiction__in=above
        )


class ApprovalFreeze(Row):
    """A time in which nothing is submitted or decided in a jurisdiction (冻结期), as while a year's books close.

    Its days do not count towards terms that begin before or in it, as far as it is known when they begin.
    """

    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("适用地区"), on_delete=models.PROTECT, related_name="approval_freezes"
    )
    valid = DateRangeField(_("冻结期间"))
    kinds = ArrayField(
        models.CharField(max_length=40, validators=[check_subject]),
        verbose_name=_("只冻结这些事项"),
        default=list,
        blank=True,
    )
    reason = models.CharField(_("原因"), max_length=200)

    constraint_fields = {"approvalfreeze_valid_not_empty": "valid", "approvalfreeze_has_ends": "valid"}

    objects = ApprovalFreezeQuerySet.as_manager()

    class Meta:
        verbose_name = _("审批冻结期")
        verbose_name_plural = _("审批冻结期")
        ordering = ["-valid"]
        constraints = [
            not_empty("valid", "approvalfreeze_valid_not_empty"),
            models.CheckConstraint(
                condition=Q(valid__startswith__isnull=False, valid__endswith__isnull=False),
                name="approvalfreeze_has_ends",
                violation_error_message=_("冻结期须写明起止日期。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jurisdiction} {self.reason}"

    def scope_division_id(self) -> int:
        return self.jurisdiction_id
