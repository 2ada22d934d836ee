"""The calendar by which terms in working days are counted."""

from __future__ import annotations

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.base.models import Row, not_in_future, unique_live
from communities.base.querysets import RowQuerySet
from communities.base.roles import Action
from communities.base.working_days import SATURDAY, WorkingDays
from communities.models.access import holds_highest


class CalendarQuerySet(RowQuerySet):
    def visible_to(self, user: Any, action: Action | None = None) -> Self:
        """For everybody who reads registers; written by the highest standards officers, for it holds everywhere."""
        wanted = action or Action.VIEW
        may = user.spans(wanted) if wanted == Action.VIEW else holds_highest(user, wanted)
        return self if may else self.none()


class HolidayScheduleQuerySet(CalendarQuerySet):
    searched = ("number__icontains",)
    searched_by = _("输入文号查找")

    def working_days(self) -> WorkingDays:
        """The calendar as it is known: one question."""
        live = self.live()
        days = SpecialDay.objects.live().filter(schedule__in=live).values_list("day", "is_worked")
        known = list(days)
        return WorkingDays(
            off=frozenset(day for day, is_worked in known if not is_worked),
            on=frozenset(day for day, is_worked in known if is_worked),
            years=frozenset(live.values_list("year", flat=True)),
        )


class HolidaySchedule(Row):
    """What the State Council's office published about the holidays of one year (节假日安排).

    A year without one is counted by weekends alone, and terms that touch it say so.
    """

    year = models.PositiveSmallIntegerField(
        _("年份"), validators=[MinValueValidator(2000), MaxValueValidator(2100)]
    )
    number = models.CharField(_("文号"), max_length=100)
    issued_on = models.DateField(_("发文日期"), null=True, blank=True, validators=[not_in_future])

    constraint_fields = {"holidayschedule_unique": "year"}

    objects = HolidayScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("节假日安排")
        verbose_name_plural = _("节假日安排")
        ordering = ["-year"]
        constraints = [
            unique_live("year", name="holidayschedule_unique", message=_("这一年的节假日安排已经录入。"))
        ]

    def __str__(self) -> str:
        return f"{self.year} 年"


class SpecialDay(Row):
    """A day that is not what its weekday says: a holiday, or a weekend that is worked instead of one (调休)."""

    schedule = models.ForeignKey(
        HolidaySchedule, verbose_name=_("节假日安排"), on_delete=models.PROTECT, related_name="days"
    )
    day = models.DateField(_("日期"))
    is_worked = models.BooleanField(_("上班"), default=False, help_text=_("周末调休上班的日子选“是”。"))
    name = models.CharField(_("名称"), max_length=20)

    part_of = "schedule"
    constraint_fields = {"specialday_unique": "day"}

    objects = CalendarQuerySet.as_manager()

    class Meta:
        verbose_name = _("特殊日期")
        verbose_name_plural = _("特殊日期")
        ordering = ["day"]
        constraints = [unique_live("day", name="specialday_unique", message=_("这一天已经录入。"))]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"

    def clean(self) -> None:
        if self.is_worked and self.day is not None and self.day.weekday() < SATURDAY:
            raise ValidationError({"is_worked": _("只有周末才会调休上班。")}, code="weekday")
