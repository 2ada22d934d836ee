"""Premises (社区用房): rooms with kind, tenure, functions and dates (E-024, E-025; traps S-002, S-003)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.contrib.postgres.fields import DateRangeField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from communities.base.models import Placement, Row, not_in_future, unique_live
from communities.base.querysets import DivisionScopedQuerySet
from communities.choices import Condition, LossReason, PremisesFunction, PremisesKind, Tenure
from communities.models.committees import Committee
from communities.models.divisions import Division
from communities.querysets import PremisesQuerySet

# Held by a trigger at the end of an act, in which rooms and zones may both change.
ZONES_FIT = {"premises_functions_fit": _("各功能分区面积合计不能超过用房面积。")}
MAX_AREA = Decimal(100000)
AREA_BOUNDS = [
    MinValueValidator(Decimal("0.01"), message=_("面积须大于 0 平方米。")),
    MaxValueValidator(MAX_AREA, message=_("面积不能超过 100,000 平方米。")),
]


def committee_of_place(committee: Committee | None, division_id: int | None) -> None:
    """Row rule: a committee that is named must stand in the same community."""
    if committee is not None and division_id is not None and committee.division_now_id != division_id:
        raise ValidationError({"committee": _("所填委员会不在该社区。")})


class DayRange(Func):
    """The half-open range of days from ``obtained_on`` up to, not including, ``lost_on``."""

    function = "daterange"
    output_field = DateRangeField()


class Premises(Row):
    """One set of rooms of a community.

    ``obtained_on`` empty means "before our records"; ``lost_on`` is the first day on which the rooms are no
    longer there, so they count through the day before. Office rooms name the committee that uses them; service
    and activity rooms may serve the whole community. Rooms that are only a stopgap (after a demolition, R-020)
    are marked temporary with a due date.
    """

    name = models.CharField(_("用房名称"), max_length=100)
    kind = models.CharField(_("用途"), max_length=20, choices=PremisesKind.choices)
    division_now = models.ForeignKey(
        Division, verbose_name=_("所在社区"), on_delete=models.PROTECT, related_name="premises_now"
    )
    committee = models.ForeignKey(
        Committee,
        verbose_name=_("使用单位"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="premises",
        help_text=_("办公用房必须填写；公益性服务用房为整个社区服务时不填。"),
    )
    area = models.DecimalField(_("建筑面积"), max_digits=12, decimal_places=2, validators=AREA_BOUNDS)
    tenure = models.CharField(_("权属方式"), max_length=20, choices=Tenure.choices)
    address = models.CharField(_("地址"), max_length=200, blank=True)
    floor = models.CharField(_("楼层"), max_length=20, blank=True)
    condition = models.CharField(_("房屋状况"), max_length=20, choices=Condition.choices, blank=True)
    obtained_on = models.DateField(_("取得日期"), null=True, blank=True, validators=[not_in_future])
    lost_on = models.DateField(_("失去日期"), null=True, blank=True)
    lost_reason = models.CharField(_("失去原因"), max_length=20, choices=LossReason.choices, blank=True)
    valid = models.GeneratedField(
        expression=DayRange(F("obtained_on"), F("lost_on"), Value("[)")),
        output_field=DateRangeField(_("持有期")),
        db_persist=True,
    )
    is_temporary = models.BooleanField(_("临时过渡用房"), default=False)
    temporary_until = models.DateField(_("过渡期限"), null=True, blank=True)
    is_zoned = models.BooleanField(_("功能分区"), default=False)
    has_open_counter = models.BooleanField(_("敞开式办公"), default=False)
    is_one_door = models.BooleanField(_("一门式服务"), default=False)

    affects = ("division_now",)
    clean_reads = ("division_now", "committee")
    told_apart_by = "division_now__code_now"
    trigger_messages = ZONES_FIT
    constraint_fields = {
        "premises_functions_fit": "area",
        "premises_area_in_range": "area",
        "premises_dates_in_order": "lost_on",
        "premises_loss_has_reason": "lost_reason",
        "premises_temporary_has_due_date": "temporary_until",
        "premises_office_has_committee": "committee",
    }

    objects = PremisesQuerySet.as_manager()

    class Meta:
        verbose_name = _("社区用房")
        verbose_name_plural = _("社区用房")
        ordering = ["division_now__path_now", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(area__gt=0, area__lte=MAX_AREA),
                name="premises_area_in_range",
                violation_error_message=_("建筑面积须大于 0 且不超过 100,000 平方米。"),
            ),
            models.CheckConstraint(
                condition=Q(obtained_on__isnull=True)
                | Q(lost_on__isnull=True)
                | Q(lost_on__gt=F("obtained_on")),
                name="premises_dates_in_order",
                violation_error_message=_("失去日期须晚于取得日期。"),
            ),
            models.CheckConstraint(
                condition=Q(lost_on__isnull=True, lost_reason="")
                | (Q(lost_on__isnull=False) & ~Q(lost_reason="")),
                name="premises_loss_has_reason",
                violation_error_message=_("失去日期和失去原因须同时填写。"),
            ),
            models.CheckConstraint(
                condition=Q(is_temporary=False, temporary_until__isnull=True)
                | Q(is_temporary=True, temporary_until__isnull=False),
                name="premises_temporary_has_due_date",
                violation_error_message=_("临时过渡用房须填写过渡期限，其他用房不填。"),
            ),
            models.CheckConstraint(
                condition=~Q(kind=PremisesKind.OFFICE) | Q(committee__isnull=False),
                name="premises_office_has_committee",
                violation_error_message=_("办公用房须填写使用单位。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        committee_of_place(self.committee, self.division_now_id)


class PremisesPlacement(Placement):
    """The community in which rooms stood, by period."""

    thing = models.ForeignKey(
        Premises, verbose_name=_("用房"), on_delete=models.CASCADE, related_name="placements"
    )

    class Meta:
        verbose_name = _("用房所在地")
        verbose_name_plural = _("用房所在地")
        constraints = [*Placement.one_place_at_a_time("thing", "premisesplacement")]


class FunctionAreaQuerySet(DivisionScopedQuerySet):
    scope_path = "premises__division_now__path_now"


class PremisesFunctionArea(Row):
    """A function zone within premises (E-025); all zones together never exceed the rooms' area (a trigger)."""

    premises = models.ForeignKey(
        Premises, verbose_name=_("用房"), on_delete=models.PROTECT, related_name="functions"
    )
    function = models.CharField(_("功能"), max_length=20, choices=PremisesFunction.choices)
    area = models.DecimalField(_("面积"), max_digits=12, decimal_places=2, validators=AREA_BOUNDS)

    part_of = "premises"
    trigger_messages = ZONES_FIT
    constraint_fields = {
        "premises_functions_fit": "area",
        "premisesfunctionarea_unique": "function",
        "premisesfunctionarea_area_in_range": "area",
    }

    objects = FunctionAreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("功能分区")
        verbose_name_plural = _("功能分区")
        ordering = ["premises", "function"]
        constraints = [
            unique_live(
                "premises",
                "function",
                name="premisesfunctionarea_unique",
                message=_("同一用房的同一功能只能登记一次。"),
            ),
            models.CheckConstraint(
                condition=Q(area__gt=0, area__lte=MAX_AREA),
                name="premisesfunctionarea_area_in_range",
                violation_error_message=_("面积须大于 0 且不超过 100,000 平方米。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_function_display()} {self.area} m²"

    def affected_divisions(self) -> Iterable[int]:
        return (self.premises.division_now_id,)


class PremisesNilStatement(Row):
    """A dated statement that a community or committee has no rooms of a kind: reported, and zero.

    Without rooms and without a statement nothing was reported, which is a different outcome.
    """

    division = models.ForeignKey(
        Division, verbose_name=_("社区"), on_delete=models.PROTECT, related_name="premises_nil_statements"
    )
    committee = models.ForeignKey(
        Committee,
        verbose_name=_("委员会"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="premises_nil_statements",
        help_text=_("不填表示整个社区。"),
    )
    kind = models.CharField(_("用途"), max_length=20, choices=PremisesKind.choices)
    stated_on = models.DateField(_("申明日期"), validators=[not_in_future])
    note = models.CharField(_("说明"), max_length=200, blank=True)

    # Where it was stated, and where the committee stands now, should that have moved since.
    affects = ("division", "committee__division_now")
    clean_reads = ("division", "committee")
    constraint_fields = {"premisesnilstatement_unique": "stated_on"}

    objects = DivisionScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("无用房申明")
        verbose_name_plural = _("无用房申明")
        ordering = ["division", "-stated_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["division", "committee", "kind", "stated_on"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="premisesnilstatement_unique",
                violation_error_message=_("同一日期的同一申明已登记。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.division} {self.get_kind_display()} {self.stated_on:%Y-%m-%d}"

    def clean(self) -> None:
        committee_of_place(self.committee, self.division_id)
