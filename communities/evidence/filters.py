"""What one may ask the register of evidence."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from communities.base.filters import DayFilter, OneOf, PickFilter, PlaceFilter, RegisterFilterSet, WordsFilter
from communities.base.querysets import today
from communities.choices import EvidenceKind
from communities.filters import PLACE
from communities.tables import DueColumn

EXPIRIES = (("expired", _("已过期")), ("soon", _("90 天内到期")), ("never", _("长期有效")))


class EvidenceFilterSet(RegisterFilterSet):
    """Evidence; ``since`` and ``until`` are days on which it was taken."""

    q = WordsFilter(field_name="title", lookup_expr="icontains", label=_("标题"))
    division = PlaceFilter(label=PLACE)
    kind = OneOf(field_name="kind", label=_("类别"), choices=EvidenceKind.choices)
    since = DayFilter(field_name="taken_on", lookup_expr="gte", label=_("形成日期起"))
    until = DayFilter(field_name="taken_on", lookup_expr="lte", label=_("形成日期止"))
    expiry = PickFilter(label=_("有效期"), choices=EXPIRIES, method="by_expiry")
    repeated = PickFilter(
        label=_("重复使用"), choices=(("true", _("只看重复使用的")),), method="only_repeated"
    )

    def by_expiry(self, queryset: Any, _name: str, value: str) -> QuerySet:
        day = today()
        match value:
            case "expired":
                found: QuerySet = queryset.filter(expires_on__lt=day)
            case "soon":
                found = queryset.filter(expires_on__gte=day, expires_on__lte=day + DueColumn.SOON)
            case _:
                found = queryset.filter(expires_on__isnull=True)
        return found

    def only_repeated(self, queryset: Any, _name: str, _value: str) -> QuerySet:
        found: QuerySet = queryset.repeated()
        return found
