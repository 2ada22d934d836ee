"""What one may ask of figures and runs."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from communities.base.filters import PickFilter, PlaceFilter, RegisterFilterSet
from communities.base.measures import Outcome
from communities.base.roles import Action
from communities.choices import LEVEL_CODES, JobState, Level
from communities.models import Division, Period
from portal.scorecards.catalogue import INDICATORS
from portal.scorecards.models import RunKind
from portal.scorecards.rows import SubjectOrder

INDICATOR_CODES = [(indicator.code, indicator.name) for indicator in INDICATORS.values()]


class PeriodField(forms.CharField):
    """A period by its code: 2026Q3."""

    def clean(self, value: Any) -> Period | None:
        code = super().clean(value)
        return period_of(code) if code else None


def period_of(code: str) -> Period:
    """Raises ValidationError for a period that does not exist; periods are no secret."""
    period: Period | None = Period.objects.live().filter(code=code).first()
    if period is None:
        raise ValidationError(_("没有这个报告期。"), code="unknown_period")
    return period


@extend_schema_field(OpenApiTypes.STR)
class PeriodFilter(django_filters.Filter):
    field_class = PeriodField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=7, **kwargs)


class IndicatorValueFilterSet(RegisterFilterSet):
    """Figures of places in one's own city."""

    action: ClassVar[Action] = Action.COMPARE

    indicator = PickFilter(label=_("指标"), choices=INDICATOR_CODES, method="only_read")
    division = PlaceFilter(label=_("地区"), method="of_place")
    parent = PlaceFilter(label=_("上级地区(取其直接下级)"), method="of_children")
    level = PickFilter(
        field_name="division__level", label=_("层级"), choices=LEVEL_CODES, coerce=Level.from_code
    )
    period = PeriodFilter(field_name="period", label=_("报告期"))

    def of_place(self, queryset: QuerySet, _name: str, value: Division) -> QuerySet:
        return queryset.filter(division=value)

    def of_children(self, queryset: QuerySet, _name: str, value: Division) -> QuerySet:
        """The places directly below, by the tree on the day of the card."""
        return queryset.filter(parent=value)


class RowsBehindFilterSet(RegisterFilterSet):
    """The rows behind one figure; they stay in one's own scope."""

    indicator = PickFilter(label=_("指标"), choices=INDICATOR_CODES, required=True, method="only_read")
    division = PlaceFilter(label=_("地区"), required=True, method="only_read")
    period = PeriodFilter(label=_("报告期"), required=True, method="only_read")


class SubjectsBehindFilterSet(RowsBehindFilterSet):
    outcome = PickFilter(
        label=_("结果"),
        choices=[(str(outcome), str(outcome)) for outcome in Outcome],
        coerce=Outcome,
        method="only_read",
    )
    ordering = PickFilter(
        label=_("排序(默认按地区;-gap 差额最大的在前)"),
        choices=[(str(order), str(order)) for order in SubjectOrder],
        coerce=SubjectOrder,
        method="only_read",
    )


class SourcesBehindFilterSet(RowsBehindFilterSet):
    part = PickFilter(
        label=_("分子或分母"),
        choices=[("numerator", _("分子")), ("denominator", _("分母"))],
        required=True,
        method="only_read",
    )


class RunFilterSet(RegisterFilterSet):
    action: ClassVar[Action] = Action.COMPARE

    kind = PickFilter(field_name="kind", label=_("类型"), choices=RunKind.choices)
    period = PeriodFilter(field_name="period", label=_("报告期"))
    state = PickFilter(field_name="job__state", label=_("状态"), choices=JobState.choices)
