"""What one may ask the lists of cases and of what routes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.approvals import subject_choices
from communities.base.filters import (
    DayFilter,
    OneOf,
    PickFilter,
    PlaceFilter,
    RegisterFilterSet,
    WordsFilter,
)
from communities.base.querysets import valid_on
from communities.choices import ApprovalState
from communities.filters import AS_OF, PLACE, RuleBookFilterSet, threshold_keys

BOXES = (
    ("to_do", _("待我办理")),
    ("done", _("我已办理")),
    ("submitted", _("我申报的")),
    ("overdue", _("超期未办")),
)


class CaseFilterSet(RegisterFilterSet):
    """Cases; ``since`` and ``until`` are days of submission."""

    q = WordsFilter(field_name="title", lookup_expr="icontains", label=_("标题"))
    division = PlaceFilter(label=PLACE)
    kind = PickFilter(field_name="kind", label=_("事项"), choices=subject_choices)
    state = OneOf(field_name="state", label=_("状态"), choices=ApprovalState.choices)
    since = DayFilter(field_name="submitted_at", lookup_expr="date__gte", label=_("申报日期起"))
    until = DayFilter(field_name="submitted_at", lookup_expr="date__lte", label=_("申报日期止"))


class BoxedCaseFilterSet(CaseFilterSet):
    """Over REST one address has all lists."""

    box = PickFilter(label=_("办理清单"), choices=BOXES, method="in_box")

    def in_box(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return boxed(queryset, value, self.request.user)


def boxed(cases: Any, box: str, user: Any) -> QuerySet:
    """The cases of one list of a user's."""
    match box:
        case "to_do":
            found: QuerySet = cases.to_do(user)
        case "done":
            found = cases.done_by(user)
        case "submitted":
            found = cases.submitted_by(user)
        case _:
            found = cases.overdue()
    return found


class RouteFilterSet(RuleBookFilterSet):
    kind = PickFilter(field_name="kind", label=_("事项"), choices=subject_choices)


class FreezeFilterSet(RuleBookFilterSet):
    q = WordsFilter(field_name="reason", lookup_expr="icontains", label=_("原因"))


class DelegationFilterSet(RegisterFilterSet):
    as_of = DayFilter(label=AS_OF, method="existing")

    def existing(self, queryset: Any, _name: str, value: dt.date) -> QuerySet:
        return queryset.filter(valid_on(value))


class HolidayScheduleFilterSet(RegisterFilterSet):
    q = WordsFilter(field_name="number", lookup_expr="icontains", label=_("文号"))


class ExemptionRequestFilterSet(RegisterFilterSet):
    division = PlaceFilter(label=PLACE)
    key = PickFilter(field_name="key", label=_("标准项目"), choices=threshold_keys)
    state = PickFilter(
        label=_("审批"), choices=(("none", _("未申报")), *ApprovalState.choices), method="at_state"
    )

    def at_state(self, queryset: Any, _name: str, value: str) -> QuerySet:
        return queryset.filter(case__isnull=True) if value == "none" else queryset.filter(case__state=value)
