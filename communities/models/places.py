"""Communities as places with dated facts of their own."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row, not_empty, not_in_future, unique_live
from communities.base.querysets import DivisionScopedQuerySet
from communities.choices import (
    BuildingClass,
    CommunityKind,
    CommunityState,
    CountDefinition,
    CountSource,
    Level,
)
from communities.models.divisions import Division
from communities.querysets import DivisionDatedQuerySet, DivisionQuerySet, RuleBookQuerySet


class CommunityManager(models.Manager.from_queryset(DivisionQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> DivisionQuerySet:
        return super().get_queryset().filter(level=Level.COMMUNITY)


class Community(Division):
    """A community (社区): the division of the lowest level, under the same id everywhere."""

    objects = CommunityManager()  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = _("社区")
        verbose_name_plural = _("社区")


class CommunityRecord(Row):
    """Kind, building class and state of a community for a period.

    The building class selects the standard for service rooms, so a renovation closes one record and opens
    the next.
    """

    division = models.ForeignKey(
        Division, verbose_name=_("社区"), on_delete=models.PROTECT, related_name="community_records"
    )
    valid = DateRangeField(_("有效期"))
    kind = models.CharField(_("社区类型"), max_length=20, choices=CommunityKind.choices)
    building_class = models.CharField(_("建设类别"), max_length=20, choices=BuildingClass.choices)
    state = models.CharField(
        _("状态"), max_length=20, choices=CommunityState.choices, default=CommunityState.ACTIVE
    )
    feature = models.CharField(_("一居一特"), max_length=100, blank=True)

    objects = DivisionDatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("社区档案")
        verbose_name_plural = _("社区档案")
        ordering = ["division", "valid"]
        constraints = [
            ExclusionConstraint(
                name="communityrecord_no_overlap",
                expressions=[(F("division"), RangeOperators.EQUAL), (F("valid"), RangeOperators.OVERLAPS)],
                condition=Q(deleted_at__isnull=True),
                violation_error_message=_("同一社区的档案有效期不能重叠。"),
            ),
            not_empty("valid", "communityrecord_valid_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.division} {self.get_building_class_display()}"

    def affected_divisions(self) -> Iterable[int]:
        return (self.division_id,)


class HouseholdCount(Row):
    """Households and residents of a community by one source on one date.

    Sources disagree, so a ratio names the source that it uses (:class:`PreferredCountSource`).
    """

    division = models.ForeignKey(
        Division, verbose_name=_("社区"), on_delete=models.PROTECT, related_name="household_counts"
    )
    source = models.CharField(_("数据来源"), max_length=20, choices=CountSource.choices)
    definition = models.CharField(_("口径"), max_length=20, choices=CountDefinition.choices)
    counted_on = models.DateField(_("数据日期"), validators=[not_in_future])
    households = models.PositiveIntegerField(_("户数"))
    residents = models.PositiveIntegerField(_("人数"))

    affects = ("division",)

    constraint_fields = {"householdcount_unique": "counted_on"}

    objects = DivisionScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("户数和人数")
        verbose_name_plural = _("户数和人数")
        ordering = ["division", "-counted_on"]
        constraints = [
            unique_live(
                "division",
                "source",
                "definition",
                "counted_on",
                name="householdcount_unique",
                message=_("该社区在同一日期、同一来源和口径下已有数据。"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["source", "definition", "division", "counted_on"], name="householdcount_latest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.division} {self.counted_on:%Y-%m-%d}"


class PreferredCountSource(Row):
    """Which source of household counts a jurisdiction's ratios use, by period: a dated decision."""

    jurisdiction = models.ForeignKey(
        Division, verbose_name=_("适用地区"), on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField(_("数据来源"), max_length=20, choices=CountSource.choices)
    definition = models.CharField(_("口径"), max_length=20, choices=CountDefinition.choices)
    valid = DateRangeField(_("有效期"))

    objects = RuleBookQuerySet.as_manager()

    class Meta:
        verbose_name = _("首选户数来源")
        verbose_name_plural = _("首选户数来源")
        constraints = [
            ExclusionConstraint(
                name="preferredcountsource_no_overlap",
                expressions=[
                    (F("jurisdiction"), RangeOperators.EQUAL),
                    (F("valid"), RangeOperators.OVERLAPS),
                ],
                condition=Q(deleted_at__isnull=True),
                violation_error_message=_("同一地区同一时间只能有一个首选来源。"),
            ),
            not_empty("valid", "preferredcountsource_valid_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()}({self.get_definition_display()})"

    def affected_divisions(self) -> Iterable[int]:
        return (self.jurisdiction_id,)
